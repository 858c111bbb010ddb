"""The whole demo: with the server that editors start, and with servers that misbehave."""

import io
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from hybrid_lsp import demo
from hybrid_lsp.demo import session
from hybrid_lsp.demo.client import Client, NoAnswer, read_message
from hybrid_lsp.demo.keys import SAMPLE_KEYS
from hybrid_lsp.demo.syntax import Kind
from hybrid_lsp.demo.terminal import Canvas, can_redraw, spelled

MISBEHAVING = str(Path(__file__).with_name("silent_server.py"))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that every temporary folder is made in."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_real_session_prints_one_json_object(capfd: pytest.CaptureFixture[str], temporary: Path) -> None:
    """With the real server: something is saved, every character is accounted for, nothing is left behind."""
    status = demo.run(None, fast=True, as_json=True)

    printed = capfd.readouterr()
    numbers = json.loads(printed.out)
    lines = [line for keys in SAMPLE_KEYS for line in keys.text.split("\n")]
    characters = sum(len(line.lstrip()) for line in lines) + len(lines) - len(SAMPLE_KEYS)
    assert (status, printed.err) == (0, "")
    assert numbers["chars_typed"] + numbers["chars_saved"] == characters
    assert 0 < numbers["accepted"] <= numbers["suggestions"] == len(numbers["items"])
    assert numbers["saved_per_100"] > 15
    assert 0 < numbers["p50_ms"] <= numbers["p99_ms"]
    assert list(temporary.iterdir()) == []


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One for each accepted suggestion, no escape codes, and the three lines at the end."""
    file = Path(demo.__file__).with_name("sample") / "bookshop" / "services" / "checkout.py"

    assert demo.run(file, fast=True, as_json=False) == 0

    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert " ⇥ " in printed
    assert printed.rstrip().endswith("vim.lsp.inline_completion.enable()")


def test_a_server_that_does_not_answer_ends_the_demo(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    """In time, with a sentence, and with nothing left behind."""
    monkeypatch.setattr(session, "START_S", 0.2)

    status = demo.run(None, fast=True, as_json=True, server=(sys.executable, MISBEHAVING, "silent"))

    printed = capfd.readouterr()
    assert status == 1
    assert printed.out == ""
    assert printed.err.startswith("The server did not answer initialize within 0.2 seconds.")
    assert list(temporary.iterdir()) == []


def test_a_server_that_ends_is_quoted(capfd: pytest.CaptureFixture[str]) -> None:
    """Its last words are the best explanation there is."""
    status = demo.run(None, fast=True, as_json=True, server=(sys.executable, MISBEHAVING, "dies"))

    assert status == 1
    assert "ended before it answered initialize and said: no such model." in capfd.readouterr().err


def test_leaving_the_client_ends_the_server() -> None:
    """Also when something went wrong, and also when the server does not care."""
    running = Client((sys.executable, MISBEHAVING, "silent"))
    with pytest.raises(NoAnswer), running:
        running.request("initialize", {}, timeout_s=0.1)

    assert running._process.returncode is not None


def test_a_server_that_does_not_read_cannot_block_the_client() -> None:
    """A message larger than any pipe is handed over at once, and the wait for its answer has a deadline."""
    with pytest.raises(NoAnswer), Client((sys.executable, "-c", "import time; time.sleep(60)")) as running:
        running.request("initialize", {"text": "x" * 5_000_000}, timeout_s=0.2)


def test_the_server_gets_an_answer_to_whatever_it_asks() -> None:
    """It is never left waiting for this editor."""
    asking = (
        "import sys, json\n"
        "def send(m):\n"
        "    b = json.dumps(m).encode(); sys.stdout.buffer.write(b'Content-Length: %d\\r\\n\\r\\n' % len(b) + b)\n"
        "    sys.stdout.buffer.flush()\n"
        "def read():\n"
        "    n = int(sys.stdin.buffer.readline().split(b':')[1]); sys.stdin.buffer.readline()\n"
        "    return json.loads(sys.stdin.buffer.read(n))\n"
        "first = read()\n"
        "send({'id': 'a', 'method': 'workspace/configuration', 'params': {'items': [{}, {}]}})\n"
        "send({'id': 'b', 'method': 'made/up'})\n"
        "send({'method': 'window/logMessage', 'params': {}})\n"
        "send({'id': first['id'], 'result': [read(), read()]})\n"
        "read()\n"
    )
    with Client((sys.executable, "-c", asking)) as running:
        configuration, unknown = running.request("x", {}, timeout_s=10).result

    assert configuration["result"] == [None, None]
    assert unknown["error"]["code"] == -32601


@pytest.mark.parametrize("stream", [b"Content-Length: 2\r\n\r\n[]", b"\r\n{}", b"Content-Length: 99999999999\r\n\r\n"])
def test_what_is_not_a_message_is_an_error(stream: bytes) -> None:
    """The client does not guess."""
    with pytest.raises(ValueError, match="message"):
        read_message(io.BytesIO(stream))


def test_a_file_that_cannot_be_shown_is_exit_status_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The sentence goes to standard error, and no server is started."""
    assert demo.run(tmp_path / "none.py", fast=True, as_json=True, server=("/does/not/exist",)) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("There is no file ")


def test_ctrl_c_is_exit_status_130_and_gives_the_cursor_back(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    """Wherever it comes: here, at the first drawing."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("hybrid_lsp.demo.views.Metronome.wait", lambda *_: _interrupt())

    assert demo.run(None, fast=False, as_json=False) == 130

    assert screen.getvalue().startswith("\x1b[?25l")
    assert screen.getvalue().endswith("\x1b[?25h")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_means_no_escape_codes(environ: dict[str, str]) -> None:
    """Also on a terminal; and a pipe never gets any."""
    assert not can_redraw(Terminal(), environ)
    assert not can_redraw(io.StringIO(), {"TERM": "xterm"})


@pytest.mark.skipif(os.name == "nt", reason="asks the Windows console, which a test does not have")
def test_a_terminal_is_drawn_on() -> None:
    """An empty NO_COLOR asks for nothing."""
    assert can_redraw(Terminal(), {"TERM": "xterm", "NO_COLOR": ""})


def test_only_changed_lines_are_drawn_again() -> None:
    """In place: up as many lines as there are, and over the unchanged ones without a word."""
    screen = Terminal()
    canvas = Canvas(screen)
    canvas.draw([[("one", Kind.PLAIN)], [("two", Kind.GHOST)]], 80)
    before = len(screen.getvalue())

    canvas.draw([[("one", Kind.PLAIN)], [("six", Kind.GHOST)]], 80)

    assert screen.getvalue()[before:] == "\x1b[2A\r\n\x1b[3;38;5;245msix\x1b[0m\x1b[K\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "latin-1", None, "no-such-codec"])
def test_any_encoding_can_write_the_screen(encoding: str | None) -> None:
    """What it cannot spell becomes ASCII."""
    assert spelled("saved · 1 │ ⇥ …", encoding) == "saved - 1 | > ~"
    assert spelled("日", "ascii") == "?"


def _interrupt() -> None:
    raise KeyboardInterrupt
