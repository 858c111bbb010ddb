"""Every way to end the process, each with its code and in time, and what a stream that is no protocol leads to."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hybrid_lsp.frontends.lsp import frames, stdio
from tests.lsp.raw import RawClient, frame

SERVER = [sys.executable, str(Path(__file__).with_name("raw_server.py"))]
END_S = 2.0
"""How long an end may take."""


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that the server's exit hook writes."""
    return tmp_path / "marker"


def started(marker: Path) -> RawClient:
    """A server that has answered initialize."""
    client = RawClient([*SERVER, str(marker)])
    client.initialize()
    return client


@pytest.mark.parametrize(("stop", "expected"), [(True, 0), (False, 1)])
def test_exit_tells_whether_it_was_asked_for(marker: Path, stop: bool, expected: int) -> None:
    """`exit` ends with 0 after `shutdown` and with 1 without, and the hooks are called."""
    with started(marker) as client:
        if stop:
            client.request("shutdown")
        client.notify("exit")

        assert client.exit_code(within_s=END_S) == expected
    assert marker.read_text() == "called"


def test_exit_before_initialize_ends_the_process() -> None:
    """`exit` is heeded in any state."""
    with RawClient(SERVER) as client:
        client.notify("exit")

        assert client.exit_code() == 1


@pytest.mark.parametrize(
    "method", ["probe/slow", "probe/block", "shutdown"], ids=["waiting handler", "blocked loop", "after shutdown"]
)
def test_the_end_of_input_ends_the_process_at_once(marker: Path, method: str) -> None:
    """Whatever a handler is doing, the process is gone within two seconds of the client, and the hooks are called."""
    with started(marker) as client:
        client.start(method)
        if method == "shutdown":
            client.answer(2)
        began = time.monotonic()
        client.process.stdin.close()

        assert client.exit_code(within_s=END_S) == (0 if method == "shutdown" else 1)
        assert time.monotonic() - began < END_S
    assert marker.read_text() == "called"


def test_what_stands_before_the_end_of_input_is_answered() -> None:
    """A whole session in one write, as from a file, is answered in order and ends as its `exit` says."""
    session = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None}},
        {"jsonrpc": "2.0", "method": "initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "probe/echo", "params": 2},
        {"jsonrpc": "2.0", "id": 3, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    ]
    raw = b"".join(frame(message) for message in session)
    done = subprocess.run(SERVER, input=raw, capture_output=True, timeout=20, check=False)

    assert done.returncode == 0
    assert [done.stdout.index(b'"id": %d' % number) for number in (1, 2, 3)] == sorted(
        done.stdout.index(b'"id": %d' % number) for number in (1, 2, 3)
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_a_signal_ends_the_process_with_its_hooks(marker: Path) -> None:
    """SIGTERM, with which editors end a server that hangs, still calls the hooks."""
    with started(marker) as client:
        client.process.send_signal(signal.SIGTERM)

        assert client.exit_code(within_s=END_S) == 1
    assert marker.read_text() == "called"


def test_the_process_ends_when_the_client_is_gone(marker: Path) -> None:
    """A client that dies while something else holds our input open is noticed by its process id."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with RawClient([*SERVER, str(marker)]) as client:
        client.initialize(processId=other.pid)
        other.communicate(b"\n", timeout=10)

        assert client.exit_code(within_s=END_S) == 1
    assert marker.read_text() == "called"


@pytest.mark.skipif(sys.platform == "win32", reason="parents of POSIX")
def test_a_dead_parent_is_noticed_though_nobody_has_waited_for_it() -> None:
    """A client that is our parent and was killed leaves an id behind; that we have a new parent gives it away."""
    code = "import os, sys, threading; from hybrid_lsp.frontends.lsp import stdio; " + (
        "print(os.getpid(), flush=True); print(stdio.wait_for_death(int(sys.argv[1])), flush=True)"
    )
    parent = (
        f"import subprocess, sys, os; subprocess.Popen([sys.executable, '-c', {code!r}, str(os.getpid())]); input()"
    )
    client = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdout is not None
    assert client.stdin is not None
    with client.stdin, client.stdout:
        assert int(client.stdout.readline()) > 0
        time.sleep(0.2)
        client.kill()  # and not waited for: a zombie

        assert client.stdout.readline() == b"True\n"
        client.wait(10)


def test_a_client_from_another_world_is_not_watched() -> None:
    """An id that nobody has here, as from inside a container, does not end the server."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(20)

    assert not stdio.wait_for_death(gone.pid)
    assert not stdio.wait_for_death(-1)
    assert not stdio.wait_for_death(2**70)


def test_a_client_that_does_not_read_cannot_keep_the_process(marker: Path) -> None:
    """With its output stuffed, the server still reads, and ends in time."""
    client = subprocess.Popen(
        [*SERVER, str(marker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert client.stdin is not None
    assert client.stdout is not None
    with client.stdin, client.stdout:
        client.stdin.write(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}))
        client.stdin.flush()
        client.stdout.readline()
        for number in range(3):
            client.stdin.write(frame({"jsonrpc": "2.0", "id": number, "method": "probe/big"}))
        client.stdin.write(frame({"jsonrpc": "2.0", "method": "exit"}))
        client.stdin.flush()

        assert client.wait(10) == 1
    assert marker.read_text() == "called"


def test_a_closed_output_is_told_to_who_asked() -> None:
    """When the client has closed its end, the outbox says so, whichever way it was writing."""
    for size in (10, 1_000_000):
        reader, writer = os.pipe()
        os.close(reader)
        broken = threading.Event()
        frames.Outbox(writer, on_broken=broken.set).write(b"x" * size)

        assert broken.wait(5)
        os.close(writer)


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"Content-Length: abc\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: 268435457\r\n\r\n{}",
        b"Content-Length: " + b"9" * 300 + b"\r\n\r\n{}",
        b"Content-Type: x\r\n\r\n{}",
        frame({"jsonrpc": "2.0"})[:-2] + frame({}),
        b"x" * 20_000 + b"\r\n",
        b"Content-Length: 5\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
def test_a_line_that_is_no_header_is_refused_in_one_sentence(raw: bytes) -> None:
    """Where nobody knows the next frame's beginning, reading fails instead of waiting for ever or guessing."""
    with pytest.raises(frames.FramingError, match=r"^[A-Z].*\.$"):
        frames.FrameReader().receive(raw)


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 1000])
def test_frames_are_read_however_they_are_cut(piece_bytes: int) -> None:
    """The bodies are the same whether the bytes come one by one or many frames at once."""
    sent = [b"", b"{}", "é\r\n\r\n".encode(), b"Content-Length: 5\r\n\r\n", b"x" * 500]
    raw = b"\r\n\r\n".join(frame(body, name="content-length:", end="\n") for body in sent) + b"Content-Len"
    reader = frames.FrameReader()
    pieces = [raw[at : at + piece_bytes] for at in range(0, len(raw), piece_bytes)]

    assert [body for piece in pieces for body in reader.receive(piece)] == sent


def test_a_stream_that_is_no_protocol_ends_the_process(marker: Path) -> None:
    """The log says in one sentence why, and the code is 1."""
    with started(marker) as client:
        client.write(b"print('hello')\n")

        assert client.exit_code(within_s=END_S) == 1
        assert client.stderr.count("\n") == 1
        assert "no header came where a header was due" in client.stderr
    assert marker.read_text() == "called"
