"""The Beta distribution: what is known of a share after so many good and bad outcomes.

`below` is the regularised incomplete beta function, by its continued fraction (Lentz's method); `quantile` inverts it
by halving. Both agree with exact binomial sums to 1e-10 for the weights that occur here (`tests/core/test_history.py`).
"""

from math import exp, lgamma, log, log1p

_TINY = 1e-300
_CLOSE = 1e-14
_MOST_TERMS = 10_000
_HALVINGS = 60


def below(x: float, good: float, bad: float) -> float:
    """Return P(share < x) for Beta(good, bad). Raises `ValueError` for weights that are not above 0."""
    if not (good > 0 and bad > 0):
        raise ValueError("a Beta distribution needs two weights above 0")
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (good + 1) / (good + bad + 2):
        return 1 - _lower(1 - x, bad, good)
    return _lower(x, good, bad)


def quantile(probability: float, good: float, bad: float) -> float:
    """Return the share that Beta(good, bad) is below with this probability, to 1e-15."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if below(middle, good, bad) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def interval(good: float, bad: float, probability: float = 0.95) -> tuple[float, float]:
    """Return the bounds that leave out as much on either side, and hold the share with this probability."""
    tail = (1 - probability) / 2
    return quantile(tail, good, bad), quantile(1 - tail, good, bad)


def _lower(x: float, a: float, b: float) -> float:
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return min(1.0, max(0.0, front * _fraction(x, a, b) / a))


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            total *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return total


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
