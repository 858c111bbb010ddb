"""Sums by the quarter of an hour, kept in the same transaction as the rows that they count.

Every time zone in use is a whole number of quarters from UTC, so every zone's days and months are unions of them. What
is counted: each attempt that has ended, once. A row that changes is taken out as it was and put in as it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Origin, Status
from hybrid_lsp.ledger.database import Row, Transaction, Value

QUARTER_MS = 900_000
KEY = ("starts_ms", "task", "origin", "model", "baseline")
SUMS = (
    "attempts", "cost_nano", "assumed_nano", "latency_ms", "timed", "input_tokens", "output_tokens", "cached_tokens",
    "accepted", "rejected", "baseline_nano", "compared", "uncompared",
)  # fmt: skip
COUNTED = (
    "at_ms", "task", "origin", "model", "baseline", "status", "basis", "amount_nano", "latency_ms", "input_tokens",
    "output_tokens", "cached_tokens", "accepted", "baseline_nano",
)  # fmt: skip
"""The columns of a row that its sums are made of."""
SELECT_COUNTED = f"SELECT {', '.join(COUNTED)} FROM attempt"

_ADD = (
    f"INSERT INTO quarter ({', '.join((*KEY, *SUMS))}) VALUES ({', '.join(f':{name}' for name in (*KEY, *SUMS))})"
    f" ON CONFLICT ({', '.join(KEY)})"
    f" DO UPDATE SET {', '.join(f'{name} = quarter.{name} + excluded.{name}' for name in SUMS)}"
)

Key = tuple[int, str, str, str, str]


def counted(row: Row) -> dict[str, Any]:
    """Return a row of `COUNTED` with its names."""
    return dict(zip(COUNTED, row, strict=True))


class Changes:
    """What a transaction adds to the sums."""

    def __init__(self) -> None:
        self._sums: defaultdict[Key, list[int]] = defaultdict(lambda: [0] * len(SUMS))

    def put_in(self, row: Mapping[str, Any]) -> None:
        """Count a row that has ended."""
        self._change(row, 1)

    def take_out(self, row: Mapping[str, Any]) -> None:
        """Count it no more."""
        self._change(row, -1)

    def save(self, t: Transaction) -> None:
        """Write what has gathered, in order of the keys, and begin anew."""
        rows: list[dict[str, Value]] = [
            dict(zip((*KEY, *SUMS), (*key, *sums), strict=True))
            for key, sums in sorted(self._sums.items())
            if any(sums)
        ]
        self._sums.clear()
        if rows:
            t.put(_ADD, rows)

    def _change(self, row: Mapping[str, Any], sign: int) -> None:
        key, sums = parts_of(row)
        total = self._sums[key]
        for place, part in enumerate(sums):
            total[place] += sign * part


def parts_of(row: Mapping[str, Any]) -> tuple[Key, tuple[int, ...]]:
    """Return where one row is counted, and with how much of each of `SUMS`."""
    is_answer = row["status"] == Status.DONE and row["task"] != Task.INLINE and row["origin"] != Origin.CACHE
    compared = is_answer and row["baseline_nano"] is not None and bool(row["baseline"])
    cost = row["amount_nano"]
    key = (
        row["at_ms"] // QUARTER_MS * QUARTER_MS,
        row["task"],
        row["origin"],
        row["model"],
        row["baseline"] if compared else "",
    )
    return key, (
        1,
        cost,
        cost if row["basis"] == Basis.ASSUMED else 0,
        row["latency_ms"] or 0,
        int(row["latency_ms"] is not None),
        row["input_tokens"] or 0,
        row["output_tokens"] or 0,
        row["cached_tokens"] or 0,
        int(row["accepted"] == 1),
        int(row["accepted"] == 0),
        row["baseline_nano"] if compared else 0,
        int(compared),
        int(is_answer and not compared),
    )


def count_rows(t: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Count rows that have ended."""
    changes = Changes()
    for row in rows:
        changes.put_in(row)
    changes.save(t)
