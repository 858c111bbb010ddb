"""A stream of server-sent events, as far as models send them: the data of each event."""

from collections.abc import AsyncIterator


async def data_in(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the data of each event: its `data:` lines, put together. Comments and other fields say nothing to us.

    An event that the end of the stream cuts off is none, as the standard says.
    """
    data: list[bytes] = []
    async for line in lines:
        if not line:
            if data:
                yield b"\n".join(data)
            data = []
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
