"""What a job needs: the sketch's score, and the named reasons that add up to it.

Rules:
1. The addends, their bounds and their order are the sketch's.
2. A word counts where it stands as a word: `prefix`, `fixture`, `terror` and `fix_me` are none of ours. Each form that
   counts holds the sketch's word, so nothing scores higher here than there.
3. Of the code only its length counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONG_PROMPT_CHARS = 1000
LONG_CONTEXT_CHARS = 10_000
EXPLAIN_CONTEXT_CHARS = 5000
CHARS_A_TOKEN = 4
LARGE_TOKENS = 8000
COMPLEX_ABOVE = 0.6
_MOST = 1.0
_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One addend of a score."""

    name: str
    """Stable: it is kept in the ledger. `REASON_TOLD` has the sentence."""
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexity:
    """What a job needs."""

    score: float
    """0 to 1: the sum of the points, at most 1, to ten digits."""
    reasons: tuple[Reason, ...]
    requires_large_context: bool
    """More than 8000 tokens, at four characters a token."""
    is_complex_reasoning: bool
    """The sum is above 0.6 as the sketch's floats have it: 0.2 + 0.4 is, 0.3 + 0.3 is not."""


LONG_PROMPT = Reason(name="long_prompt", points=0.2)
LONG_CONTEXT = Reason(name="long_context", points=0.3)
REDESIGN_WORDS = Reason(name="redesign_words", points=0.3)
REPAIR_WORDS = Reason(name="repair_words", points=0.2)
EXPLAIN_LARGE = Reason(name="explain_large", points=0.3)
OVER_8000_TOKENS = Reason(name="over_8000_tokens", points=0.4)

REASON_TOLD: dict[str, str] = {
    LONG_PROMPT.name: "What is asked is longer than 1000 characters.",
    LONG_CONTEXT.name: "The code is longer than 10,000 characters.",
    REDESIGN_WORDS.name: "It asks to refactor, redesign or architect.",
    REPAIR_WORDS.name: "It speaks of a bug, an error, debugging or a fix.",
    EXPLAIN_LARGE.name: "It asks to explain more than 5000 characters of code.",
    OVER_8000_TOKENS.name: "Prompt and code are more than about 8000 tokens.",
}
"""What each reason says to a person, by its name."""

REDESIGN_FORMS = frozenset((
    "refactor", "refactors", "refactored", "refactoring", "refactorings",
    "redesign", "redesigns", "redesigned", "redesigning",
    "architect", "architects", "architected", "architecting", "architecture", "architectures", "architectural",
))  # fmt: skip
REPAIR_FORMS = frozenset((
    "debug", "debugs", "debugged", "debugging", "debugger", "debuggers",
    "fix", "fixes", "fixed", "fixing", "bugfix", "bugfixes", "hotfix", "hotfixes",
    "error", "errors", "errored", "erroring",
    "bug", "bugs", "bugged", "bugging", "buggy",
))  # fmt: skip
EXPLAIN_FORMS = frozenset((
    "explain", "explains", "explained", "explaining",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Words:
    """Forms to be found as words. The stems say in microseconds that none is there, also in a long text."""

    stems: tuple[str, ...]
    pattern: re.Pattern[str]

    def stand_in(self, lowered: str) -> bool:
        return any(stem in lowered for stem in self.stems) and self.pattern.search(lowered) is not None


def _words(stems: tuple[str, ...], forms: Iterable[str]) -> _Words:
    return _Words(stems, re.compile(rf"\b(?:{'|'.join(sorted(forms))})\b"))


_REDESIGN = _words(("refactor", "redesign", "architect"), REDESIGN_FORMS)
_REPAIR = _words(("debug", "fix", "error", "bug"), REPAIR_FORMS)
_EXPLAIN = _words(("explain",), EXPLAIN_FORMS)


def assess(prompt: str, context: str) -> Complexity:
    """Return what a job needs that asks `prompt` about the code `context`. Takes time for the prompt only."""
    lowered = prompt.lower()
    large = (len(prompt) + len(context)) / CHARS_A_TOKEN > LARGE_TOKENS
    holds = (
        (LONG_PROMPT, len(prompt) > LONG_PROMPT_CHARS),
        (LONG_CONTEXT, len(context) > LONG_CONTEXT_CHARS),
        (REDESIGN_WORDS, _REDESIGN.stand_in(lowered)),
        (REPAIR_WORDS, _REPAIR.stand_in(lowered)),
        (EXPLAIN_LARGE, len(context) > EXPLAIN_CONTEXT_CHARS and _EXPLAIN.stand_in(lowered)),
        (OVER_8000_TOKENS, large),
    )
    reasons = tuple(reason for reason, is_so in holds if is_so)
    total = 0.0
    for reason in reasons:  # not sum(): since Python 3.12 that rounds otherwise than the sketch's `+=`
        total += reason.points
    return Complexity(
        score=round(min(total, _MOST), _DIGITS),
        reasons=reasons,
        requires_large_context=large,
        is_complex_reasoning=total > COMPLEX_ABOVE,
    )
