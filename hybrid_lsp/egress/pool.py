"""The connections to one server: made when they are needed, kept for a moment, a few at once."""

import asyncio
import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING

from hybrid_lsp.egress.address import Address
from hybrid_lsp.egress.connection import Connection
from hybrid_lsp.egress.troubles import crowded, insecure, nobody

if TYPE_CHECKING:
    import ssl

# llama.cpp and uvicorn hang up on an idle connection after 5 s; asking on it just then would be an error of ours.
_IDLE_S = 3.0
_CONNECTIONS = 16
_NEXT_ADDRESS_S = 0.25
"""How long one address of a name is waited for before the next is tried beside it."""


class Pool:
    """Every connection to one server. What is taken is left with `leave`, once."""

    def __init__(self, address: Address) -> None:
        """Connect to nothing yet. Reading the certificates trusted here takes a while, so https is best made aside."""
        self._address = address
        self._literals = address.literals
        self._tls = _trusting() if address.scheme == "https" else None
        self._free = asyncio.Semaphore(_CONNECTIONS)
        self._open: set[Connection] = set()
        self._idle: list[Connection] = []

    async def take(self, *, by_s: float, is_fresh: bool = False) -> Connection:
        """Return a connection to ask on: one that is kept if there is any, and not where it has to be fresh.

        Raises `Trouble` at `by_s`, a moment of the event loop, at the latest.
        """
        await self._room(by_s)
        if not is_fresh and (kept := self._kept()) is not None:
            return kept
        try:
            return await self._connected(by_s)
        except BaseException:
            self._free.release()
            raise

    def leave(self, connection: Connection, *, ends_within_s: float = 0.0) -> None:
        """Be done with a connection: it is kept where its answer is over or ends so soon, else closed at once."""
        connection.leave(self._left, within_s=ends_within_s)

    async def close(self) -> None:
        """Close every connection, also those in use."""
        for connection in self._open:
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # asyncio closes the socket one turn later

    async def _room(self, by_s: float) -> None:
        if self._free.locked():
            try:
                async with asyncio.timeout_at(by_s):
                    await self._free.acquire()
            except TimeoutError:
                raise crowded(self._address.where) from None
        else:
            await self._free.acquire()

    def _kept(self) -> Connection | None:
        oldest_s = asyncio.get_running_loop().time() - _IDLE_S
        while self._idle and (self._idle[0].idle_since_s or 0.0) < oldest_s:
            self._idle.pop(0).abort()
        while self._idle:
            connection = self._idle.pop()
            if connection.can_be_used_again:
                return connection
        return None

    def _left(self, connection: Connection) -> None:
        self._free.release()
        if connection.can_be_used_again:
            connection.idle_since_s = asyncio.get_running_loop().time()
            self._idle.append(connection)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        with suppress(ValueError):
            self._idle.remove(connection)

    async def _connected(self, by_s: float) -> Connection:
        """Connect to each literal address in turn, and stay with the one that takes the connection."""
        for literal in self._literals:
            connection = Connection(self._address.where, lost=self._lost)
            self._open.add(connection)
            try:
                await self._connect(connection, literal, by_s)
                await self._secure(connection, by_s)
            except OSError:  # also what took too long
                self._give_up(connection)
            except BaseException:
                self._give_up(connection)
                raise
            else:
                self._literals = (literal,)
                return connection
        raise nobody(self._address.where)

    async def _connect(self, connection: Connection, literal: str, by_s: float) -> None:
        loop, port = asyncio.get_running_loop(), self._address.port
        delay_s = None if _is_number(literal) else _NEXT_ADDRESS_S
        async with asyncio.timeout_at(by_s):
            await loop.create_connection(lambda: connection, literal, port, happy_eyeballs_delay=delay_s)

    async def _secure(self, connection: Connection, by_s: float) -> None:
        if self._tls is None:
            return
        loop, plain, host = asyncio.get_running_loop(), connection.transport, self._address.host
        try:
            async with asyncio.timeout_at(by_s):
                secure = await loop.start_tls(plain, connection, self._tls, server_hostname=host)
        except OSError:
            secure = None
        if secure is None:
            raise insecure(self._address.where)
        connection.transport = secure

    def _give_up(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.abort()


def _is_number(literal: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(literal))
    return False


def _trusting() -> "ssl.SSLContext":
    """Trust what the system trusts, whatever the environment says; where that is written, httpx2 knows."""
    import httpx2

    context = httpx2.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context
