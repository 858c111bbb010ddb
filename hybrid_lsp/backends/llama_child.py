"""A GGUF file run by us: a child process with llama.cpp in it.

Rules:
1. The child has one address, on this machine, and a key that is made up anew each time and goes through a pipe.
2. It never outlives this process, however that ends: it ends when its standard input does.
3. Who asks does not pay for the start twice: the start goes on when the one who asked for it has gone.
4. A child that died is started again by the next question, after a wait that doubles each time it dies soon.
"""

import asyncio
import logging
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hybrid_lsp.backends.llama_worker import LlamaOrder, read_answer, spare_threads
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.egress import LocalDoor

log = logging.getLogger(__name__)

WORKER = (sys.executable, "-P", "-m", "hybrid_lsp.backends.llama_worker")
WINDOW_TOKENS = 4096
"""Twice what a prompt for ghost text needs; 30–120 MB of memory for a model of 1–2 billion parameters."""
START_DEADLINE_S = 120.0
"""A model of some gigabytes is read from a slow disk within that."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
STEADY_S = 60.0
"""A child that ran for so long is not held to be the kind that dies soon."""
_WAY_OUT = "try a smaller model, or run llama-server yourself and set its address."
_QUIET = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class LlamaChild:
    """llama.cpp over one GGUF file, in a child process that is started when it is first needed."""

    def __init__(
        self,
        path: Path,
        *,
        window_tokens: int = WINDOW_TOKENS,
        threads: int | None = None,
        start_deadline_s: float = START_DEADLINE_S,
        command: Sequence[str] = WORKER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is started yet."""
        self.path = path
        self._window_tokens = window_tokens
        self._threads = threads or spare_threads()
        self._start_deadline_s = start_deadline_s
        self._command = command
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._door: LocalDoor | None = None
        self._starting: asyncio.Task[LocalDoor] | None = None
        self._steady_at_s = 0.0
        self._deaths = 0
        self._trouble: Trouble | None = None
        """What the last start or the last child ended with, until another runs."""
        self._not_before_s = 0.0

    async def start(self) -> LocalDoor:
        """Return the way to the running server, having started it if need be; at once when it runs already.

        Raises `Trouble`: `NO_MODEL` for a file that is none, `OFFLINE` when llama.cpp is not installed or the child has
        died, `SLOW` when it was not ready in time. Cancelling the one who waits does not stop the start.
        """
        if self._door is not None:
            if self.is_running:
                return self._door
            await self._bury().close()
        if self._starting is None or self._starting.done():
            if self._trouble is not None and self._clock() < self._not_before_s:
                raise Trouble(self._trouble.kind, str(self._trouble))
            self._starting = asyncio.create_task(self._start())
        return await asyncio.shield(self._starting)

    async def close(self) -> None:
        """End the child now, whatever it is doing. It may be started again afterwards."""
        starting, self._starting = self._starting, None
        if starting is not None and starting.cancel():
            await asyncio.wait([starting])
        door, self._door = self._door, None
        if door is not None:
            await door.close()
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(_end, process)

    async def give_up(self, trouble: Trouble) -> None:
        """End the child because what it runs is of no use; until the wait is over, starts end with this trouble."""
        await self.close()
        self._failed(trouble)

    @property
    def is_running(self) -> bool:
        """Whether the child is there and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return self._process.pid if self._process is not None else None

    async def _start(self) -> LocalDoor:
        key = secrets.token_urlsafe(32)
        order = LlamaOrder(
            path=str(self.path.absolute()), key=key, window_tokens=self._window_tokens, threads=self._threads
        )
        self._process = process = _spawn(self._command)
        try:
            async with asyncio.timeout(self._start_deadline_s):
                address = await self._address(process, order)
        except BaseException as error:
            self._process = None
            process.kill()
            await asyncio.shield(asyncio.to_thread(_end, process))
            if isinstance(error, TimeoutError):
                late = f"{self.path.name} was not ready within {self._start_deadline_s:g} s; {_WAY_OUT}"
                error = Trouble(TroubleKind.SLOW, late)
            if isinstance(error, Trouble):
                self._failed(error)
            raise error from None
        self._door = LocalDoor(address, key=key)
        self._trouble, self._steady_at_s = None, self._clock() + STEADY_S
        return self._door

    async def _address(self, process: "subprocess.Popen[bytes]", order: LlamaOrder) -> str:
        answer = read_answer(await asyncio.to_thread(_converse, process, order.line()))
        if answer is None:
            raise Trouble(
                TroubleKind.OFFLINE,
                f"llama.cpp ended while it loaded {self.path.name}: memory may be short, or this processor too old; "
                f"{_WAY_OUT}",
            )
        if answer.kind is not None:
            raise Trouble(answer.kind, answer.sentence)
        return answer.address

    def _bury(self) -> LocalDoor:
        """Note that the child has died by itself, and return the door that led to it."""
        door, process = self._door, self._process
        assert door is not None
        assert process is not None
        self._door = self._process = None
        _end(process)
        if self._clock() >= self._steady_at_s:
            self._deaths = 0
        sentence = f"llama.cpp ended by itself while it ran {self.path.name}; it is started again in a moment."
        self._failed(Trouble(TroubleKind.OFFLINE, sentence))
        return door

    def _failed(self, trouble: Trouble) -> None:
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**self._deaths)
        self._deaths += 1
        self._trouble, self._not_before_s = trouble, self._clock() + wait_s
        log.warning("%s (not tried again for %.0f s)", trouble, wait_s)


def _spawn(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start the child with the modules that we run on, and nothing that lies in the workspace."""
    path = os.pathsep.join(one for one in sys.path if one)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        creationflags=_QUIET,
    )


def _converse(process: "subprocess.Popen[bytes]", order: bytes) -> bytes:
    """Say what is wanted and return the one line that comes back; nothing when the child ends before."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(order)
        process.stdin.flush()
    except OSError:
        return b""
    return process.stdout.readline()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue  # what was still to be written has no reader any more
    process.wait()
