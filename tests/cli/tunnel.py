"""The way from a vendor's real name to its double: a proxy on loopback, and a certificate for those names."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from hybrid_lsp.egress.circuit import Circuits
from hybrid_lsp.egress.cloud import CloudDoor
from tests.doubles.cloud import VendorDouble

_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtt2nTYinMB2TkQgD
2flwmTFLD2BjakpQ8EuJsZUShaahRANCAAQ1VF98GuY2OD7Wt6Hoyy14uFkdyCoY
k9tmBlj9IBCfe/ALlCB1W8OcwYHjK61u6h8gWlswtq4AGHOa0VpEj1+c
-----END PRIVATE KEY-----
"""
_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBzjCCAXOgAwIBAgIUczj36cTRKVr6+//4kSJXdK073G0wCgYIKoZIzj0EAwIw
IjEgMB4GA1UEAwwXaHlicmlkLWxzcCB0ZXN0IHZlbmRvcnMwIBcNMjYxMTIzMTMy
NjEzWhgPMjEyNjEwMzAxMzI2MTNaMCIxIDAeBgNVBAMMF2h5YnJpZC1sc3AgdGVz
dCB2ZW5kb3JzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENVRffBrmNjg+1reh
6MsteLhZHcgqGJPbZgZY/SAQn3vwC5QgdVvDnMGB4yutbuofIFpbMLauABhzmtFa
RI9fnKOBhDCBgTBPBgNVHREESDBGghFhcGkuYW50aHJvcGljLmNvbYIOYXBpLm9w
ZW5haS5jb22CIWdlbmVyYXRpdmVsYW5ndWFnZS5nb29nbGVhcGlzLmNvbTAPBgNV
HRMBAf8EBTADAQH/MB0GA1UdDgQWBBTBWDki8kBPjTrl9Tj8+IhbNsLsZjAKBggq
hkjOPQQDAgNJADBGAiEA0Ede6N2RazLmwLyQR7zb7+2nODbofx6o6YSUADInSwIC
IQCtoYU8yeUCFb2UpyzElGY31eCYA7izlxrZDL3QhD28Pg==
-----END CERTIFICATE-----
"""
HOSTS = {
    "anthropic": "api.anthropic.com",
    "openai": "api.openai.com",
    "gemini": "generativelanguage.googleapis.com",
}
"""What each vendor is called on the network, and what the certificate is for."""


def named(double: VendorDouble, folder: Path) -> VendorDouble:
    """Return the double with the certificate of the vendors' real names."""
    path = folder / "vendors.pem"
    path.write_text(_KEY + _CERTIFICATE, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    double.server.tls = context
    return double


def trusting_door(
    base_url: str, *, scan: Callable[[str], bool], clock_ms: Callable[[], int], dice: Callable[[], float],
    circuits: Circuits, proxy: str,
) -> CloudDoor:  # fmt: skip
    """Open the real door, which trusts that certificate and no other. Nothing else about it is changed."""
    trust = partial(ssl.create_default_context, cadata=_CERTIFICATE)
    return CloudDoor(
        base_url, scan=scan, clock_ms=clock_ms, dice=dice, circuits=circuits, proxy=proxy, trust=trust
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Tunnel:
    """A proxy that connects each host that it knows to a port on loopback, and no other."""

    ports: Mapping[str, int]
    asked_for: list[str] = field(default_factory=list)
    """The first line of each connection."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
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
            await self._carried(reader, writer)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first = head.split("\r\n", 1)[0]
        self.asked_for.append(first)
        host = first.split(" ")[1].removesuffix(":443")
        if host not in self.ports:
            writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.ports[host])
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        ways = {asyncio.ensure_future(_carry(reader, back)), asyncio.ensure_future(_carry(there, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
