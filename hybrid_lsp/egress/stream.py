"""An answer that is still coming: line by line, each wait with a deadline, all of it with a size."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.egress.troubles import too_large

if TYPE_CHECKING:
    from hybrid_lsp.egress.connection import Connection
    from hybrid_lsp.egress.pool import Pool

MAX_LINE_BYTES = 4 << 20
"""Ollama's last line repeats the whole prompt as numbers: some 6 bytes for each token of the window."""
MAX_STREAM_BYTES = 64 << 20
_FINISH_S = 0.05


class Stream:
    """An answer that is still coming; only a `LocalDoor` makes one."""

    def __init__(
        self,
        *,
        connection: "Connection",
        pool: "Pool",
        where: str,
        came: Callable[[int], None],
        first_at: float,
        total_at: float,
        late: Trouble,
        idle_timeout_s: float | None = None,
        most_bytes: int = MAX_STREAM_BYTES,
    ) -> None:
        self.status = connection.status
        self._connection: Connection | None = connection
        self._pool = pool
        self._where = where
        self._came = came
        self._first_at: float | None = min(first_at, total_at)
        self._total_at = total_at
        self._late = late
        self._idle_timeout_s = idle_timeout_s
        self._room_bytes = most_bytes
        self._whole: deque[bytes] = deque()
        self._begun: list[bytes] = []
        self._begun_bytes = 0
        self._ends_within_s = 0.0

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
            raise too_large(self._where)
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

    def finish(self) -> None:
        """Say that what is still to come can only be the end, so that the connection may be used again after it."""
        self._ends_within_s = _FINISH_S

    def close(self) -> None:
        """Close the connection, unless the answer has been read to its end. Harmless when it is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.leave(connection, ends_within_s=self._ends_within_s)

    async def _chunk(self) -> bytes:
        if self._connection is None:
            return b""
        try:
            chunk = await self._connection.chunk(self._until())
        except TimeoutError:
            raise self._late from None
        self._first_at = None
        self._came(len(chunk))
        self._room_bytes -= len(chunk)
        if self._room_bytes < 0:
            raise too_large(self._where)
        return chunk

    def _until(self) -> float:
        if self._idle_timeout_s is None:
            return self._total_at if self._first_at is None else self._first_at
        idle_at = asyncio.get_running_loop().time() + self._idle_timeout_s
        return min(idle_at, self._total_at if self._first_at is None else self._first_at)
