"""What can be told from the rows: the month, the last days, who holds what, what was saved.

The month's money comes from the rows that were charged to it; the rest from the quarters of an hour (`rollup`), so that
it takes as long after years as after a day.
"""

import logging
from datetime import UTC, date, datetime, timedelta, tzinfo

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import from_nano
from hybrid_lsp.core.record import Origin, Record
from hybrid_lsp.core.summary import DayTotal, GroupTotal, Hold, Savings, Summary
from hybrid_lsp.ledger.database import Transaction, Value
from hybrid_lsp.ledger.gate import DAY_MS, Standing, month_nano
from hybrid_lsp.ledger.rollup import QUARTER_MS, SUMS
from hybrid_lsp.ledger.rows import SELECT, record_of

log = logging.getLogger(__name__)

_EPOCH = date(1970, 1, 1)
_TOTALS = ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in SUMS)
_DAYS = (
    "SELECT (starts_ms + :offset) / 86400000, origin, CAST(SUM(attempts) AS BIGINT), CAST(SUM(cost_nano) AS BIGINT),"
    " CAST(SUM(latency_ms) AS BIGINT), CAST(SUM(timed) AS BIGINT)"
    " FROM quarter WHERE starts_ms >= :from AND starts_ms < :until GROUP BY 1, 2"
)
_GROUPS = (
    f"SELECT task, origin, model, baseline, {_TOTALS} FROM quarter"
    " WHERE starts_ms >= :from AND starts_ms < :until GROUP BY task, origin, model, baseline"
)
_HOLDS = "SELECT job, model, held_nano, at_ms, until_ms FROM attempt WHERE state = 'held' AND until_ms > :at"
"""Sorted afterwards: an ORDER BY has SQLite walk all rows in that order in search of the few."""
_SPENT = (
    "SELECT CAST(COALESCE(SUM(amount_nano), 0) AS BIGINT) FROM attempt AS paid"
    " WHERE month = :month AND state <> 'held' AND (SELECT COUNT(*) FROM attempt AS answer"
    " WHERE answer.job = paid.job AND answer.status = 'done' AND answer.task <> 'inline'"
    " AND answer.origin <> 'cache' AND (answer.baseline_nano IS NULL OR answer.baseline = '')) = 0"
)
"""Counted, not NOT EXISTS: of that, PostgreSQL makes a join with every answer that there ever was."""
_RECENT = (
    f"{SELECT} WHERE task <> 'inline' AND at_ms >= :since AND state <> 'held'"
    " ORDER BY at_ms DESC, number DESC LIMIT :most"
)


def budget(t: Transaction, now: Standing, limit_nano: int) -> Budget:
    """Return the month's money."""
    settled, held = month_nano(t, now)
    return Budget(
        month=now.month.name,
        limit_usd=from_nano(limit_nano),
        settled_usd=from_nano(settled),
        held_usd=from_nano(held),
        blocked=now.blocked,
    )


def summary(t: Transaction, now: Standing, limit_nano: int, days: int, zone: tzinfo) -> Summary:
    """Return the month and the last days, today among them, in the configured time zone."""
    found = _month_rows(t, now)
    groups = _groups(found)
    return Summary(
        budget=budget(t, now, limit_nano),
        days=_days(t, now.shown_ms, days, zone),
        groups=groups,
        holds=_holds(t, now),
        savings=_savings(t, now, found),
        cache_hits=sum(
            group.attempts for group in groups if group.origin is Origin.CACHE and group.task is not Task.INLINE
        ),
        assumed_usd=sum((group.assumed_usd for group in groups), from_nano(0)),
    )


def nothing(budget: Budget) -> Summary:
    """Return what is told while the rows cannot be read."""
    zero = from_nano(0)
    savings = Savings(baseline="", baseline_usd=zero, spent_usd=zero, compared=0, uncompared=0)
    return Summary(budget=budget, days=(), groups=(), holds=(), savings=savings, cache_hits=0)


def recent(t: Transaction, since_ms: int, most: int) -> tuple[Record, ...]:
    """Return the attempts at asked-for jobs, the newest first; rows that this version cannot read are left out."""
    records, unread = [], 0
    for row in t.ask(_RECENT, {"since": since_ms, "most": most}):
        try:
            records.append(record_of(row))
        except ValueError:
            unread += 1
    if unread:
        log.warning("%d rows of the ledger are of another version and are left out", unread)
    return tuple(records)


def _days(t: Transaction, at_ms: int, days: int, zone: tzinfo) -> tuple[DayTotal, ...]:
    today = datetime.fromtimestamp(at_ms / 1000, zone).date()
    sums: dict[tuple[date, str], list[int]] = {}
    for from_ms, until_ms, offset_ms in stretches(today - timedelta(days=days - 1), today, zone):
        window: dict[str, Value] = {"from": from_ms, "until": until_ms, "offset": offset_ms}
        for number, origin, *parts in t.ask(_DAYS, window):
            total = sums.setdefault((_EPOCH + timedelta(days=int(number)), origin), [0, 0, 0, 0])
            for place, part in enumerate(parts):
                total[place] += int(part)
    order = sorted(sums.items(), key=lambda item: (-item[0][0].toordinal(), item[0][1]))
    return tuple(_day(day, origin, *total) for (day, origin), total in order if total[0])


def _day(day: date, origin: str, attempts: int, nano: int, latency_ms: int, timed: int) -> DayTotal:
    return DayTotal(
        day=day.isoformat(),
        origin=Origin(origin),
        attempts=attempts,
        cost_usd=from_nano(nano),
        mean_latency_ms=latency_ms / timed if timed else None,
    )


def stretches(first: date, last: date, zone: tzinfo) -> list[tuple[int, int, int]]:
    """Cut whole local days into stretches of one offset from UTC: begin, end and offset, all in milliseconds."""
    begin, end = _midnight_ms(first, zone), _midnight_ms(last + timedelta(days=1), zone)
    cuts: list[tuple[int, int, int]] = []
    at = begin
    while at < end:
        offset = _offset_ms(at, zone)
        until = min(at + DAY_MS, end)
        if _offset_ms(until - 1, zone) != offset:
            # The clocks change within these 24 hours: find the quarter.
            until = at + QUARTER_MS
            while _offset_ms(until, zone) == offset:
                until += QUARTER_MS
        if cuts and cuts[-1][2] == offset:
            cuts[-1] = (cuts[-1][0], until, offset)
        else:
            cuts.append((at, until, offset))
        at = until
    return cuts


def _midnight_ms(day: date, zone: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _offset_ms(at_ms: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).utcoffset() or timedelta(0)
    return int(offset.total_seconds() * 1000)


_MonthRow = tuple[str, str, str, str, dict[str, int]]


def _month_rows(t: Transaction, now: Standing) -> list[_MonthRow]:
    window: dict[str, Value] = {"from": now.month.starts_ms, "until": now.month.ends_ms}
    rows = t.ask(_GROUPS, window)
    return [
        (task, origin, model, baseline, dict(zip(SUMS, map(int, totals), strict=True)))
        for task, origin, model, baseline, *totals in rows
    ]


def _groups(rows: list[_MonthRow]) -> tuple[GroupTotal, ...]:
    sums: dict[tuple[str, str, str], dict[str, int]] = {}
    for task, origin, model, _, found in rows:
        total = sums.setdefault((task, origin, model), dict.fromkeys(SUMS, 0))
        for name in SUMS:
            total[name] += found[name]
    groups = [_group(*key, total) for key, total in sums.items() if total["attempts"]]
    return tuple(sorted(groups, key=lambda group: (-group.cost_usd, -group.attempts, group.task, group.model)))


def _group(task: str, origin: str, model: str, total: dict[str, int]) -> GroupTotal:
    return GroupTotal(
        task=Task(task),
        origin=Origin(origin),
        model=model,
        attempts=total["attempts"],
        input_tokens=total["input_tokens"],
        output_tokens=total["output_tokens"],
        cached_tokens=total["cached_tokens"],
        cost_usd=from_nano(total["cost_nano"]),
        assumed_usd=from_nano(total["assumed_nano"]),
        accepted=total["accepted"],
        rejected=total["rejected"],
    )


def _holds(t: Transaction, now: Standing) -> tuple[Hold, ...]:
    holds = [
        Hold(job=job, model=model, held_usd=from_nano(int(nano)), since_ms=since, until_ms=until)
        for job, model, nano, since, until in t.ask(_HOLDS, {"at": now.at_ms})
    ]
    return tuple(sorted(holds, key=lambda hold: (hold.since_ms, hold.until_ms, hold.job)))


def _savings(t: Transaction, now: Standing, rows: list[_MonthRow]) -> Savings:
    compared: dict[str, int] = {}
    for _, _, _, baseline, total in rows:
        if total["compared"]:
            compared[baseline] = compared.get(baseline, 0) + total["compared"]
    spent = int(t.ask(_SPENT, {"month": now.month.name})[0][0])
    return Savings(
        baseline=", ".join(sorted(compared, key=lambda name: (-compared[name], name))),
        baseline_usd=from_nano(sum(total["baseline_nano"] for *_, total in rows)),
        spent_usd=from_nano(spent),
        compared=sum(compared.values()),
        uncompared=sum(total["uncompared"] for *_, total in rows),
    )
