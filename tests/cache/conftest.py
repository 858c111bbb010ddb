"""A real Redis, and a real second window."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from hybrid_lsp.cache import Cache
from tests.cache.questions import NOW_MS, Clock

ROOT = Path(__file__).parents[2]
PASSWORD = "open-sesame"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until a test moves it."""
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a cache file may be made, in a folder that is not there yet."""
    return tmp_path / "hybrid-lsp" / "answers.sqlite"


@pytest.fixture
def open_cache(clock: Clock) -> Iterator[Callable[..., Cache]]:
    """Opens caches, and closes them when the test is over."""
    opened: list[Cache] = []

    def open_one(file: Path | None = None, **parts: Any) -> Cache:
        opened.append(Cache.open(file, **{"clock_ms": clock, **parts}))
        return opened[-1]

    yield open_one
    for cache in opened:
        cache.close()


@pytest.fixture(scope="session")
def _second_process() -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-P", "-W", "error", "-m", "tests.cache.other_window"]
    window = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    with window:
        yield window
        assert window.stdin is not None
        window.stdin.close()
        assert window.wait(10) == 0


@pytest.fixture
def other_window(_second_process: subprocess.Popen[str], file: Path) -> Callable[..., Any]:
    """Makes a second process do one thing with its own cache over the same file, and returns what came of it."""

    def tell(what: str, prompt: str = "", at_ms: int = NOW_MS) -> Any:
        order = {"what": what, "file": str(file), "prompt": prompt, "at_ms": at_ms}
        assert _second_process.stdin is not None
        assert _second_process.stdout is not None
        _second_process.stdin.write(json.dumps(order) + "\n")
        _second_process.stdin.flush()
        return json.loads(_second_process.stdout.readline())

    return tell


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def _redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("REDIS IS NOT TESTED: install redis-server (apt-get install redis-server) to run this test")
    folder = tmp_path_factory.mktemp("redis")
    for _ in range(3):  # somebody else may be faster to take a port
        port = free_port()
        argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--dir", str(folder)]
        server = subprocess.Popen([*argv, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
        if _answers(port, server):
            break
    yield port
    server.terminate()
    assert server.wait(10) == 0


def _answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    end_s = time.monotonic() + 10
    with redis.Redis(port=port, password=PASSWORD) as client:
        while time.monotonic() < end_s and server.poll() is None:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                time.sleep(0.01)
    return False


@pytest.fixture
def redis_client(_redis_port: int) -> Iterator["redis.Redis"]:
    """A plain client to a real, empty Redis with a password."""
    with redis.Redis(port=_redis_port, password=PASSWORD) as client:
        client.flushall()
        yield client


@pytest.fixture
def redis_url(redis_client: "redis.Redis", _redis_port: int) -> str:
    """The address of that Redis."""
    return f"redis://:{PASSWORD}@127.0.0.1:{_redis_port}/0"
