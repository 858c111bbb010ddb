"""Letting go of old rows, a few at a time, so that nobody waits for it.

Rules:
1. What a budget is made of stays: a hold that has not ended, and money charged to this month or a later one.
2. The sums by the quarter of an hour outlive the rows that they counted.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.ledger.database import Database, Transaction, Unavailable, Value, Values
from hybrid_lsp.ledger.gate import DAY_MS, month_at, take_turn

PRUNE_S = 30.0
_REST_S = 0.05
ROWS = 250
"""Deleted in one transaction: some milliseconds."""
SUMS_KEPT_DAYS = 800
"""Two years and the months around them; longer where the rows are kept longer."""

DELETE_SOME = (
    "DELETE FROM attempt WHERE number IN (SELECT number FROM attempt WHERE at_ms < :before AND state <> 'held'"
    f" AND (month IS NULL OR month < :month) ORDER BY at_ms LIMIT {ROWS}) RETURNING number"
)
_SUMS = (
    "DELETE FROM quarter WHERE starts_ms < :before AND starts_ms <="
    f" (SELECT MAX(starts_ms) FROM (SELECT starts_ms FROM quarter ORDER BY starts_ms LIMIT {ROWS}) AS oldest)"
    " RETURNING starts_ms"
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one round of letting go has done."""

    rows: int
    trouble: str = ""
    """Why it ended early, in one sentence; else empty."""


def prune(database: Database, *, now_ms: int, keep_days: int, zone: tzinfo, most_s: float = PRUNE_S) -> Deleted:
    """Delete what is older, then give its room back, for at most that long. The next round goes on from there."""
    deadline = time.monotonic() + most_s
    values: dict[str, Value] = {"before": now_ms - keep_days * DAY_MS, "month": month_at(now_ms, zone).name}
    sums: dict[str, Value] = {"before": now_ms - max(keep_days, SUMS_KEPT_DAYS) * DAY_MS}
    rows = 0
    try:
        for deleted in _steps(lambda: _delete(database, DELETE_SOME, values, now_ms, zone), deadline):
            rows += deleted
        for _ in _steps(lambda: _delete(database, _SUMS, sums, now_ms, zone), deadline):
            continue
        for _ in _steps(database.compact, deadline):
            continue
    except (Unavailable, Refused) as error:
        return Deleted(rows, str(error))
    return Deleted(rows)


def _steps(step: Callable[[], int], deadline: float) -> Iterator[int]:
    """Do one small thing after the other until nothing is left to do, and leave the ledger to others in between."""
    while (begun := time.monotonic()) < deadline and (done := step()):
        yield done
        time.sleep(min(_REST_S, time.monotonic() - begun))


def _delete(database: Database, sql: str, values: Values, now_ms: int, zone: tzinfo) -> int:
    def some(t: Transaction) -> int:
        take_turn(t, now_ms, zone)
        return len(t.ask(sql, values))

    return database.write(some)
