"""Text that says the same again: in a row, in rows, and nearly. Pure; in time proportional to the text."""

from collections.abc import Iterable

from hybrid_lsp.core.trim.lines import blanks

_MAX_EDITS = 3
MAX_CHARS = 2000
_CHECKPOINT_CHARS = 64
_TAIL_CHARS = 256


def checkpoints(row: str) -> range:
    """Where a row is looked at before it has ended, counted from its first word."""
    return range(blanks(row) + _CHECKPOINT_CHARS, min(len(row), MAX_CHARS) + 1, _CHECKPOINT_CHARS)


def is_endless(partial: str) -> bool:
    """Say whether a row that goes on is cut wherever it ends."""
    return len(partial.lstrip()) >= MAX_CHARS or runs_away(partial, checkpoints(partial)) < len(partial)


def runs_away(row: str, ends: Iterable[int]) -> int:
    """Return where the first of the pieces ends that `row` repeats up to one of `ends`; its length if it does not."""
    lead = blanks(row)
    for end in ends:
        period = _tail_period(row[max(lead, end - _TAIL_CHARS) : end])
        if period:
            start = end - period
            while start > lead and row[start - 1] == row[start - 1 + period]:
                start -= 1
            return start + period
    return len(row)


def _tail_period(tail: str) -> int:
    """Return how long the piece is that `tail` ends in several copies of; 0 where it does not."""
    at = len(tail) - 1
    for _ in range(8):
        at = tail.rfind(tail[-3:], 0, at + 2 if at < len(tail) - 1 else at)
        if at < 0:
            return 0
        period = len(tail) - 3 - at
        copies = 100 if period == 1 else max(6, 18 // period) if period < 10 else 4
        piece = tail[-period:]
        if (period == 1 or len(set(piece)) > 1) and tail.endswith(piece * copies):
            return period
    return 0


def is_near(one: str, other: str, edits: int = -1) -> bool:
    """Say whether one edit in twenty characters, three at most, makes `one` the same as `other`."""
    edits = min(len(other) // 20, _MAX_EDITS) if edits < 0 else edits
    if one == other or edits == 0 or abs(len(one) - len(other)) > edits:
        return one == other
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[same:], other[same:]
    tries = ((one[1:], other[1:]), (one[1:], other), (one, other[1:]))
    return any(a == b or (edits > 1 and is_near(a, b, edits - 1)) for a, b in tries)


def echoes(lines: list[str], period: int) -> int:
    """Return how many of the last lines are those `period` before them; twice the period at most."""
    count = 0
    while count < 2 * period and count + period < len(lines) and lines[-1 - count] == lines[-1 - count - period]:
        count += 1
    return count
