"""What the ledger costs: `python benchmarks/ledger.py [--rows 10000 1000000 10000000] [--postgres URL] [--json]`.

Three things, each beside a baseline in the same run:

* a reservation and its settlement, with 1 and 8 windows; beside check-then-add, which reads the sum in one transaction
  and adds its row in another, as most budgets do. `over` is how far the month ended above its limit.
* the month's budget and the 30-day summary at several sizes; beside the same numbers summed from the raw rows.
* one `record` on the way of typing.

The rows are a year of use: one in 50 was asked for, one in 166 was paid. They are made in a folder that goes again
(`--folder` says where; 10 million rows take about 4 GB and some minutes). At the server that `--postgres` names, the
schema `hybrid_lsp` is dropped and made anew: name one that is for this.
It reports and asserts nothing.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Origin, Record, Reservation
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.ledger.database import Database, Values
from hybrid_lsp.ledger.prune import DELETE_SOME

NOW_MS = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
YEAR_MS = 365 * 86_400_000
CALLS = 400
WINDOWS = 8
BATCH = 1_000_000
HOLD = Decimal("0.001")

INDEXES = {
    "attempt_asked": "CREATE INDEX attempt_asked ON attempt (at_ms) WHERE task <> 'inline'",
    "attempt_uncompared": (
        "CREATE INDEX attempt_uncompared ON attempt (job) WHERE status = 'done' AND task <> 'inline'"
        " AND origin <> 'cache' AND (baseline_nano IS NULL OR baseline = '')"
    ),
    "attempt_time": "CREATE INDEX attempt_time ON attempt (at_ms)",
    "attempt_job": "CREATE INDEX attempt_job ON attempt (job)",
    "attempt_paid": (
        "CREATE INDEX attempt_paid ON attempt (month, state, until_ms, amount_nano) WHERE month IS NOT NULL"
    ),
}
ROWS = """
INSERT INTO attempt (state, month, held_nano, amount_nano, job, at_ms, workspace, task, origin, backend, model,
  input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, basis, status, latency_ms,
  reasons, language, reach, size_band, baseline, baseline_nano)
WITH RECURSIVE n(i) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last)
SELECT 'settled', CASE WHEN i % 166 = 0 THEN {month} END, 0, CASE WHEN i % 166 = 0 THEN 3000000 ELSE 0 END,
  'job-' || CAST(i AS TEXT), :begin + i * :span / :count, 'shop',
  CASE WHEN i % 50 > 0 AND i % 166 > 0 THEN 'inline'
    WHEN i % 3 = 0 THEN 'fix' WHEN i % 3 = 1 THEN 'explain' ELSE 'review' END,
  CASE WHEN i % 166 = 0 THEN 'cloud' WHEN i % 50 = 0 AND i % 7 = 0 THEN 'cache'
    WHEN i % 4 = 0 THEN 'embedded' ELSE 'local' END,
  'ollama', CASE WHEN i % 166 = 0 THEN 'claude-sonnet' ELSE 'qwen2.5-coder' END,
  900 + i % 100, 20 + i % 30, 800, 0, 0, CASE WHEN i % 166 = 0 THEN 'reported' ELSE 'free' END, 'done', 80 + i % 200,
  '[]', 'python', 'file', '10-50', CASE WHEN i % 50 = 0 OR i % 166 = 0 THEN 'claude-opus' ELSE '' END,
  CASE WHEN i % 50 = 0 OR i % 166 = 0 THEN 5000000 END
FROM n
"""
MONTH = {
    "sqlite": "strftime('%Y-%m', (:begin + i * :span / :count) / 1000, 'unixepoch')",
    "postgres": "to_char(to_timestamp((:begin + i * :span / :count) / 1000) AT TIME ZONE 'UTC', 'YYYY-MM')",
}
QUARTERS = """
INSERT INTO quarter (starts_ms, task, origin, model, baseline, attempts, cost_nano, assumed_nano, latency_ms, timed,
  input_tokens, output_tokens, cached_tokens, accepted, rejected, baseline_nano, compared, uncompared)
SELECT at_ms / 900000 * 900000, task, origin, model, CASE WHEN origin = 'cache' THEN '' ELSE baseline END,
  COUNT(*), SUM(amount_nano), 0, SUM(latency_ms), COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(cached_tokens),
  0, 0, COALESCE(SUM(CASE WHEN origin = 'cache' THEN 0 ELSE baseline_nano END), 0),
  SUM(CASE WHEN baseline = '' OR origin = 'cache' THEN 0 ELSE 1 END), 0
FROM attempt GROUP BY 1, 2, 3, 4, 5
"""
RAW_MONTH = "SELECT SUM(amount_nano) FROM attempt WHERE at_ms >= :month AND state <> 'held'"
RAW_DAYS = (
    "SELECT at_ms / 86400000, origin, COUNT(*), SUM(amount_nano), AVG(latency_ms) FROM attempt"
    " WHERE at_ms >= :days GROUP BY 1, 2"
)
RAW_GROUPS = (
    "SELECT task, origin, model, COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(amount_nano) FROM attempt"
    " WHERE at_ms >= :month GROUP BY 1, 2, 3"
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def opened(place: str, limit: Decimal = Decimal(10**6)) -> Ledger:
    return Ledger.open(place, clock_ms=lambda: NOW_MS, zone=UTC, limit_usd=limit)


def record(job: str, cost: Decimal = Decimal(0)) -> Record:
    return Record(
        job=job, at_ms=NOW_MS, workspace="shop", task=Task.FIX if cost else Task.INLINE,
        origin=Origin.CLOUD if cost else Origin.LOCAL, backend="ollama", model="qwen2.5-coder", cost_usd=cost,
        basis=Basis.REPORTED if cost else Basis.FREE, latency_ms=120, language="python",
    )  # fmt: skip


def quantiles(times_s: list[float]) -> dict[str, float]:
    ordered = sorted(times_s)
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1e3, 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1e3, 3),
    }


def safely(ledger: Ledger) -> bool:
    """Reserve and settle as the assistant does."""
    held = ledger.reserve(job="job", model="m", worst_usd=HOLD)
    if isinstance(held, Reservation):
        ledger.settle(held, record("job", HOLD))
        return True
    return False


def check_then_add(ledger: Ledger) -> bool:
    """Read the sum, and add a row if it fits: the baseline."""
    database: Database = ledger._money
    limit = int(ledger.budget().limit_usd * 10**9)
    month: Values = {"month": "2026-11"}
    (spent,) = database.read(
        lambda t: t.ask("SELECT COALESCE(SUM(amount_nano), 0) FROM attempt WHERE month = :month", month)
    )[0]
    if int(spent) + 1_000_000 > limit:
        return False
    row = "'settled', :month, 1000000, 'job', 0, '', 'fix', 'cloud', '', 'm', 'reported', 'done'"
    names = "state, month, amount_nano, job, at_ms, workspace, task, origin, backend, model, basis, status"
    database.write(lambda t: t.ask(f"INSERT INTO attempt ({names}) VALUES ({row})", month))
    return True


WAYS: dict[str, Callable[[Ledger], bool]] = {"ledger": safely, "check-then-add": check_then_add}


def worker(place: str, way: str, limit: str, calls: int) -> None:
    ledger = opened(place, Decimal(limit))
    safely(ledger)
    print("ready", flush=True)
    sys.stdin.readline()
    times = []
    for _ in range(calls):
        begun = time.perf_counter()
        WAYS[way](ledger)
        times.append(time.perf_counter() - begun)
    ledger.close()
    print(json.dumps(times))


def windows(place: str, way: str, count: int, calls: int) -> dict[str, Any]:
    """Have some windows call at once, with money for half of the calls."""
    limit = HOLD * (count + count * calls // 2)
    command = [sys.executable, __file__, "--worker", place, way, str(limit), str(calls)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    for window in started:
        assert window.stdout is not None
        window.stdout.readline()
    begun = time.perf_counter()
    for window in started:
        assert window.stdin is not None
        window.stdin.write("go\n")
        window.stdin.flush()
    times = [one for window in started for one in json.loads(window.communicate(timeout=300)[0])]
    took = time.perf_counter() - begun
    ledger = opened(place, limit)
    budget = ledger.budget()
    ledger.close()
    over = max(Decimal(0), budget.settled_usd + budget.held_usd - limit)
    return {**quantiles(times), "calls_per_s": round(len(times) / took), "over": f"{over / limit:.1%}"}


def clear(place: str) -> None:
    """Have no ledger at a place."""
    if place.startswith("postgres"):
        import psycopg

        with psycopg.connect(place, autocommit=True, options="-c client_min_messages=warning") as connection:
            connection.execute("DROP SCHEMA IF EXISTS hybrid_lsp CASCADE")
        return
    for path in Path(place).parent.glob("ledger.sqlite3*"):
        path.unlink()


def fill(ledger: Ledger, kind: str, count: int) -> None:
    """Make a year of rows, and their sums."""
    database = ledger._rows
    if kind == "postgres":
        database.write(lambda t: t.ask("SET statement_timeout TO 0"))
    for name in INDEXES:
        database.write(lambda t, name=name: t.ask(f"DROP INDEX {name}"))  # type: ignore[misc]
    sql = ROWS.replace("{month}", MONTH[kind])
    if kind == "postgres":
        sql = sql.replace("%", "%%")
    for first in range(0, count, BATCH):
        values: Values = {
            "first": first, "last": min(first + BATCH, count) - 1, "count": count,
            "begin": NOW_MS - YEAR_MS, "span": YEAR_MS,
        }  # fmt: skip
        database.write(lambda t, values=values: t.ask(sql, values))  # type: ignore[misc]
        say(f"  {min(first + BATCH, count):,} rows")
    for index in INDEXES.values():
        database.write(lambda t, index=index: t.ask(index))  # type: ignore[misc]
    database.write(lambda t: t.ask(QUARTERS))
    database.write(lambda t: t.ask("ANALYZE"))
    say("  indexed and summed")


def timed(work: Callable[[], object], times: int) -> float:
    """Return the median of some calls, in milliseconds, after one that does not count."""
    taken = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return round(statistics.median(taken[1:]) * 1e3, 2)


def prune_step(ledger: Ledger) -> None:
    """Delete as many old rows as go in one transaction: so long others wait at most."""
    oldest: Values = {"before": NOW_MS - 300 * 86_400_000, "month": "2026-11"}
    ledger._rows.write(lambda t: t.ask(DELETE_SOME, oldest))


def size(ledger: Ledger, count: int) -> dict[str, Any]:
    """Measure the views of a ledger of one size."""
    month: Values = {"month": int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)}
    days: Values = {"days": NOW_MS - 30 * 86_400_000}
    read = ledger._views.read
    return {
        "rows": count,
        "budget_ms": timed(ledger.budget, 20),
        "raw_month_ms": timed(lambda: read(lambda t: t.ask(RAW_MONTH, month)), 3),
        "summary_30_days_ms": timed(lambda: ledger.summary(30), 10),
        "raw_30_days_and_groups_ms": timed(
            lambda: read(lambda t: (t.ask(RAW_DAYS, days), t.ask(RAW_GROUPS, month))), 3
        ),
        "reserve_and_settle_ms": timed(lambda: safely(ledger), 50),
        "prune_step_ms": timed(lambda: prune_step(ledger), 20),
        "recent_5000_ms": timed(lambda: ledger.recent(since_ms=0), 3),
    }


def sizes(place: str, kind: str, counts: list[int]) -> list[dict[str, Any]]:
    found = []
    for count in counts:
        say(f"{kind}: {count:,} rows")
        clear(place)
        ledger = Ledger.open(place, clock_ms=lambda: NOW_MS, zone=UTC, limit_usd=Decimal(10**6), wait_s=300.0)
        fill(ledger, kind, count)
        found.append(size(ledger, count))
        say(f"  {found[-1]}")
        ledger.close()
    clear(place)
    return found


def record_cost(place: str) -> dict[str, float]:
    """Return what one `record` costs the one who calls it, with the thread behind it at work."""
    clear(place)
    ledger = opened(place)
    row = record("job")
    times = []
    for _ in range(5000):
        begun = time.perf_counter()
        ledger.record(row)
        times.append(time.perf_counter() - begun)
        time.sleep(0.0001)
    ledger.close()
    clear(place)
    return {name.replace("_ms", "_us"): round(value * 1e3, 1) for name, value in quantiles(times).items()}


def measure(place: str, kind: str, counts: list[int]) -> dict[str, Any]:
    calls = []
    for count in (1, WINDOWS):
        for way in WAYS:
            clear(place)
            calls.append({"windows": count, "way": way, **windows(place, way, count, CALLS)})
            say(f"{kind}: {calls[-1]}")
    cost = record_cost(place)
    say(f"{kind}: one record {cost}")
    return {"reserve_and_settle": calls, "record": cost, "views": sizes(place, kind, counts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 1_000_000], help="sizes of the ledger")
    parser.add_argument(
        "--postgres", metavar="URL", default="", help="a server that is for this; its ledger is dropped"
    )
    parser.add_argument(
        "--folder", type=Path, help="where the SQLite file lies (default: the folder for temporary files)"
    )
    parser.add_argument("--only", choices=("sqlite", "postgres"), help="one of the two")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        place, way, limit, calls = arguments.worker
        worker(place, way, limit, int(calls))
        return
    found: dict[str, Any] = {}
    if arguments.only != "postgres":
        folder = Path(tempfile.mkdtemp(prefix="hybrid-lsp-ledger-", dir=arguments.folder))
        try:
            found["sqlite"] = measure(str(folder / "ledger.sqlite3"), "sqlite", arguments.rows)
        finally:
            shutil.rmtree(folder)
    if arguments.postgres:
        found["postgres"] = measure(arguments.postgres, "postgres", arguments.rows)
    elif arguments.only != "sqlite":
        say("PostgreSQL is left out; name a server with --postgres URL.")
    print(json.dumps(found, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
