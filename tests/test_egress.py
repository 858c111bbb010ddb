"""The door leads to this machine, follows nothing, waits for nothing longer than it is told, and takes in no more."""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hybrid_lsp import egress
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.egress import LocalDoor, Sent
from hybrid_lsp.egress import stream as stream_module
from tests.doubles.http_server import Asked, HttpServer, Reply

QUICK = {"connect_timeout_s": 1.0, "first_byte_timeout_s": 2.0, "total_timeout_s": 3.0}


@asynccontextmanager
async def door_to(
    answer: Callable[[Asked, Reply], Awaitable[None]], **wanted: str
) -> AsyncIterator[tuple[LocalDoor, HttpServer]]:
    """A server that answers so, and a door to it."""
    async with HttpServer(answer) as server:
        door = LocalDoor(server.url, **wanted)
        try:
            yield door, server
        finally:
            await door.close()


@asynccontextmanager
async def raw_server(said: bytes, *, then_wait: bool = False) -> AsyncIterator[str]:
    """A server that says these bytes to whoever comes, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        if then_wait:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def echo(asked: Asked, reply: Reply) -> None:
    """Answer with what was asked."""
    await reply.send(200, {"path": asked.path, "headers": asked.headers, "body": asked.body.decode()})


@pytest.mark.parametrize(
    ("url", "literals"),
    [
        ("http://127.0.0.1:11434", ("127.0.0.1",)),
        ("http://127.8.9.1", ("127.8.9.1",)),
        ("HTTP://LocalHost:80/v1/", ("127.0.0.1", "::1")),
        ("https://[::1]:8443", ("::1",)),
        ("http://gpu.lan:8000", ("gpu.lan",)),
        ("http://GPU.lan", ("gpu.lan",)),
        ("http://10.0.0.7:8000", ("10.0.0.7",)),
        ("http://[fd00::7]:8000", ("fd00::7",)),
    ],
)
def test_this_machine_and_named_hosts_are_reached(url: str, literals: tuple[str, ...]) -> None:
    """An address on this machine, or on a host that the settings name, leads there and to nothing else."""
    own = frozenset({"gpu.lan", "10.0.0.7", "[fd00::7]"})

    assert LocalDoor(url, own_hosts=own).address.literals == literals


@pytest.mark.parametrize(
    "url",
    [
        "", "127.0.0.1:11434", "ftp://127.0.0.1", "file:///etc/passwd", "http://", "http:///x", "//127.0.0.1",
        "http://example.com", "http://10.0.0.8", "http://0.0.0.0", "http://[::]", "http://[::ffff:127.0.0.1]",
        "http://gpu.lan.", "http://gpu.lan.evil.com", "http://evilgpu.lan", "http://sub.gpu.lan", "http://.gpu.lan",
        "http://localhost.", "http://localhost.evil.com", "http://127.0.0.1.nip.io", "http://foo.localhost",
        "http://2130706433", "http://0x7f000001", "http://0x7f.0.0.1", "http://0177.0.0.1", "http://127.1", "http://127.0.0.01",
        "http://user@127.0.0.1", "http://127.0.0.1@evil.com", "http://user:pass@127.0.0.1", "http://127.0.0.1%2eevil.com",
        "http://[::1%25eth0]", "http://127.0.0.1\\@evil.com", "http://127.0.0.1#@evil.com", "http://127.0.0.1?@evil.com",
        "http://１２７.0.0.1", "http://ⓛocalhost", "http://localhost\u200b", "http://127.0.0.1 ", "http://127.0.0.1\n",
        "http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:080", "http://127.0.0.1:", "http://127.0.0.1:+80",
        "http://127.0.0.1:8 0", "http://127.0.0.1:٣", "http://127.0.0.1:80:90",
        "http://127.0.0.1/../x", "http://127.0.0.1/a/./b", "http://127.0.0.1/a//b", "http://127.0.0.1/%2e%2e", "http://127.0.0.1/a;b",
        "http://127.0.0.1/" + "a" * 3000, "http://[0:0:0:0:0:0:0:1]", "http://[::1", "http://::1",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_sentence(url: str) -> None:
    """Other hosts, look-alikes, other spellings of an address and tricks with it are refused, without quoting it."""
    with pytest.raises(Refused) as refused:
        LocalDoor(url, own_hosts=frozenset({"gpu.lan"}))

    assert str(refused.value).endswith(".")
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX: y", "ключ"])
def test_a_key_that_could_break_a_header_is_refused(key: str) -> None:
    """A key is printable ASCII or nothing is asked, and the refusal does not quote it."""
    with pytest.raises(Refused, match="key"):
        LocalDoor("http://127.0.0.1:1", key=key)


@pytest.mark.parametrize("path", ["api", "/../x", "/a b", "/a?b#c", "/a%2e", "//evil.com/x", "/a?u=http://x"])
async def test_a_path_has_only_plain_segments(path: str) -> None:
    """A path that could lead elsewhere is refused before anything is connected to."""
    door = LocalDoor("http://127.0.0.1:1")

    with pytest.raises(Refused):
        await door.get(path, timeout_s=1)

    assert door.passed.requests == 0


async def test_a_whole_answer_comes_with_its_status() -> None:
    """GET and POST return what is answered; the key is a bearer token; nothing compressed is asked for."""
    async with door_to(echo, key="sesame") as (door, server):
        first = await door.get("/api/tags?a=b", timeout_s=5)
        second = await door.post("/api/show", {"model": "é\ud800"}, timeout_s=5)

    assert (first.status, second.status) == (200, 200)
    assert [asked.path for asked in server.asked] == ["/api/tags?a=b", "/api/show"]
    assert server.asked[0].headers["authorization"] == "Bearer sesame"
    assert server.asked[0].headers["accept-encoding"] == "identity"
    assert server.asked[1].body == '{"model":"é?"}'.encode()


async def test_what_passes_is_counted() -> None:
    """A door knows how many requests it made and how many bytes of bodies went each way."""
    sent: list[Sent] = []
    async with door_to(echo) as (door, _):
        door.recorded = sent.append
        answer = await door.post("/x", {"a": 1}, timeout_s=5)

    assert (door.passed.requests, door.passed.bytes_out, door.passed.bytes_in) == (1, 7, len(answer.body))
    assert sent == [Sent(method="POST", path="/x", body=b'{"a":1}')]


async def test_a_connection_is_kept_and_used_again() -> None:
    """Two answers read to their end go over one connection."""
    peers: list[object] = []

    async def note(asked: Asked, reply: Reply) -> None:
        peers.append(reply.writer.get_extra_info("peername"))
        await reply.send(200, {})

    async with door_to(note) as (door, _):
        await door.get("/a", timeout_s=5)
        await door.get("/b", timeout_s=5)

    assert len(set(peers)) == 1


async def test_localhost_is_looked_for_at_both_loopback_addresses() -> None:
    """A server that listens on ::1 only is found under `localhost`, without asking a resolver."""
    try:
        server = await HttpServer(echo, host="::1").__aenter__()
    except OSError:
        server = await HttpServer(echo).__aenter__()
    door = LocalDoor(f"http://localhost:{server.port}/base")
    try:
        await door.get("/a", timeout_s=5)
        await door.get("/b", timeout_s=5)
    finally:
        await door.close()
        await server.__aexit__(None, None, None)

    assert [asked.path for asked in server.asked] == ["/base/a", "/base/b"]
    assert server.asked[0].headers["host"] == f"localhost:{server.port}"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
async def test_a_proxy_in_the_environment_is_not_used(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of proxies does not matter: the server is asked, the proxy hears nothing."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with HttpServer(echo) as proxy, HttpServer(echo) as server:
        monkeypatch.setenv(variable, proxy.url)
        door = LocalDoor(server.url)
        answer = await door.get("/a", timeout_s=5)
        await door.close()

    assert (answer.status, len(server.asked), len(proxy.asked)) == (200, 1, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
async def test_a_redirect_is_trouble_and_not_followed(status: int) -> None:
    """Whatever a server redirects to is not asked, for whole answers and for streams."""
    async with HttpServer(echo) as other:
        said = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/stolen\r\nContent-Length: 0\r\n\r\n".encode()
        async with raw_server(said) as url:
            door = LocalDoor(url)
            with pytest.raises(Trouble, match="redirect") as whole:
                await door.get("/a", timeout_s=5)
            with pytest.raises(Trouble, match="redirect"):
                async with door.stream("/a", {}, **QUICK):
                    pass
            await door.close()

    assert whole.value.kind is TroubleKind.NONSENSE
    assert other.asked == []


async def test_nobody_there_is_offline() -> None:
    """A port that nobody listens on is offline, told with where it is and the way out."""
    async with HttpServer(echo) as server:
        pass
    door = LocalDoor(server.url)

    with pytest.raises(Trouble, match=f"Nothing answers at 127.0.0.1:{server.port}; start") as trouble:
        await door.get("/", timeout_s=5)

    assert trouble.value.kind is TroubleKind.OFFLINE
    await door.close()


@pytest.mark.parametrize("answers", [True, False])
async def test_https_is_never_given_up_for_http(answers: bool) -> None:
    """A server that speaks plain http, or says nothing, under https is told as that, and hears nothing of the request."""
    heard = b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.read(100)
        if answers:
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        heard += await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        door = LocalDoor(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", key="sesame")
        with pytest.raises(Trouble, match="over https") as trouble:
            await door.get("/", timeout_s=1)
        await door.close()
        await asyncio.sleep(0.05)

    assert trouble.value.kind is TroubleKind.OFFLINE
    assert b"sesame" not in heard


async def test_a_server_that_hangs_is_slow() -> None:
    """A server that would say nothing for 10 s costs no more than the deadline, wherever it hangs."""

    async def hang(asked: Asked, reply: Reply) -> None:
        if asked.path != "/silent":
            await reply.begin()
            await reply.line({"a": 1})
        await asyncio.sleep(10)

    start = time.monotonic()
    async with door_to(hang) as (door, server):
        for path in ("/silent", "/body"):
            with pytest.raises(Trouble) as whole:
                await door.get(path, timeout_s=0.1)
            assert whole.value.kind is TroubleKind.SLOW
        for path, timeouts in (
            ("/silent", {"first_byte_timeout_s": 0.1}),
            ("/body", {"total_timeout_s": 0.1}),
            ("/body", {"idle_timeout_s": 0.1}),
        ):
            with pytest.raises(Trouble) as streamed:
                async with door.stream(path, {}, **(QUICK | timeouts)) as stream:
                    assert [line async for line in stream.lines()] == []
            assert streamed.value.kind is TroubleKind.SLOW
        await asyncio.sleep(0.02)

    assert time.monotonic() - start < 3
    assert len(server.hung_up_at) == 5


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.7\r\n\r\n", TroubleKind.NONSENSE),
        (b"", TroubleKind.OFFLINE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", TroubleKind.OFFLINE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", TroubleKind.OFFLINE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", TroubleKind.NONSENSE),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", TroubleKind.NONSENSE),
    ],
    ids=["not-http", "hangs-up", "short-body", "half-chunk", "bad-chunk", "huge-header"],
)
async def test_what_is_no_answer_is_told_apart(said: bytes, kind: TroubleKind) -> None:
    """Something else than HTTP is nonsense; a connection that breaks is offline."""
    async with raw_server(said) as url:
        door = LocalDoor(url)
        with pytest.raises(Trouble) as trouble:
            await door.get("/", timeout_s=5)
        await door.close()

    assert trouble.value.kind is kind


async def test_lines_come_whole_however_they_arrive() -> None:
    """Lines are put together from pieces of any size; the last needs no end; a carriage return is part of the end."""

    async def dribble(asked: Asked, reply: Reply) -> None:
        await reply.begin()
        for piece in (b"on", b"e\ntwo\r\n\nth", b"r", b"ee\nrest"):
            await reply.write(piece)
            await asyncio.sleep(0.005)
        await reply.end()

    async with door_to(dribble) as (door, _), door.stream("/", {}, **QUICK) as stream:
        assert stream.status == 200
        assert [line async for line in stream.lines()] == [b"one", b"two", b"", b"three", b"rest"]


async def test_too_much_is_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line, a stream or an answer that never ends is dropped once it is larger than any real one."""
    monkeypatch.setattr(stream_module, "MAX_LINE_BYTES", 10_000)
    monkeypatch.setattr(egress, "MAX_BODY_BYTES", 100_000)

    async def flood(asked: Asked, reply: Reply) -> None:
        await reply.begin()
        while True:
            await reply.write(b"x" * 5_000)

    async with door_to(flood) as (door, server):
        with pytest.raises(Trouble, match="too large") as whole:
            await door.get("/", timeout_s=5)
        with pytest.raises(Trouble, match="too large"):
            async with door.stream("/", {}, **QUICK) as stream:
                assert [line async for line in stream.lines()] == []
        await asyncio.sleep(0.05)

    assert whole.value.kind is TroubleKind.NONSENSE
    assert len(server.hung_up_at) == 2


@pytest.mark.parametrize("way", ["leave", "cancel"])
async def test_leaving_a_stream_hangs_up_at_once(way: str) -> None:
    """The server sees the connection close within 50 ms of leaving the stream, or of cancelling who reads it."""

    async def drip(asked: Asked, reply: Reply) -> None:
        await reply.begin()
        await reply.line({"n": 1})
        await asyncio.sleep(30)

    async with door_to(drip) as (door, server):
        begun = asyncio.Event()

        async def read() -> None:
            async with door.stream("/", {}, **QUICK) as stream:
                async for _ in stream.lines():
                    begun.set()
                    if way == "leave":
                        break

        reading = asyncio.create_task(read())
        await begun.wait()
        left = time.monotonic()
        reading.cancel() if way == "cancel" else None
        await asyncio.gather(reading, return_exceptions=True)
        async with asyncio.timeout(1):
            await server.hung_up.wait()

    assert server.hung_up_at[0] - left < 0.05


async def test_neither_a_key_nor_a_body_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at its loudest, the log holds neither the key nor what was asked nor what was answered."""
    caplog.set_level(logging.DEBUG)

    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.send(200, {"answer": "whispered"})

    async with door_to(answer, key="sesame-open") as (door, _):
        await door.post("/x", {"prompt": "private_text"}, timeout_s=5)
        shown = repr(door)

    assert [word for word in ("sesame-open", "private_text", "whispered") if word in caplog.text + shown] == []


def test_what_speaks_http_is_imported_off_the_loop() -> None:
    """Importing the door is light; what speaks HTTP is imported with the first question, in a thread of its own."""
    code = """
import asyncio, sys, threading
from hybrid_lsp.egress import LocalDoor
assert not {"h11", "httpx2"} & set(sys.modules)
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "h11":
            print(threading.current_thread() is threading.main_thread())
sys.meta_path.insert(0, Watch())
try:
    asyncio.run(LocalDoor("http://127.0.0.1:9").get("/", timeout_s=20))
except Exception as error:
    print(type(error).__name__)
print("httpx2" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.split() == ["False", "Trouble", "False"]


async def test_whether_somebody_listens_is_asked_without_a_word() -> None:
    """A port that takes connections is told from one that does not, and nothing is sent to it."""
    heard: list[bytes] = []
    closed = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await LocalDoor(f"http://127.0.0.1:{port}").is_listening(timeout_s=5)
        async with asyncio.timeout(5):
            await closed.wait()
    assert heard == [b""]
    assert not await LocalDoor(f"http://127.0.0.1:{port}").is_listening(timeout_s=5)
