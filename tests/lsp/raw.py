"""A client of bytes over a server process, for what a well-behaved client cannot say. Every wait has a deadline.

with RawClient([sys.executable, "-m", "hybrid_lsp", "serve", "--stdio"]) as client:
    client.initialize()
    reply = client.request("textDocument/hover", {...})     # {"id": ..., "result": ...}
"""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

WAIT_S = 15.0
"""Longer than any answer takes on a busy machine; a wait this long is a failure."""

Message = dict[str, Any]


def frame(message: object, *, name: str = "Content-Length: ", end: str = "\r\n") -> bytes:
    """Return a message, or bytes that pretend to be one, with its header."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return f"{name}{len(body)}{end}{end}".encode() + body


class RawClient:
    """One server process, and what it wrote."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env) if env else None,
            cwd=cwd,
        )
        self.heard: list[Message] = []
        """Every message so far that nobody has waited for: notifications and requests of the server among them."""
        self.answering: dict[str, Callable[[Any], Any] | None] = {}
        """What to answer to the server's requests, by method: null to all others, and to one with None nothing."""
        self._arrived: queue.Queue[Message | None] = queue.Queue()
        self._stderr: list[bytes] = []
        self._last_id = 0
        self._threads = [threading.Thread(target=task, daemon=True) for task in (self._read, self._drain)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait(WAIT_S)
        for thread in self._threads:
            thread.join(WAIT_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:  # what was never flushed to a dead server
                continue

    @property
    def stderr(self) -> str:
        """What the server has written to standard error: all of it once it has ended, else what has come so far."""
        if self.process.poll() is not None:
            self._threads[1].join(WAIT_S)
        return b"".join(self._stderr).decode(errors="replace")

    def logged(self, text: str, *, within_s: float = WAIT_S) -> bool:
        """Wait until standard error has a text: it is another pipe than the answers, and comes when it comes."""
        until = time.monotonic() + within_s
        while text not in self.stderr:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def write(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.process.stdin.write(raw)
        self.process.stdin.flush()

    def send(self, *messages: object) -> None:
        """Send messages in one write."""
        self.write(b"".join(frame(message) for message in messages))

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def start(self, method: str, params: Any = None) -> int:
        """Send a request and return its id, to be used with `answer`."""
        self._last_id += 1
        self.send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        return self._last_id

    def request(self, method: str, params: Any = None) -> Message:
        """Send a request and return its answer, an error too."""
        return self.answer(self.start(method, params))

    def answer(self, request_id: object, *, within_s: float = WAIT_S) -> Message:
        """Return the answer to a request; fails when there is none in time, or the server ends."""
        return self.wait_for(
            lambda message: "method" not in message and message.get("id") == request_id,
            f"the answer to {request_id!r}",
            within_s=within_s,
        )

    def wait_for(self, wanted: Callable[[Message], bool], name: str, *, within_s: float = WAIT_S) -> Message:
        """Return the first message, heard already or to come, that is wanted."""
        until = time.monotonic() + within_s
        for at, message in enumerate(self.heard):
            if wanted(message):
                return self.heard.pop(at)
        while (left := until - time.monotonic()) > 0:
            try:
                message = self._arrived.get(timeout=left)
            except queue.Empty:
                break
            if message is None:
                raise AssertionError(f"the server ended before {name} came; it said: {self.stderr}")
            if wanted(message):
                return message
            self.heard.append(message)
        raise AssertionError(f"{name} did not come within {within_s} s; the server said: {self.stderr}")

    def initialize(self, *, capabilities: Mapping[str, Any] | None = None, **others: Any) -> Message:
        """Shake hands and return the answer to `initialize`."""
        params = {"processId": os.getpid(), "rootUri": None, "capabilities": dict(capabilities or {}), **others}
        answer = self.request("initialize", params)
        self.notify("initialized", {})
        return answer

    def open(self, uri: str, text: str, *, language: str = "python", version: int = 1) -> None:
        """Open a document."""
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def exit_code(self, *, within_s: float = WAIT_S) -> int:
        """Return the code with which the server ends; fails when it does not end in time."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not end within {within_s} s; it said: {self.stderr}") from None

    def _read(self) -> None:
        out = self.process.stdout
        while line := out.readline():
            length = int(line.removeprefix(b"Content-Length: "))
            assert out.readline() == b"\r\n"
            message = json.loads(out.read(length))
            if "id" in message and "method" in message:
                reply = self.answering.get(message["method"], _null)
                if reply is not None:
                    self.send({"jsonrpc": "2.0", "id": message["id"], "result": reply(message.get("params"))})
            self._arrived.put(message)
        self._arrived.put(None)

    def _drain(self) -> None:
        while piece := self.process.stderr.read1(4096):
            self._stderr.append(piece)


def _null(_: object) -> None:
    return None
