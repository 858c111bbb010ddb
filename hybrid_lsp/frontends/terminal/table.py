"""Columns that line up, and amounts that stand under one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from hybrid_lsp.frontends.terminal.paper import Paper

_GAP = 2
_NARROWEST = 8
_FINE_BELOW = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    head: str
    right: bool = False
    """Whether its cells stand at the right, as numbers do."""
    gives_way: bool = False
    """Whether its cells may be cut where the paper is too narrow."""


def table(paper: Paper, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Write a table with a head; columns without any text are left out, and lines are no wider than the paper."""
    used = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    columns = [columns[i] for i in used]
    cells = [[paper.spelled(row[i]) for i in used] for row in rows]
    heads = [paper.spelled(column.head) for column in columns]
    widths, gap = _fitted(columns, [heads, *cells], paper.columns)
    # `row` would take the escape codes of a style for a stranger's
    paper.out.write(paper.styled(_line(columns, heads, widths, gap), "dim") + "\n")
    for row in cells:
        paper.row(_line(columns, row, widths, gap))


def _fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> tuple[list[int], int]:
    """Widths, and the gap between them: first columns give way, then the gaps."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    over = sum(widths) + _GAP * (len(widths) - 1) - room
    for i, column in enumerate(columns):
        if column.gives_way and over > 0:
            given = min(over, max(0, widths[i] - _NARROWEST))
            widths[i] -= given
            over -= given
    return widths, _GAP if over <= 0 else 1


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int], gap: int) -> str:
    placed = []
    for column, cell, width in zip(columns, cells, widths, strict=True):
        text = cell if len(cell) <= width else f"{cell[: width - 2]}.."
        placed.append(f"{text:>{width}}" if column.right else f"{text:<{width}}")
    return (" " * gap).join(placed).rstrip()


def amounts(values: Sequence[Decimal], *, zero: str = "-") -> list[str]:
    """Return amounts that line up: all with cents, or all with four digits where one is below ten cents.

    What is less than that is told as less, never as nothing; `zero` stands for nothing.
    """
    fine = any(0 < abs(value) < _FINE_BELOW for value in values)
    unit = Decimal("0.0001") if fine else Decimal("0.01")
    return [_amount(value, unit) if value else zero for value in values]


def _amount(value: Decimal, unit: Decimal) -> str:
    sign = "-" if value < 0 else ""
    rounded = abs(value).quantize(unit, rounding=ROUND_HALF_EVEN)
    return f"{sign}${rounded:,f}" if rounded else f"{sign}<${unit:f}"


def number(usd: Decimal, rounding: str = ROUND_HALF_EVEN) -> float:
    """Return an amount as a JSON number, to the nano-dollar: as the ledger keeps it."""
    return float(usd.quantize(Decimal("1e-9"), rounding=rounding))


def count(value: int) -> str:
    """Return a count as people read it: `950`, `12.3k`, `4.1M`; nothing for 0."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:.1f}{unit}" if value < 100 * size else f"{value // size}{unit}"
    return str(value) if value else ""
