"""Trees of texts, with the last few remembered: a text that differs in one place is parsed at that place only.

Rules:
1. A tree made from an older one is used only where it has no fault; faults are counted in a tree made from nothing.
2. Every call makes its own parser, so that any thread may ask. What is remembered is only ever copied.
3. A parse ends at its deadline.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hybrid_lsp.syntax.grammars import grammar_for

if TYPE_CHECKING:
    from tree_sitter import Language, Point, Tree

MOST_BYTES = 1_000_000
_MOST_REMEMBERED = 4
_CHUNK = 1 << 16
_STEP = 4096
_Text = TypeVar("_Text", bytes, str)
_Known = tuple[str, bytes, "Tree"]


class Trees:
    """Makes trees, and remembers the last few. Any thread may ask."""

    def __init__(self) -> None:
        self._known: list[_Known] = []
        """Newest last. Replaced as a whole, never changed."""

    def of(self, source: bytes, language: str, *, deadline: float) -> "Tree | None":
        """Return the tree of a text; None where there is no grammar, it is over 1 MB, or the deadline passed.

        `deadline` is a time of `time.monotonic()`.
        """
        grammar = grammar_for(language) if len(source) <= MOST_BYTES else None
        if grammar is None:
            return None
        old = self._nearest(source, language)
        if old and old[1] == source:
            return old[2]
        tree = _parsed(grammar, source, deadline, _edited(old, source)) if old else None
        if tree is None or tree.root_node.has_error:
            tree = _parsed(grammar, source, deadline, None)
        if tree is not None:
            self._known = [*self._known[1 - _MOST_REMEMBERED :], (language, source, tree)]
        return tree

    def _nearest(self, source: bytes, language: str) -> _Known | None:
        """Return the remembered text that has most in common with this one, and at least half."""
        best, common = None, len(source) // 2
        for known in reversed(self._known):
            if known[0] == language and (same := sum(shared_ends(known[1], source))) > common:
                best, common = known, same
        return best


tree_of = Trees().of
"""Of whole files."""


def shared_ends(a: _Text, b: _Text) -> tuple[int, int]:
    """Return how much two texts have in common at the start, and behind that at the end."""
    most = min(len(a), len(b))
    head = _longest(most, lambda n, m: a[n:m] == b[n:m])
    tail = _longest(most - head, lambda n, m: a[len(a) - m : len(a) - n] == b[len(b) - m : len(b) - n])
    return head, tail


def _longest(most: int, is_same: Callable[[int, int], bool]) -> int:
    """Return how far it is the same: in steps first, so that nothing is compared twice but the last of them."""
    low = 0
    while low < most and is_same(low, min(low + _STEP, most)):
        low = min(low + _STEP, most)
    high = min(low + _STEP, most)
    start = low
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_same(start, middle) else (low, middle - 1)
    return low


def _parsed(grammar: "Language", source: bytes, deadline: float, old: "Tree | None") -> "Tree | None":
    from tree_sitter import Parser

    def read(at: int, _: "Point") -> bytes:
        return source[at : at + _CHUNK]

    def is_late(_: int, __: bool) -> bool:
        return time.monotonic() > deadline

    try:
        if old is None:
            return Parser(grammar).parse(read, progress_callback=is_late)
        return Parser(grammar).parse(read, old, progress_callback=is_late)
    except ValueError:  # what it raises when the callback says stop
        return None


def _edited(old: _Known, source: bytes) -> "Tree":
    """Return a copy of the old tree that knows where the new file differs."""
    _, before, tree = old
    head, tail = shared_ends(before, source)
    copy = tree.copy()
    old_end, new_end = len(before) - tail, len(source) - tail
    copy.edit(head, old_end, new_end, _point(before, head), _point(before, old_end), _point(source, new_end))
    return copy


def _point(source: bytes, at: int) -> tuple[int, int]:
    return source.count(b"\n", 0, at), at - (source.rfind(b"\n", 0, at) + 1)
