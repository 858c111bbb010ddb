"""The fewest whole lines that have to change between two texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

_MOST_LINES = 4000
"""Of a change larger than this only what is the same at both ends is kept; comparing it line by line takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEdit:
    """Lines that take the place of others. Counted from 0, in the old text's lines."""

    first: int
    count: int
    """How many old lines go; 0 where new ones are only put in."""
    lines: tuple[str, ...]
    r"""The new ones, without `\n`."""


def line_edits(old: str, new: str) -> tuple[LineEdit, ...]:
    r"""Return the edits, in order and apart from one another, that make `new` of `old`. Lines are split at `\n`."""
    before, after = old.split("\n"), new.split("\n")
    head = _same(before, after)
    tail = _same(before[head:][::-1], after[head:][::-1])
    middle, changed = before[head : len(before) - tail], after[head : len(after) - tail]
    if not middle and not changed:
        return ()
    if len(middle) + len(changed) > _MOST_LINES:
        return (LineEdit(first=head, count=len(middle), lines=tuple(changed)),)
    steps = SequenceMatcher(a=middle, b=changed, autojunk=False).get_opcodes()
    return tuple(
        LineEdit(first=head + begin, count=end - begin, lines=tuple(changed[into:until]))
        for kind, begin, end, into, until in steps
        if kind != "equal"
    )


def apply_edits(old: str, edits: Iterable[LineEdit]) -> str:
    """Return the text that edits of `line_edits` make."""
    lines = old.split("\n")
    for edit in sorted(edits, key=lambda edit: edit.first, reverse=True):
        lines[edit.first : edit.first + edit.count] = edit.lines
    return "\n".join(lines)


def _same(a: list[str], b: list[str]) -> int:
    """How many items are the same from the start on."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
