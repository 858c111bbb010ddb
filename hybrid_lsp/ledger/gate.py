"""The month's money, transaction by transaction: held, settled, charged when its owner died.

Rules:
1. What is spent is the sum of the month's rows, taken in the transaction that adds one. No counter can be wrong.
2. Every transaction that writes changes the one row of `gate` first; so no two of them ever see the same sum.
3. A hold whose lease is over is charged in full. An owner that was only slow corrects that to the truth.
4. Money is charged to the month in which it was held, whenever that ends.
5. Time does not run backwards here. The later of this machine's clock and the newest time that any window has written
   counts: the later month's money is taken, never an earlier month's a second time. Where the two are more than a day
   apart and in different months, one of the clocks is wrong; nobody knows which month's money it is, so paid calls rest
   until a person says that this machine's clock is right.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, tzinfo

from hybrid_lsp.core.budget import Month, month_of
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import from_nano, told
from hybrid_lsp.core.record import Basis, Origin, Record, Reservation, Status
from hybrid_lsp.ledger.database import Transaction, Value
from hybrid_lsp.ledger.rollup import COUNTED, SELECT_COUNTED, Changes, count_rows, counted
from hybrid_lsp.ledger.rows import COLUMNS, INSERT, charged_nano, text, values_of

log = logging.getLogger(__name__)

DAY_MS = 86_400_000

_TURN = (
    "UPDATE gate SET turn = turn + 1, newest_ms = CASE WHEN newest_ms < :now THEN :now ELSE newest_ms END"
    " WHERE id = 1 RETURNING newest_ms, blocked"
)
_HOLD = {
    "hold": ":hold", "state": "'held'", "month": ":month", "held_nano": ":nano", "amount_nano": ":nano",
    "until_ms": ":until", "job": ":job", "at_ms": ":at", "workspace": ":workspace", "task": ":task",
    "origin": f"'{Origin.CLOUD}'", "backend": ":backend", "model": ":model",
    "basis": f"'{Basis.ASSUMED}'", "status": f"'{Status.LOST}'",
}  # fmt: skip
"""What a hold will be if nobody ever settles it: a call that was lost, charged in full."""
_RESERVE = (
    f"INSERT INTO attempt ({', '.join(_HOLD)}) SELECT {', '.join(_HOLD.values())}"
    " WHERE (SELECT COALESCE(SUM(amount_nano), 0) FROM attempt WHERE month = :month) + :nano <= :limit"
    " ON CONFLICT (hold) WHERE hold IS NOT NULL DO NOTHING RETURNING hold"
)
_EXPIRED = "WHERE state = 'held' AND until_ms <= :at"
_SUMS = (
    "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'held' AND until_ms > :at THEN 0 ELSE amount_nano END), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(CASE WHEN state = 'held' AND until_ms > :at THEN amount_nano ELSE 0 END), 0) AS BIGINT)"
    " FROM attempt WHERE month = :month"
)
_CLAIM = (
    "INSERT INTO alert (month, percent, at_ms) VALUES (:month, :percent, :at)"
    " ON CONFLICT (month, percent) DO NOTHING RETURNING percent"
)
_SETTLED = tuple(name for name in COLUMNS if name != "at_ms")
_SETTLE = (
    f"UPDATE attempt SET state = 'settled', {', '.join(f'{name} = :{name}' for name in _SETTLED)} WHERE hold = :hold"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What time it is for the ledger, and whether paid calls may be made."""

    at_ms: int
    """The later of the clock and the newest time written."""
    shown_ms: int
    """The time for a view: as `at_ms`, but the clock where that is more than a day behind."""
    month: Month
    """The month that is charged."""
    note: str = ""
    """What is wrong with the clock, in one sentence; else empty."""
    blocked: str = ""
    """Why no paid call may be made, in one sentence; else empty."""


def standing(now_ms: int, newest_ms: int, blocked: str, zone: tzinfo) -> Standing:
    """Judge the clock; see rule 5."""
    at_ms = max(now_ms, newest_ms)
    month = month_at(at_ms, zone)
    if at_ms - now_ms <= DAY_MS:
        return Standing(at_ms=at_ms, shown_ms=at_ms, month=month, blocked=blocked)
    now, newest = (f"{datetime.fromtimestamp(ms / 1000, zone):%Y-%m-%d}" for ms in (now_ms, newest_ms))
    said = f"This machine's clock says {now}, but the ledger was written to on {newest}"
    if month.name == month_at(now_ms, zone).name:
        note = f"{said}; the later date counts. Set the clock, or run `hybrid-lsp spend --confirm` if it is right."
        return Standing(at_ms=at_ms, shown_ms=now_ms, month=month, note=note, blocked=blocked)
    note = f"{said}; cloud models rest. Set the clock, or run `hybrid-lsp spend --confirm` if it is right."
    return Standing(at_ms=at_ms, shown_ms=now_ms, month=month, note=note, blocked=blocked or note)


def month_at(at_ms: int, zone: tzinfo) -> Month:
    """Return the calendar month of a time."""
    return month_of(datetime.fromtimestamp(at_ms / 1000, zone))


def take_turn(t: Transaction, now_ms: int, zone: tzinfo) -> Standing:
    """Begin a transaction that writes: have the ledger to oneself until it ends."""
    newest_ms, blocked = t.ask(_TURN, {"now": now_ms})[0]
    return standing(now_ms, newest_ms, blocked, zone)


def look(t: Transaction, now_ms: int, zone: tzinfo) -> Standing:
    """Return the standing without taking a turn."""
    newest_ms, blocked = t.ask("SELECT newest_ms, blocked FROM gate WHERE id = 1")[0]
    return standing(now_ms, newest_ms, blocked, zone)


def has_expired(t: Transaction, at_ms: int) -> bool:
    """Say whether there is a hold whose lease is over and that is not charged yet. Needs no turn."""
    return bool(t.ask(f"SELECT 1 FROM attempt {_EXPIRED} LIMIT 1", {"at": at_ms}))


def charge_expired(t: Transaction, at_ms: int) -> None:
    """Charge the holds in full whose lease is over."""
    rows = [counted(row) for row in t.ask(f"{SELECT_COUNTED} {_EXPIRED}", {"at": at_ms})]
    if rows:
        t.ask(f"UPDATE attempt SET state = 'expired' {_EXPIRED}", {"at": at_ms})
        count_rows(t, rows)
        charged = from_nano(sum(int(row["amount_nano"] or 0) for row in rows))
        log.warning("calls that nobody settled: %d; the %s that was held for them is charged", len(rows), told(charged))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Money that somebody wants to hold."""

    hold: str
    job: str
    task: Task
    model: str
    backend: str
    workspace: str
    nano: int
    lease_ms: int


def reserve(t: Transaction, wanted: Wanted, now: Standing, limit_nano: int) -> Reservation | None:
    """Hold money if the month has it; None if it has not. Needs a turn."""
    until_ms = now.at_ms + wanted.lease_ms
    values: dict[str, Value] = {
        "hold": wanted.hold, "month": now.month.name, "nano": wanted.nano, "until": until_ms, "at": now.at_ms,
        "job": text(wanted.job), "task": str(wanted.task), "model": text(wanted.model),
        "backend": text(wanted.backend), "workspace": text(wanted.workspace), "limit": limit_nano,
    }  # fmt: skip
    # A commit whose answer was lost with the connection is tried again: then the hold is there already.
    if not t.ask(_RESERVE, values) and not t.ask("SELECT 1 FROM attempt WHERE hold = :hold", {"hold": wanted.hold}):
        return None
    return Reservation(
        id=wanted.hold, job=wanted.job, month=now.month.name, held_usd=from_nano(wanted.nano), until_ms=until_ms
    )


def month_nano(t: Transaction, now: Standing) -> tuple[int, int]:
    """Return what is settled and what is held in the month; a hold whose lease is over counts as settled."""
    settled, held = t.ask(_SUMS, {"month": now.month.name, "at": now.at_ms})[0]
    return int(settled), int(held)


def settle(t: Transaction, reservation: Reservation, record: Record) -> None:
    """Charge what a call really cost in the place of its hold; nothing the second time. Needs a turn."""
    found = t.ask(f"SELECT state, {', '.join(COUNTED)} FROM attempt WHERE hold = :hold", {"hold": reservation.id})
    values: dict[str, Value] = {
        **values_of(record),
        "hold": reservation.id,
        "amount_nano": _cost_nano(reservation, record),
    }
    if not found:
        # The ledger that held it was set aside since; the money is spent all the same.
        charge: dict[str, Value] = {
            "state": "settled",
            "month": reservation.month,
            "held_nano": 0,
            "until_ms": reservation.until_ms,
        }
        t.ask(INSERT, {**values, **charge})
        count_rows(t, [values])
        return
    state, *row = found[0]
    if state == "settled":
        return
    old = counted(tuple(row))
    values["at_ms"] = old["at_ms"]
    t.ask(_SETTLE, {name: values[name] for name in ("hold", *_SETTLED)})
    changes = Changes()
    if state == "expired":
        changes.take_out(old)
    changes.put_in(values)
    changes.save(t)


def _cost_nano(reservation: Reservation, record: Record) -> int:
    held = charged_nano(reservation.held_usd) or 0
    nano = charged_nano(record.cost_usd)
    if nano is None:
        log.error("job %s: what it cost is no amount of money; it is charged what was held for it", record.job)
        return held
    if nano > held:
        log.error(
            "job %s cost %s, more than the %s that were held for it; it is charged what it cost",
            record.job,
            told(from_nano(nano)),
            told(reservation.held_usd),
        )
    return nano


def claimed(t: Transaction, month: str) -> frozenset[int]:
    """Return the alerts that were said this month, in any window."""
    return frozenset(
        percent for (percent,) in t.ask("SELECT percent FROM alert WHERE month = :month", {"month": month})
    )


def claim(t: Transaction, now: Standing, month: str, due: tuple[int, ...]) -> list[int]:
    """Take alerts on oneself to say; return those that no other window has taken. Needs a turn."""
    return [each for each in due if t.ask(_CLAIM, {"month": month, "percent": each, "at": now.at_ms})]


def confirm(t: Transaction, now_ms: int, zone: tzinfo) -> None:
    """Let paid calls be made again: a person has looked, and this machine's clock is right. Needs a turn.

    What was charged to a later month, which only a wrong clock can have done, is charged to this one from now on.
    """
    t.ask("UPDATE gate SET blocked = '', newest_ms = :now WHERE id = 1", {"now": now_ms})
    month = month_at(now_ms, zone).name
    later: dict[str, Value] = {"month": month, "now": now_ms}
    changes = Changes()
    ended = [counted(row) for row in t.ask(f"{SELECT_COUNTED} WHERE month > :month AND state <> 'held'", later)]
    for row in ended:
        changes.take_out(row)
        changes.put_in({**row, "at_ms": now_ms})
    t.ask("UPDATE attempt SET until_ms = :now WHERE state = 'held' AND at_ms > :now", {"now": now_ms})
    t.ask("UPDATE attempt SET month = :month, at_ms = :now WHERE month > :month", later)
    changes.save(t)
