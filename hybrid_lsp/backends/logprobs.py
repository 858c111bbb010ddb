"""How sure a model was of what it wrote, where it says so: the mean and the lowest of its log-probabilities."""

import math
from collections.abc import Iterable, Mapping

_LEAST = -9999.0
"""What servers write for minus infinity."""


class Sureness:
    """Takes the log-probability of each token as it comes."""

    def __init__(self) -> None:
        self._count = 0
        self._total = 0.0
        self._lowest = 0.0

    def add(self, tokens: Iterable[Mapping[str, object]], key: str = "logprob") -> None:
        """Take each token's number; what is none is passed over."""
        for token in tokens:
            value = number_of(token.get(key))
            if value is not None and value <= 0:
                value = max(value, _LEAST)
                self._count += 1
                self._total += value
                self._lowest = min(self._lowest, value)

    @property
    def mean(self) -> float | None:
        """Of all tokens; None where there were none."""
        return self._total / self._count if self._count else None

    @property
    def lowest(self) -> float | None:
        """Of all tokens; None where there were none."""
        return self._lowest if self._count else None


def number_of(value: object) -> float | None:
    """Return a JSON number, or None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
