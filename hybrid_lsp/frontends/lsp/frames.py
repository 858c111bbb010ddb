"""Frames of JSON-RPC on a stream of bytes, as they come in and as they go out (LSP 3.18 §Base Protocol)."""

import os
import queue
import re
import select
import sys
import threading
import time
from collections.abc import Callable

_BODY_LIMIT_BYTES = 256 * 1024 * 1024
_HEADER_LIMIT_BYTES = 8 * 1024
_AT_ONCE_BYTES = getattr(select, "PIPE_BUF", 512)
"""A write of no more than this does not wait once the descriptor is ready."""


_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*\r?\n")


class FramingError(Exception):
    """What came is not a frame, so that nobody knows where the next one begins. Says why in one sentence."""


class FrameReader:
    """Bytes in, bodies out, however the bytes are cut. After a `FramingError` it is of no use any more."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._length: int | None = None
        self._any_header = False
        self._in_body = False

    def receive(self, raw: bytes) -> list[bytes]:
        """Take what came next and return the body of each frame that is now complete.

        Takes headers in any case, with or without a space, ended by LF alone, and headers that it does not know (LSP
        3.18 §Header Part). Raises `FramingError` for a line that is no header, and for a length that is missing, no
        number or over 256 MiB; frames that came in the same bytes before it are lost with it.
        """
        self._buffer += raw
        bodies: list[bytes] = []
        while (body := self._next_body()) is not None:
            bodies.append(body)
        del self._buffer[: self._at]
        self._at = 0
        return bodies

    def _next_body(self) -> bytes | None:
        while not self._in_body:
            line = self._next_line()
            if line is None:
                return None
            self._take_header(line)
        end = self._at + (self._length or 0)
        if len(self._buffer) < end:
            return None
        body = bytes(memoryview(self._buffer)[self._at : end])
        self._at, self._length, self._in_body, self._any_header = end, None, False, False
        return body

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._at, self._at + _HEADER_LIMIT_BYTES)
        if end < 0:
            if len(self._buffer) - self._at >= _HEADER_LIMIT_BYTES:
                raise FramingError("A line without an end came where a header was due.")
            return None
        line = bytes(self._buffer[self._at : end + 1])
        self._at = end + 1
        return line

    def _take_header(self, line: bytes) -> None:
        if not line.strip():
            if self._length is None and self._any_header:
                raise FramingError("A message came without a Content-Length.")
            self._in_body = self._length is not None
            return
        header = _HEADER.fullmatch(line)
        if header is None:
            raise FramingError("A line that is no header came where a header was due.")
        self._any_header = True
        if header[1].lower() == b"content-length":
            self._length = _length(header[2])


class Outbox:
    """Where answers go. Writing never waits: what the client does not take at once is written by a thread."""

    def __init__(self, descriptor: int, *, on_broken: Callable[[], object] | None = None) -> None:
        self._descriptor = descriptor
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._unwritten = 0
        self._lock = threading.Lock()
        self._poll = _poll_for_writing(descriptor)
        self.on_broken = on_broken
        """Called, in any thread, when the client has closed its end."""
        threading.Thread(target=self._write_waiting, name="outbox", daemon=True).start()

    def write(self, frame: bytes) -> None:
        """Send a frame after all that was written before it."""
        if self._unwritten == 0 and len(frame) <= _AT_ONCE_BYTES and self._poll is not None and self._poll():
            frame = frame[self._written(frame) :]
        if frame:
            with self._lock:
                self._unwritten += 1
            self._waiting.put(frame)

    def close(self) -> None:
        """Do nothing: the process ends the stream."""

    def drain(self, timeout_s: float) -> None:
        """Wait until all is written, or the time is over."""
        until = time.monotonic() + timeout_s
        while self._unwritten and time.monotonic() < until:
            time.sleep(0.002)

    def _write_waiting(self) -> None:
        while True:
            frame = self._waiting.get()
            while frame:
                frame = frame[self._written(frame) :]
            with self._lock:
                self._unwritten -= 1

    def _written(self, frame: bytes) -> int:
        try:
            return os.write(self._descriptor, frame)
        except OSError:
            if self.on_broken is not None:
                self.on_broken()
            return len(frame)


def _length(told: bytes) -> int:
    if not told.isdigit() or len(told) > 20:
        raise FramingError("A Content-Length is not a number.")
    if int(told) > _BODY_LIMIT_BYTES:
        raise FramingError("A message is longer than 256 MiB.")
    return int(told)


def _poll_for_writing(descriptor: int) -> Callable[[], object] | None:
    """Return a question whether the descriptor takes bytes now; None where only a thread can find out."""
    if sys.platform == "win32":
        return None
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return lambda: poll.poll(0)
