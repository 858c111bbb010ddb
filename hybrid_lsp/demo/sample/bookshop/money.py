"""Cents in, text out, and back again. Money is never a float."""

import re

_PRICE = re.compile(r"(\d+)(?:[.,](\d{2}))?")


def format_price(cents: int, currency: str = "€") -> str:
    """Return the amount as a person writes it.

    >>> format_price(799)
    '7.99 €'
    >>> format_price(-5)
    '-0.05 €'
    """
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02} {currency}"


def parse_price(text: str) -> int:
    """Return the amount in cents. Raises ValueError when the text is not a price.

    >>> parse_price("7.99")
    799
    >>> parse_price("12")
    1200
    """
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a price")
    whole, rest = match.groups()
    return int(whole) * 100 + int(rest or 0)


def discounted(cents: int, percent: int) -> int:
    """Return the amount less some per cent, rounded down in the customer's favour.

    >>> discounted(799, 10)
    719
    """
    return cents * (100 - percent) // 100
