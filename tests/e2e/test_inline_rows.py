"""Ghost text is remembered in the ledger: that it was shown, from where, and whether it was taken."""

import sys
import time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import GroupTotal
from hybrid_lsp.ledger import Ledger
from tests.lsp.test_server import CODE, HEAD, START, Typist

WAIT_S = 30.0
WITH_MODELS = [sys.executable, "-P", "-m", "hybrid_lsp", "serve"]
"""A server that may look for models, and so keeps a ledger."""


def test_what_was_shown_and_taken_is_a_row_behind_the_answer(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over real stdio, ghost text becomes rows without cost and without any text of the file."""
    state = tmp_path / "state"
    config = tmp_path / "config.toml"
    config.write_text('[[server]]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    monkeypatch.setenv("HYBRID_LSP_STATE", str(state))
    monkeypatch.setenv("HYBRID_LSP_CONFIG", str(config))
    with Typist(repository, command=WITH_MODELS) as typist:
        typist.begin("orders.py", CODE + HEAD)
        # Who asks for the month's money has the ledger opened, and is answered once it is.
        assert "result" in typist.request("workspace/executeCommand", {"command": "hybrid-lsp.spend"})
        items = typist.type(START)
        typist.request("workspace/executeCommand", items[0]["command"])
        group = inline_group(state / "ledger.sqlite")
    assert group.accepted == 1
    assert (group.origin, group.cost_usd) == (Origin.EMBEDDED, 0)
    assert START.strip().encode() not in (state / "ledger.sqlite").read_bytes()


def inline_group(path: Path) -> GroupTotal:
    """Wait for the row, as another window would see it."""
    until = time.monotonic() + WAIT_S
    while True:
        ledger = Ledger.open(
            path, clock_ms=lambda: time.time_ns() // 1_000_000, zone=ZoneInfo("UTC"), limit_usd=Decimal(50)
        )
        groups = [group for group in ledger.summary().groups if group.task is Task.INLINE and group.accepted]
        ledger.close()
        if groups:
            return groups[0]
        assert time.monotonic() < until, "no row of ghost text came"
        time.sleep(0.2)
