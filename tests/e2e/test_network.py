"""Ghost text with every network cut, in a namespace where not even loopback is up."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

CUT = ["unshare", "--map-root-user", "--net"]


def can_cut() -> bool:
    """Say whether this user may make a network namespace."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*CUT, "true"], capture_output=True, timeout=10, check=False).returncode == 0


needs_namespace = pytest.mark.skipif(not can_cut(), reason="needs unshare and the right to make a network namespace")


def demo(*prefix: str) -> dict[str, Any]:
    """Run the demo and return what it prints."""
    command = [*prefix, sys.executable, "-P", "-m", "hybrid_lsp", "demo", "--fast", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.privilege
@needs_namespace
def test_the_same_suggestions_without_a_network() -> None:
    """What is suggested and accepted is the same, suggestion for suggestion, with no network at all."""
    shown = [(item["text"], item["accepted"]) for item in demo()["items"]]
    shown_cut_off = [(item["text"], item["accepted"]) for item in demo(*CUT)["items"]]

    assert shown_cut_off == shown
    assert sum(accepted for _, accepted in shown) >= 5
