"""Who is compared: the three that are easily written, the ideal, and ours. And what the model would say."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from benchmarks.keystrokes import Future, Visit
from benchmarks.simulated_editor import PAUSE_S, Item
from benchmarks.simulated_server import SimulatedServer
from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.stream import FimPrompt
from hybrid_lsp.core.trim import fit_suffix, only_closers

RIGHT_AT_START, RIGHT_AT_END = 0.45, 0.75
"""How likely the model is right about the rest of a line, before its first and before its last character."""
_MAX_TOKENS = 48
_DEADLINE_S = 10.0
_ABOVE_LINES, _ABOVE_STEP, _BELOW_LINES = 64, 32, 24


class Oracle:
    """What the model says: what the person will type, or, as often as a model is wrong, another line's end."""

    def __init__(self, future: Future) -> None:
        self.now: Callable[[], int] = lambda: 0
        """Which key was struck last."""
        self._future = future
        self._ends = [visit.left.strip() for visit in future.visits if len(visit.left.strip()) > 5]

    def answer(self, prompt: FimPrompt) -> str:
        """Return the whole answer; the same for the same place."""
        return self.continuation(prompt.before)

    def can_be_shown(self, excerpt: Excerpt) -> bool:
        """Say whether the model has anything to add to the cursor's line."""
        line = self.continuation(excerpt.before).partition("\n")[0]
        return bool(fit_suffix(line.rstrip(), excerpt.suffix)[0].strip())

    def continuation(self, before: str) -> str:
        """Return what the model says after a text."""
        prefix = before[before.rfind("\n") + 1 :]
        visit = self._future.visit(before, self.now())
        if visit is None:
            return self._wrong("nowhere", prefix)
        rest = visit.left[len(prefix) :] if visit.left.startswith(prefix) else None
        if rest is None or not self._is_right(visit, prefix):
            return self._wrong(str(visit.number), prefix)
        return "\n".join([rest, *self._future.following(visit)])

    def _is_right(self, visit: Visit, prefix: str) -> bool:
        """Whoever is right about a line stays right to its end."""
        share = len(prefix.strip()) / max(1, len(visit.left.strip()))
        return _chance(f"right {visit.number}") < RIGHT_AT_START + (RIGHT_AT_END - RIGHT_AT_START) * share

    def _wrong(self, where: str, prefix: str) -> str:
        """Return the second half of another line; another one after each word."""
        line = self._ends[int(_chance(f"wrong {where} {len(prefix.split())}") * len(self._ends))] if self._ends else "x"
        return line[len(line) // 2 :] + "~"


def _chance(what: str) -> float:
    """Return a number from 0 to 1, the same for the same words."""
    return int.from_bytes(hashlib.blake2b(what.encode(), digest_size=7).digest()) / (1 << 56)


def prompt_at(excerpt: Excerpt) -> FimPrompt:
    """Return the prompt of all baselines: a window that moves in steps, the cursor's line last.

    The cheapest layout there is for a prefix cache, so that the baselines differ from ours in when they ask only.
    """
    first = max(0, (excerpt.line - _ABOVE_LINES) // _ABOVE_STEP * _ABOVE_STEP)
    above = "\n".join(excerpt.above.rsplit("\n", excerpt.line - first + 1)[-(excerpt.line - first + 1) :])
    below = "\n".join(excerpt.below.split("\n", _BELOW_LINES)[:_BELOW_LINES])
    raw = f"<|fim_prefix|>{above}<|fim_suffix|>{excerpt.suffix}\n{below}<|fim_middle|>{excerpt.prefix}"
    return FimPrompt(raw=raw, before=above + excerpt.prefix, after=f"{excerpt.suffix}\n{below}", stop=("\n",))


def plain_prompt_at(excerpt: Excerpt) -> FimPrompt:
    """Return the prompt that most plugins send: everything before the cursor, everything after it, the middle."""
    prompt = prompt_at(excerpt)
    raw = f"<|fim_prefix|>{prompt.before}<|fim_suffix|>{prompt.after}<|fim_middle|>"
    return FimPrompt(raw=raw, before=prompt.before, after=prompt.after, stop=prompt.stop)


@dataclass(slots=True)
class Baseline:
    """Asks the model for the rest of the line after a fixed wait, and shows what it says."""

    server: SimulatedServer
    wait_s: float = 0.0
    layout: Callable[[Excerpt], FimPrompt] = prompt_at
    _newest: int = 0

    def edited(self, excerpt: Excerpt, next_gap_s: float) -> None:
        """Nothing: it knows of the text only what it is asked about."""

    def accepted(self, item: Item) -> None:
        """Nothing."""

    async def ask(self, excerpt: Excerpt) -> Item | None:
        """Return what the model says, if no newer question came while waiting."""
        self._newest = max(self._newest, excerpt.version)
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
            if excerpt.version != self._newest:
                return None
        if not only_closers(excerpt.suffix):
            return None
        return await first_line(self.server, self.layout(excerpt), excerpt)


@dataclass(slots=True)
class Ideal:
    """Knows when a pause begins and holds everything but the last key by then, at no cost; then asks once."""

    server: SimulatedServer

    def edited(self, excerpt: Excerpt, next_gap_s: float) -> None:
        """Hold the prompt as it was before this key."""
        if next_gap_s >= PAUSE_S:
            prompt = prompt_at(excerpt)
            held = prompt.raw[:-1] if excerpt.prefix else prompt.raw
            self.server.hold(FimPrompt(raw=held, before=prompt.before, after=prompt.after))

    def accepted(self, item: Item) -> None:
        """Nothing."""

    async def ask(self, excerpt: Excerpt) -> Item | None:
        """Return what the model says."""
        return await first_line(self.server, prompt_at(excerpt), excerpt) if only_closers(excerpt.suffix) else None


async def first_line(server: SimulatedServer, prompt: FimPrompt, excerpt: Excerpt) -> Item | None:
    """Return what a model adds to the cursor's line, None when it is too slow; leaving early closes the stream."""
    said = ""
    try:
        async with aclosing(server.generate(prompt, max_tokens=_MAX_TOKENS, deadline_s=_DEADLINE_S)) as pieces:
            async for piece in pieces:
                said += piece.text
    except Trouble:
        return None
    text, replaces = fit_suffix(said.rstrip(), excerpt.suffix)
    return Item(text=text, replaces=replaces) if text.strip() else None
