"""The editor's end of the wire: starts a language server and talks to it over its standard input and output.

Every wait has a deadline; two threads do the reading and writing, so that a server that neither reads nor writes cannot
hold the demo up. On leaving, the server is gone, whatever happened.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from types import TracebackType
from typing import IO, Any, Self, cast

from hybrid_lsp.core.errors import HybridError

MAX_MESSAGE_BYTES = 16_000_000

_GOODBYE_S = 2.0
_METHOD_NOT_FOUND = -32601
_ANSWERS: Mapping[str, object] = {
    "client/registerCapability": None,
    "client/unregisterCapability": None,
    "window/workDoneProgress/create": None,
    "window/showMessageRequest": None,
    "window/showDocument": {"success": False},
    "workspace/applyEdit": {"applied": False},
    "workspace/workspaceFolders": None,
}


class NoAnswer(HybridError):
    """The server did not answer in time, or has ended. Its text is one sentence for the person who watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said to one request."""

    result: Any
    """Decoded JSON; None when the server answered with an error."""
    ms: float
    """From handing over the request to having read the whole answer."""


class Client:
    """A running language server. Use it as a context: leaving it ends the server and everything that it started."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the client
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Ctrl-C is for the demo alone, which then ends the server. Windows has no such groups.
            process_group=None if sys.platform == "win32" else 0,
        )
        self._inbox: SimpleQueue[tuple[float, dict[str, Any]] | None] = SimpleQueue()
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        self._last_id = 0
        self._threads = [Thread(target=work, daemon=True) for work in (self._read, self._write)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._say_goodbye()
        finally:
            self._kill()

    def request(self, method: str, params: object, *, timeout_s: float) -> Answer:
        """Ask, and return the answer. Raises NoAnswer after `timeout_s` seconds, or as soon as the server has ended."""
        self._last_id += 1
        sent_at = perf_counter()
        self._send({"id": self._last_id, "method": method, "params": params})
        while True:
            arrived_at, message = self._next(sent_at + timeout_s, method, timeout_s)
            if "method" in message:
                self._reply(message)
            elif message.get("id") == self._last_id:
                return Answer(result=message.get("result"), ms=(arrived_at - sent_at) * 1000)

    def notify(self, method: str, params: object) -> None:
        """Tell the server something that it does not answer."""
        self._send({"method": method, "params": params})

    def _next(self, deadline: float, method: str, timeout_s: float) -> tuple[float, dict[str, Any]]:
        try:
            arrival = self._inbox.get(timeout=max(0.0, deadline - perf_counter()))
        except Empty:
            raise NoAnswer(f"The server did not answer {method} within {timeout_s:g} seconds.") from None
        if arrival is None:
            raise NoAnswer(f"The server ended before it answered {method}{self._last_words()}.")
        return arrival

    def _reply(self, message: Mapping[str, Any]) -> None:
        """Answer what the server asks of an editor, so that it never waits for us."""
        if "id" not in message:
            return
        method = message["method"]
        reply: dict[str, object] = {"id": message["id"]}
        if method == "workspace/configuration":
            items = (message.get("params") or {}).get("items") or []
            reply["result"] = [None] * len(items)
        elif method in _ANSWERS:
            reply["result"] = _ANSWERS[method]
        else:
            reply["error"] = {"code": _METHOD_NOT_FOUND, "message": f"The demo does not know {method}."}
        self._send(reply)

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._outbox.put(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _write(self) -> None:
        stream = cast(IO[bytes], self._process.stdin)
        try:
            while (chunk := self._outbox.get()) is not None:
                stream.write(chunk)
                stream.flush()
        except (OSError, ValueError):
            return  # the server has ended: the reader says so

    def _read(self) -> None:
        stream = cast(IO[bytes], self._process.stdout)
        try:
            while (message := read_message(stream)) is not None:
                self._inbox.put((perf_counter(), message))
        except (OSError, ValueError):
            pass
        finally:
            self._inbox.put(None)

    def _last_words(self) -> str:
        """Return the last line that the server wrote to its standard error, as the end of a sentence."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f" and said: {last[:200]}" if last else ""

    def _say_goodbye(self) -> None:
        try:
            self.request("shutdown", None, timeout_s=_GOODBYE_S)
            self.notify("exit", None)
            self._process.wait(timeout=_GOODBYE_S)
        except (NoAnswer, subprocess.TimeoutExpired):
            return  # it is killed next

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):  # all have ended; macOS says so with a PermissionError
                os.killpg(self._process.pid, signal.SIGKILL)
        self._outbox.put(None)
        self._process.wait()
        for thread in self._threads:
            thread.join(timeout=_GOODBYE_S)
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):  # what could not be written before the end
                cast(IO[bytes], stream).close()


def read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one framed message. None at the end of the stream; raises ValueError for what is not a message."""
    length_bytes = -1
    while (line := stream.readline(1000)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length_bytes = int(value)
    if not line:
        return None
    if not 0 <= length_bytes <= MAX_MESSAGE_BYTES:
        raise ValueError("a message without a length, or a huge one")
    message = json.loads(stream.read(length_bytes))
    if not isinstance(message, dict):
        raise ValueError("a message that is not an object")
    return message
