"""An answer of a model vendor that is still coming: line by line, each wait with a deadline, all of it with a size."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from hybrid_lsp.egress import cloud_troubles as troubles

MAX_LINE_BYTES = 4 << 20
MAX_STREAM_BYTES = 16 << 20
"""Some hundred times the longest answer that can be asked for."""


class CloudStream:
    """An answer that is still coming; only a `CloudDoor` makes one."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        host: str,
        total_at: float,
        idle_s: float,
        came: Callable[[int], None],
        broken: tuple[type[Exception], ...],
    ) -> None:
        self.has_heard = False
        """Whether a byte of it has come: then somebody is there and answers."""
        self._chunks = chunks
        self._host = host
        self._total_at = total_at
        self._idle_s = idle_s
        self._came = came
        self._broken = broken
        self._room_bytes = MAX_STREAM_BYTES
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
            if (chunk := await self._chunk()) is None:
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
            raise troubles.too_large(self._host)
        self._whole.extend(whole)

    def _last_line(self) -> bytes:
        last, self._begun = b"".join(self._begun), []
        if not last:
            raise StopAsyncIteration
        return last

    async def _chunk(self) -> bytes | None:
        """Return what comes next; None once that was all."""
        now_s = asyncio.get_running_loop().time()
        idle_at = now_s + self._idle_s
        try:
            async with asyncio.timeout_at(min(idle_at, self._total_at)):
                chunk = await anext(self._chunks, None)
        except TimeoutError:
            late = troubles.silent if idle_at < self._total_at else troubles.unfinished
            raise late(self._host) from None
        except self._broken:
            raise troubles.broken_off(self._host) from None
        if chunk is None:
            return None
        self.has_heard = True
        self._came(len(chunk))
        self._room_bytes -= len(chunk)
        if self._room_bytes < 0:
            raise troubles.too_large(self._host)
        return chunk
