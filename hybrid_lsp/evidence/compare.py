"""Whether what passed before an edit still passes with it: the order of the runs, and what each of them is worth.

Rules:
1. Only what passes on the text as it was counts. What fails there is nobody's fault here.
2. What fails with the edit is run again, with and without it, where time permits: what is flaky does not count.
3. When the deadline passes, nothing is claimed. An edit that takes many times as long as before, or too much memory,
   has failed if it does so twice, the second time beside the old text: else it may be the machine that is busy.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hybrid_lsp.core.check import Verdict
from hybrid_lsp.evidence.errand import End, Errand, Outcome
from hybrid_lsp.evidence.sandbox import Sandbox

log = logging.getLogger(__name__)

_BASELINE_SHARE = 0.4
"""Of the time that is left: the edit must be given as much, and something must be left for a second look."""
_PATIENCE = 3.0
_LEAST_PATIENCE_S = 2.0
_LEAST_S = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run has shown."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    """What was seen to fail, or had begun and never ended."""
    flags: dict[str, int] = field(default_factory=dict)
    """How examples were compared, by docstring."""


class Suite(Protocol):
    """Something that can be run on a text: the examples, or the tests, near a change."""

    name: str
    things: str
    """What it consists of, for a sentence."""

    def errand(self, text: str, wanted: Seen | None, time_s: float) -> Errand:
        """Return what to run on a version of the file; with `wanted`, only what passed there."""
        ...

    def read(self, outcome: Outcome) -> Seen:
        """Return what it has shown. What ran may have written anything."""
        ...


@dataclass(frozen=True, slots=True)
class _Run:
    seen: Seen
    end: End
    wall_s: float


class Comparison:
    """One suite on two versions of a file."""

    def __init__(self, suite: Suite, sandbox: Sandbox, remaining_s: Callable[[], float]) -> None:
        """`remaining_s` says how much time there still is."""
        self._suite, self._sandbox, self._remaining_s = suite, sandbox, remaining_s

    async def verdict(self, before: str, after: str) -> Verdict | None:
        """Return what the suite says of the edit; None where it has nothing to say."""
        base = await self._run(before, None, self._remaining_s() * _BASELINE_SHARE)
        counted = base.seen.passed
        if not counted:
            return None
        patience_s = max(_LEAST_PATIENCE_S, _PATIENCE * base.wall_s)
        left_s = self._remaining_s()
        run = await self._run(after, base.seen, min(patience_s, left_s))
        lost = self._lost(run, counted, patient=patience_s <= left_s)
        if lost is None:
            return None
        if lost and self._remaining_s() > self._second_look_s(base, run):
            lost = await self._confirmed(lost, base, run, before, after, patience_s)
            if not lost:
                return None
        elif lost and run.end is not End.DONE:
            return None
        return Verdict(name=self._suite.name, passed=not lost, sentence=self._sentence(lost, run, len(counted)))

    def _lost(self, run: _Run, counted: frozenset[str], *, patient: bool) -> frozenset[str] | None:
        """Return what passed before and does not any more, or None where that cannot be said."""
        if run.end is End.BROKEN:
            return None
        if failed := counted & run.seen.failed:
            # what was only begun when the deadline passed has not failed
            return failed if run.end is not End.LATE or patient else None
        if run.end is End.LATE and not patient:
            return None
        return counted - run.seen.passed

    def _second_look_s(self, base: _Run, run: _Run) -> float:
        """Return how long it takes to run both texts side by side; what will not end need not."""
        return _LEAST_S + (1.3 * (base.wall_s + run.wall_s) if run.end is End.DONE else 2 * base.wall_s)

    async def _confirmed(
        self, lost: frozenset[str], base: _Run, run: _Run, before: str, after: str, patience_s: float
    ) -> frozenset[str]:
        wanted = Seen(passed=lost, flags=base.seen.flags)
        limit_s = min(patience_s, self._remaining_s() - _LEAST_S)
        old, new = await asyncio.gather(self._run(before, wanted, limit_s), self._run(after, wanted, limit_s))
        if new.end is End.BROKEN or old.end is not End.DONE:
            return lost if old.end is End.LATE and run.end is End.DONE else frozenset()
        return (lost & old.seen.passed) - new.seen.passed

    async def _run(self, text: str, wanted: Seen | None, time_s: float) -> _Run:
        if time_s < _LEAST_S:
            return _Run(Seen(), End.BROKEN, 0.0)
        outcome = await self._sandbox.run(self._suite.errand(text, wanted, time_s))
        log.debug("%s: %s after %.2f s", self._suite.name, outcome.end.value, outcome.wall_s)
        return _Run(self._suite.read(outcome), outcome.end, outcome.wall_s)

    def _sentence(self, lost: frozenset[str], run: _Run, counted: int) -> str:
        if not lost:
            return ""
        thing = self._suite.things[:-1]
        of = f"{counted} {thing}s near the change" if counted > 1 else f"the one {thing} near the change"
        if run.end is End.LATE:
            return f"With the answer, {of}, which passed before, take{'' if counted > 1 else 's'} far too long."
        if run.end is End.MEMORY:
            return f"With the answer, {of}, which passed before, take{'' if counted > 1 else 's'} too much memory."
        if counted == 1:
            return f"The one {thing} near the change passed before and fails with the answer."
        many = "At least one" if len(lost) == 1 else f"{len(lost)}"
        return f"{many} of {of} passed before and fail{'s' if len(lost) == 1 else ''} with the answer."
