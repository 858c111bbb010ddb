r"""A user's own patterns, and which of them are taken.

A pattern is searched line by line, in windows, so what it may cost is known before it is used: no repeat inside
another, no back-reference, and repeats whose widths multiply to no more than `MOST_WAYS`. An
open `+` counts as one window.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.redact.hits import Hit, compiled

MOST_PATTERN_CHARS = 300
MOST_PATTERNS = 50
MOST_WAYS = 4000
WINDOW_CHARS = 400
"""A match up to half as long as this is always found, wherever on a line it stands."""

_WAY_OUT = "Mend it or take it out; the other patterns are used"
_TOKEN = r"""(?xs)
    (?P<escape>\\(?:[0-9]+|.)) | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\]) | (?P<named>\(\?P=\w+\)|\(\?\(\w+\))
  | (?P<open>\((?:\?(?:P<\w+>|<?[=!]|[aiLmsux-]*:|[aiLmsux]+\)|>|\#[^)]*\)))?) | (?P<close>\))
  | (?P<repeat>(?:[*+?]|\{[0-9]*,?[0-9]*\})[?+]?) | (?P<other>.)
"""
"""The parts of a regular expression, as far as its cost depends on them."""


def read_patterns(patterns: Iterable[str]) -> tuple[tuple[re.Pattern[str], ...], tuple[Problem, ...]]:
    """Compile the patterns that can be used; every other one is a `Problem` that names it by its number."""
    good: list[re.Pattern[str]] = []
    problems: list[Problem] = []
    for number, pattern in enumerate(patterns, 1):
        fault = "is one more than the 50 that are allowed" if number > MOST_PATTERNS else _fault(pattern)
        if fault:
            problems.append(Problem(sentence=f"Redaction pattern {number} {fault}. {_WAY_OUT}."))
        else:
            good.append(re.compile(pattern))
    return tuple(good), tuple(problems)


def pattern_hits(text: str, patterns: Iterable[re.Pattern[str]]) -> Iterator[Hit]:
    """Yield what a user's patterns match; the first group where a pattern has one."""
    chosen = tuple(patterns)
    for start, end in _windows(text) if chosen else ():
        for pattern in chosen:
            for match in pattern.finditer(text, start, end):
                group = 1 if pattern.groups and match[1] else 0
                if match[group]:
                    yield Hit(*match.span(group), "PATTERN", match.start())


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield every line, a long one as windows that overlap by half."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        while end - start > WINDOW_CHARS:
            yield start, start + WINDOW_CHARS
            start += WINDOW_CHARS // 2
        if end > start:
            yield start, end
        start = end + 1


def _fault(pattern: str) -> str:
    """Return what is wrong with a pattern, as the end of a sentence; empty when it can be used."""
    if len(pattern) > MOST_PATTERN_CHARS:
        return f"is longer than {MOST_PATTERN_CHARS} characters"
    try:
        usable = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is not a regular expression that Python understands ({_why(error)})"
    if usable.search("") is not None:
        return "matches the empty text, so it would match everywhere"
    if usable.flags & re.VERBOSE:
        return "uses the verbose flag (?x), which is not supported"
    return _Cost().fault_of(pattern)


def _why(error: Exception) -> str:
    return str(getattr(error, "msg", "")) or "it is too large"


@dataclass(slots=True)
class _Cost:
    """How many ways a pattern has of matching at one place, at most."""

    ways: int = 1
    held: list[bool] = field(default_factory=lambda: [False])
    """For each open group, whether it holds a repeat or a choice."""
    closed: bool = False
    """Whether the group that was closed last, with nothing after it yet, held one."""

    def fault_of(self, pattern: str) -> str:
        """Read the pattern once from left to right."""
        for match in compiled(_TOKEN).finditer(pattern):
            kind, token = match.lastgroup, match[0]
            if kind == "named" or (kind == "escape" and token[1] in "123456789"):
                return "refers back to what it has matched, and so can take for ever"
            if kind == "repeat" and (fault := self._repeat(token)):
                return fault
            self._nest(kind, token)
        return ""

    def _repeat(self, token: str) -> str:
        width = _width(token)
        if width > 1:
            self.ways *= width
            self.held[-1] = True
        if self.closed and _most(token) > 1 and (width > 1 or self.closed):
            return "repeats a group that itself holds a repeat or a choice, and so can take for ever"
        if self.ways > MOST_WAYS:
            return "has too many open repeats: give them lengths, as {8,40}, or use fewer"
        return ""

    def _nest(self, kind: str | None, token: str) -> None:
        self.closed = False
        if kind == "open" and not token.endswith(")"):
            self.held.append(False)
        elif kind == "close" and len(self.held) > 1:
            self.closed = self.held.pop()
            self.held[-1] = self.held[-1] or self.closed
        elif kind == "other" and token == "|":
            self.held[-1] = True


def _most(token: str) -> int:
    """Return how often a repeat repeats, at most."""
    bounds = token.rstrip("?+") if token[0] == "{" else token[0]
    if bounds in {"*", "+"}:
        return WINDOW_CHARS
    if bounds == "?":
        return 1
    low, comma, high = bounds.strip("{}").partition(",")
    return min(int(high), WINDOW_CHARS) if high else (WINDOW_CHARS if comma else int(low or 1))


def _width(token: str) -> int:
    """Return between how many lengths a repeat can choose."""
    if token[0] == "?":
        return 2
    least = {"*": 0, "+": 1}.get(token[0])
    if least is None:
        least = int(token.strip("{}?+").partition(",")[0] or 0)
    return max(1, _most(token) - least + 1)
