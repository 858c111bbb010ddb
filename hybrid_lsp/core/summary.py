"""What the ledger can say of a stretch of time, as values for whoever shows it."""

from dataclasses import dataclass
from decimal import Decimal

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.record import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    """One day and one origin, in the configured time zone."""

    day: str
    """As `2026-11-23`."""
    origin: Origin
    attempts: int
    cost_usd: Decimal
    mean_latency_ms: float | None
    """Over the attempts whose latency is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """One task, one origin and one model, this month."""

    task: Task
    origin: Origin
    model: str
    attempts: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: Decimal
    assumed_usd: Decimal
    """The part of the cost that is assumed, not reported."""
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Money reserved for an attempt that has not ended."""

    job: str
    model: str
    held_usd: Decimal
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What this month's asked-for jobs cost, beside the same tokens at one model's price. May be negative."""

    baseline: str
    """The model that is compared with; empty while nothing can be compared."""
    baseline_usd: Decimal
    spent_usd: Decimal
    """For all attempts at the jobs that are compared, and at those that came to nothing."""
    compared: int
    """Answers that were priced."""
    uncompared: int
    """Answers that could not be; they count for nothing."""

    @property
    def saved_usd(self) -> Decimal:
        """Return the difference; below zero when more was spent."""
        return self.baseline_usd - self.spent_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """This month's money, and the last days."""

    budget: Budget
    days: tuple[DayTotal, ...]
    """The newest day first."""
    groups: tuple[GroupTotal, ...]
    """The dearest first, then the most frequent."""
    holds: tuple[Hold, ...]
    savings: Savings
    cache_hits: int
    """This month, of what was asked for; ghost text that was kept is none."""
    assumed_usd: Decimal = ZERO
    """Of this month's cost."""
