"""What the doubles of model vendors have in common: real TLS on loopback, answers by a script, and every way to fail."""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.doubles.certificate import CERTIFICATE, server_context
from tests.doubles.http_server import Asked, HttpServer, Reply

KEY = "sk-double-0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """One answer: a stream of events, or an error with a body."""

    status: int = 200
    body: object = None
    """JSON, or bytes as they are; for what is no stream."""
    headers: Mapping[str, str] = field(default_factory=dict)
    events: tuple[bytes, ...] = ()
    kind: str = "text/event-stream; charset=utf-8"
    cut_bytes: int = 0
    """The stream comes in pieces of so many bytes, wherever that cuts; 0: an event at a time."""
    gap_s: float = 0.0
    """Before each piece."""
    then: str = "end"
    """`end`; `cut`: the connection breaks; `hang`: nothing more comes."""
    head_s: float = 0.0
    """Before the head of the answer."""

    @property
    def pieces(self) -> list[bytes]:
        """The stream as it goes out."""
        if not self.cut_bytes:
            return list(self.events)
        whole = b"".join(self.events)
        return [whole[at : at + self.cut_bytes] for at in range(0, len(whole), self.cut_bytes)]


def event(payload: Mapping[str, object], *, named: bool = True) -> bytes:
    """Return one event of a stream; named by its type where the vendor does so."""
    name = f"event: {payload['type']}\n" if named else ""
    return f"{name}data: {json.dumps(payload, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def payloads(stream: Says | bytes) -> list[dict[str, Any]]:
    """Return the JSON of each event of a stream, as it is built or as it has come; what only marks its end is none."""
    body = b"".join(stream.events) if isinstance(stream, Says) else stream
    found = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(data) for data in found if data != b"[DONE]"]


def failure(status: int, body: object, **headers: str) -> Says:
    """Return an error; `retry_after` in a name is `retry-after` on the wire."""
    return Says(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def trusting() -> ssl.SSLContext:
    """Return what trusts the doubles' certificate and no other."""
    return ssl.create_default_context(cadata=CERTIFICATE)


@dataclass(slots=True, kw_only=True)
class VendorDouble:
    """A vendor: checks what it is asked by its contract, then answers by its script; the last answer repeats."""

    folder: Path
    """Where the certificate is written."""
    script: Sequence[Says]
    refusal: Callable[[Asked], Says | None]
    """What is wrong with a question by the vendor's contract."""
    server: HttpServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = HttpServer(self._answer, tls=server_context(self.folder))

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def bodies(self) -> list[dict[str, object]]:
        """Every body that it was asked with."""
        return [asked.json for asked in self.server.asked]

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.server.__aexit__(kind, error, at)

    async def _answer(self, asked: Asked, reply: Reply) -> None:
        says = self.refusal(asked) or self.script[min(len(self.server.asked), len(self.script)) - 1]
        await asyncio.sleep(says.head_s)
        if not says.events:
            await reply.send(says.status, says.body, kind="application/json", headers=says.headers)
            return
        await reply.begin(says.status, kind=says.kind)
        for piece in says.pieces:
            await asyncio.sleep(says.gap_s)
            await reply.write(piece)
        if says.then == "hang":
            await asyncio.Event().wait()
        elif says.then == "cut":
            reply.cut()
        else:
            await reply.end()


def oddities(says: Says) -> dict[str, Says]:
    """Return the same good answer, as networks and servers may deliver it."""
    comment = (b": keep-alive\n\n", *says.events)
    crlf = tuple(each.replace(b"\n", b"\r\n") for each in says.events)
    return {
        "byte by byte": replace(says, cut_bytes=1),
        "in sevens": replace(says, cut_bytes=7),
        "all at once": replace(says, cut_bytes=1 << 20),
        "with comments": replace(says, events=comment),
        "with CRLF": replace(says, events=crlf),
    }


def broken(says: Says) -> dict[str, Says]:
    """Return the same answer, broken on the way in each way that there is."""
    half = says.events[: len(says.events) // 2]
    return {
        "cut in the middle": replace(says, events=half, then="cut"),
        "invalid UTF-8": replace(says, events=(*half, b'data: {"type":"\xff\xfe"}\n\n')),
        "not JSON": replace(says, events=(*half, b"data: <html>\n\n")),
        "a list": replace(says, events=(*half, b"data: [1]\n\n")),
    }
