"""cache.redis_store: shared where a person says so, sealed, and never waited for."""

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from hybrid_lsp.cache import Cache, Key
from hybrid_lsp.cache.redis_store import is_this_machine
from hybrid_lsp.core.record import Origin
from tests.cache.questions import CODE, NOW_MS, Clock, answer, question

Open = Callable[..., Cache]


def sentences(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged for a person."""
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def name_of(key: Key) -> str:
    """Where an answer is in Redis."""
    return f"hybrid-lsp:1:{key.digest}"


def test_another_machine_gives_what_this_one_was_told(open_cache: Open, file: Path, redis_url: str) -> None:
    """A hit in Redis is nearer the next time: in this window's memory, and in its user's file."""
    open_cache(redis_url=redis_url).put(question(), answer())
    cache = open_cache(file, redis_url=redis_url)

    assert [cache.get(question()) for _ in range(2)] == [answer(), answer()]
    assert (cache.statistics().redis_hits, cache.statistics().memory_hits) == (1, 1)
    assert open_cache(file).get(question()) == answer()


def test_redis_forgets_by_itself(open_cache: Open, redis_url: str, redis_client: redis.Redis, clock: Clock) -> None:
    """What is stored there has the rest of its day to live."""
    cache = open_cache(redis_url=redis_url)
    cache.put(question("new"), answer())
    clock.now_ms += 3_600_000
    cache.put(question("old"), answer(at_ms=NOW_MS))

    assert 86_390 < redis_client.ttl(name_of(question("new"))) <= 86_400
    assert 82_790 < redis_client.ttl(name_of(question("old"))) <= 82_800


def test_an_answer_that_redis_has_for_too_long_is_none(open_cache: Open, redis_url: str, clock: Clock) -> None:
    """The age of the answer counts, not when it was put there."""
    open_cache(redis_url=redis_url).put(question(), answer())
    clock.now_ms += 86_400_000

    assert open_cache(redis_url=redis_url).get(question()) is None


def test_nobody_can_read_code_in_redis(open_cache: Open, redis_url: str, redis_client: redis.Redis) -> None:
    """Names are hashes and values are sealed: who runs that server learns when there was an answer, and how long."""
    open_cache(redis_url=redis_url).put(question(CODE), answer(CODE))
    (name,) = redis_client.keys("*")

    assert name.decode() == name_of(question(CODE))
    assert not [word for word in (b"rows", b"fetch", b"sonnet", b"shop") if word in redis_client.get(name)]


SPOILT = [b"", b"x", b"{}", b"h1" + b"\0" * 400, b"\x80\x04K\x07.", b"x" * (4 << 20)]


@pytest.mark.parametrize("value", SPOILT, ids=lambda value: str(value[:8]))
def test_what_somebody_else_put_there_is_a_miss(
    open_cache: Open, redis_url: str, redis_client: redis.Redis, value: bytes
) -> None:
    """No answer can be slipped in by who has not the question, and none of it is an error."""
    redis_client.set(name_of(question()), value)
    cache = open_cache(redis_url=redis_url)

    assert cache.get(question()) is None
    assert cache.statistics().troubles == ()


def test_an_answer_does_not_open_under_another_name(
    open_cache: Open, redis_url: str, redis_client: redis.Redis
) -> None:
    """Who moves answers about in Redis makes misses, not wrong answers."""
    open_cache(redis_url=redis_url).put(question("a"), answer())
    redis_client.rename(name_of(question("a")), name_of(question("b")))

    assert open_cache(redis_url=redis_url).get(question("b")) is None


def test_a_purge_deletes_ours_and_only_ours(open_cache: Open, redis_url: str, redis_client: redis.Redis) -> None:
    """More of ours than one round takes are all gone; what another program keeps there stays."""
    redis_client.set("theirs", "1")
    redis_client.mset({f"hybrid-lsp:1:{number:064x}": "x" for number in range(1_500)})

    assert open_cache(redis_url=redis_url).purge() == 1_500
    assert redis_client.keys("*") == [b"theirs"]


def test_what_is_older_than_a_purge_is_not_given(open_cache: Open, file: Path, redis_url: str, clock: Clock) -> None:
    """Were Redis down during the purge, every window of this user still knows when it was."""
    open_cache(redis_url=redis_url).put(question(), answer())
    clock.now_ms += 1
    open_cache(file).purge()
    cache = open_cache(file, redis_url=redis_url)

    assert cache.get(question()) is None
    cache.put(question(), answer("new", at_ms=clock.now_ms + 0))
    clock.now_ms += 1
    assert cache.get(question()) == answer("new", at_ms=clock.now_ms - 1)


def test_a_dropped_answer_is_gone_from_redis(open_cache: Open, redis_url: str, redis_client: redis.Redis) -> None:
    """Else it would come back at once."""
    cache = open_cache(redis_url=redis_url)
    cache.put(question(), answer())
    cache.drop(question())

    assert redis_client.keys("*") == []
    assert cache.get(question()) is None


HERE = [
    ("redis://127.0.0.1:6379/0", True),
    ("redis://:pw@localhost", True),
    ("rediss://[::1]:6380", True),
    ("unix:///run/redis.sock", True),
    ("redis://cache:6379", False),
    ("redis://10.0.0.7", False),
    ("redis://127.0.0.1@elsewhere.example", False),
    ("redis://localhost.example", False),
    ("redis:///0?host=elsewhere.example", False),
    ("redis://[::1", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "is_here"), HERE)
def test_an_address_says_where_a_server_is(url: str, is_here: bool) -> None:
    """Literally: a name is never looked up for that."""
    assert is_this_machine(url) is is_here


def test_local_answers_stay_on_this_machine(open_cache: Open) -> None:
    """What a model here was asked is neither left in, nor looked for in, a Redis elsewhere; cloud answers are."""
    local, cloud = question(origin=Origin.LOCAL), question()
    cache = open_cache(redis_url="redis://redis.invalid:6379/0")
    cache.put(local, answer(origin=Origin.LOCAL))
    cache.drop(local)
    cache.get(local)
    assert cache.statistics().troubles == ()  # nobody was asked, so nobody was missed
    cache.get(cloud)
    assert len(cache.statistics().troubles) == 1


def test_local_answers_go_to_a_redis_here(open_cache: Open, redis_url: str) -> None:
    """It is this machine, too."""
    local, made = question(origin=Origin.LOCAL), answer(origin=Origin.LOCAL)
    open_cache(redis_url=redis_url).put(local, made)

    assert open_cache(redis_url=redis_url).get(local) == made


class Odd:
    """A server that is not Redis: takes connections, and says one thing to each message, or nothing."""

    def __init__(self, says: bytes) -> None:
        self.says = says
        self.connections = 0
        self._ears = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._ears.getsockname()[1]}/0"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._ears.accept()
            with connection, suppress(OSError):  # they may hang up on us
                connection.settimeout(5)
                self.connections += 1
                while heard := connection.recv(65_536):
                    if heard == b"enough":
                        return
                    connection.sendall(self.says)

    def close(self) -> None:
        """Let it end."""
        with socket.create_connection(self._ears.getsockname()) as last:
            last.sendall(b"enough")
        self._thread.join(10)
        self._ears.close()


@pytest.fixture
def odd() -> Iterator[Callable[[bytes], Odd]]:
    """Starts servers that are not Redis. To be asked for before the caches that call them: those hang up first."""
    started: list[Odd] = []

    def start(says: bytes) -> Odd:
        started.append(Odd(says))
        return started[-1]

    yield start
    for server in started:
        server.close()


GARBAGE = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b":x\r\n",
    b"*2\r\n:1\r\n:2\r\n",
    b"\xff\xfe\r\n",
    b"-ERR \xff\r\n",
    b"$99999999999999999999\r\n",
    b"*1\r\n" * 3_000,
    b"%1\r\n+a\r\n+b\r\n",
]


@pytest.mark.parametrize("says", GARBAGE, ids=lambda says: str(says[:12]))
def test_a_server_that_talks_nonsense_changes_nothing(
    odd: Callable[[bytes], Odd], open_cache: Open, clock: Clock, caplog: pytest.LogCaptureFixture, says: bytes
) -> None:
    """Every call goes on without it, and at most one sentence is told."""
    cache = open_cache(redis_url=odd(says).url)
    for what in (cache.get, lambda key: cache.put(key, answer(at_ms=clock.now_ms)), cache.drop):
        assert what(question()) is None
        clock.now_ms += 61_000
    assert cache.purge() == 0
    assert len(set(sentences(caplog))) <= 1


def test_a_server_that_is_down_is_asked_once_in_a_while(
    open_cache: Open, unused_port: int, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory goes on, one sentence is told, and the password is in none."""
    cache = open_cache(redis_url=f"redis://:open-sesame@127.0.0.1:{unused_port}/0")
    cache.put(question(), answer())
    for _ in range(3):
        assert cache.get(question()) == answer()
        cache.get(question("another"))
        clock.now_ms += 61_000
    said = "Nobody answers at the address in cache.redis_url; answers are not shared with other machines until that is mended."

    assert sentences(caplog) == [said]
    assert cache.statistics().troubles == (said,)
    assert "sesame" not in caplog.text
    assert "sesame" not in repr(cache.statistics())


@pytest.fixture
def unused_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_server_that_hangs_is_waited_for_once(
    odd: Callable[[bytes], Odd], open_cache: Open, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes the connection and says nothing: one wait of 0.2 s, then none for five seconds."""
    server = odd(b"")
    cache = open_cache(redis_url=f"{server.url}?socket_timeout=50&retry_on_timeout=True")
    began_s = time.monotonic()
    for number in range(50):
        assert cache.get(question(str(number))) is None
    assert time.monotonic() - began_s < 5  # not 50 x 0.2 s, and not what the address asks for
    assert server.connections == 1
    assert "does not answer within 0.2 s" in sentences(caplog)[0]
    clock.now_ms += 5_000
    cache.get(question())
    assert server.connections == 2


@pytest.mark.parametrize("password", [":wrong@", "somebody:wrong@", ""])
def test_a_wrong_password_is_said_so(
    open_cache: Open, redis_url: str, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    """One sentence that names the setting, not the password."""
    cache = open_cache(redis_url=f"redis://{password}{redis_url.partition('@')[2]}")
    cache.put(question(), answer())

    assert cache.get(question()) == answer()
    assert sentences(caplog) == [
        "The Redis server refuses the user or password in cache.redis_url;"
        " answers are not shared with other machines until that is mended."
    ]


def test_a_server_that_comes_back_is_used_again(
    open_cache: Open, redis_url: str, redis_client: redis.Redis, clock: Clock
) -> None:
    """After the rest, without a new start."""
    cache = open_cache(redis_url=redis_url)
    redis_client.config_set("requirepass", "another")
    try:
        cache.put(question(), answer())
        assert cache.statistics().troubles != ()
    finally:
        redis_client.config_set("requirepass", "open-sesame")
    clock.now_ms += 5_000
    cache.put(question("b"), answer())

    assert open_cache(redis_url=redis_url).get(question("b")) == answer()
    assert cache.statistics().troubles == ()


BAD = [
    "127.0.0.1:6379",
    "http://127.0.0.1",
    "redis://h:port",
    "redis://[::1",
    "redis://:secret@h?bogus=1",
    "rediss://h?ssl_cert_reqs=maybe",
    "redis://h?db=x",
]


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_is_none_is_said_so(
    open_cache: Open, caplog: pytest.LogCaptureFixture, clock: Clock, url: str
) -> None:
    """One sentence with an example, once and for all; what was written is not repeated in it."""
    cache = open_cache(redis_url=url)
    cache.get(question())
    clock.now_ms += 10**9
    cache.get(question())

    assert len(sentences(caplog)) == 1
    assert sentences(caplog)[0].startswith(
        "cache.redis_url is not an address of a Redis server; write it like redis://"
    )
    assert "secret" not in caplog.text


def test_without_the_extra_the_way_out_is_told(
    open_cache: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who has named a Redis, but not installed what speaks to it, is told what to install."""
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.exceptions", None)
    cache = open_cache(redis_url="redis://127.0.0.1:6379/0")

    assert cache.get(question()) is None
    assert sentences(caplog) == [
        "cache.redis_url is set, but what speaks to Redis is not installed: pip install 'hybrid-lsp[redis]'."
    ]
