"""ledger: any sequence of what windows do, beside a plain model of it, with a clock that moves both ways."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Denied, Origin, Reservation, Status
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.ledger.rollup import KEY, SELECT_COUNTED, SUMS, counted, parts_of
from tests.ledger.cluster import Cluster
from tests.ledger.opened import DAY, HOUR, Clock, record_for, written

ZONE = ZoneInfo("Asia/Kathmandu")
LIMIT = 1000
LEASE_MS = 600_000
CENTS = st.integers(1, 400)
JOBS = st.sampled_from(["a", "b", "c"])


def usd(cents: int) -> Decimal:
    """Return so many hundredths of a cent."""
    return Decimal(cents) / 10_000


def month(ms: int) -> str:
    """Return the month of a time."""
    return f"{datetime.fromtimestamp(ms / 1000, ZONE):%Y-%m}"


class Windows(RuleBasedStateMachine):
    """Two windows of one ledger, and what has to be true of it."""

    place: Callable[[], str | Path]

    @initialize()
    def begin(self) -> None:
        """Open both on a fresh ledger, shortly before a month ends."""
        self.clock = Clock("2026-11-30 17:50")
        place = type(self).place()
        self.windows = [
            Ledger.open(place, clock_ms=self.clock, zone=ZONE, limit_usd=usd(LIMIT), lease_s=LEASE_MS / 1000)
            for _ in range(2)
        ]
        self.newest = 0
        self.rows: dict[str, dict[str, Any]] = {}
        self.held: list[Reservation] = []
        self.gone: Counter[tuple[Any, ...]] = Counter()

    def teardown(self) -> None:
        """Close both."""
        for window in getattr(self, "windows", ()):
            window.close()

    @property
    def now(self) -> int:
        """The ledger's time."""
        return max(self.newest, self.clock.now_ms)

    @property
    def wrong(self) -> bool:
        """Whether paid calls rest because of the clock."""
        return self.now - self.clock.now_ms > DAY and month(self.now) != month(self.clock.now_ms)

    def turn(self) -> None:
        """Somebody writes."""
        self.newest = self.now

    def spent(self) -> int:
        """What counts against the month."""
        return sum(row["amount"] for row in self.rows.values() if row["month"] == month(self.now))

    @rule(window=st.integers(0, 1), cents=CENTS, job=JOBS)
    def reserve(self, window: int, cents: int, job: str) -> None:
        """Granted exactly when the month has it and the clock can be believed."""
        self.turn()
        fits = not self.wrong and self.spent() + cents <= LIMIT
        for row in self.rows.values():
            if row["state"] == "held" and row["until"] <= self.now:
                row["state"] = "expired"
        answer = self.windows[window].reserve(job=job, model="m-1", worst_usd=usd(cents))
        assert isinstance(answer, Reservation if fits else Denied), answer
        if isinstance(answer, Reservation):
            assert answer.month == month(self.now)
            until = self.now + LEASE_MS
            self.rows[answer.id] = {"state": "held", "month": answer.month, "amount": cents, "until": until}
            self.held.append(answer)

    @precondition(lambda self: self.held)
    @rule(window=st.integers(0, 1), data=st.data(), part=st.sampled_from([0, 0.5, 1]), priced=st.booleans())
    def settle(self, window: int, data: st.DataObject, part: float, priced: bool) -> None:
        """In time, late or twice, by the owner or another window."""
        held = data.draw(st.sampled_from(self.held))
        self.turn()
        row = self.rows[held.id]
        cents = int(held.held_usd * 10_000 * Decimal(part))
        record = record_for(
            held.job, self.clock, origin=Origin.CLOUD, cost_usd=usd(cents), basis=Basis.REPORTED, latency_ms=cents,
            baseline="big" if priced else "", baseline_usd=usd(300) if priced else None,
        )  # fmt: skip
        self.windows[window].settle(held, record)
        if row["state"] != "settled":
            row |= {"state": "settled", "amount": cents}

    @rule(
        window=st.integers(0, 1), job=JOBS, task=st.sampled_from(Task), status=st.sampled_from(Status),
        origin=st.sampled_from([Origin.LOCAL, Origin.EMBEDDED, Origin.CACHE]), latency=st.none() | st.integers(0, 99),
    )  # fmt: skip
    def record(self, window: int, **changes: Any) -> None:
        """Write a free attempt down."""
        latency = changes.pop("latency")
        self.windows[window].record(record_for(changes.pop("job"), self.clock, latency_ms=latency, **changes))
        written(self.windows[window])
        self.turn()

    @rule(window=st.integers(0, 1), job=JOBS, accepted=st.none() | st.booleans(), survived=st.none() | st.booleans())
    def mark(self, window: int, job: str, accepted: bool | None, survived: bool | None) -> None:
        """Say what became of a job."""
        self.windows[window].mark(job, accepted=accepted, survived=survived)
        written(self.windows[window])
        self.turn()

    @rule(ms=st.sampled_from([1, 60_000, LEASE_MS, 7 * HOUR, 3 * DAY, 35 * DAY, -HOUR, -30 * HOUR, -20 * DAY]))
    def tick(self, ms: int) -> None:
        """Time goes on, or somebody sets the clock."""
        self.clock.now_ms += ms

    @rule(window=st.integers(0, 1), days=st.sampled_from([1, 10, 40]))
    def prune(self, window: int, days: int) -> None:
        """Let go of old rows; what they were counted as has to stay."""
        before = self.raw()
        self.windows[window].prune(keep_days=days)
        self.turn()
        self.gone += before - self.raw()

    @rule(window=st.integers(0, 1))
    def confirm(self, window: int) -> None:
        """A person says that the clock is right."""
        self.turn()
        self.windows[window].confirm()
        now = self.newest = self.clock.now_ms
        for row in self.rows.values():
            if row["month"] > month(now):
                row["month"] = month(now)
            if row["state"] == "held" and row["until"] - LEASE_MS > now:
                row["until"] = now

    def raw(self) -> Counter[tuple[Any, ...]]:
        """Return the rows that have ended, as they are counted."""
        read = self.windows[0]._views.read
        return Counter(map(tuple, read(lambda t: t.ask(f"{SELECT_COUNTED} WHERE state <> 'held'"))))

    @invariant()
    def the_view_is_the_sum(self) -> None:
        """Both windows see the model's money, and never more than the limit."""
        if not hasattr(self, "windows"):
            return
        mine = [row for row in self.rows.values() if row["month"] == month(self.now)]
        held = sum(row["amount"] for row in mine if row["state"] == "held" and row["until"] > self.now)
        settled = sum(row["amount"] for row in mine) - held
        for window in self.windows:
            budget = window.budget()
            assert (budget.settled_usd, budget.held_usd) == (usd(settled), usd(held))
            assert bool(budget.blocked) == self.wrong

    @invariant()
    def the_quarters_are_the_sums_of_the_rows(self) -> None:
        """Whatever changed, what is kept by the quarter of an hour is what the rows add up to."""
        if not hasattr(self, "windows"):
            return
        sums: dict[tuple[Any, ...], list[int]] = {}
        for row, times in (self.raw() + self.gone).items():
            key, parts = parts_of(counted(row))
            total = sums.setdefault(key, [0] * len(SUMS))
            for place, part in enumerate(parts):
                total[place] += part * times
        kept = self.windows[1]._views.read(lambda t: t.ask(f"SELECT {', '.join((*KEY, *SUMS))} FROM quarter"))
        assert {row[:5]: list(row[5:]) for row in kept if any(row[5:])} == sums
        assert all(number >= 0 for row in kept for number in row[5:])


def run(place: Callable[[], str | Path], examples: int) -> None:
    """Let hypothesis look for a sequence that breaks it."""
    machine = type("Machine", (Windows,), {"place": staticmethod(place)})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_any_sequence_on_sqlite() -> None:
    """Money is where the model says, and the sums are the rows', after every step."""
    folder = Path(tempfile.mkdtemp(prefix="hl-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    numbers = iter(range(10**6))
    try:
        run(lambda: folder / f"{next(numbers)}.sqlite3", 30)
    finally:
        shutil.rmtree(folder)


@pytest.mark.timeout(120)
def test_any_sequence_on_postgresql(cluster: Cluster) -> None:
    """The same text, the same truth."""

    def place() -> str:
        with psycopg.connect(cluster.url, autocommit=True, options="-c client_min_messages=warning") as connection:
            connection.execute("DROP SCHEMA IF EXISTS hybrid_lsp CASCADE")
        return cluster.url

    run(place, 8)
