"""What counts for and against an edit, on runs whose outcomes are laid out."""

import asyncio
import json
from collections import deque

import pytest

from hybrid_lsp.core.check import Verdict
from hybrid_lsp.evidence.compare import Comparison, Seen
from hybrid_lsp.evidence.errand import End, Errand, Limits, Outcome
from hybrid_lsp.evidence.sandbox import Sandbox

LEFT_S = 10.0


class LaidOut(Sandbox):
    """A sandbox whose runs have happened already."""

    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__(platform="none")
        self._outcomes = deque(outcomes)
        self.texts: list[str] = []

    async def run(self, errand: Errand) -> Outcome:
        """Return the next."""
        self.texts.append(errand.written["a"])
        return self._outcomes.popleft()


class Three:
    """Three tests."""

    name, things = "tests", "tests"

    def errand(self, text: str, wanted: Seen | None, time_s: float) -> Errand:
        """An errand of which only the text matters."""
        return Errand(root="/", command=("x",), written={"a": text}, limits=Limits(time_s=time_s))

    def read(self, outcome: Outcome) -> Seen:
        """Read two lists."""
        passed, failed = json.loads(outcome.results or "[[], []]")
        return Seen(passed=frozenset(passed), failed=frozenset(failed))


def ran(passed: str, failed: str = "", end: End = End.DONE, wall_s: float = 0.1) -> Outcome:
    """A run in which some tests passed and some failed."""
    return Outcome(end=end, status=0, wall_s=wall_s, results=json.dumps([list(passed), list(failed)]))


def verdict(*outcomes: Outcome, left_s: float = LEFT_S) -> tuple[Verdict | None, str]:
    """Return what is said of an edit, and on which texts it took a run."""
    sandbox = LaidOut(*outcomes)
    said = asyncio.run(Comparison(Three(), sandbox, lambda: left_s).verdict("old ", "new "))
    return said, "".join(sandbox.texts)


@pytest.mark.parametrize(
    ("outcomes", "passed", "runs"),
    [
        ([ran("abc"), ran("abc")], True, "old new "),
        ([ran("a", "bc"), ran("a", "bc")], True, "old new "),
        ([ran("", "abc")], None, "old "),
        ([ran("", end=End.BROKEN)], None, "old "),
        ([ran("abc"), ran("a", "b"), ran("b"), ran("", "b")], False, "old new old new "),
        ([ran("abc"), ran("a", "b"), ran("", "b"), ran("", "b")], None, "old new old new "),
        ([ran("abc"), ran("a", "b"), ran("b"), ran("b")], None, "old new old new "),
        ([ran("abc"), ran(""), ran("abc"), ran("")], False, "old new old new "),
        ([ran("abc"), ran("", end=End.BROKEN)], None, "old new "),
        ([ran("abc"), ran("a", end=End.LATE), ran("abc"), ran("a", end=End.LATE)], False, "old new old new "),
        ([ran("abc", wall_s=3.5), ran("a", "b", end=End.LATE, wall_s=6.0)], None, "old new "),
        ([ran("abc", wall_s=4.0, end=End.LATE), ran("abc", wall_s=5.0)], True, "old new "),
        ([ran("abc"), ran("", end=End.MEMORY), ran("abc"), ran("", end=End.MEMORY)], False, "old new old new "),
        ([ran("abc", wall_s=4), ran("a", "b", wall_s=5)], False, "old new "),
        ([ran("abc"), ran("", end=End.LATE), ran("", end=End.LATE), ran("", end=End.LATE)], None, "old new old new "),
        ([ran("abc"), ran("", end=End.LATE), ran("abc"), ran("abc")], None, "old new old new "),
        ([ran("abc", wall_s=4.95), ran("", end=End.MEMORY)], None, "old new "),
    ],
    ids=[
        "passes", "failed already", "nothing passes", "no sandbox", "fails", "flaky before", "flaky after",
        "says nothing any more", "breaks", "far too long", "the deadline", "a slow suite", "memory", "no time to confirm",
        "a busy machine", "busy for a moment", "no time for a second look",
    ],
)  # fmt: skip
def test_only_what_passed_before_and_surely_fails_now_stands_against_an_edit(
    outcomes: list[Outcome], passed: bool | None, runs: str
) -> None:
    """The order of the runs and what each is worth."""
    said, ran_on = verdict(*outcomes)

    assert (None if said is None else said.passed) == passed
    assert ran_on == runs
    assert said is None or bool(said.sentence) is not said.passed


@pytest.mark.parametrize(
    ("base", "run", "sentence"),
    [
        (ran("a"), ran("", "a"), "The one test near the change passed before and fails with the answer."),
        (ran("abc"), ran("", "a"), "At least one of 3 tests near the change passed before and fails with the answer."),
        (ran("abc"), ran("", "ab"), "2 of 3 tests near the change passed before and fail with the answer."),
        (ran("ab"), ran("", end=End.LATE), "With the answer, 2 tests near the change, which passed before, take far too long."),
        (ran("a"), ran("", end=End.MEMORY), "With the answer, the one test near the change, which passed before, takes too much memory."),
    ],
)  # fmt: skip
def test_it_says_how_many_and_no_more(base: Outcome, run: Outcome, sentence: str) -> None:
    """One sentence, without a name of a test or a text of a file."""
    said, _ = verdict(base, run, base, run)

    assert said is not None
    assert said.sentence == sentence


def test_without_time_nothing_is_run() -> None:
    """And nothing claimed."""
    assert verdict(left_s=0.1) == (None, "")
