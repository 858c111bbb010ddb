"""An answer that is still coming: line by line, each wait with a deadline, all of it with a size."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress

from hybrid_lsp.core.errors import Trouble, TroubleKind

MAX_LINE_BYTES = 4 << 20
"""Ollama's last line repeats the whole prompt as numbers: some 6 bytes for each token of the window."""
MAX_STREAM_BYTES = 64 << 20
_FINISH_S = 0.05


class Stream:
    """An answer that is still coming; only a `LocalDoor` makes one."""

    def __init__(
        self,
        *,
        status: int,
        where: str,
        source: AsyncGenerator[bytes, None],
        hang_up: Callable[[], Awaitable[None]],
        first_at: float | None,
        total_at: float | None,
        idle_timeout_s: float | None,
        most_bytes: int,
    ) -> None:
        self.status = status
        self._where = where
        self._source = source
        self._hang_up = hang_up
        self._first_at = first_at
        self._total_at = total_at
        self._idle_timeout_s = idle_timeout_s
        self._room_bytes = most_bytes
        self._whole: deque[bytes] = deque()
        self._begun: list[bytes] = []
        self._begun_bytes = 0

    def lines(self) -> AsyncIterator[bytes]:
        r"""Hand out each line without its `\n` or `\r\n`; the last one need not have had any. Raises `Trouble`."""
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._whole:
            chunk = await self._chunk()
            if not chunk:
                return self._last_line()
            self._split(chunk)
        return self._whole.popleft().removesuffix(b"\r")

    def _split(self, chunk: bytes) -> None:
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = b"".join((*self._begun, whole[0]))
            self._begun, self._begun_bytes = [], 0
        self._begun.append(rest)
        self._begun_bytes += len(rest)
        if max(self._begun_bytes, *map(len, whole), 0) > MAX_LINE_BYTES:
            raise self._too_large()
        self._whole.extend(whole)

    def _last_line(self) -> bytes:
        last, self._begun = b"".join(self._begun), []
        if not last:
            raise StopAsyncIteration
        return last

    async def body(self) -> bytes:
        """Return all that is still to come. Raises `Trouble`."""
        parts: list[bytes] = []
        while chunk := await self._chunk():
            parts.append(chunk)
        return b"".join(parts)

    async def finish(self) -> None:
        """Read what can only be the end of the answer, so that the connection can be used again. Never raises."""
        with suppress(Trouble, TimeoutError):
            async with asyncio.timeout(_FINISH_S):
                while await self._chunk():
                    continue

    async def close(self) -> None:
        """Close the connection, unless the answer has been read to its end."""
        await self._source.aclose()
        await self._hang_up()

    async def _chunk(self) -> bytes:
        until = self._until()
        try:
            async with asyncio.timeout_at(until):
                chunk = await anext(self._source, b"")
        except TimeoutError:
            raise Trouble(TroubleKind.SLOW, f"{self._where} did not finish in time; it may be busy.") from None
        self._first_at = None
        self._room_bytes -= len(chunk)
        if self._room_bytes < 0:
            raise self._too_large()
        return chunk

    def _until(self) -> float | None:
        ends = [at for at in (self._first_at, self._total_at) if at is not None]
        if self._idle_timeout_s is not None:
            ends.append(asyncio.get_running_loop().time() + self._idle_timeout_s)
        return min(ends, default=None)

    def _too_large(self) -> Trouble:
        return Trouble(TroubleKind.NONSENSE, f"What {self._where} answers is too large; is it a model server?")
