"""What is left of the month's money: a view over the ledger's rows, never a counter of its own."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hybrid_lsp.core.money import ZERO, told

ALERTS_PERCENT = (50, 80, 100)
"""Said once each in a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """This month's money as the ledger's rows say it."""

    month: str
    """As `2026-11`, in the configured time zone."""
    limit_usd: Decimal
    settled_usd: Decimal = ZERO
    held_usd: Decimal = ZERO
    """Reserved for calls that are under way."""
    blocked: str = ""
    """Why no paid call may be made, whatever is left, in one sentence with its way out; else empty."""
    is_known: bool = True
    """Whether the rows could be read. Where they could not, the amounts are 0 and say nothing, and it is blocked."""

    @property
    def left_usd(self) -> Decimal:
        """What may still be reserved; never negative, and 0 while paid calls are blocked."""
        return ZERO if self.blocked else max(ZERO, self.limit_usd - self.settled_usd - self.held_usd)

    @property
    def used_percent(self) -> int:
        """How much of the limit is settled or held, rounded down; 100 for a limit of 0."""
        used = self.settled_usd + self.held_usd
        return int(used * 100 / self.limit_usd) if self.limit_usd > 0 else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month in the configured time zone."""

    name: str
    starts: datetime
    ends: datetime
    """The first moment of the next month."""

    @property
    def starts_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return int(self.starts.timestamp() * 1000)

    @property
    def ends_ms(self) -> int:
        """Milliseconds since 1970, UTC, of the first moment after it."""
        return int(self.ends.timestamp() * 1000)


def month_of(moment: datetime) -> Month:
    """Return the calendar month of an aware moment, in its own time zone. Raises `ValueError` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a month needs a moment with a time zone")
    starts = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    year, month = divmod(starts.year * 12 + starts.month, 12)
    return Month(name=f"{starts:%Y-%m}", starts=starts, ends=starts.replace(year=year, month=month + 1))


def alerts_due(budget: Budget, said: frozenset[int]) -> tuple[int, ...]:
    """Return the alerts that the settled money has reached and that were not said this month, the highest last."""
    if budget.limit_usd <= 0:
        return ()
    percent = budget.settled_usd * 100 / budget.limit_usd
    return tuple(alert for alert in ALERTS_PERCENT if percent >= alert and alert not in said)


def alert_sentence(budget: Budget, percent: int) -> str:
    """Return what a person is told when an alert is due."""
    spent = f"{told(budget.settled_usd)} of {told(budget.limit_usd)} for {budget.month}"
    if percent >= 100:
        return f"The month's budget is spent ({spent}); local models go on, cloud models rest until next month."
    return f"{percent} % of the month's budget is spent ({spent})."
