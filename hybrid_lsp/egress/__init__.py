"""The only door out.

Rules:
1. A door leads to one server: on this machine, or on a host that the user's own settings name. Nothing widens it later.
2. What an address says is taken literally. `localhost` means the loopback addresses, whatever a resolver thinks.
3. No redirect is followed, no proxy is used, no cookie, no environment variable is read.
4. Every wait has a deadline, every answer a size.
5. Neither a body nor a key is ever logged or part of an error's text.
"""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from json import JSONEncoder
from typing import TYPE_CHECKING

from hybrid_lsp.core.errors import Refused, Trouble
from hybrid_lsp.egress.address import DEFAULT_PORTS, PLAIN_PATH, Address, bracketed, parse_address
from hybrid_lsp.egress.passed import Answer, Passed, Sent
from hybrid_lsp.egress.stream import Stream
from hybrid_lsp.egress.troubles import redirected, slow, unfinished

if TYPE_CHECKING:
    from hybrid_lsp.egress.connection import Connection, Headers
    from hybrid_lsp.egress.pool import Pool

__all__ = ["Answer", "LocalDoor", "Passed", "Sent", "Stream", "parse_address"]

MAX_BODY_BYTES = 32 << 20
_CONNECT_SHARE = 0.9
"""Of the time that is left, so that whether nobody is there or somebody is slow can be told apart."""

_QUERY = re.compile(r"[A-Za-z0-9._~=&:-]*", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)

_JSON = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


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
        self._headers = _headers(self.address, key)
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._requests = self._bytes_out = self._bytes_in = 0
        self.recorded: Callable[[Sent], None] | None = None
        """Called with every request before it goes out; for tests."""

    @property
    def where(self) -> str:
        """Host and port, for a sentence to a person."""
        return self.address.where

    @property
    def passed(self) -> Passed:
        """What has gone through so far."""
        return Passed(requests=self._requests, bytes_out=self._bytes_out, bytes_in=self._bytes_in)

    def __repr__(self) -> str:
        return f"LocalDoor({self.where!r})"

    async def is_listening(self, *, timeout_s: float) -> bool:
        """Say whether anybody takes a connection there. Sends nothing, and needs nothing of what speaks HTTP."""
        for literal in self.address.literals:
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
        first_s = min(total_timeout_s, first_byte_timeout_s)
        ask = _Ask(method="POST", path=path, body=_encoded(json), timeout_s=first_s, until_s=now + first_s)
        pool, connection = await self._answering(ask, connect_timeout_s)
        stream = Stream(
            connection=connection,
            pool=pool,
            where=self.where,
            came=self._came,
            first_at=ask.until_s,
            total_at=now + total_timeout_s,
            idle_timeout_s=idle_timeout_s,
            late=unfinished(self.where),
        )
        try:
            yield stream
        finally:
            stream.close()

    async def close(self) -> None:
        """Close every connection. The door may be used again afterwards."""
        if self._pool is not None:
            await self._pool.close()

    async def _whole(self, method: str, path: str, body: bytes, timeout_s: float) -> Answer:
        until_s = asyncio.get_running_loop().time() + timeout_s
        ask = _Ask(method=method, path=path, body=body, timeout_s=timeout_s, until_s=until_s)
        pool, connection = await self._answering(ask, timeout_s)
        stream = Stream(
            connection=connection,
            pool=pool,
            where=self.where,
            came=self._came,
            first_at=until_s,
            total_at=until_s,
            late=slow(self.where, timeout_s),
            most_bytes=MAX_BODY_BYTES,
        )
        try:
            return Answer(status=stream.status, body=await stream.body())
        finally:
            stream.close()

    async def _answering(self, ask: "_Ask", connect_timeout_s: float) -> "tuple[Pool, Connection]":
        """Ask, and return the connection on which an answer has begun."""
        plain, _, query = ask.path.partition("?")
        if not plain.startswith("/") or not PLAIN_PATH.fullmatch(plain) or not _QUERY.fullmatch(query):
            raise Refused("A path on a model server has only plain segments; this one is not asked for.")
        try:
            pool = self._pool or await self._opened(ask.until_s)
            self._went(ask)
            now = asyncio.get_running_loop().time()
            by_s = now + min(connect_timeout_s, _CONNECT_SHARE * max(0.0, ask.until_s - now))
            connection = await self._begun(pool, ask, by_s) or await self._begun(pool, ask, by_s, is_fresh=True)
        except TimeoutError:
            raise slow(self.where, ask.timeout_s) from None
        assert connection is not None
        if 300 <= connection.status < 400:
            pool.leave(connection)
            raise redirected(self.where)
        return pool, connection

    async def _begun(self, pool: "Pool", ask: "_Ask", by_s: float, *, is_fresh: bool = False) -> "Connection | None":
        """Ask on one connection; None where that was a kept one which the server has left meanwhile."""
        connection = await pool.take(by_s=by_s, is_fresh=is_fresh)
        try:
            connection.ask(ask.method, f"{self.address.path}{ask.path}", self._headers_of(ask), ask.body)
            await connection.head(ask.until_s)
        except Trouble:
            pool.leave(connection)
            if not connection.is_stale:
                raise
            return None
        except BaseException:
            pool.leave(connection)
            raise
        return connection

    def _headers_of(self, ask: "_Ask") -> "Headers":
        if ask.method != "POST":
            return self._headers
        length = str(len(ask.body)).encode()
        return [*self._headers, (b"Content-Type", b"application/json"), (b"Content-Length", length)]

    async def _opened(self, until_s: float) -> "Pool":
        async with asyncio.timeout_at(until_s), self._opening:
            if self._pool is None:
                if self.address.scheme == "https" or "hybrid_lsp.egress.pool" not in sys.modules:
                    self._pool = await asyncio.to_thread(_new_pool, self.address)
                else:
                    self._pool = _new_pool(self.address)
            return self._pool

    def _went(self, ask: "_Ask") -> None:
        self._requests += 1
        self._bytes_out += len(ask.body)
        if self.recorded is not None:
            self.recorded(Sent(method=ask.method, path=ask.path, body=ask.body))

    def _came(self, count: int) -> None:
        self._bytes_in += count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    method: str
    path: str
    body: bytes
    timeout_s: float
    """In which an answer has to begin."""
    until_s: float
    """The same as a moment of the event loop."""


def _encoded(payload: object) -> bytes:
    # Half a surrogate pair has no UTF-8; it must not cost the whole request.
    return _JSON.encode(payload).encode("utf-8", "replace")


def _headers(address: Address, key: str | None) -> "Headers":
    host = bracketed(address.host)
    if address.port != DEFAULT_PORTS[address.scheme]:
        host = f"{host}:{address.port}"
    # What is compressed could be any size once unpacked, so nothing compressed is asked for.
    headers = {"Host": host, "Accept-Encoding": "identity", "User-Agent": "hybrid-lsp"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _new_pool(address: Address) -> "Pool":
    """Import what speaks HTTP, which takes a while, and make a pool of connections."""
    from hybrid_lsp.egress.pool import Pool

    return Pool(address)
