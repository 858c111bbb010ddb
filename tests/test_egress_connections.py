"""Connections are made to who is meant, used again only where that is safe, and never more of them than so many."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.egress import LocalDoor, pool
from tests.doubles.certificate import CERTIFICATE, server_context
from tests.doubles.talker import CHUNKED, OK, saying, talking

QUICK = {"connect_timeout_s": 1.0, "first_byte_timeout_s": 2.0, "total_timeout_s": 5.0}


async def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that the settings name is looked up, and asked at the first of its addresses that takes a connection."""
    async with talking(saying(OK)) as (_, talker):
        port = int(talker.url.rpartition(":")[2])

        async def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
            assert host == "gpu.lan"
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")
            ]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
        door = LocalDoor(f"http://gpu.lan:{port}", own_hosts=frozenset({"gpu.lan"}))
        answer = await door.get("/", timeout_s=5)
        await door.close()

    assert answer.body == b"ok"


async def test_a_question_goes_out_in_one_piece() -> None:
    """Head and body are one write, with the length of the body."""
    pieces: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        pieces.append(await reader.read(65_536))
        writer.write(OK)
        await reader.read()

    async with talking(talk) as (door, _):
        await door.post("/api", {"a": 1}, timeout_s=5)

    head, _, body = pieces[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api HTTP/1.1\r\nHost: localhost:")
    assert head.endswith(b"\r\nContent-Type: application/json\r\nContent-Length: 7")
    assert body == b'{"a":1}'


@pytest.mark.parametrize("way", ["close", "reset"])
async def test_a_kept_connection_that_the_server_left_costs_nothing(way: str) -> None:
    """A question on a connection that is closed under it, before a byte of an answer, is asked once more on a new one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await talker.read(reader)
        writer.write(OK)
        await talker.read(reader)
        if number > 1:
            writer.write(OK)
            await reader.read()
        elif way == "reset":
            writer.transport.abort()

    async with talking(talk) as (door, talker):
        await door.get("/", timeout_s=5)
        answer = await door.post("/", {"n": 2}, timeout_s=5)

    assert answer.body == b"ok"
    assert (talker.connections, [b'{"n":2}' in heard for heard in talker.heard]) == (2, [False, True, True])


async def test_a_question_is_asked_again_only_once_and_only_where_nothing_was_answered() -> None:
    """A server that leaves again, that leaves a new connection, or leaves after a byte, is offline, not asked on."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        asked = await talker.read(reader)
        if b"/leave" in asked:
            return
        writer.write(OK)
        asked = await talker.read(reader)
        writer.write(b"HTTP/1.1" if b"/byte" in asked else b"")

    for path, questions in (("/leave", 3), ("/byte", 2)):
        async with talking(talk) as (door, talker):
            await door.get("/", timeout_s=5)
            with pytest.raises(Trouble, match="closed the connection") as trouble:
                await door.post(path, {}, timeout_s=5)
        assert (trouble.value.kind, len(talker.heard)) == (TroubleKind.OFFLINE, questions)


async def test_a_connection_is_not_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nothing was asked on for some seconds is not used again, nor is one that the server gives up."""
    monkeypatch.setattr(pool, "_IDLE_S", 0.03)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        while number:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK if number < 3 else OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    async with talking(talk) as (door, talker):
        seen = []
        for pause_s in (0.0, 0.0, 0.06, 0.06, 0.0):
            await asyncio.sleep(pause_s)
            await door.get("/", timeout_s=5)
            seen.append(talker.connections)

    assert seen == [1, 1, 2, 3, 4]


async def test_only_so_many_questions_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is more waits for its turn, and is told apart from a server that is gone when its turn does not come."""
    monkeypatch.setattr(pool, "_CONNECTIONS", 3)
    let_go = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await let_go.wait()
            writer.write(OK)

    async with talking(talk) as (door, talker):
        asking = [asyncio.create_task(door.get("/", timeout_s=5)) for _ in range(10)]
        await asyncio.sleep(0.05)
        with pytest.raises(Trouble, match="busy") as trouble:
            await door.get("/", timeout_s=0.05)
        let_go.set()
        answers = await asyncio.gather(*asking)

    assert trouble.value.kind is TroubleKind.SLOW
    assert ([answer.body for answer in answers], talker.most_open) == ([b"ok"] * 10, 3)


async def test_a_slow_reader_holds_the_server_back() -> None:
    """While nobody takes lines no more than a bounded part of an answer is in memory; then all of it comes."""
    line, count = b"x" * 999 + b"\n", 40_000
    pushed = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        nonlocal pushed
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(count):
            writer.write(line)
            await writer.drain()
            pushed += 1

    async with talking(talk) as (door, _), door.stream("/", {}, **(QUICK | {"total_timeout_s": 30.0})) as answer:
        lines = answer.lines()
        assert await anext(lines) == line[:-1]
        before = -1
        while before != pushed:
            before = pushed
            await asyncio.sleep(0.1)
        assert pushed < count / 2
        assert len([line async for line in lines]) == count - 1


@pytest.mark.parametrize("ends", [True, False])
async def test_an_answer_that_is_said_to_be_over_keeps_its_connection_if_it_ends(ends: bool) -> None:
    """Finishing waits for nothing: the connection is used again once the end has come, and closed if it does not."""
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await talker.read(reader)
        writer.write(CHUNKED + b"3\r\nok\n\r\n")
        await asyncio.sleep(0.01)
        writer.write(b"0\r\n\r\n" if ends else b"1\r\nx\r\n")
        try:
            await talker.read(reader)
            writer.write(OK)
            await reader.read()
        finally:
            closed.set()

    async with talking(talk) as (door, talker):
        async with door.stream("/", {}, **QUICK) as answer:
            async for _ in answer.lines():
                answer.finish()
                break
        if ends:
            await asyncio.sleep(0.03)
            assert (await door.get("/", timeout_s=5)).body == b"ok"
        else:
            async with asyncio.timeout(1):
                await closed.wait()

    assert (talker.connections, len(talker.heard)) == (1, 1 + ends)


async def test_closing_a_door_ends_what_is_under_way() -> None:
    """Who reads through a door that is closed is told, nothing is asked again, and the door can be used again."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await talker.read(reader)
        writer.write(OK)
        await talker.read(reader)
        await reader.read()

    async with talking(talk) as (door, talker):
        await door.get("/", timeout_s=5)
        asking = asyncio.create_task(door.get("/hang", timeout_s=5))
        while len(talker.heard) < 2:
            await asyncio.sleep(0.001)
        await door.close()
        with pytest.raises(Trouble, match="closed the connection"):
            await asking
        assert (await door.get("/", timeout_s=5)).body == b"ok"

    assert [heard.split()[1] for heard in talker.heard] == [b"/", b"/hang", b"/"]


async def test_https_is_spoken_with_who_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS, answers come and connections are kept as over plain TCP, and leaving a stream hangs up at once."""
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        await talker.read(reader)
        writer.write(OK)
        await talker.read(reader)
        writer.write(CHUNKED + b"3\r\nok\n\r\n")
        await reader.read()
        closed.set()

    trusting = pool._trusting

    def trusting_ours_too() -> ssl.SSLContext:
        context = trusting()
        context.load_verify_locations(cadata=CERTIFICATE)
        return context

    monkeypatch.setattr(pool, "_trusting", trusting_ours_too)
    async with talking(talk, tls=server_context(tmp_path)) as (door, talker):
        assert (await door.get("/", timeout_s=5)).body == b"ok"
        async with door.stream("/", {}, **QUICK) as answer:
            assert await anext(answer.lines()) == b"ok"
        async with asyncio.timeout(0.05):
            await closed.wait()

    assert talker.connections == 1


async def test_https_is_not_spoken_with_anybody_else(tmp_path: Path) -> None:
    """A certificate that nobody here trusts is told as that, and nothing is asked."""
    async with talking(saying(OK), tls=server_context(tmp_path)) as (door, talker):
        with pytest.raises(Trouble, match="a certificate trusted here") as trouble:
            await door.get("/", timeout_s=5)

    assert (trouble.value.kind, talker.heard) == (TroubleKind.OFFLINE, [])


async def test_a_stream_is_of_no_use_once_it_is_closed() -> None:
    """Closing twice does nothing, and a closed stream has no more lines."""
    talk = saying(CHUNKED + b"3\r\nok\n\r\n", then_close=False)
    async with talking(talk) as (door, _), door.stream("/", {}, **QUICK) as answer:
        answer.close()
        assert [line async for line in answer.lines()] == []
