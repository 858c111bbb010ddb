"""What the cache costs, layer by layer, beside what it stands on: `python benchmarks/cache.py [--json]`.

Values of 4 kB, one call at a time, in turns, so that the noise of the machine falls on all. Beside them: a plain dict;
an SQLite table without sealing, bounds or windows; and redis-py as it comes. `down` is a port that nobody listens on,
`hangs` a server that takes the connection and says nothing. It reports and asserts nothing. Rows for Redis are left
out where there is no redis-server.
"""

import argparse
import contextlib
import json
import random
import shutil
import socket
import sqlite3
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import redis

from hybrid_lsp.cache import Cache, Entry, Key
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin

VALUE_CHARS = 4_096
PROMPT_CHARS = 8_000
CALLS = 2_000
SLOW_CALLS = 3
Row = tuple[str, float, float, float, int]


def clock_ms() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


def question(number: int, prompt: str) -> Key:
    return Key(
        task=Task.EXPLAIN, prompt=f"{number}{prompt}", parameters={"temperature": 0.0, "max_tokens": 1024}, model="m@1",
        backend="b", origin=Origin.CLOUD, policy="p", redaction="r", workspace="w",
    )  # fmt: skip


def answer(text: str) -> Entry:
    return Entry(text=text, model="m@1", origin=Origin.CLOUD, at_ms=clock_ms())


def timed(name: str, call: Callable[[int], object], calls: int = CALLS) -> Row:
    """Call so often, and return p50, p99 and the longest in milliseconds."""
    took = []
    for number in range(calls):
        began = time.perf_counter_ns()
        call(number)
        took.append((time.perf_counter_ns() - began) / 1e6)
    cuts = statistics.quantiles(took, n=100) if calls > 1 else took * 99
    return name, statistics.median(took), cuts[98], max(took), calls


@contextlib.contextmanager
def redis_server(folder: str) -> Iterator[str]:
    """A Redis of our own; an empty address where none is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield ""
        return
    port = free_port()
    argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def ours(folder: Path, keys: list[Key], entry: Entry, url: str) -> Iterator[Row]:
    """Each layer of the cache by itself, as it is first met, and all of them together."""
    memory = Cache.open(None, clock_ms=clock_ms, memory_entries=CALLS)
    yield timed("memory: put", lambda n: memory.put(keys[n], entry))
    yield timed("memory: get", lambda n: memory.get(keys[n]))
    yield timed("memory: get_in_memory", lambda n: memory.get_in_memory(keys[n]))
    yield timed("key made of 8 kB", lambda n: question(n, keys[n].prompt).digest)

    writer = Cache.open(folder / "a.sqlite", clock_ms=clock_ms, memory_entries=CALLS)
    yield timed("memory + file: put", lambda n: writer.put(keys[n], entry))
    yield timed("memory, file watched: get", lambda n: writer.get(keys[n]))
    reader = Cache.open(folder / "a.sqlite", clock_ms=clock_ms, memory_entries=1)
    yield timed("file: get", lambda n: reader.get(keys[n]))
    others = [question(-number - 1, keys[0].prompt) for number in range(CALLS)]
    yield timed("file: miss", lambda n: reader.get(others[n]))
    small = Cache.open(folder / "s.sqlite", clock_ms=clock_ms, memory_entries=1, most_bytes=2 << 20)
    yield timed("file at its bound: put", lambda n: small.put(keys[n], entry))
    for name, address in (("up", url), ("down", f"redis://127.0.0.1:{free_port()}/0")):
        if address:
            yield from with_redis(folder, name, address, keys, entry)
    for cache in (memory, writer, reader, small):
        cache.close()


def with_redis(folder: Path, name: str, url: str, keys: list[Key], entry: Entry) -> Iterator[Row]:
    """The layer of Redis alone, then below a file."""
    shared = Cache.open(None, clock_ms=clock_ms, memory_entries=1, redis_url=url)
    yield timed(f"redis {name}: first get", lambda n: shared.get(keys[n]), 1)
    yield timed(f"redis {name}: put", lambda n: shared.put(keys[n], entry))
    yield timed(f"redis {name}: get", lambda n: shared.get(keys[n]))
    whole = Cache.open(folder / f"{name}.sqlite", clock_ms=clock_ms, memory_entries=1, redis_url=url)
    yield timed(f"file + redis {name}: put", lambda n: whole.put(keys[n], entry))
    yield timed(f"file + redis {name}: get", lambda n: whole.get(keys[n]))
    shared.close()
    whole.close()


def hanging(keys: list[Key]) -> Iterator[Row]:
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as ears:
        url = f"redis://127.0.0.1:{ears.getsockname()[1]}/0"
        cache = Cache.open(None, clock_ms=clock_ms, redis_url=url)
        yield timed("redis hangs: first get", lambda n: cache.get(keys[n]), 1)
        yield timed("redis hangs: get", lambda n: cache.get(keys[n]))
        cache.close()


def baselines(folder: Path, keys: list[Key], text: str, url: str) -> Iterator[Row]:
    """What it stands on, without what it adds."""
    plain: dict[str, str] = {}
    yield timed("dict: put", lambda n: plain.__setitem__(keys[n].prompt, text))
    yield timed("dict: get", lambda n: plain.get(keys[n].prompt))
    table = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
    table.execute("PRAGMA journal_mode = WAL")
    table.execute("PRAGMA synchronous = NORMAL")
    table.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT)")
    put, get = "INSERT INTO t VALUES (?, ?)", "SELECT v FROM t WHERE k = ?"
    yield timed("sqlite table: put", lambda n: table.execute(put, (keys[n].digest, text)))
    yield timed("sqlite table: get", lambda n: table.execute(get, (keys[n].digest,)).fetchone())
    table.close()
    if url:
        with redis.Redis.from_url(url) as client:
            yield timed("redis-py, up: set", lambda n: client.set(f"x{n}", text, ex=86_400))
            yield timed("redis-py, up: get", lambda n: client.get(f"x{n}"))
    with redis.Redis(port=free_port()) as client:
        yield timed("redis-py, down: get", lambda _: fails(client), SLOW_CALLS)


def fails(client: "redis.Redis") -> None:
    with contextlib.suppress(redis.ConnectionError):
        client.get("x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    is_json = parser.parse_args().json
    rng = random.Random(7)
    text, prompt = ("".join(rng.choices(string.printable, k=size)) for size in (VALUE_CHARS, PROMPT_CHARS))
    keys = [question(number, prompt) for number in range(CALLS)]
    with tempfile.TemporaryDirectory() as folder, redis_server(folder) as url:
        rows = [*ours(Path(folder), keys, answer(text), url), *hanging(keys), *baselines(Path(folder), keys, text, url)]
    if is_json:
        print(json.dumps({name: {"p50_ms": p50, "p99_ms": p99, "max_ms": most} for name, p50, p99, most, _ in rows}))
        return
    print(f"{'4 kB values; ms':28} {'p50':>9} {'p99':>9} {'max':>9} {'calls':>6}")
    for name, p50, p99, most, calls in rows:
        print(f"{name:28} {p50:9.4f} {p99:9.4f} {most:9.3f} {calls:6}")


if __name__ == "__main__":
    sys.exit(main())
