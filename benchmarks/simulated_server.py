"""A model server that runs nothing: one slot, a prefix cache, given speeds, on the clock of the running loop.

Rules, each with a fact behind it (`ghost_typing.md`):
1. One request at a time; the others stand in line in the order they came.
2. What the slot still holds of a prompt, from its first character on, is not evaluated again; one token always is.
3. A closed stream frees the slot after a few milliseconds while it is generating. While a prompt is evaluated, the
   close is noticed at the next poll, and the slot is free at the next batch border after that.
4. Whatever was evaluated or generated counts, whether anybody was waiting for it or not.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import pairwise

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, ModelFacts, Piece

CHARS_PER_TOKEN = 3.5
_WINDOW_TOKENS = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """How fast a machine runs a model."""

    name: str
    prompt_tokens_per_s: float
    output_tokens_per_s: float
    overhead_s: float
    """Of every request, before the first token is evaluated."""
    cancel_s: float = 0.004
    """From closing the stream to a free slot, while generating."""
    batch_tokens: int = 512
    """Evaluated in one piece."""
    poll_s: float = 1.0
    """How often the server looks whether anybody is still there, while no output flows."""


GPU = Hardware(name="gpu", prompt_tokens_per_s=3000.0, output_tokens_per_s=110.0, overhead_s=0.015)
CPU = Hardware(name="cpu", prompt_tokens_per_s=120.0, output_tokens_per_s=14.0, overhead_s=0.030)
HARDWARE = {hardware.name: hardware for hardware in (GPU, CPU)}


@dataclass(slots=True)
class Work:
    """What the server has done so far."""

    requests: int = 0
    prompt_tokens: int = 0
    """Evaluated; those found in the cache are not."""
    warm_tokens: int = 0
    """The part of `prompt_tokens` that was evaluated ahead of any question."""
    output_tokens: int = 0


class SimulatedServer:
    """Answers what `answer` says to a prompt, as slowly as the hardware would."""

    def __init__(self, hardware: Hardware, answer: Callable[[FimPrompt], str], family: str = "qwen-coder") -> None:
        self.facts = ModelFacts(
            server=f"simulated {hardware.name}",
            name="simulated",
            window_tokens=_WINDOW_TOKENS,
            layout=Layout.OURS,
            family=family,
        )
        self.work = Work()
        self._hardware = hardware
        self._answer = answer
        self._held = ""
        self._busy = False
        self._line: deque[asyncio.Future[None]] = deque()
        self._free_in_s = 0.0

    async def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncIterator[Piece]:
        """Stream the answer, a token at a time; raises `Trouble` (slow) once `deadline_s` seconds have passed."""
        ends_s = asyncio.get_running_loop().time() + deadline_s
        await self._take_slot(ends_s)
        self.work.requests += 1
        try:
            prompt_tokens, cached = await self._evaluate(whole(prompt), ends_s)
            self._free_in_s = self._hardware.cancel_s
            tokens, reason = self._spoken(prompt, max_tokens)
            for token in tokens:
                await _pass_s(1 / self._hardware.output_tokens_per_s, ends_s)
                self.work.output_tokens += 1
                self._held += token
                yield Piece(text=token)
            self._free_in_s = 0.0
            yield Piece(
                ending=Ending(
                    reason=reason, prompt_tokens=prompt_tokens, cached_tokens=cached, output_tokens=len(tokens)
                )
            )
        finally:
            self._leave_slot()

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """Evaluate a prompt, so that a question that begins like it costs only the difference."""
        ends_s = asyncio.get_running_loop().time() + deadline_s
        await self._take_slot(ends_s)
        before = self.work.prompt_tokens
        try:
            await self._evaluate(whole(prompt), ends_s)
        finally:
            self.work.warm_tokens += self.work.prompt_tokens - before
            self._leave_slot()

    def hold(self, prompt: FimPrompt) -> None:
        """Hold a prompt at once and for nothing, as only an ideal could."""
        if not self._busy:
            self._held = whole(prompt)

    def _spoken(self, prompt: FimPrompt, max_tokens: int) -> tuple[list[str], EndReason]:
        """Return the tokens of the answer; the last one is the stop text or the end of the answer, and is empty."""
        text = self._answer(prompt)
        for stop in prompt.stop:
            text = text.partition(stop)[0]
        tokens = [*split(text), ""]
        return (tokens, EndReason.DONE) if len(tokens) <= max_tokens else (tokens[:max_tokens], EndReason.LIMIT)

    async def _take_slot(self, ends_s: float) -> None:
        if not self._busy:
            self._busy = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout_at(ends_s):
                await turn
        except (asyncio.CancelledError, TimeoutError) as error:
            if turn.done() and not turn.cancelled():
                self._next()
            if isinstance(error, TimeoutError):
                raise _slow() from None
            raise

    def _leave_slot(self) -> None:
        if self._free_in_s > 0:
            asyncio.get_running_loop().call_later(self._free_in_s, self._next)
        else:
            self._next()
        self._free_in_s = 0.0

    def _next(self) -> None:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False

    async def _evaluate(self, text: str, ends_s: float) -> tuple[int, int]:
        """Evaluate what the slot does not hold of a prompt; return its tokens, and how many of them were held."""
        total = max(1, math.ceil(len(text) / CHARS_PER_TOKEN))
        cached = min(int(common_start(self._held, text) / CHARS_PER_TOKEN), total - 1)
        begun_s = asyncio.get_running_loop().time()
        try:
            await _pass_s(self._hardware.overhead_s + (total - cached) / self._hardware.prompt_tokens_per_s, ends_s)
        except (asyncio.CancelledError, Trouble):
            elapsed_s = asyncio.get_running_loop().time() - begun_s
            done, free_s = self._given_up(elapsed_s, total - cached)
            self._free_in_s = max(0.0, free_s - elapsed_s)
            self._held = text[: int((cached + done) * CHARS_PER_TOKEN)]
            self.work.prompt_tokens += done
            raise
        self._held = text
        self.work.prompt_tokens += total - cached
        return total, cached

    def _given_up(self, elapsed_s: float, todo: int) -> tuple[int, float]:
        """Return how many tokens are evaluated although nobody waits, and when the slot is free, from the start."""
        machine = self._hardware
        noticed_s = math.ceil(elapsed_s / machine.poll_s) * machine.poll_s
        tokens = max(0.0, noticed_s - machine.overhead_s) * machine.prompt_tokens_per_s
        done = min(todo, math.ceil(tokens / machine.batch_tokens) * machine.batch_tokens)
        return done, machine.overhead_s + done / machine.prompt_tokens_per_s


async def _pass_s(seconds: float, ends_s: float) -> None:
    """Let time pass; raise `Trouble` (slow) when the deadline comes first."""
    left_s = ends_s - asyncio.get_running_loop().time()
    await asyncio.sleep(min(seconds, max(0.0, left_s)))
    if seconds > left_s:
        raise _slow()


def _slow() -> Trouble:
    return Trouble(TroubleKind.SLOW, "The simulated server did not answer in time.")


def whole(prompt: FimPrompt) -> str:
    """Return the text that the model sees, in the order in which it sees it."""
    return prompt.raw or f"\x01{prompt.before}\x02{prompt.after}\x03"


def split(text: str) -> list[str]:
    """Return a text in pieces of a token each, on average `CHARS_PER_TOKEN` long."""
    count = math.ceil(len(text) / CHARS_PER_TOKEN)
    borders = [round(k * len(text) / count) for k in range(count + 1)] if count else [0]
    return [text[a:b] for a, b in pairwise(borders)]


def common_start(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low
