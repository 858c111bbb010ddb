"""The only door to a model vendor.

Rules:
1. Nothing goes without a `Permit` for this host, under a policy's leave and while its money is held.
2. The exact bytes are searched for secrets one last time. Found, or not searchable: nothing goes.
3. https only, with certificates that the system trusts. No redirect, no cookie, no environment variable; a proxy only
   where the settings name one. A connection serves one question, so that none is ever asked twice by mistake.
4. Every wait has a deadline, every answer a size. The lease of the money is a deadline, too.
5. Asked again is only what was turned away for free (`retries`), and never once an answer has begun.
6. Neither a body nor a key is ever logged or part of an error's text.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybrid_lsp.core.errors import Refused, Trouble
from hybrid_lsp.egress import cloud_troubles as troubles
from hybrid_lsp.egress.circuit import Circuits
from hybrid_lsp.egress.cloud_stream import CloudStream
from hybrid_lsp.egress.outgoing import encoded, is_dirty, plain_headers, plain_path, vendor_address
from hybrid_lsp.egress.passed import Passed, Sent
from hybrid_lsp.egress.permit import Permit
from hybrid_lsp.egress.retries import NOT_CONNECTED, Verdict, retry_in_s
from hybrid_lsp.egress.transport import Lines, body_of_error, close, is_about_trust, new_transport

if TYPE_CHECKING:
    import ssl

    import httpx2

__all__ = ["Circuits", "CloudDoor", "CloudStream", "Deadlines", "Judge", "Permit", "Verdict"]

Judge = Callable[[int, bytes], Verdict]
"""What a vendor means by the status and the body of an answer that is no success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long each thing may take."""

    total_s: float
    connect_s: float = 10.0
    first_byte_s: float = 120.0
    """From the end of the question to the head of the answer, of one attempt."""
    idle_s: float = 90.0
    """From each byte to the next; a model may think for so long without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    path: str
    body: bytes
    headers: Mapping[str, str]
    permit: Permit
    judge: Judge
    deadlines: Deadlines
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    """An attempt that brought no answer, and cost nothing."""

    status: int
    headers: Mapping[str, str]
    verdict: Verdict


class CloudDoor:
    """The way to one model vendor."""

    def __init__(
        self,
        base_url: str,
        *,
        scan: Callable[[str], bool],
        clock_ms: Callable[[], int],
        dice: Callable[[], float],
        circuits: Circuits | None = None,
        proxy: str = "",
        trust: "Callable[[], ssl.SSLContext] | None" = None,
    ) -> None:
        """Raise `Refused` unless `base_url` is a plain https address. Nothing is connected to yet.

        Args:
            base_url: from the user's own settings or the catalog, never from a workspace or a client.
            scan: says whether a secret is in a text; an error counts as yes. Called in a thread.
            clock_ms: the time, for leases and rests.
            dice: a number from 0 up to 1, for the waits between attempts.
            circuits: shared by the doors of one process; own ones where there are none.
            proxy: of the settings; empty for none.
            trust: which certificates to trust; the system's where it is not given.
        """
        self.address = vendor_address(base_url)
        self.circuits = circuits or Circuits(clock_ms)
        self._scan = scan
        self._clock_ms = clock_ms
        self._dice = dice
        self._proxy = proxy
        self._trust = trust
        self._transport: httpx2.AsyncHTTPTransport | None = None
        self._opening = asyncio.Lock()
        self._requests = self._bytes_out = self._bytes_in = 0
        self.recorded: Callable[[Sent], None] | None = None
        """Called with every request before it goes out; for tests."""

    @property
    def host(self) -> str:
        """Whom it leads to, as a `Permit` names it."""
        return self.address.host

    @property
    def passed(self) -> Passed:
        """What has gone through so far; each attempt counts, and its bytes where somebody took it."""
        return Passed(requests=self._requests, bytes_out=self._bytes_out, bytes_in=self._bytes_in)

    def __repr__(self) -> str:
        return f"CloudDoor({self.address.where!r})"

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        json: object,
        *,
        permit: Permit,
        model: str,
        headers: Mapping[str, str],
        judge: Judge,
        deadlines: Deadlines,
    ) -> AsyncGenerator[CloudStream, None]:
        """POST `json` and hand out the answer, a stream of events, line by line; leaving closes the connection at once.

        Raises `Refused` where nothing may be sent, and `Trouble`, here or while lines are read. Any `Trouble` from
        within the block opens the model's circuit as its kind says, and knows whether it may have cost something.
        """
        self._require(permit)
        now_s = asyncio.get_running_loop().time()
        lease_s = (permit.reservation.until_ms - self._clock_ms()) / 1000
        ask = _Ask(
            path=plain_path(path), body=encoded(json), headers=plain_headers(headers), permit=permit, judge=judge,
            deadlines=deadlines, until_s=now_s + min(deadlines.total_s, lease_s),
        )  # fmt: skip
        await self._search(ask)
        self.circuits.begin(model)
        response = verdict = stream = None
        try:
            got = await self._answered(ask)
            if isinstance(got, _Failed):
                verdict = got.verdict
                raise verdict.trouble
            response = got
            stream = self._streamed(response, ask)
            yield stream
            self.circuits.succeeded(model)
        except Trouble as trouble:
            trouble.may_have_cost = trouble.may_have_cost or response is not None
            self.circuits.failed(model, trouble, wait_s=verdict.wait_s if verdict else None)
            raise
        except BaseException:
            # Who leaves early, or is cancelled, has heard enough to know that the model answers, or has not.
            if stream is not None and stream.has_heard:
                self.circuits.succeeded(model)
            else:
                self.circuits.released(model)
            raise
        finally:
            if response is not None:
                await close(response)

    async def close(self) -> None:
        """Close every connection. The door may be used again afterwards."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    def _require(self, permit: Permit) -> None:
        if not isinstance(permit, Permit):
            raise Refused(f"Nothing goes to {self.host} without a permit; please report this.")
        if why := permit.why_not(self.host, self._clock_ms()):
            raise Refused(why)

    async def _search(self, ask: _Ask) -> None:
        """Refuse what still has a secret in it: as the bytes are, and as the vendor will read them."""
        try:
            async with asyncio.timeout_at(ask.until_s):
                dirty = await asyncio.to_thread(is_dirty, ask.body, self._scan)
        except TimeoutError:
            dirty = True
        if dirty:
            raise Refused(
                "What would be sent still seems to hold a secret, or could not be searched for one, so it stays on this"
                " machine; ask about a smaller part, or ask a local model."
            )

    async def _answered(self, ask: _Ask) -> "httpx2.Response | _Failed":
        """Ask until somebody answers, or until asking again is no use."""
        loop, attempt = asyncio.get_running_loop(), 0
        try:
            async with asyncio.timeout_at(ask.until_s):
                transport = await self._opened()
        except TimeoutError:
            raise troubles.slow(self.host, ask.deadlines.total_s) from None
        while True:
            attempt += 1
            got = await self._asked(transport, ask)
            if not isinstance(got, _Failed):
                return got
            wait_s = retry_in_s(
                got.status, got.headers, got.verdict, attempt=attempt, left_s=ask.until_s - loop.time(),
                now_ms=self._clock_ms(), dice=self._dice(),
            )  # fmt: skip
            if wait_s is None:
                return got
            await asyncio.sleep(wait_s)
            self._require(ask.permit)

    async def _asked(self, transport: "httpx2.AsyncHTTPTransport", ask: _Ask) -> "httpx2.Response | _Failed":
        """Make one attempt. Raises `Trouble` where the question went out and nothing is known of it since."""
        import httpx2

        loop = asyncio.get_running_loop()
        first_s = min(ask.until_s - loop.time(), ask.deadlines.connect_s + ask.deadlines.first_byte_s)
        self._went(ask)
        lines = Lines()
        try:
            async with asyncio.timeout(first_s):
                response = await self._sent(transport, ask, lines)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return self._unconnected(error)
        except httpx2.ProxyError:
            raise troubles.no_proxy() from None
        except (TimeoutError, httpx2.TimeoutException):
            raise _costly(troubles.slow(self.host, first_s)) from None
        except httpx2.TransportError:
            raise _costly(troubles.broken_off(self.host)) from None
        return await self._looked_at(response, ask)

    async def _sent(self, transport: "httpx2.AsyncHTTPTransport", ask: _Ask, lines: Lines) -> "httpx2.Response":
        try:
            return await transport.handle_async_request(self._request(ask, lines))
        except BaseException:
            await lines.close()
            raise

    def _unconnected(self, error: Exception) -> _Failed:
        if is_about_trust(error):
            raise troubles.untrusted(self.host)
        return _Failed(status=NOT_CONNECTED, headers={}, verdict=Verdict(trouble=troubles.unreachable(self.host)))

    async def _looked_at(self, response: "httpx2.Response", ask: _Ask) -> "httpx2.Response | _Failed":
        """Return an answer that is a stream of events; anything else is read and closed."""
        status, kind = response.status_code, response.headers.get("content-type", "")
        if status == 200 and kind.partition(";")[0].strip().lower() == "text/event-stream":
            return response
        body = await body_of_error(response, until_s=ask.until_s)
        self._came(len(body))
        if status == 200:
            raise _costly(troubles.no_stream(self.host))
        if 300 <= status < 400:
            raise troubles.redirected(self.host)
        return _Failed(status=status, headers=dict(response.headers), verdict=ask.judge(status, body))

    def _request(self, ask: _Ask, lines: Lines) -> "httpx2.Request":
        import httpx2

        limits = {"connect": ask.deadlines.connect_s, "pool": ask.deadlines.connect_s, "read": None, "write": None}
        headers = {
            "Accept": "text/event-stream", "Accept-Encoding": "identity", "Content-Type": "application/json",
            "Content-Length": str(len(ask.body)), "User-Agent": "hybrid-lsp", "Connection": "close", **ask.headers,
        }  # fmt: skip
        url = f"https://{self.address.where}{self.address.path}{ask.path}"
        return httpx2.Request(
            "POST", url, headers=headers, content=self._leaving(ask),
            extensions={"timeout": limits, "trace": lines.trace},
        )  # fmt: skip

    async def _leaving(self, ask: _Ask) -> AsyncGenerator[bytes, None]:
        """Hand out the body, and count it just then: before a connection is there nothing has left."""
        self._bytes_out += len(ask.body)
        ask.permit.went(len(ask.body))
        yield ask.body

    def _streamed(self, response: "httpx2.Response", ask: _Ask) -> CloudStream:
        import httpx2

        return CloudStream(
            response.aiter_raw(), host=self.host, total_at=ask.until_s, idle_s=ask.deadlines.idle_s, came=self._came,
            broken=(httpx2.TransportError,),
        )  # fmt: skip

    async def _opened(self) -> "httpx2.AsyncHTTPTransport":
        async with self._opening:
            if self._transport is None:
                self._transport = await asyncio.to_thread(new_transport, self._trust, self._proxy)
            return self._transport

    def _went(self, ask: _Ask) -> None:
        self._requests += 1
        if self.recorded is not None:
            self.recorded(Sent(method="POST", path=ask.path, body=ask.body))

    def _came(self, count: int) -> None:
        self._bytes_in += count


def _costly(trouble: Trouble) -> Trouble:
    trouble.may_have_cost = True
    return trouble
