"""What the ledger's tests are made of: a clock to move, windows to open, records to write."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Denied, Origin, Record, Reservation
from hybrid_lsp.ledger import Ledger

SECOND = 1000
HOUR = 3_600_000
DAY = 24 * HOUR
WAIT_S = 20.0


def at(text: str) -> int:
    """Return a time in UTC, as `2026-11-23 12:00`, in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, text: str = "2026-11-23 12:00") -> None:
        self.now_ms = at(text)

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ms


def record_for(job: str, clock: Clock, cost: str = "0", **changes: Any) -> Record:
    """Return the record of a plain attempt; a paid one where it has a cost."""
    paid = Decimal(cost) > 0
    values: dict[str, Any] = {
        "job": job, "at_ms": clock.now_ms, "workspace": "shop", "task": Task.FIX,
        "origin": Origin.CLOUD if paid else Origin.LOCAL, "backend": "openai", "model": "m-1",
        "cost_usd": Decimal(cost), "basis": Basis.REPORTED if paid else Basis.FREE,
    }  # fmt: skip
    return Record(**{**values, **changes})


class Opened:
    """Some windows at one place, with one clock."""

    def __init__(self, place: str | Path) -> None:
        self.place = place
        self.clock = Clock()
        self._windows: list[Ledger] = []

    def window(self, limit: str = "10", zone: tzinfo = UTC, **changes: Any) -> Ledger:
        """Open one more."""
        ledger = Ledger.open(self.place, clock_ms=self.clock, zone=zone, limit_usd=Decimal(limit), **changes)
        self._windows.append(ledger)
        return ledger

    def close(self) -> None:
        """Close them all."""
        for window in self._windows:
            window.close()


def hold(window: Ledger, usd: str, job: str = "job", **changes: Any) -> Reservation:
    """Hold money that has to be there."""
    held = window.reserve(job=job, model="m-1", worst_usd=Decimal(usd), **changes)
    assert isinstance(held, Reservation), held
    return held


def denied(window: Ledger, usd: str) -> Denied:
    """Ask for money that must not be there."""
    answer = window.reserve(job="job", model="m-1", worst_usd=Decimal(usd))
    assert isinstance(answer, Denied), answer
    return answer


def written(window: Ledger) -> None:
    """See to it that all is written."""
    assert window.flush(WAIT_S)
