"""Ghost text from a real llama.cpp, run by the real server in a child process, over real stdio."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_network import CUT, needs_namespace
from tests.lsp.test_server import Typist, alive
from tests.tools.scripted_gguf import Script, Scripted, write_gguf

pytest.importorskip("xllamacpp")

SCRIPTED = Scripted(script=Script(("return", " total", " +", " value")))
LOOPBACK_ONLY = [*CUT, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config.toml that names a model file of ours, in force for every server that a test starts."""
    model = tmp_path / "qwen2.5-coder-scripted.gguf"
    write_gguf(model, SCRIPTED)
    path = tmp_path / "config.toml"
    path.write_text(f"[inline]\ngguf = {json.dumps(str(model))}\nprepare = false\n", encoding="utf-8")
    monkeypatch.setenv("HYBRID_LSP_CONFIG", str(path))
    return path


class Watched(Typist):
    """A typist who sees how ghost text is doing."""

    prefix: tuple[str, ...] = ()

    def __init__(self, folder: Path, *python: str) -> None:
        """`python`: how the server is started, if not as a module."""
        how = python or ("-m", "hybrid_lsp", "serve", "--stdio")
        super().__init__(folder, command=[*self.prefix, sys.executable, "-P", *how])

    def wait_for_state(self, kind: str) -> str:
        """Wait until the server tells this state, and return its sentence."""
        told = self.wait_for(
            lambda m: m.get("method") == "hybrid-lsp/state" and m["params"]["kind"] == kind, f"the state {kind}"
        )
        return str(told["params"]["sentence"])


class CutOff(Watched):
    """The same, where there is no network but loopback."""

    prefix = tuple(LOOPBACK_ONLY)


@pytest.fixture
def typist(repository: Path, config: Path) -> Iterator[Watched]:
    """A typist whose server runs a model."""
    with Watched(repository) as client:
        yield client


def test_the_model_writes_and_the_server_says_so(typist: Watched) -> None:
    """From the state that names the model to the exact text, through prompt, cache, sampler, stream and trim."""
    typist.begin("a.py", "def f(total, value):\n", initializationOptions={"state": True})
    assert "qwen2.5-coder-scripted" in typist.wait_for_state("ready")
    (item,) = typist.type("    x")

    assert item["insertText"] == "return total + value"
    about = item["command"]["arguments"][0]
    assert about["source"] == "local"
    assert "qwen2.5-coder-scripted" in about["origin"]
    assert typist.status()["model"]["asked"] == 1


def test_a_keystroke_costs_the_model_next_to_nothing(typist: Watched) -> None:
    """On one line, all but the last few tokens of the prompt are in the model's cache."""
    typist.begin("a.py", "value = 1\n" * 200, initializationOptions={"state": True})
    typist.wait_for_state("ready")
    typist.type("q")
    first = counted(typist, 0)
    typist.type("z")
    second = counted(typist, first["prompt_tokens"])

    assert second["asked"] == 2
    evaluated = (second["prompt_tokens"] - first["prompt_tokens"]) - (second["cached_tokens"] - first["cached_tokens"])
    assert second["prompt_tokens"] > 500
    assert evaluated <= 3


def counted(typist: Watched, before: int) -> dict[str, Any]:
    """Return what the model was asked, once what the server said of the last question is counted, too."""
    until = time.monotonic() + 10
    while (told := typist.status()["model"])["prompt_tokens"] <= before:
        assert time.monotonic() < until, "the server never said what the question took"
        time.sleep(0.02)
    found: dict[str, Any] = told
    return found


def test_a_dead_model_leaves_typing_untouched_and_comes_back(typist: Watched) -> None:
    """Killed under the server's hands, the model costs no error, and is there again within five seconds."""
    typist.begin("a.py", "def f(total, value):\n", initializationOptions={"state": True})
    typist.wait_for_state("ready")
    assert typist.type("    x")
    for child in model_processes(typist.process.pid):
        os.kill(child, 9)
    assert isinstance(typist.type("y"), list)

    until = time.monotonic() + 10
    while not (items := typist.type("y")):
        assert time.monotonic() < until, "the model did not come back"
        time.sleep(0.2)
    assert items[0]["insertText"] == "return total + value"


def test_the_model_ends_with_the_server(typist: Watched) -> None:
    """Killing the server leaves no model process behind after two seconds."""
    typist.begin("a.py", "", initializationOptions={"state": True})
    typist.wait_for_state("ready")
    children = model_processes(typist.process.pid)
    assert children
    typist.process.kill()

    until = time.monotonic() + 2
    while any(map(alive, children)):
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.privilege
@needs_namespace
def test_where_only_loopback_exists_nothing_is_missing(repository: Path, config: Path) -> None:
    """In a network namespace with loopback and nothing else, the model writes as it does anywhere."""
    with CutOff(repository) as client:
        client.begin("a.py", "def f(total, value):\n", initializationOptions={"state": True}, processId=None)
        client.wait_for_state("ready")
        assert client.type("    x")[0]["insertText"] == "return total + value"


RECORDED = """
import sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
        with open({log!r}, "a") as log:
            log.write(repr((event, arguments[1] if event.startswith("socket.") and event != "socket.getaddrinfo" else arguments[0])) + "\\n")
sys.addaudithook(hook)
from hybrid_lsp.cli import main
main(["serve", "--stdio"])
"""


def test_every_socket_of_the_whole_way_is_loopback(repository: Path, config: Path, tmp_path: Path) -> None:
    """With every connection and look-up of the server recorded, there are some, and all of them stay here."""
    log = tmp_path / "sockets.txt"
    with Watched(repository, "-c", RECORDED.format(log=str(log))) as client:
        client.begin("a.py", "def f(total, value):\n", initializationOptions={"state": True})
        client.wait_for_state("ready")
        assert client.type("    x")[0]["insertText"] == "return total + value"
    lines = log.read_text(encoding="utf-8").splitlines()

    assert lines
    assert [line for line in lines if "127.0.0.1" not in line and "::1" not in line] == []


def model_processes(server: int) -> list[int]:
    """Return the children of a server that run a model."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(folder.joinpath("stat").read_text("ascii", errors="replace").rsplit(")", 1)[1].split()[1])
            command = folder.joinpath("cmdline").read_bytes()
        except OSError:
            continue
        if parent == server and b"llama_worker" in command:
            found.append(int(folder.name))
    return found
