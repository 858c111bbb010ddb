"""The lines of an answer taken so far, and what the rules need to know to judge the next. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim.lines import balance, opens, unit_of, width_of
from hybrid_lsp.core.trim.repeats import echoes

_NEAR_LINES = 12
_NEAR_CHARS = 2000
PERIODS = (1, 2, 3)
"""Of how many rows what is repeated may consist."""
_ECHO_ROWS = 9


@dataclass(slots=True, kw_only=True)
class Answer:
    """The lines taken so far, and what the rules need to know to judge the next."""

    excerpt: Excerpt
    is_secret: Callable[[str], bool]
    above: tuple[str, ...]
    """The last lines above that are not blank."""
    stands_above: str
    """The same as one text."""
    below: tuple[str, ...]
    """The first lines below that are not blank."""
    unit: str
    """One step of indentation in this file; empty where nothing is indented."""
    stack: str
    """The closers that what is open here calls for, the innermost last."""
    inside: str = ""
    """What ends the text or comment of several lines that the next line begins in."""
    level: int = 0
    """Columns by which a line of this block is indented at least."""
    step: int = 0
    """Spaces that the model takes for one step; 0 until it has indented."""
    shift: str = ""
    """What goes in front of each line of a model that counts from the cursor's column."""
    rows: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """The rows as lines of the document: the first with what stands left of the cursor."""

    def line(self, row: str) -> str:
        """Return the line of the document that the next row makes."""
        return row if self.rows else self.excerpt.prefix + row

    def keep(self, row: str) -> None:
        """Add a row that every rule has let pass."""
        line, language = self.line(row), self.excerpt.language
        self.stack, self.inside, _ = balance(line, self.stack, self.inside, language, own_from=len(line) - len(row))
        if not self.rows:
            self.level = width_of(line) + bool(self.excerpt.prefix.strip() and opens(line, language))
        self.rows.append(row)
        self.lines.append(line)

    def has_closed(self) -> bool:
        """Say whether the last row has closed the block."""
        last = self.rows[-1]
        return len(self.rows) > 1 and bool(last) and width_of(last) < self.level and not (self.stack or self.inside)

    def withheld(self) -> int:
        """Return how many of the last rows may be the start of a repetition."""
        return max(*(echoes(self.lines, period) for period in PERIODS), self.echo_above(self.lines)[1])

    def echo_above(self, lines: list[str]) -> tuple[int, int]:
        """Return how many of the last lines, three at most, stand above in this order, and how many rows they take."""
        said = [(at, line) for at, line in enumerate(lines[-_ECHO_ROWS:], max(len(lines) - _ECHO_ROWS, 0)) if line][-3:]
        for count in range(len(said), 0, -1):
            again = "\n".join(("", *(line for _, line in said[-count:]), ""))
            if again in self.stands_above:
                return count, len(lines) - said[-count][0]
        return 0, 0


def begin(excerpt: Excerpt, is_secret: Callable[[str], bool]) -> Answer:
    """Return the answer before its first row."""
    above, below = _lines_around(excerpt.above[-_NEAR_CHARS:], excerpt.below[:_NEAR_CHARS])
    return Answer(
        excerpt=excerpt,
        is_secret=is_secret,
        above=above,
        stands_above="\n".join(("", *above, "")),
        below=below,
        unit=unit_of((*above, excerpt.prefix)),
        stack="" if excerpt.prefix.strip() else _owed(above, below, excerpt.language),
    )


@lru_cache(maxsize=16)
def _lines_around(above: str, below: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the last lines above and the first below that are not blank: the same for every piece of an answer."""
    near = tuple(line.rstrip() for line in above.split("\n")[-_NEAR_LINES:] if line.strip())
    return near, tuple(line.rstrip() for line in below.split("\n") if line.strip())[:3]


def _owed(above: tuple[str, ...], below: tuple[str, ...], language: str) -> str:
    """Return the closers that the line above calls for, if the block that it opens is not closed below."""
    if not above or not opens(above[-1], language):
        return ""
    stack = balance(above[-1], "", "", language, own_from=len(above[-1]))[0]
    is_closed = below and below[0].lstrip()[0] in stack and width_of(below[0]) >= width_of(above[-1])
    return "" if is_closed else stack
