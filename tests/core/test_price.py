"""core.price: what tokens cost, and the most that they can."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.price import Price, Rates, Tier, Usage


def priced(*tiers: tuple[int, Rates]) -> Price:
    """A price of these tiers."""
    return Price(
        model="m", tiers=tuple(Tier(above_input_tokens=above, rates=rates) for above, rates in tiers), source="test"
    )


def rates(into: str, out: str, **more: str) -> Rates:
    """Dollars for a million tokens."""
    return Rates(input_usd=Decimal(into), output_usd=Decimal(out), **{name: Decimal(usd) for name, usd in more.items()})


CHEAP, DEAR = rates("1", "4", cached_usd="0.1", cache_write_usd="1.25"), rates("2", "6")
TIERED = priced((0, CHEAP), (200_000, DEAR))


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"input_tokens": 0, "output_tokens": 0}, "0"),
        ({"input_tokens": 1_000_000, "output_tokens": 0}, "2"),
        ({"input_tokens": 100_000, "output_tokens": 10_000}, "0.14"),
        ({"input_tokens": 100_000, "output_tokens": 0, "cached_tokens": 100_000}, "0.01"),
        ({"input_tokens": 100_000, "output_tokens": 0, "cache_write_tokens": 40_000, "cached_tokens": 60_000}, "0.056"),
        ({"input_tokens": 200_000, "output_tokens": 0}, "0.2"),
        ({"input_tokens": 200_001, "output_tokens": 1000}, "0.406002"),
        ({"input_tokens": 300_000, "output_tokens": 0, "cached_tokens": 300_000}, "0.6"),
        ({"input_tokens": 10, "output_tokens": 500, "reasoning_tokens": 400}, "0.00201"),
    ],
)
def test_a_usage_costs_what_the_vendor_says(usage: dict[str, int], usd: str) -> None:
    """A tier holds for the whole input; thoughts are output; where no price is named, cached tokens cost as input."""
    assert TIERED.cost_usd(Usage(**usage)) == Decimal(usd)


@pytest.mark.parametrize(
    ("into", "out", "usd"),
    [(0, 0, "0"), (200_000, 1000, "0.254"), (200_001, 1000, "0.406002"), (10, 0, "0.0000125")],
)
def test_the_worst_case_is_the_dearest_tier_and_the_dearest_kind_of_input(into: int, out: int, usd: str) -> None:
    """Writing a cache may cost more than reading plain input; a tier counts from the next token on."""
    assert TIERED.worst_usd(into, out) == Decimal(usd)


amounts = st.decimals("0", "100", places=4)
maybe = st.none() | amounts
some_rates = st.builds(Rates, input_usd=amounts, output_usd=amounts, cached_usd=maybe, cache_write_usd=maybe)
prices = (
    st.lists(st.integers(1, 2000), unique=True, max_size=3)
    .flatmap(lambda starts: st.tuples(*(st.tuples(st.just(start), some_rates) for start in (0, *sorted(starts)))))
    .map(lambda tiers: priced(*tiers))
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Any usage of up to some thousand tokens."""
    into, out = draw(st.integers(0, 3000)), draw(st.integers(0, 3000))
    cached = draw(st.integers(0, into))
    return Usage(
        input_tokens=into, output_tokens=out, cached_tokens=cached,
        cache_write_tokens=draw(st.integers(0, into - cached)), reasoning_tokens=draw(st.integers(0, out)),
    )  # fmt: skip


@given(prices, usages(), st.integers(0, 2000), st.integers(0, 2000))
def test_nothing_costs_more_than_the_worst_case(price: Price, usage: Usage, more_in: int, more_out: int) -> None:
    """No usage within the bounds, however much of it is cached and whichever tier it falls into."""
    worst_usd = price.worst_usd(usage.input_tokens + more_in, usage.output_tokens + more_out)

    assert 0 <= price.cost_usd(usage) <= worst_usd


@given(prices, usages())
def test_a_cost_is_the_sum_of_its_parts(price: Price, usage: Usage) -> None:
    """Plain, cached and written input and output, each at its own rate of the one tier."""
    tier = [
        tier for tier in price.tiers if tier.above_input_tokens < usage.input_tokens or tier.above_input_tokens == 0
    ][-1]
    plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    parts = (
        (plain, tier.rates.input_usd),
        (usage.cached_tokens, tier.rates.input_usd if tier.rates.cached_usd is None else tier.rates.cached_usd),
        (usage.cache_write_tokens, tier.rates.input_usd if tier.rates.cache_write_usd is None else tier.rates.cache_write_usd),
        (usage.output_tokens, tier.rates.output_usd),
    )  # fmt: skip

    assert price.cost_usd(usage) * 1_000_000 == sum(tokens * usd for tokens, usd in parts)
    assert price.rates_for(usage.input_tokens) == tier.rates


@pytest.mark.parametrize(
    ("tiers", "wrong"),
    [
        ((), "begin at 0"), (((5, CHEAP),), "begin at 0"), (((0, CHEAP), (9, DEAR), (3, DEAR)), "go up"),
        (((0, CHEAP), (0, DEAR)), "go up"), (((0, rates("-1", "1")),), "negative"), (((0, rates("1", "NaN")),), "endless"),
        (((0, CHEAP), (9, rates("1", "1", cached_usd="Infinity"))), "endless"),
        (((0, rates("1", "1", cache_write_usd="-0.1")),), "negative"),
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused(tiers: tuple[tuple[int, Rates], ...], wrong: str) -> None:
    """Tiers out of order, and rates that are no amount of money."""
    with pytest.raises(ValueError, match=wrong):
        priced(*tiers)


@pytest.mark.parametrize(
    ("counts", "wrong"),
    [
        ({"input_tokens": -1}, "negative"), ({"output_tokens": -1}, "negative"), ({"cached_tokens": 11}, "cached"),
        ({"cached_tokens": 6, "cache_write_tokens": 5}, "cached"), ({"reasoning_tokens": 11}, "thoughts"),
    ],
)  # fmt: skip
def test_a_part_is_not_larger_than_its_whole(counts: dict[str, Any], wrong: str) -> None:
    """A count that cannot be is not made into money."""
    with pytest.raises(ValueError, match=wrong):
        Usage(**{"input_tokens": 10, "output_tokens": 10, **counts})
