"""What speaks HTTP with a model vendor: httpx2's own transport, without what its client would add."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    import httpx2

MAX_ERROR_BYTES = 64 << 10
_ERROR_S = 5.0
_BROKEN = ("SSLEOFError", "SSLZeroReturnError")
_OPENING = ("connect_tcp.complete", "start_tls.complete")


class _Open(Protocol):
    async def aclose(self) -> None: ...


def new_transport(trust: "Callable[[], ssl.SSLContext] | None", proxy: str) -> "httpx2.AsyncHTTPTransport":
    """Import what speaks HTTP, and read which certificates are trusted: both take a while, so do it in a thread.

    A transport follows no redirect, keeps no cookie, unpacks nothing and reads no environment variable.
    """
    import anyio.streams.tls  # noqa: F401  # httpx2 would import it with the first connection, on the event loop
    import httpx2

    context = trust() if trust is not None else httpx2.create_ssl_context(trust_env=False)
    limits = httpx2.Limits(max_connections=16, max_keepalive_connections=0)
    return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, proxy=proxy or None)


class Lines:
    """What one question has opened, so that it can be closed in the middle of anything.

    Who cancels httpx2 while TLS is being agreed on leaves the connection open until it is collected.
    """

    def __init__(self) -> None:
        self._opened: list[_Open] = []

    async def trace(self, name: str, info: Mapping[str, object]) -> None:
        """Take note of each connection; httpx2 calls this as it goes on (its extension `trace`)."""
        if name.endswith(_OPENING):
            self._opened.append(cast(_Open, info["return_value"]))

    async def close(self) -> None:
        """Close all of them. Never raises."""
        for stream in reversed(self._opened):
            with suppress(Exception):  # it is closed, or as good as
                await stream.aclose()


async def body_of_error(response: "httpx2.Response", *, until_s: float) -> bytes:
    """Return what an error says, as far as it has come, and close it. Never raises `Trouble`."""
    import httpx2

    read = bytearray()
    try:
        with suppress(TimeoutError, httpx2.TransportError):
            async with asyncio.timeout_at(min(until_s, asyncio.get_running_loop().time() + _ERROR_S)):
                async for chunk in response.aiter_raw():
                    read += chunk
                    if len(read) > MAX_ERROR_BYTES:
                        break
    finally:
        await close(response)
    return bytes(read[:MAX_ERROR_BYTES])


async def close(response: "httpx2.Response") -> None:
    """Close an answer and its connection, at once. Never raises."""
    with suppress(Exception):  # it is given up either way, and what matters was said before
        await response.aclose()


def is_about_trust(error: BaseException | None) -> bool:
    """Say whether it was TLS that failed, somewhere below an error to connect, and not just the line that broke."""
    while error is not None:
        if type(error).__module__ == "ssl" or type(error).__name__.startswith("SSL"):
            return type(error).__name__ not in _BROKEN
        error = error.__cause__ or error.__context__
    return False
