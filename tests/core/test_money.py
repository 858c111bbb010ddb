"""core.money: rounded against us, told as people read it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hybrid_lsp.core.money import NANO_PER_USD, from_nano, to_nano, told, told_at_most, told_left

amounts = st.decimals("-1000000", "1000000", allow_nan=False, allow_infinity=False)
tiny = st.decimals("-0.01", "0.01", places=15)


def read(text: str) -> Decimal:
    """The amount that a text tells."""
    return Decimal(text.removeprefix("≤ ").replace("$", "").replace(",", ""))


@example(Decimal("123977.0000000000000000000000644"))
@given(amounts | tiny)
def test_nano_dollars_are_never_less(usd: Decimal) -> None:
    """What is held or charged is at least the amount, and less than one nano-dollar more."""
    exact = Fraction(usd) * NANO_PER_USD
    assert 0 <= to_nano(usd) - exact < 1


@given(st.integers(-(10**15), 10**15))
def test_nano_dollars_come_back(nano: int) -> None:
    """There and back nothing is lost."""
    assert to_nano(from_nano(nano)) == nano


@pytest.mark.parametrize(
    ("usd", "nano"),
    [
        ("0", 0), ("1", NANO_PER_USD), ("0.000000001", 1), ("0.0000000001", 1), ("0.0000000010000001", 2),
        ("-0.0000000019", -1), ("1.0000000000000000000000000000000000001", NANO_PER_USD + 1), ("1E-400", 1),
    ],
)  # fmt: skip
def test_a_part_of_a_nano_dollar_counts_as_a_whole_one(usd: str, nano: int) -> None:
    """However many digits the amount has."""
    assert to_nano(Decimal(usd)) == nano


@pytest.mark.parametrize("usd", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(usd: str) -> None:
    """No ledger row is written from nonsense."""
    with pytest.raises(ValueError, match="finite"):
        to_nano(Decimal(usd))


@given(amounts | tiny)
def test_what_is_told_as_a_limit_is_on_our_side(usd: Decimal) -> None:
    """A most is never less than the amount, what is left never more, and both are near it."""
    most, left = read(told_at_most(usd)), read(told_left(usd))

    assert left <= usd <= most
    assert most - left <= max(Decimal("0.01"), abs(usd) / 10)
    assert left <= read(told(usd)) <= most


@pytest.mark.parametrize(
    ("usd", "about", "most", "left"),
    [
        ("0", "$0.00", "≤ $0.00", "$0.00"),
        ("0.0123", "$0.012", "≤ $0.013", "$0.012"),
        ("0.00001234", "$0.000012", "≤ $0.000013", "$0.000012"),
        ("0.0996", "$0.10", "≤ $0.10", "$0.099"),
        ("0.999", "$1.00", "≤ $1.00", "$0.99"),
        ("1", "$1.00", "≤ $1.00", "$1.00"),
        ("46.801", "$46.80", "≤ $46.81", "$46.80"),
        ("1234.5", "$1,234.50", "≤ $1,234.50", "$1,234.50"),
        ("-0.0123", "-$0.012", "≤ -$0.012", "-$0.013"),
        ("-3.456", "-$3.46", "≤ -$3.45", "-$3.46"),
    ],
)
def test_amounts_are_told_as_people_read_them(usd: str, about: str, most: str, left: str) -> None:
    """Cents from a dollar on, two digits that count below it, the sign before the dollar."""
    amount = Decimal(usd)

    assert (told(amount), told_at_most(amount), told_left(amount)) == (about, most, left)
