"""The only door out.

Rules:
1. A door leads to one server: on this machine, or on a host that the user's own settings name. Nothing widens it later.
2. What an address says is taken literally. `localhost` means the loopback addresses, whatever a resolver thinks.
3. No redirect is followed, no proxy is used, no cookie, no environment variable is read.
4. Every wait has a deadline, every answer a size.
5. Neither a body nor a key is ever logged or part of an error's text.
"""

import asyncio
import importlib
import re
import ssl
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from json import dumps
from typing import TYPE_CHECKING

from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.egress.address import DEFAULT_PORTS, PLAIN_PATH, bracketed, parse_address
from hybrid_lsp.egress.passed import Answer, Passed, Sent
from hybrid_lsp.egress.stream import MAX_STREAM_BYTES, Stream

if TYPE_CHECKING:
    import httpx2

__all__ = ["Answer", "LocalDoor", "Passed", "Sent", "Stream", "parse_address"]

MAX_BODY_BYTES = 32 << 20
# llama.cpp and uvicorn hang up on an idle connection after 5 s; asking on it just then would be an error of ours.
_IDLE_S = 3.0
_CONNECTIONS = 16
# A TLS handshake that is cancelled leaves its socket open; it has to time out by itself, before the whole does.
_CONNECT_SHARE = 0.9

_QUERY = re.compile(r"[A-Za-z0-9._~=&:-]*", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


class LocalDoor:
    """The way to one model server, on this machine or on a host that the user's own settings name."""

    def __init__(self, base_url: str, *, own_hosts: frozenset[str] = frozenset(), key: str | None = None) -> None:
        """Raise `Refused` unless `base_url` is on this machine, or its host is exactly one of `own_hosts`.

        `key` is sent as a bearer token with every request. Nothing is connected to yet.
        """
        self.address = parse_address(base_url, own_hosts)
        if key is not None and not _KEY.fullmatch(key):
            raise Refused("The key of a model server may hold only printable ASCII without spaces; copy it again.")
        self._key = key
        self._literals = self.address.literals
        self._transport: httpx2.AsyncHTTPTransport | None = None
        self._opening = asyncio.Lock()
        self.passed = Passed()
        self.recorded: Callable[[Sent], None] | None = None
        """Called with every request before it goes out; for tests."""

    @property
    def where(self) -> str:
        """Host and port, for a sentence to a person."""
        return self.address.where

    def __repr__(self) -> str:
        return f"LocalDoor({self.where!r})"

    async def is_listening(self, *, timeout_s: float) -> bool:
        """Say whether anybody takes a connection there. Sends nothing, and needs nothing of what speaks HTTP."""
        for literal in self._literals:
            try:
                async with asyncio.timeout(timeout_s):
                    _, writer = await asyncio.open_connection(literal, self.address.port)
            except (OSError, TimeoutError):
                continue
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return True
        return False

    async def get(self, path: str, *, timeout_s: float) -> Answer:
        """Return what a GET answers, whatever its status. Raises `Trouble`."""
        return await self._whole("GET", path, b"", timeout_s)

    async def post(self, path: str, json: object, *, timeout_s: float) -> Answer:
        """Return what a POST of `json` answers, whatever its status. Raises `Trouble`."""
        return await self._whole("POST", path, _encoded(json), timeout_s)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        json: object,
        *,
        connect_timeout_s: float,
        first_byte_timeout_s: float,
        total_timeout_s: float,
        idle_timeout_s: float | None = None,
    ) -> AsyncGenerator[Stream, None]:
        """POST `json` and hand out the answer line by line; leaving closes the connection, which stops a model.

        The first byte and the total are counted from now; `idle_timeout_s`, where given, from each byte to the next.
        Raises `Trouble`, here or while lines are read.
        """
        now = asyncio.get_running_loop().time()
        total_at, first_at = now + total_timeout_s, now + min(total_timeout_s, first_byte_timeout_s)
        try:
            async with asyncio.timeout_at(first_at):
                response = await self._send("POST", path, _encoded(json), connect_timeout_s, first_at)
        except TimeoutError:
            raise self._slow(min(total_timeout_s, first_byte_timeout_s)) from None
        stream = self._stream_of(response, first_at=first_at, total_at=total_at, idle_timeout_s=idle_timeout_s)
        try:
            yield stream
        finally:
            await stream.close()

    async def close(self) -> None:
        """Close every connection. The door may be used again afterwards."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def _whole(self, method: str, path: str, body: bytes, timeout_s: float) -> Answer:
        try:
            async with asyncio.timeout(timeout_s) as scope:
                response = await self._send(method, path, body, timeout_s, scope.when() or 0.0)
                stream = self._stream_of(response, most_bytes=MAX_BODY_BYTES)
                try:
                    return Answer(status=stream.status, body=await stream.body())
                finally:
                    await stream.close()
        except TimeoutError:
            raise self._slow(timeout_s) from None

    async def _send(
        self, method: str, path: str, body: bytes, connect_timeout_s: float, until: float
    ) -> "httpx2.Response":
        plain, _, query = path.partition("?")
        if not plain.startswith("/") or not PLAIN_PATH.fullmatch(plain) or not _QUERY.fullmatch(query):
            raise Refused("A path on a model server has only plain segments; this one is not asked for.")
        transport = await self._open()
        passed = self.passed
        self.passed = replace(passed, requests=passed.requests + 1, bytes_out=passed.bytes_out + len(body))
        if self.recorded is not None:
            self.recorded(Sent(method=method, path=path, body=body))
        left_s = max(0.0, until - asyncio.get_running_loop().time())
        connect_timeout_s = min(connect_timeout_s, _CONNECT_SHARE * left_s)
        response = await self._first_answer(transport, method, path, body, connect_timeout_s)
        if 300 <= response.status_code < 400:
            await response.aclose()
            raise Trouble(
                TroubleKind.NONSENSE,
                f"{self.where} redirects to another address, and no redirect is followed; name the address it means.",
            )
        return response

    async def _first_answer(
        self, transport: "httpx2.AsyncHTTPTransport", method: str, path: str, body: bytes, connect_timeout_s: float
    ) -> "httpx2.Response":
        """Ask at each literal address in turn, and stay with the one that took the connection."""
        import httpx2

        for literal in self._literals:
            request = self._request(literal, method, path, body, connect_timeout_s)
            try:
                response = await transport.handle_async_request(request)
            except httpx2.ConnectError as error:
                if literal == self._literals[-1]:
                    raise self._trouble(error) from None
                continue
            except httpx2.TransportError as error:
                raise self._trouble(error) from None
            self._literals = (literal,)
            return response
        raise AssertionError("an address has at least one literal")

    def _request(self, literal: str, method: str, path: str, body: bytes, connect_timeout_s: float) -> "httpx2.Request":
        import httpx2

        # What is compressed could be any size once unpacked, so nothing compressed is asked for.
        headers = {"Host": self._host_header(), "Accept-Encoding": "identity", "User-Agent": "hybrid-lsp"}
        if method == "POST":
            headers["Content-Type"] = "application/json"
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return httpx2.Request(
            method,
            f"{self.address.scheme}://{bracketed(literal)}:{self.address.port}{self.address.path}{path}",
            headers=headers,
            content=body or None,
            extensions={
                "timeout": {"connect": connect_timeout_s, "pool": connect_timeout_s},
                "sni_hostname": self.address.host,
            },
        )

    def _host_header(self) -> str:
        host = bracketed(self.address.host)
        return host if self.address.port == DEFAULT_PORTS[self.address.scheme] else f"{host}:{self.address.port}"

    async def _open(self) -> "httpx2.AsyncHTTPTransport":
        async with self._opening:
            if self._transport is None:
                secure = self.address.scheme == "https"
                if secure or not _is_imported():
                    self._transport = await asyncio.to_thread(_new_transport, secure=secure)
                else:
                    self._transport = _new_transport(secure=False)
            return self._transport

    def _stream_of(
        self,
        response: "httpx2.Response",
        *,
        first_at: float | None = None,
        total_at: float | None = None,
        idle_timeout_s: float | None = None,
        most_bytes: int = MAX_STREAM_BYTES,
    ) -> Stream:
        return Stream(
            status=response.status_code,
            where=self.where,
            source=self._chunks_of(response),
            hang_up=response.aclose,
            first_at=first_at,
            total_at=total_at,
            idle_timeout_s=idle_timeout_s,
            most_bytes=most_bytes,
        )

    async def _chunks_of(self, response: "httpx2.Response") -> AsyncGenerator[bytes, None]:
        import httpx2

        try:
            async with aclosing(response.aiter_raw()) as chunks:
                async for chunk in chunks:
                    self.passed = replace(self.passed, bytes_in=self.passed.bytes_in + len(chunk))
                    if chunk:
                        yield chunk
        except httpx2.TransportError as error:
            raise self._trouble(error) from None

    def _slow(self, timeout_s: float) -> Trouble:
        return Trouble(TroubleKind.SLOW, f"{self.where} did not answer within {timeout_s:g} s; it may be busy.")

    def _trouble(self, error: Exception) -> Trouble:
        import httpx2

        if isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout):
            return Trouble(TroubleKind.SLOW, f"{self.where} did not answer in time; it may be busy or stuck.")
        if _is_tls(error):
            return Trouble(
                TroubleKind.OFFLINE,
                f"{self.where} cannot be asked over https; see whether it speaks it, with a certificate trusted here.",
            )
        if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
            return Trouble(TroubleKind.OFFLINE, f"Nothing answers at {self.where}; start the model server there.")
        if isinstance(error, httpx2.ProtocolError) and not re.search("disconnected|closed", str(error)):
            return Trouble(TroubleKind.NONSENSE, f"What {self.where} answers is not HTTP; is it a model server?")
        return Trouble(TroubleKind.OFFLINE, f"{self.where} closed the connection; see whether the server still runs.")


def _encoded(payload: object) -> bytes:
    # Half a surrogate pair has no UTF-8; it must not cost the whole request.
    return dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _is_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_imported() -> bool:
    return "httpx2" in sys.modules


def _new_transport(*, secure: bool) -> "httpx2.AsyncHTTPTransport":
    """Make a transport, the seam below a client: it knows no redirect, no proxy, no cookie and no netrc."""
    import httpx2

    # What the first connection would import on the event loop is imported here, where it stalls nobody.
    for module in ("httpcore2._backends.anyio", "anyio._backends._asyncio"):
        importlib.import_module(module)
    # Reading the system's certificates takes long and is of no use over plain http.
    verify = True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    limits = httpx2.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_IDLE_S)
    return httpx2.AsyncHTTPTransport(verify=verify, trust_env=False, limits=limits, retries=0)
