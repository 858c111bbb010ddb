"""A small HTTP server on a loopback port, for doubles: it sees each byte that is asked and each client that goes."""

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body as a JSON object; raises `ValueError` when it is not JSON."""
        found = json.loads(self.body)
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Reply:
    """What goes back for one request: a whole answer, or a stream in chunks."""

    writer: asyncio.StreamWriter

    async def send(
        self,
        status: int,
        payload: object,
        *,
        kind: str = "application/json; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer at once; text and bytes go as they are, anything else as JSON."""
        body = (
            payload if isinstance(payload, bytes) else payload.encode() if isinstance(payload, str) else _json(payload)
        )
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.writer.write(_head(status, f"Content-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n") + body)
        await self.writer.drain()

    async def begin(self, status: int = 200, *, kind: str = "application/x-ndjson") -> None:
        """Begin a stream."""
        self.writer.write(_head(status, f"Content-Type: {kind}\r\nTransfer-Encoding: chunked\r\n"))
        await self.writer.drain()

    async def write(self, body: bytes) -> None:
        """Send one chunk of a stream."""
        self.writer.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
        await self.writer.drain()

    async def line(self, payload: object) -> None:
        """Send one JSON value as a line of a stream."""
        await self.write(_json(payload) + b"\n")

    async def end(self) -> None:
        """End a stream properly."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def cut(self) -> None:
        """Break the connection, as a server that dies."""
        self.writer.transport.abort()


@dataclass(slots=True)
class HttpServer:
    """Calls `answer` for each request, in a task that is cancelled when the client goes."""

    answer: Callable[[Asked, Reply], Awaitable[None]]
    asked: list[Asked] = field(default_factory=list)
    hung_up_at: list[float] = field(default_factory=list)
    """When clients went in the middle of an answer, by `time.monotonic`."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as one went."""
    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    """What it speaks TLS with; plain where there is none."""
    _server: asyncio.Server | None = None
    _open: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (asked := await _read(reader)) is not None and await self._answered(asked, reader, writer):
                pass
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _answered(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the client has gone meanwhile."""
        self.asked.append(asked)
        answering = asyncio.ensure_future(self.answer(asked, Reply(writer)))
        watching = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
                return await _stopped_watching(watching)
            self._note_hang_up()
            return False
        except ConnectionError:
            self._note_hang_up()
            raise
        finally:
            for task in (answering, watching):
                task.cancel()
            await asyncio.gather(answering, watching, return_exceptions=True)

    def _note_hang_up(self) -> None:
        self.hung_up_at.append(time.monotonic())
        self.hung_up.set()


async def _stopped_watching(watching: "asyncio.Future[bytes]") -> bool:
    if watching.done():
        return False
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return True


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, path=path, headers=headers, body=body)


def _head(status: int, headers: str) -> bytes:
    return f"HTTP/1.1 {status} Because\r\n{headers}\r\n".encode()


def _json(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
