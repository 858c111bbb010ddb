"""Money: `Decimal` US dollars here, whole nano-dollars where it is stored. Never a float.

Rules:
1. What is held or charged is rounded up, to the next nano-dollar; what is told as a limit is rounded up, too, and
   what is told as left is rounded down.
2. Nothing is free because its price is unknown: that is a refusal, made where prices are asked for.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

NANO_PER_USD = 1_000_000_000
ZERO = Decimal(0)
_CENTS_FROM = Decimal(1)


def to_nano(usd: Decimal) -> int:
    """Return whole nano-dollars, never less than `usd`. Raises `ValueError` for what is no amount of money."""
    if not usd.is_finite():
        raise ValueError("an amount of money must be a finite number")
    numerator, denominator = usd.as_integer_ratio()  # whole numbers: exact, however many digits there are
    return -(-numerator * NANO_PER_USD // denominator)


def from_nano(nano: int) -> Decimal:
    """Return the dollars of so many nano-dollars, exactly."""
    return Decimal(nano).scaleb(-9)


def told(usd: Decimal) -> str:
    """Return an amount as people read it: cents from a dollar on, below it two digits that count: `$0.012`."""
    return _told(usd, ROUND_HALF_EVEN)


def told_at_most(usd: Decimal) -> str:
    """Return an amount that is never less than `usd`, with a sign that says so: `≤ $0.013`."""
    return f"≤ {_told(usd, ROUND_CEILING)}"


def told_left(usd: Decimal) -> str:
    """Return an amount that is never more than `usd`: what is left of a budget."""
    return _told(usd, ROUND_FLOOR)


def _told(usd: Decimal, rounding: str) -> str:
    rounded = usd.quantize(_unit(usd), rounding=rounding)
    rounded = rounded.quantize(_unit(rounded))  # $0.0996 has become $0.100, of which two digits count
    return f"{'-' if rounded < 0 else ''}${rounded.copy_abs():,f}"


def _unit(usd: Decimal) -> Decimal:
    small = usd != 0 and usd.copy_abs() < _CENTS_FROM
    return Decimal(1).scaleb(min(-2, usd.adjusted() - 1) if small else -2)
