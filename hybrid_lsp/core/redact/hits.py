"""What a scan finds, and the few ways of looking that every rule is made of. Pure, and linear in the text."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple


class Hit(NamedTuple):
    """A stretch of the text that must not leave: `text[start:end]`, never the text itself."""

    start: int
    end: int
    kind: str
    since: int
    """Where the evidence begins, as the name that a value is assigned to; at most `start`."""


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a pattern of ours once, when it is first needed: the server starts without any."""
    return re.compile(pattern, flags)


_ALNUM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_ESCAPE = r"(?:\\[nrtfbv0]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|\[[0-9;]{1,5}m)\Z"
"""What ends in a letter or digit and yet is none: an escape in a string literal or URL, a colour of a terminal."""
_LONGEST_ESCAPE = 7
_TURN_CHARS = 50_000
_MOST_IN_A_CROWD = 4


def is_open_left(text: str, at: int) -> bool:
    """Say whether a word may begin at `at`: no ASCII letter or digit is left of it, unless an escape ends there."""
    if at == 0 or text[at - 1] not in _ALNUM or text[at : at + 1] not in _ALNUM:
        return True
    left = text[max(0, at - _LONGEST_ESCAPE) : at]
    return ("\\" in left or "%" in left or "[" in left) and compiled(_ESCAPE).search(left) is not None


def is_open_right(text: str, at: int) -> bool:
    """Say whether a word may end before `at`."""
    return at >= len(text) or text[at] not in _ALNUM


def places(text: str, needle: str) -> Iterator[int]:
    """Yield where `needle` begins, from left to right, without overlaps."""
    at = text.find(needle)
    while at >= 0:
        yield at
        at = text.find(needle, at + len(needle))


def matches(pattern: re.Pattern[str], text: str, longest: int) -> Iterator[re.Match[str]]:
    """Yield what `finditer` would of a pattern that reads no more than `longest` characters, in turns.

    One call of a regular expression holds the interpreter's lock from its beginning to its end, and somebody is typing.
    """
    at = 0
    for stop in range(_TURN_CHARS, len(text) + _TURN_CHARS, _TURN_CHARS):
        for match in pattern.finditer(text, at, stop + longest):
            if match.start() >= stop:
                break
            yield match
            at = match.end()
        at = max(at, stop)


def lower_cased(text: str) -> str:
    """Return the text in lower case with every character in its place."""
    lowered = text.lower()
    # One character grows when it is lowered: the Turkish capital I with a dot.
    return lowered if len(lowered) == len(text) else text.replace("\u0130", "i").lower()


class Crowd:
    """Lets the first few of the values that lie in one value be judged: a thousand names may stand in front of one."""

    def __init__(self) -> None:
        self._until = self._count = 0

    def admits(self, at: int) -> bool:
        """Say whether what begins at `at` is to be judged; asked from left to right."""
        if at >= self._until:
            self._count = 0
        return self._count < _MOST_IN_A_CROWD

    def judged(self, end: int) -> None:
        """Say where the value ends that was judged now."""
        self._count += 1
        if self._count == 1:
            self._until = end
