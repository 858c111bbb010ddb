"""What tokens cost: dated rates in tiers, and the two sums made with them.

Rules:
1. `worst_usd` is never less than `cost_usd` of any usage within the same bounds.
2. A tier is chosen by the whole input, and holds for all of it, as the vendors do.
3. Reasoning is output; cached input and cache writes are input.
"""

from dataclasses import dataclass
from decimal import Decimal

PER_TOKENS = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one answer. Raises `ValueError` when a part is larger than its whole."""

    input_tokens: int
    """All of the prompt, cached or not."""
    output_tokens: int
    """All that was written, thoughts included."""
    cached_tokens: int = 0
    """Of the input: read from the vendor's prompt cache."""
    cache_write_tokens: int = 0
    """Of the input: written into it."""
    reasoning_tokens: int = 0
    """Of the output: thoughts."""

    def __post_init__(self) -> None:
        counts = (
            self.input_tokens, self.output_tokens, self.cached_tokens, self.cache_write_tokens, self.reasoning_tokens
        )  # fmt: skip
        if min(counts) < 0:
            raise ValueError("a count of tokens cannot be negative")
        if self.cached_tokens + self.cache_write_tokens > self.input_tokens:
            raise ValueError("more tokens are said to be cached than were sent")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("more tokens are said to be thoughts than were written")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """US dollars for a million tokens."""

    input_usd: Decimal
    output_usd: Decimal
    cached_usd: Decimal | None = None
    """None: as input."""
    cache_write_usd: Decimal | None = None
    """None: as input."""

    @property
    def dearest_input_usd(self) -> Decimal:
        """What a token of the input costs at most, however much of it is cached."""
        dearest = self.input_usd
        if self.cached_usd is not None and self.cached_usd > dearest:
            dearest = self.cached_usd
        if self.cache_write_usd is not None and self.cache_write_usd > dearest:
            dearest = self.cache_write_usd
        return dearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Rates that hold from a size of the input on."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one model costs at one time. Raises `ValueError` for rates that are no price."""

    model: str
    tiers: tuple[Tier, ...]
    """In order; the first begins at 0."""
    source: str
    """Where it is from, with its version or date, as `genai-prices 0.2.3`."""

    def __post_init__(self) -> None:
        starts = [tier.above_input_tokens for tier in self.tiers]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError("the tiers of a price begin at 0 and go up")
        amounts = [
            amount
            for tier in self.tiers
            for amount in (tier.rates.input_usd, tier.rates.output_usd, tier.rates.cached_usd or Decimal(0),
                           tier.rates.cache_write_usd or Decimal(0))
        ]  # fmt: skip
        if not all(amount.is_finite() and amount >= 0 for amount in amounts):
            raise ValueError("a price cannot be negative or endless")

    def rates_for(self, input_tokens: int) -> Rates:
        """Return the rates that hold for an input of this size."""
        rates = self.tiers[0].rates
        for tier in self.tiers:
            if input_tokens > tier.above_input_tokens:
                rates = tier.rates
        return rates

    def cost_usd(self, usage: Usage) -> Decimal:
        """Return what this usage costs, exactly."""
        rates = self.rates_for(usage.input_tokens)
        total = usage.input_tokens * rates.input_usd + usage.output_tokens * rates.output_usd
        if usage.cached_tokens and rates.cached_usd is not None:
            total += usage.cached_tokens * (rates.cached_usd - rates.input_usd)
        if usage.cache_write_tokens and rates.cache_write_usd is not None:
            total += usage.cache_write_tokens * (rates.cache_write_usd - rates.input_usd)
        return total / PER_TOKENS

    def worst_usd(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return the most that an input and an output of at most these sizes can cost."""
        tiers = self.tiers
        into, out = tiers[0].rates.dearest_input_usd, tiers[0].rates.output_usd
        for tier in tiers:
            if 0 < tier.above_input_tokens < input_tokens:
                into, out = max(into, tier.rates.dearest_input_usd), max(out, tier.rates.output_usd)
        return (input_tokens * into + output_tokens * out) / PER_TOKENS
