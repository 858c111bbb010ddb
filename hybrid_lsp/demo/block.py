"""Which piece of a person's file to type again: a block the size of a function that resembles the rest of the file."""

import re
from itertools import pairwise

MIN_LINES = 5
MAX_LINES = 25
ALIKE = 0.5
"""Share of a block's word pairs that occur elsewhere in the file, from which on it counts as like the others."""

_MIN_LINES_LEFT = 10
_TAIL_LINES = 18
_WORD = re.compile(r"\w+|[^\w\s]")


def choose_block(text: str) -> range | None:
    """Return the 0-based lines to type: the last block that resembles the rest, else the one that does most.

    The block has `MIN_LINES` to `MAX_LINES` lines, at least ten written lines of the file are left without it, and its
    first and last lines are not blank. None when the file is too short for that.
    """
    lines = text.split("\n")
    candidates = [block for block in _blocks(lines) if _is_fit(lines, block)] or _last_resort(lines)
    if not candidates:
        return None
    alike = [(likeness(lines, block), block.stop, block) for block in candidates]
    resembling = [block for share, _, block in alike if share >= ALIKE]
    return (
        max(resembling, key=lambda block: (block.stop, len(block)))
        if resembling
        else max(alike, key=lambda row: row[:2])[2]
    )


def likeness(lines: list[str], block: range) -> float:
    """Return the share, 0 to 1, of the block's pairs of neighbouring words that occur elsewhere in the file."""
    inside = _pairs(lines[block.start : block.stop])
    outside = _pairs(lines[: block.start]) | _pairs(lines[block.stop :])
    return len(inside & outside) / len(inside) if inside else 0.0


def _pairs(lines: list[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for line in lines:
        found.update(pairwise(_WORD.findall(line)))
    return found


def _blocks(lines: list[str]) -> list[range]:
    """Return what stands between blank lines at one depth: functions, methods, tests; long ones by their tails."""
    found: list[range] = []
    for start, line in enumerate(lines):
        if not line.strip() or (start and lines[start - 1].strip()):
            continue
        stop = _end_of_block(lines, start)
        found.append(range(start, stop) if stop - start <= MAX_LINES else _tail(lines, start, stop))
    return found


def _end_of_block(lines: list[str], start: int) -> int:
    depth = _depth(lines[start])
    stop = start + 1
    for number in range(start + 1, len(lines)):
        if not lines[number].strip():
            continue
        begins_another = _depth(lines[number]) <= depth and not lines[number - 1].strip()
        if begins_another or _depth(lines[number]) < depth:
            break
        stop = number + 1
    return stop


def _tail(lines: list[str], start: int, stop: int) -> range:
    first = max(start, stop - _TAIL_LINES)
    while not lines[first].strip():
        first += 1
    return range(first, stop)


def _is_fit(lines: list[str], block: range) -> bool:
    written = sum(bool(line.strip()) for line in lines[block.start : block.stop])
    left = sum(bool(line.strip()) for line in lines) - written
    return len(block) <= MAX_LINES and written >= MIN_LINES and left >= _MIN_LINES_LEFT


def _last_resort(lines: list[str]) -> list[range]:
    """Return the end of a file that has no blocks, as far as enough is left above it."""
    stop = len(lines)
    while stop and not lines[stop - 1].strip():
        stop -= 1
    block = (
        _tail(lines, max(stop - _TAIL_LINES, _MIN_LINES_LEFT), stop)
        if stop >= _MIN_LINES_LEFT + MIN_LINES
        else range(0)
    )
    return [block] if _is_fit(lines, block) else []


def _depth(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
