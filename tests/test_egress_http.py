"""What an answer is, and where it ends, is read strictly."""

import asyncio

import pytest

from hybrid_lsp.core.errors import Trouble, TroubleKind
from tests.doubles.talker import CHUNKED, OK, saying, talking


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (OK, 200, b"ok"),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        (CHUNKED + b"1;name=value\r\no\r\n01\r\nk\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.0 200 OK\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 404 Not Found\r\nX-Folded: a\r\n  b\r\nContent-Length: 2, 2\r\n\r\nok", 404, b"ok"),
    ],
    ids=["length", "chunked", "extension-and-trailer", "both", "until-closed", "http-1.0", "no-reason", "no-content",
         "interim", "folded"],
)  # fmt: skip
@pytest.mark.parametrize("way", ["whole", "bytes"])
async def test_an_answer_ends_where_http_says(said: bytes, status: int, body: bytes, way: str) -> None:
    """A body ends at its length, its last chunk or the end of the stream, however the bytes come; interim answers pass."""
    parts = (said,) if way == "whole" else tuple(said[at : at + 1] for at in range(len(said)))
    async with talking(saying(*parts)) as (door, _):
        answer = await door.get("/", timeout_s=5)

    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + OK,
        CHUNKED + b"2\r\nokxx0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"\x00\x01",
    ],
    ids=["two-lengths", "negative", "encoding", "blank", "switch", "chunk-end", "many-headers", "binary"],
)
async def test_what_breaks_the_rules_of_http_is_nonsense(said: bytes) -> None:
    """An answer whose end is in doubt, or that is no HTTP, is refused, and the connection is closed."""
    async with talking(saying(said, then_close=False)) as (door, talker):
        with pytest.raises(Trouble, match="is not HTTP") as trouble:
            await door.get("/", timeout_s=5)
        async with asyncio.timeout(1):
            while talker.open:
                await asyncio.sleep(0.001)

    assert trouble.value.kind is TroubleKind.NONSENSE


async def test_who_speaks_before_being_asked_is_no_model_server() -> None:
    """A server that greets, as SSH and mail servers do, is told as something else than HTTP."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.7\r\n")
        await reader.read(1)
        writer.write(b"Invalid SSH identification string.\r\n")

    async with talking(talk) as (door, _):
        with pytest.raises(Trouble, match="is not HTTP") as trouble:
            await door.get("/", timeout_s=5)

    assert trouble.value.kind is TroubleKind.NONSENSE


@pytest.mark.parametrize("late", [False, True])
async def test_what_follows_an_answer_is_not_the_next_one(late: bool) -> None:
    """Bytes behind an answer, at once or while nothing is asked, close the connection; the next answer is its own."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK if number > 1 else OK + (b"" if late else OK.replace(b"ok", b"no")))
        if late and number == 1:
            await asyncio.sleep(0.02)
            writer.write(OK.replace(b"ok", b"no"))
        await reader.read()

    async with talking(talk) as (door, talker):
        first = await door.get("/", timeout_s=5)
        await asyncio.sleep(0.05 if late else 0)
        second = await door.get("/", timeout_s=5)

    assert (first.body, second.body, talker.connections) == (b"ok", b"ok", 2)
