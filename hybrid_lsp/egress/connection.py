"""One connection to one server, speaking HTTP/1.1: a request goes out in one write, and what comes is read as it comes.

Straight on asyncio's transports, since each layer in between costs every keystroke. What is HTTP, and where an answer
ends, is judged by h11 alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import h11

from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.egress.troubles import broken_off, not_http

_MOST_HEAD_BYTES = 100 << 10
_AT_ONCE_BYTES = 64 << 10
"""What h11 is given at a time: it looks at the size of a head only between two gifts."""
_MOST_UNREAD_BYTES = 256 << 10

Headers = list[tuple[bytes, bytes]]


class Connection(asyncio.Protocol):
    """One connection, for one question at a time. Belongs to the event loop's thread."""

    def __init__(self, where: str, *, lost: Callable[["Connection"], None]) -> None:
        self.status = 0
        """Of the answer under way; 0 before its head has come."""
        self.has_heard = False
        """Whether a byte of the answer under way has come."""
        self.is_open = False
        self.idle_since_s: float | None = None
        """Since when it waits to be used again, or waited; None before the end of its first answer."""
        self.is_stale = False
        """Whether the server left it, kept as it was, before a byte of an answer: the question may be asked again."""
        self._where = where
        self._lost = lost
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._ready: deque[bytes] = deque()
        self._ready_bytes = 0
        self._is_paused = False
        self._has_ended = False
        self._fault: Trouble | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._leaving: Callable[[Connection], None] | None = None
        self._patience: asyncio.TimerHandle | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """What carries it; there is one from `connection_made` on. TLS puts another in its place."""
        assert self._transport is not None
        return self._transport

    @transport.setter
    def transport(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    @property
    def can_be_used_again(self) -> bool:
        """Whether the last answer is over, to the byte, and the server keeps the connection."""
        is_over = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        return self.is_open and is_over and not self._http.trailing_data[0]

    def ask(self, method: str, target: str, headers: Headers, body: bytes) -> None:
        """Send a request, all in one write; where the connection is gone, `head` says so."""
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        self.status, self.has_heard, self._has_ended = 0, False, False
        said = self._http.send(h11.Request(method=method, target=target, headers=headers))
        if body:
            said += self._http.send(h11.Data(data=body))
        said += self._http.send(h11.EndOfMessage())
        if self.is_open:
            self.transport.write(said)

    async def head(self, until_s: float) -> int:
        """Return the status of the answer once its head has come. Raises `Trouble`, and `TimeoutError` at `until_s`."""
        while not self.status:
            await self._more(until_s)
        return self.status

    async def chunk(self, until_s: float) -> bytes:
        """Return what has come of the body since the last call; empty once that was all.

        Raises `Trouble`, and `TimeoutError` when nothing has come by `until_s`.
        """
        while not self._ready:
            if self._has_ended:
                return b""
            await self._more(until_s)
        came = b"".join(self._ready)
        self._make_room()
        return came

    def leave(self, then: Callable[["Connection"], None], *, within_s: float = 0.0) -> None:
        """Ask for no more of this answer, and call `then` once, when the connection can be used again or is aborted.

        It is aborted at once, so that a model stops, unless the answer is over, or ends `within_s` from now.
        """
        self._make_room()
        if within_s and self.is_open and not self._has_ended:
            self._leaving = then
            self._patience = asyncio.get_running_loop().call_later(within_s, self._left)
            return
        if not self.can_be_used_again:
            self.abort()
        then(self)

    def abort(self) -> None:
        """Close it at once, whatever is under way. Harmless when it is closed."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; asyncio has switched the delay of small writes off."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Read what came. What nobody asked for ends the connection."""
        self.has_heard = True
        if self._has_ended:
            self.abort()
            return
        if not self._take(data):
            self._fail(not_http(self._where))
            return
        if self._ready_bytes > _MOST_UNREAD_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Read the end of the stream, which is the end of an answer that has no other."""
        self._was_left()
        if not (self._has_ended or self._fault):
            self._take(b"")
        self.is_open = False

    def connection_lost(self, error: Exception | None) -> None:
        """Let go of it. An answer that had not ended is broken off."""
        self._was_left()
        self.is_open = False
        if not self._has_ended:
            self._fail(broken_off(self._where))
        self._wake()
        self._lost(self)

    def _was_left(self) -> None:
        if self.is_open and self.idle_since_s is not None:
            self.is_stale = not (self.has_heard or self._has_ended)

    def _take(self, data: bytes) -> bool:
        """Read a part of an answer, or its end where there is no data; False when it is not HTTP, or not asked for."""
        if self._http.our_state is h11.IDLE:
            return False
        try:
            for at in range(0, len(data) or 1, _AT_ONCE_BYTES):
                self._http.receive_data(data[at : at + _AT_ONCE_BYTES])
                self._read_on()
        except h11.RemoteProtocolError:
            return False
        # A greeting of one line would else be taken for the beginning of a head until the time is over.
        return bool(self.status) or b"HTTP/".startswith(self._http.trailing_data[0][:5])

    def _read_on(self) -> None:
        while not self._has_ended:
            event = self._http.next_event()
            if isinstance(event, h11.Data):
                self._ready.append(event.data)
                self._ready_bytes += len(event.data)
            elif isinstance(event, h11.Response):
                self.status = event.status_code
            elif isinstance(event, h11.EndOfMessage):
                self._has_ended = True
            elif not isinstance(event, h11.InformationalResponse):
                break

    def _fail(self, trouble: Trouble) -> None:
        self._fault = self._fault or trouble
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._leaving is not None and (self._has_ended or self._fault):
            self._left()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    def _left(self) -> None:
        then, self._leaving = self._leaving, None
        if self._patience is not None:
            self._patience.cancel()
        if then is not None:
            self.leave(then)

    def _make_room(self) -> None:
        self._ready.clear()
        self._ready_bytes = 0
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    async def _more(self, until_s: float) -> None:
        """Wait until something has happened."""
        if self._fault is not None:
            raise self._fault
        loop = asyncio.get_running_loop()
        if loop.time() >= until_s:
            raise TimeoutError
        self._waiter = loop.create_future()
        # Not `asyncio.timeout`: it costs three times as much, and is not needed where nothing but a future is awaited.
        deadline = loop.call_at(until_s, _give_up, self._waiter)
        try:
            if not await self._waiter:
                raise TimeoutError
        finally:
            deadline.cancel()
            self._waiter = None


def _give_up(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(False)
