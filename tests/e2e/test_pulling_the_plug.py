"""Whatever a model server does, typing goes on: the real server against a double of Ollama that misbehaves."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.doubles.ollama import Line, OllamaDouble
from tests.e2e.test_local_model import Watched
from tests.lsp.test_server import CODE, HEAD, REST, START

GOOD = Line(say=("return ", "streamed"))


class RunningDouble:
    """A double in a thread of its own, that can be made to misbehave, stopped and started again at the same port."""

    def __init__(self) -> None:
        self.double = OllamaDouble(script=(GOOD,))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self._do(self.double.__aenter__())
        self.url = self.double.url

    def _do(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)  # type: ignore[arg-type]

    def play(self, script: Sequence[Line]) -> None:
        """Answer like this from now on."""
        self.double.script = script

    def close(self) -> None:
        """Stop for good."""
        self._do(self.double.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def ollama() -> Iterator[RunningDouble]:
    """A model server that answers well."""
    running = RunningDouble()
    yield running
    running.close()


@pytest.fixture
def typist(
    ollama: RunningDouble, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    """A typist whose settings name that server, in a file that our own model knows its way in."""
    config = tmp_path / "config.toml"
    config.write_text(f"[[server]]\nurl = {json.dumps(ollama.url)}\n[inline]\nprepare = false\n", encoding="utf-8")
    monkeypatch.setenv("HYBRID_LSP_CONFIG", str(config))
    with Watched(repository) as client:
        client.begin("orders.py", CODE + HEAD, initializationOptions={"state": True})
        client.wait_for_state("ready")
        yield client


@pytest.mark.parametrize(
    "fault",
    [
        Line(then="error"),
        Line(then="cut"),
        Line(then="silent"),
        Line(say=(), then="garbage"),
        Line(say=(), then="half"),
        Line(say=(), then="hang"),
        Line(prompt_s=10.0),
        Line(huge_bytes=5 << 20),
    ],
    ids=lambda line: "slow" if line.prompt_s else "huge" if line.huge_bytes else line.then,
)
def test_typing_goes_on_and_so_does_our_own_model(typist: Watched, ollama: RunningDouble, fault: Line) -> None:
    """With every fault, each key is answered in time and without an error, and what we ship is shown where it is sure."""
    ollama.play((fault,))
    typist.send(typist.change("    zq"), typist.asking("a"))
    time.sleep(0.3)  # the fault is met, or waited for
    began = time.monotonic()
    (item,) = typist.type("\n" + START)
    assert item["insertText"] == REST
    assert item["command"]["arguments"][0]["source"] == "embedded"
    assert time.monotonic() - began < 2
    first = typist.answer("a")
    assert "result" in first or first["error"]["code"] == -32800


def test_it_comes_back_by_itself(typist: Watched, ollama: RunningDouble) -> None:
    """One sentence says why, and within five seconds of the server's return the model writes again."""
    ollama.play((Line(say=(), then="garbage"),))
    typist.type("    zq")
    sentence = typist.wait_for_state("offline")
    assert "your own files" in sentence
    assert "is not the JSON expected" in sentence

    ollama.play((GOOD,))
    returned = time.monotonic()
    typist.heard.clear()
    typist.wait_for_state("ready")
    (item,) = typist.type("\n    qz")
    assert item["insertText"] == "return streamed"
    assert time.monotonic() - returned < 8
