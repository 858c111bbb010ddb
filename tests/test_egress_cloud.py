"""The door to model vendors: what may go, what goes once more, what is read, and how it ends."""

import asyncio
import gc
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.core.policy import Decision
from hybrid_lsp.egress.circuit import FAILURES
from hybrid_lsp.egress.cloud import CloudDoor, CloudStream, Deadlines, Permit, Verdict
from hybrid_lsp.egress.cloud_stream import MAX_LINE_BYTES, MAX_STREAM_BYTES
from hybrid_lsp.egress.passed import Sent
from tests.doubles.cloud import Says, VendorDouble, failure, trusting
from tests.doubles.permits import HOST, NOW_MS, allowed, door_to, permit
from tests.doubles.talker import Talker, saying

GOOD = Says(events=(b"data: 1\n\n", b"data: 2\n\n"))
BUSY = failure(503, {"error": {}}, retry_after_ms="10")
KEY = "sk-very-secret-key"


def vendor(folder: Path, *script: Says) -> VendorDouble:
    """A vendor with no contract of its own."""
    return VendorDouble(folder=folder, script=script or (GOOD,), refusal=lambda _: None)


def judge(status: int, body: bytes) -> Verdict:
    """Take 402 for a limit of money, 400 for a fault of ours, anything else for a busy vendor."""
    kinds = {402: TroubleKind.SPENT, 400: TroubleKind.DECLINED}
    return Verdict(trouble=Trouble(kinds.get(status, TroubleKind.BUSY), f"{status} {len(body)}"))


@asynccontextmanager
async def asking(
    door: CloudDoor, leave: Permit | None = None, *, path: str = "/v1/ask", json: object = None, deadlines: Deadlines | None = None,
    key: str = KEY,
) -> AsyncIterator[CloudStream]:  # fmt: skip
    """One question."""
    async with door.stream(
        path, json or {"q": "text"}, permit=leave or permit(), model="m", headers={"x-api-key": key}, judge=judge,
        deadlines=deadlines or Deadlines(total_s=5),
    ) as stream:  # fmt: skip
        yield stream


async def lines_of(door: CloudDoor, leave: Permit | None = None, *, deadlines: Deadlines | None = None) -> list[bytes]:
    """A whole answer, closing the door after it."""
    try:
        async with asking(door, leave, deadlines=deadlines) as stream:
            return [line async for line in stream.lines()]
    finally:
        await door.close()


async def test_a_question_with_a_permit_is_asked_and_counted(tmp_path: Path) -> None:
    """The bytes go as they are, with the key in a header, and are counted in both directions."""
    seen: list[Sent] = []
    async with vendor(tmp_path) as double:
        door = door_to(double)
        door.recorded = seen.append
        lines = await lines_of(door)

    asked = double.server.asked[0]
    assert lines == [b"data: 1", b"", b"data: 2", b""]
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/ask", b'{"q":"text"}')
    assert (asked.headers["x-api-key"], asked.headers["accept-encoding"]) == (KEY, "identity")
    assert "cookie" not in asked.headers
    assert (door.passed.requests, door.passed.bytes_out, door.passed.bytes_in) == (1, 12, 18)
    assert seen == [Sent(method="POST", path="/v1/ask", body=b'{"q":"text"}')]


async def test_what_left_is_told_for_each_attempt_and_only_then(tmp_path: Path) -> None:
    """A question that was turned away has left all the same; one that nobody took a connection for has not."""
    told: list[int] = []
    leave = replace(permit(), went=told.append)
    async with vendor(tmp_path, BUSY, failure(400, {})) as double:
        door = door_to(double)
        with pytest.raises(Trouble):
            await lines_of(door, leave)
        assert (told, door.passed.bytes_out, len(double.server.asked)) == ([12, 12], 24, 2)
    with pytest.raises(Trouble):
        await lines_of(door, leave, deadlines=Deadlines(total_s=0.3))
    assert (told, door.passed.bytes_out) == ([12, 12], 24)


NO = Decision(allowed=False, rule="allowed_for_cloud.code_review", sentence="whitelist.json keeps it here.")
WORK, VENDOR, TEXT = (allowed(rule) for rule in ("allowed_for_cloud.code_review", f"cloud_apis.{HOST}", "paths"))


@pytest.mark.parametrize(
    ("leave", "words"),
    [
        (permit(decisions=()), "was not asked"),
        (permit(decisions=(WORK, VENDOR)), "file's text"),
        (permit(decisions=(WORK, TEXT)), "may be asked"),
        (permit(decisions=(VENDOR, TEXT)), "such work"),
        (permit(decisions=(NO, WORK, VENDOR, TEXT)), "whitelist.json keeps it here"),
        (permit(decisions=(WORK, VENDOR, TEXT, NO)), "whitelist.json keeps it here"),
        (permit(decisions=(WORK, allowed("cloud_apis.7.0.0.1"), TEXT)), "may be asked"),
        (permit(decisions=(WORK, allowed(f"domains.{HOST}"), TEXT)), "may be asked"),
        (permit(host="api.openai.com", decisions=(WORK, VENDOR, TEXT)), "may go to api.openai.com only"),
        (permit(until_ms=NOW_MS), "no longer held"),
        (permit(holder="job-2"), "another question"),
        ("a permit", "without a permit"),
    ],
)
async def test_nothing_goes_without_a_permit_for_it(tmp_path: Path, leave: Permit, words: str) -> None:
    """A permit that misses a decision, names another host or job, or whose lease is over sends nothing."""
    async with vendor(tmp_path) as double:
        with pytest.raises(Refused, match=words):
            await lines_of(door_to(double), leave)

        assert double.server.asked == []


def _raises(_: str) -> bool:
    raise RecursionError("too deep")


@pytest.mark.parametrize(
    "scan", [lambda text: "s3cr3t" in text, lambda text: "two\nlines" in text, _raises], ids=["plain", "escaped", "raises"]
)  # fmt: skip
async def test_what_holds_a_secret_does_not_go(tmp_path: Path, scan: object) -> None:
    """The bytes are searched as they are and as they will be read; a search that fails finds."""
    async with vendor(tmp_path) as double:
        door = door_to(double, scan=scan)  # type: ignore[arg-type]
        with pytest.raises(Refused, match="still seems to hold a secret") as refused:
            async with asking(door, json={"a": ["s3cr3t two\nlines"]}):
                pass
        await door.close()

        assert double.server.asked == []
        assert "s3cr3t" not in str(refused.value)


async def test_a_lease_that_ends_between_attempts_ends_them(tmp_path: Path) -> None:
    """Time that passes while it waits counts: what is no longer held is not spent."""
    async with vendor(tmp_path, BUSY, GOOD) as double:

        def clock_ms() -> int:
            return NOW_MS + 60_000 * len(double.server.asked)

        with pytest.raises(Refused, match="no longer held"):
            await lines_of(door_to(double, clock_ms=clock_ms))

        assert len(double.server.asked) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 529])
async def test_what_passes_is_asked_again(tmp_path: Path, status: int) -> None:
    """What was turned away for now is asked again after the time that the vendor says."""
    async with vendor(tmp_path, replace(BUSY, status=status), BUSY, GOOD) as double:
        assert len(await lines_of(door_to(double))) == 4
        assert len(double.server.asked) == 3


@pytest.mark.parametrize(
    ("says", "requests", "kind"),
    [
        (BUSY, 4, TroubleKind.BUSY),
        (failure(503, {}, retry_after="30"), 1, TroubleKind.BUSY),
        (failure(503, {}, retry_after_ms="10", x_should_retry="false"), 1, TroubleKind.BUSY),
        (failure(402, {}, retry_after_ms="10", x_should_retry="true"), 1, TroubleKind.SPENT),
        (failure(400, {}), 1, TroubleKind.DECLINED),
        (failure(302, b"", location="https://elsewhere.example/"), 1, TroubleKind.NONSENSE),
        (failure(200, b"<html>Log in</html>"), 1, TroubleKind.NONSENSE),
    ],
    ids=["busy", "too long a wait", "told not to", "spent", "ours", "redirect", "login page"],
)
async def test_what_does_not_pass_is_told(tmp_path: Path, says: Says, requests: int, kind: TroubleKind) -> None:
    """A wait beyond the deadline, a limit of money, a redirect or a fault of ours is not tried again."""
    async with vendor(tmp_path, says) as double:
        with pytest.raises(Trouble) as trouble:
            await lines_of(door_to(double))

        assert (len(double.server.asked), trouble.value.kind) == (requests, kind)
        assert trouble.value.may_have_cost is (says.status == 200)


async def test_once_an_answer_has_begun_nothing_is_asked_again(tmp_path: Path) -> None:
    """A stream that breaks is a trouble that may have cost something."""
    async with vendor(tmp_path, replace(GOOD, then="cut"), GOOD) as double:
        with pytest.raises(Trouble, match="broke") as trouble:
            await lines_of(door_to(double))

        assert (len(double.server.asked), trouble.value.may_have_cost) == (1, True)


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_question_that_went_out_is_not_asked_twice(tmp_path: Path, says: bytes) -> None:
    """A connection that ends after the question, before an answer, may have cost something and is not tried again."""
    from tests.doubles.certificate import server_context

    talker = Talker(saying(says))
    server = await asyncio.start_server(talker.connected, HOST, 0, ssl=server_context(tmp_path))
    async with server:
        url = f"https://{HOST}:{server.sockets[0].getsockname()[1]}"
        door = CloudDoor(url, scan=lambda _: False, clock_ms=lambda: NOW_MS, dice=lambda: 0.5, trust=trusting)
        with pytest.raises(Trouble) as trouble:
            await lines_of(door)

    assert (talker.connections, trouble.value.kind, trouble.value.may_have_cost) == (1, TroubleKind.OFFLINE, True)


@pytest.mark.parametrize(
    ("says", "deadlines", "words"),
    [
        (replace(GOOD, head_s=5), Deadlines(total_s=0.15), "did not answer within"),
        (replace(GOOD, head_s=5), Deadlines(total_s=5, connect_s=0.1, first_byte_s=0.05), "did not answer within"),
        (replace(GOOD, then="hang"), Deadlines(total_s=5, idle_s=0.05), "stopped in the middle"),
        (replace(GOOD, then="hang"), Deadlines(total_s=0.15), "did not finish"),
        (replace(GOOD, cut_bytes=1, gap_s=0.03), Deadlines(total_s=0.2, idle_s=1), "did not finish"),
    ],
    ids=["no head", "no head in its time", "silence", "never ends", "a byte at a time"],
)
async def test_every_wait_ends(tmp_path: Path, says: Says, deadlines: Deadlines, words: str) -> None:
    """Head, next byte and whole answer each have a deadline; what was asked may have cost something."""
    async with vendor(tmp_path, says) as double:
        begun = time.monotonic()
        with pytest.raises(Trouble, match=words) as trouble:
            await lines_of(door_to(double), deadlines=deadlines)

    assert (trouble.value.kind, trouble.value.may_have_cost) == (TroubleKind.SLOW, True)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("block", "count"), [(b"x" * (1 << 20), MAX_LINE_BYTES + 2 >> 20), (b"data: x\n" * (1 << 17), MAX_STREAM_BYTES >> 20)]
)  # fmt: skip
async def test_an_endless_answer_is_broken_off(tmp_path: Path, block: bytes, count: int) -> None:
    """Fifty megabytes, in one line or in many, are not read to their end."""
    async with vendor(tmp_path, Says(events=(block,) * 50)) as double:
        door = door_to(double)
        with pytest.raises(Trouble, match="too large"):
            await lines_of(door)

        assert door.passed.bytes_in <= (count + 1) << 20
        async with asyncio.timeout(2):
            await double.server.hung_up.wait()


async def test_a_large_error_is_read_no_further_than_it_tells(tmp_path: Path) -> None:
    """Of an error's body only the beginning is looked at."""
    async with vendor(tmp_path, failure(400, b"x" * (8 << 20))) as double:
        door = door_to(double)
        with pytest.raises(Trouble, match="400 65536"):
            await lines_of(door)


@pytest.mark.parametrize("way", ["aclose", "cancel"])
async def test_who_stops_listening_is_gone_at_once(tmp_path: Path, way: str) -> None:
    """Leaving the block, or cancelling the task within it, closes the connection."""
    async with vendor(tmp_path, replace(GOOD, then="hang")) as double:
        door, heard = door_to(double), asyncio.Event()

        async def listen() -> None:
            async with asking(door) as stream:
                async for _ in stream.lines():
                    heard.set()
                    if way == "aclose":
                        return

        task = asyncio.create_task(listen())
        await heard.wait()
        if way == "cancel":
            task.cancel()
        begun = time.monotonic()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(2):
            await double.server.hung_up.wait()
        await door.close()

    assert double.server.hung_up_at[0] - begun < 0.5


async def test_cancelling_before_an_answer_closes_it_too(tmp_path: Path) -> None:
    """A question that nobody waits for any more is closed while the vendor still thinks."""
    async with vendor(tmp_path, replace(GOOD, head_s=30)) as double:
        task = asyncio.create_task(lines_of(door_to(double)))
        async with asyncio.timeout(2):
            while not double.server.asked:
                await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(2):
            await double.server.hung_up.wait()

    assert task.cancelled()


async def test_cancelling_at_any_moment_leaves_nothing_open(tmp_path: Path) -> None:
    """While it connects, agrees on TLS, waits or reads: a question that is cancelled keeps no connection."""
    async with vendor(tmp_path, replace(GOOD, cut_bytes=2, gap_s=0.002)) as double:
        door = door_to(double)

        async def ask() -> None:
            async with asking(door) as stream:
                assert [line async for line in stream.lines()]

        await ask()
        for at in range(40):
            task = asyncio.create_task(ask())
            await asyncio.sleep(at * 0.0005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(2):
            while double.server._open:
                await asyncio.sleep(0.005)
        await door.close()
    gc.collect()  # what had been left open would be a warning now, and so a failure


async def test_a_certificate_that_is_not_trusted_is_told_and_not_tried_again(tmp_path: Path) -> None:
    """Nothing is sent to who cannot show to be who was asked for."""
    async with vendor(tmp_path) as double:
        door = CloudDoor(
            double.url,
            scan=lambda _: False,
            clock_ms=lambda: NOW_MS,
            dice=lambda: 0.5,
            trust=ssl.create_default_context,
        )
        with pytest.raises(Trouble, match="no certificate") as trouble:
            await lines_of(door)

        assert (double.server.asked, door.passed.requests, trouble.value.may_have_cost) == ([], 1, False)


async def test_a_line_that_breaks_while_tls_is_agreed_on_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """That says nothing about certificates, and nothing was sent: it is asked again, and told as what it is."""
    monkeypatch.setattr("hybrid_lsp.egress.retries._FIRST_S", 0.01)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(talk, HOST, 0)
    async with server:
        address = f"https://{HOST}:{server.sockets[0].getsockname()[1]}"
        door = CloudDoor(address, scan=lambda _: False, clock_ms=lambda: NOW_MS, dice=lambda: 0.5, trust=trusting)
        with pytest.raises(Trouble, match="cannot be reached") as trouble:
            await lines_of(door)

    assert (door.passed.requests, door.passed.bytes_out, trouble.value.may_have_cost) == (4, 0, False)


async def test_nobody_there_is_tried_again_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nobody takes is tried again for free; no proxy of the environment is used for it."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr("hybrid_lsp.egress.retries._FIRST_S", 0.01)
    async with vendor(tmp_path) as double:
        assert len(await lines_of(door_to(double))) == 4
    door = door_to(double)
    with pytest.raises(Trouble, match="cannot be reached") as trouble:
        await lines_of(door)

    assert (door.passed.requests, trouble.value.may_have_cost) == (4, False)


async def test_a_proxy_of_the_settings_is_used_and_blamed() -> None:
    """The proxy is asked for a tunnel, and told apart from the vendor when it gives none."""
    talker = Talker(saying(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"))
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

    talker.talk = talk
    server = await asyncio.start_server(talker.connected, HOST, 0)
    async with server:
        proxy = f"http://me:hush@{HOST}:{server.sockets[0].getsockname()[1]}"
        door = CloudDoor("https://api.example.com", scan=lambda _: False, clock_ms=lambda: NOW_MS, dice=lambda: 0.5,
                         proxy=proxy, trust=trusting)  # fmt: skip
        with pytest.raises(Trouble, match="proxy that your settings name") as trouble:
            await lines_of(door, permit(host="api.example.com"))

    assert heard[0].startswith(b"CONNECT api.example.com:443")
    assert "hush" not in f"{trouble.value} {door!r}"


async def test_failures_in_a_row_open_the_circuit(tmp_path: Path) -> None:
    """After so many nobody is asked until the rest is over; then one probe decides."""
    now = [NOW_MS]
    async with vendor(tmp_path, *[replace(BUSY, headers={"x-should-retry": "false"})] * FAILURES, GOOD) as double:
        door = door_to(double, clock_ms=lambda: now[0])
        for _ in range(FAILURES):
            with pytest.raises(Trouble):
                await lines_of(door)
        with pytest.raises(Trouble, match="rests"):
            await lines_of(door)
        assert (len(double.server.asked), "rests" in door.circuits.why("m")) == (FAILURES, True)

        now[0] += 31_000
        assert len(await lines_of(door)) == 4
        assert door.circuits.why("m") == ""


@pytest.mark.parametrize(("hears", "asks"), [(True, True), (False, False)])
async def test_who_leaves_early_knows_what_was_heard(tmp_path: Path, hears: bool, asks: bool) -> None:
    """A probe that is left after its first words closes the circuit; one that heard none lets another one go."""
    now = [NOW_MS]
    script = [*[replace(BUSY, headers={"x-should-retry": "false"})] * FAILURES, replace(GOOD, then="hang")]
    async with vendor(tmp_path, *script) as double:
        door = door_to(double, clock_ms=lambda: now[0])
        for _ in range(FAILURES):
            with pytest.raises(Trouble):
                await lines_of(door)
        now[0] += 31_000
        async with aclosing(leaving(door, hears=hears)) as left:
            await anext(left)
        with pytest.raises(Trouble):
            await lines_of(door, deadlines=Deadlines(total_s=0.1))

        assert (door.circuits.why("m") == "") is asks


async def leaving(door: CloudDoor, *, hears: bool) -> AsyncGenerator[None, None]:
    """Begin a question, and be left in the middle of it."""
    async with asking(door) as stream:
        if hears:
            await anext(stream.lines())
        yield


async def test_a_limit_of_money_opens_it_at_once(tmp_path: Path) -> None:
    """One answer that says so is enough, and it stays open for long."""
    now = [NOW_MS]
    async with vendor(tmp_path, failure(402, {})) as double:
        door = door_to(double, clock_ms=lambda: now[0])
        for _ in range(2):
            with pytest.raises(Trouble) as trouble:
                await lines_of(door)
        now[0] += 30 * 60_000

        assert (trouble.value.kind, len(double.server.asked)) == (TroubleKind.SPENT, 1)
        assert "raise it there" in door.circuits.why("m")
        assert door.circuits.why("another") == ""


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "https://me@api.example.com", "https://api.example.com/?a=b", "ftp://x.example", "nonsense", "https://[::1"],
)  # fmt: skip
def test_only_plain_https_addresses_are_doors(url: str) -> None:
    """Anything else is refused before it could be asked."""
    with pytest.raises(Refused):
        CloudDoor(url, scan=lambda _: False, clock_ms=lambda: 0, dice=lambda: 0.0)


@pytest.mark.parametrize(
    ("path", "key"),
    [("/v1/../admin", KEY), ("/v1/a b", KEY), ("v1", KEY), ("/v1/x?a=b c", KEY), ("/v1", "a\r\nX: y"), ("/v1", "ü"), ("/v1", "")],
)  # fmt: skip
async def test_neither_path_nor_key_can_make_another_request_of_it(tmp_path: Path, path: str, key: str) -> None:
    """A path with tricks and a key with a line break are refused; neither is in the sentence."""
    async with vendor(tmp_path) as double:
        door = door_to(double)
        with pytest.raises(Refused) as refused:
            async with asking(door, path=path, key=key):
                pass

        assert double.server.asked == []
        assert KEY not in str(refused.value)
        assert KEY not in repr(door)
