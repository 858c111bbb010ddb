"""A server that says raw bytes, on plain TCP or TLS, for what a proper HTTP server never does; and a door to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from hybrid_lsp.egress import LocalDoor

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
"""The head of an answer in chunks."""

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Talker:
    """A server on plain TCP, or TLS, that does with each connection what it is told."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.heard: list[bytes] = []
        self.url = ""

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """Read one request, and remember it."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        self.heard.append(head + await reader.readexactly(length))
        return self.heard[-1]

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do with a new connection what is told, and close it."""
        self.connections += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            await self.talk(reader, writer, self.connections)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def talking(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[LocalDoor, Talker]]:
    """A server that talks so, and a door to it."""
    talker = Talker(talk)
    server = await asyncio.start_server(talker.connected, "127.0.0.1", 0, ssl=tls)
    async with server:
        talker.url = f"{'https' if tls else 'http'}://localhost:{server.sockets[0].getsockname()[1]}"
        door = LocalDoor(talker.url)
        try:
            yield door, talker
        finally:
            await door.close()


def saying(*parts: bytes, then_close: bool = True) -> Talk:
    """Say these bytes, each on its own, to every first request on a connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.001 if len(parts) > 1 else 0)
        if not then_close:
            await reader.read()

    return talk
