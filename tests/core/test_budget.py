"""core.budget: what is left of the month's money, and when a person is told."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.budget import Budget, alert_sentence, alerts_due, month_of

NOTHING = frozenset[int]()


def budget(limit: str, settled: str = "0", held: str = "0", blocked: str = "") -> Budget:
    """A month's money."""
    return Budget(
        month="2026-11", limit_usd=Decimal(limit), settled_usd=Decimal(settled), held_usd=Decimal(held), blocked=blocked
    )


@pytest.mark.parametrize(
    ("of_month", "left", "percent"),
    [
        (budget("50"), "50", 0), (budget("50", "3.2"), "46.8", 6), (budget("50", "20", "5"), "25", 50),
        (budget("50", "49.999"), "0.001", 99), (budget("50", "60"), "0", 120), (budget("0"), "0", 100),
        (budget("50", "1", blocked="The ledger cannot be read; mend it."), "0", 2),
    ],
)  # fmt: skip
def test_what_is_held_is_not_left(of_month: Budget, left: str, percent: int) -> None:
    """Settled and held are both gone; nothing is left below zero, or while paid calls are blocked."""
    assert (of_month.left_usd, of_month.used_percent) == (Decimal(left), percent)


BERLIN, AUCKLAND, NEW_YORK = (ZoneInfo(name) for name in ("Europe/Berlin", "Pacific/Auckland", "America/New_York"))


@pytest.mark.parametrize(
    ("moment", "name", "starts", "ends"),
    [
        (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), "2026-11", "2026-11-01T00:00:00+00:00", "2026-12-01T00:00:00+00:00"),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2026-12", "2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"),
        (datetime(2026, 10, 31, 12, tzinfo=BERLIN), "2026-10", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"),
        (datetime(2026, 3, 1, tzinfo=NEW_YORK), "2026-03", "2026-03-01T00:00:00-05:00", "2026-04-01T00:00:00-04:00"),
        (datetime(2026, 11, 30, 20, tzinfo=UTC).astimezone(AUCKLAND), "2026-12", "2026-12-01T00:00:00+13:00", "2027-01-01T00:00:00+13:00"),
        (datetime(2024, 2, 29, 5, fold=1, tzinfo=BERLIN), "2024-02", "2024-02-01T00:00:00+01:00", "2024-03-01T00:00:00+01:00"),
    ],
)  # fmt: skip
def test_a_month_is_a_calendar_month_of_its_zone(moment: datetime, name: str, starts: str, ends: str) -> None:
    """From its first midnight to the next one's, summer time or not."""
    month = month_of(moment)

    assert (month.name, month.starts.isoformat(), month.ends.isoformat()) == (name, starts, ends)


moments = st.builds(
    datetime.fromtimestamp,
    st.integers(2_678_400, 4_102_444_800),
    st.sampled_from((UTC, BERLIN, AUCKLAND, NEW_YORK, timezone(timedelta(hours=-11)))),
)


@given(moments)
def test_every_moment_is_in_one_month(moment: datetime) -> None:
    """Its own; and where one month ends the next one starts, to the millisecond."""
    month = month_of(moment)
    following = month_of(month.ends)

    assert month.starts_ms <= moment.timestamp() * 1000 < month.ends_ms
    assert following.starts_ms == month.ends_ms
    assert following.name > month.name


def test_a_moment_without_a_zone_is_refused() -> None:
    """Whose month would it be?"""
    with pytest.raises(ValueError, match="time zone"):
        month_of(datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None))


@pytest.mark.parametrize(
    ("of_month", "said", "due"),
    [
        (budget("50", "24.99"), NOTHING, ()), (budget("50", "25"), NOTHING, (50,)), (budget("50", "25"), {50}, ()),
        (budget("50", "40"), {50}, (80,)), (budget("50", "50"), NOTHING, (50, 80, 100)), (budget("50", "90"), {50, 80}, (100,)),
        (budget("50", "1", held="49"), NOTHING, ()), (budget("0"), NOTHING, ()),
    ],
)  # fmt: skip
def test_an_alert_is_due_once(of_month: Budget, said: frozenset[int], due: tuple[int, ...]) -> None:
    """When the settled money reaches it, not for what is only held, and not where there is no budget to speak of."""
    assert alerts_due(of_month, frozenset(said)) == due


def test_an_alert_says_how_much_is_spent() -> None:
    """In one sentence, with the month; at the end with what goes on."""
    assert alert_sentence(budget("50", "40"), 80) == (
        "80 % of the month's budget is spent ($40.00 of $50.00 for 2026-11)."
    )
    assert alert_sentence(budget("50", "50"), 100) == (
        "The month's budget is spent ($50.00 of $50.00 for 2026-11); local models go on, cloud models rest until next month."
    )
