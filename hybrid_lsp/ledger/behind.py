"""What is written after the answer: rows that cost nothing, what became of them, and settlements that had to wait."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from hybrid_lsp.core.record import Record, Reservation
from hybrid_lsp.ledger import gate
from hybrid_lsp.ledger.database import Transaction, Value
from hybrid_lsp.ledger.gate import Standing
from hybrid_lsp.ledger.rollup import COUNTED, Changes, counted
from hybrid_lsp.ledger.rows import INSERT, UNPAID, text, values_of

log = logging.getLogger(__name__)

_MARKED = (
    f"SELECT number, survived, {', '.join(COUNTED)} FROM attempt"
    " WHERE job = :job AND status = :status AND state = 'settled' ORDER BY number DESC"
)
_MARK = "UPDATE attempt SET accepted = :accepted, survived = :survived WHERE number = :number"


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a job's answer; None: nothing new."""

    job: str
    accepted: bool | None
    survived: bool | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement that could not be written when it was made."""

    reservation: Reservation
    record: Record


Item = Record | Mark | Settlement


def write(t: Transaction, items: Sequence[Item], now_ms: int, zone: tzinfo) -> None:
    """Write items in their order."""
    now = gate.take_turn(t, now_ms, zone)
    rows: list[dict[str, Value]] = []
    for item in items:
        if isinstance(item, Record):
            rows.append(_row(item, now))
            continue
        _insert(t, rows)
        if isinstance(item, Mark):
            _mark(t, item)
        else:
            gate.settle(t, item.reservation, item.record)
    _insert(t, rows)


def _row(record: Record, now: Standing) -> dict[str, Value]:
    values = {**UNPAID, **values_of(record)}
    if values["amount_nano"]:
        log.error("job %s: what it cost was not held before; it is charged to the month all the same", record.job)
        values["month"] = now.month.name
    return values


def _insert(t: Transaction, rows: list[dict[str, Value]]) -> None:
    if not rows:
        return
    t.put(INSERT, rows)
    changes = Changes()
    for row in rows:
        changes.put_in(row)
    changes.save(t)
    rows.clear()


def _marked(t: Transaction, job: str) -> Sequence[tuple[Value, ...]]:
    """The rows of a job's answers; where no check let one through, that of the last one, which its person looked at."""
    return t.ask(_MARKED, {"job": job, "status": "done"}) or t.ask(_MARKED, {"job": job, "status": "unfit"})[:1]


def _mark(t: Transaction, mark: Mark) -> None:
    changes = Changes()
    for number, survived, *columns in _marked(t, text(mark.job)):
        old = counted(tuple(columns))
        new = {
            "accepted": old["accepted"] if mark.accepted is None else int(mark.accepted),
            "survived": survived if mark.survived is None else int(mark.survived),
        }
        t.ask(_MARK, {**new, "number": number})
        changes.take_out(old)
        changes.put_in({**old, **new})
    changes.save(t)
