"""A double served beside a test that itself waits for something else, an editor say."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from tests.doubles.ollama import OllamaDouble

_WAIT_S = 10.0


@contextmanager
def beside(double: OllamaDouble) -> Iterator[Callable[[Callable[[], object]], object]]:
    """Serve a double from a thread of its own, and yield what has something done in that thread's loop, soon."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        ended = asyncio.Event()
        async with double:
            started.set_result((asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    loop, ended = started.result(_WAIT_S)
    try:
        yield loop.call_soon_threadsafe
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_WAIT_S)
