"""Real keystrokes, with a time for each of them: a trace of github.com/josephg/editing-traces, sequential format.

The trace stamps its transactions in whole seconds. Every key stays in the second in which it was struck; where in
that second is drawn, once for all contestants, from log-normal gaps (`spread`). Longer gaps are the trace's own.
"""

import gzip
import json
import math
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from hybrid_lsp.core.job import Excerpt

LONGEST_GAP_S = 30.0
"""A longer absence is shortened to this."""
_GAP_MEDIAN_S, _GAP_SIGMA = 0.15, 0.55
_PLACE_CHARS = 160
"""So much of the text above a line tells where in the file it is."""
_RUN_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """At a code point of the file, so many are deleted and a text is put in."""

    at: int
    deleted: int
    inserted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What one key did to the file; several patches where the editor did more than type."""

    patches: tuple[Patch, ...]
    gap_s: float
    """Since the key before."""

    @property
    def types(self) -> bool:
        """Say whether it was one key that put in one character."""
        return len(self.patches) == 1 and not self.patches[0].deleted and len(self.patches[0].inserted) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A file as it stood, and the keys struck in it."""

    start: str
    keys: tuple[Key, ...]

    @property
    def seconds(self) -> float:
        """How long the session lasts."""
        return sum(key.gap_s for key in self.keys)


def read_trace(path: Path, limit: int | None = None) -> Trace:
    """Return the first `limit` keys of a trace; what it says of 1970 is the file it began with."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        read = json.load(file)
    rows = [(_second(row["time"]), tuple(_patch(patch) for patch in row["patches"])) for row in read["txns"]]
    buffer = Buffer(read["startContent"])
    while rows and rows[0][0] <= 0:
        buffer.apply(rows.pop(0)[1])
    rows = rows[:limit]
    times = spread([second for second, _ in rows])
    gaps = [min(LONGEST_GAP_S, now - before) for before, now in zip([times[0] - 1, *times], times, strict=False)]
    keys = tuple(Key(patches=patches, gap_s=gap) for (_, patches), gap in zip(rows, gaps, strict=True))
    return Trace(start="\n".join(buffer.lines), keys=keys)


def _second(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def _patch(row: list[object]) -> Patch:
    at, deleted, inserted = row
    assert isinstance(at, int)
    assert isinstance(deleted, int)
    return Patch(at=at, deleted=deleted, inserted=str(inserted))


def spread(stamps: Sequence[int], seed: int = 1) -> list[float]:
    """Return a time for each key in the second of its stamp, in order; the same for the same stamps and seed.

    The gaps are log-normal draws. A second with typing before and after it is filled; one before a pause is typed from
    its start, one after a pause up to its end; gaps that do not fit are drawn together.
    """
    chance = random.Random(seed)
    groups = [(second, len(list(group))) for second, group in groupby(stamps)]
    seconds = {second for second, _ in groups}
    times: list[float] = []
    for second, count in groups:
        gaps = [chance.lognormvariate(math.log(_GAP_MEDIAN_S), _GAP_SIGMA) for _ in range(count + 1)]
        before, after = second - 1 in seconds, second + 1 in seconds
        total = sum(gaps)
        scale = 1 / total if total > 1 or (before and after) else 1.0
        at = second + (0.0 if before else 1 - total * scale if after else (1 - total * scale) / 2)
        for gap in gaps[:count]:
            at += gap * scale
            times.append(at)
    return times


class Buffer:
    """The lines of a file that is being typed in."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.line = 0
        self.column = 0
        self._window: tuple[int, str, str] | None = None

    def fork(self) -> "Buffer":
        """Return a copy that can go on alone."""
        copy = Buffer("")
        copy.lines, copy.line, copy.column = list(self.lines), self.line, self.column
        return copy

    def apply(self, patches: Sequence[Patch]) -> None:
        """Change the text; the cursor stands behind what was put in last."""
        for patch in patches:
            first, start = self._locate(patch.at)
            last, end = self._locate(patch.at + patch.deleted) if patch.deleted else (first, start)
            new = (self.lines[first][:start] + patch.inserted + self.lines[last][end:]).split("\n")
            if self._window is not None and (first != last or len(new) > 1 or first != self._window[0]):
                self._window = None
            self.line = first + len(new) - 1
            self.column = len(patch.inserted) - patch.inserted.rfind("\n") - 1 + (start if len(new) == 1 else 0)
            self.lines[first : last + 1] = new

    def left(self) -> str:
        """Return the cursor's line up to the cursor."""
        return self.lines[self.line][: self.column]

    def right(self) -> str:
        """Return the cursor's line from the cursor on."""
        return self.lines[self.line][self.column :]

    def excerpt(self, version: int) -> Excerpt:
        """Return what the server would take; the same string objects around, as long as only this line changes."""
        if self._window is None or self._window[0] != self.line:
            above = "".join(f"{line}\n" for line in self.lines[: self.line])
            self._window = (self.line, above, "\n".join(self.lines[self.line + 1 :]))
        _, above, below = self._window
        return Excerpt(
            workspace=1,
            document=1,
            version=version,
            path="src/trace.rs",
            language="rust",
            line=self.line,
            above=above,
            prefix=self.left(),
            suffix=self.right(),
            below=below,
        )

    def _locate(self, at: int) -> tuple[int, int]:
        for number, line in enumerate(self.lines):
            if at <= len(line):
                return number, at
            at -= len(line) + 1
        return len(self.lines) - 1, len(self.lines[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A stay of the cursor on one line, and how the line read when it was left."""

    number: int
    line: int
    first: int
    """Key with which it began."""
    last: int
    place: str
    """The end of the text above the line."""
    left: str
    """The line as it was left."""


class Future:
    """What the person will have typed: the lines as they were left."""

    def __init__(self, trace: Trace) -> None:
        self.visits = list(_visits(trace))
        self._at: dict[str, list[Visit]] = defaultdict(list)
        for visit in self.visits:
            self._at[visit.place].append(visit)

    def visit(self, before: str, now: int) -> Visit | None:
        """Return the stay that a text before the cursor belongs to, after the key `now`; None if there was none."""
        above = before[: before.rfind("\n") + 1]
        known = self._at.get(place_of(above), [])
        at = bisect_right(known, now, key=lambda visit: visit.first) - 1
        return known[max(at, 0)] if known else None

    def following(self, visit: Visit) -> list[str]:
        """Return the lines that were typed right after it, one below the other; three at most."""
        lines: list[str] = []
        for later in self.visits[visit.number + 1 : visit.number + 1 + _RUN_LINES]:
            if later.line != visit.line + len(lines) + 1:
                break
            lines.append(later.left)
        return lines


def place_of(above: str) -> str:
    """Return what tells a place in the file from others, of the text above a line."""
    return above[-_PLACE_CHARS:]


def _visits(trace: Trace) -> Iterator[Visit]:
    """Cut the keys where the cursor comes to another line, or a line is split or joined."""
    buffer = Buffer(trace.start)
    begun, line, lines, place = 0, 0, len(buffer.lines), ""
    number = 0
    for now, key in enumerate(trace.keys):
        left = buffer.lines[line]
        buffer.apply(key.patches)
        if buffer.line == line and len(buffer.lines) == lines:
            continue
        entered = buffer.line == line + 1 and len(buffer.lines) == lines + 1
        left = buffer.lines[line] if entered else left
        yield Visit(number=number, line=line, first=begun, last=now - 1, place=place, left=left)
        number, begun, line, lines = number + 1, now, buffer.line, len(buffer.lines)
        place = place_of("".join(f"{one}\n" for one in buffer.lines[max(0, line - _PLACE_CHARS) : line]))
    last = len(trace.keys) - 1
    yield Visit(number=number, line=line, first=begun, last=last, place=place, left=buffer.lines[line])
