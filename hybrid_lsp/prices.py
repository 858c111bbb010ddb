"""What models cost: by the person's own table, by the prices that come with us, and by the library genai-prices.

Rules:
1. What has no known price is not free: it is `Unpriced`, and not asked.
2. A model on the user's own machine costs nothing, and nothing else does.
3. The library's price is taken for exactly the model that is meant. It matches names loosely; we do not.
4. A hold is never below what the library says: where a table and the library differ, `price_of` is the dearer of both,
   rate by rate. The person's table is the last word on what was really charged: `charged_price_of`.
5. Nobody is asked: the library's data comes in its package. It is imported when the first price is wanted.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.price import Price, Rates, Tier

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

_PROVIDERS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google",
}
"""How the library calls who is asked there. Another host may sell a model of the same name for another price."""
_FREE = Rates(input_usd=ZERO, output_usd=ZERO)
_NEEDED, _OPTIONAL = ("input_usd", "output_usd"), ("cached_usd", "cache_write_usd")
_DEAREST_USD = 100_000
_PER_CALL = ("requests_kcount",)
"""Units of the library that every call costs, and that a price of tokens cannot say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """No price is known, so the model is not asked."""

    sentence: str
    """Which model, and how to give its price."""


class Prices:
    """Prices at a moment. `overrides` are prices by a model's id or alias, the person's own over those that we ship."""

    def __init__(self, overrides: Mapping[str, Price]) -> None:
        self._overrides = dict(overrides)

    def price_of(self, model: Model, *, at: datetime, batch: bool = False) -> Price | Unpriced:
        """Return what to reckon and hold with: the table's or the library's price at `at`, of both the dearer.

        Standard processing, never a vendor's priority tier; `batch` is the vendor's batch processing where it has a
        price, else the standard one. Cache writes are at the dearest of their kinds. Raises `ValueError` for a moment
        without a time zone.
        """
        own, library = self._both(model, at, batch=batch)
        if own is not None and library is not None:
            return _dearer(own, library)
        return own or library or _unpriced(model)

    def charged_price_of(self, model: Model, *, at: datetime, batch: bool = False) -> Price | Unpriced:
        """Return what a call is settled with: the table's price where it has one. Never above `price_of`."""
        own, library = self._both(model, at, batch=batch)
        return own or library or _unpriced(model)

    def is_deprecated(self, model: Model) -> bool:
        """Say whether the library has a model as deprecated by its vendor."""
        info = None if model.is_local else _found(_PROVIDERS.get(model.host, ""), model.id)
        return info is not None and bool(info.deprecated)

    def _both(self, model: Model, at: datetime, *, batch: bool) -> tuple[Price | None, Price | None]:
        if at.tzinfo is None:
            raise ValueError("a price needs a moment with a time zone")
        if model.is_local:
            price = Price(model=model.id, tiers=(_tier(0, _FREE),), source="runs on your own machine")
            return price, None
        named = (self._overrides.get(name) for name in (model.id, *model.aliases))
        return next((price for price in named if price), None), _of_library(model, at, batch=batch)


def warm() -> None:
    """Import the library and its data, once: some tenths of a second, so do it in a thread where somebody waits."""
    _library_version()
    _found("openai", "")


def parse_overrides(
    table: Mapping[str, Any], source: str = "config.toml"
) -> tuple[dict[str, Price], tuple[Problem, ...]]:
    """Return the prices of a table `prices."NAME"`, in US dollars per million tokens, and what is wrong in it.

    Never raises; a price with anything wrong is left out, so that its model is not asked at a wrong price.
    """
    prices: dict[str, Price] = {}
    problems = []
    for name, raw in table.items():
        rates, fault = _read(raw)
        if rates is None:
            sentence = f'{source}: "prices.{name}" {fault}. It is left out.'
            problems.append(Problem(sentence=sentence, key=f"prices.{name}"))
        else:
            prices[name] = Price(model=name, tiers=(_tier(0, rates),), source=source)
    return prices, tuple(problems)


def _read(raw: object) -> tuple[Rates | None, str]:
    if not isinstance(raw, Mapping):
        return None, f"must be a table with {' and '.join(_NEEDED)}"
    if unknown := [str(key) for key in raw if key not in (*_NEEDED, *_OPTIONAL)]:
        return None, f"has {', '.join(unknown)}; allowed are {', '.join((*_NEEDED, *_OPTIONAL))}"
    amounts = {key: _amount(raw[key]) for key in raw}
    if missing := [key for key in _NEEDED if key not in raw]:
        return None, f"needs {' and '.join(missing)}"
    if wrong := [str(key) for key, amount in amounts.items() if amount is None]:
        return None, f"must have an amount of US dollars per million tokens, 0 or more, as {' and '.join(wrong)}"
    return Rates(**{key: amount for key, amount in amounts.items() if amount is not None}), ""


def _amount(value: object) -> Decimal | None:
    """Of a number as it is written: a float of TOML has the fewest digits that mean it."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _DEAREST_USD else None


def _unpriced(model: Model) -> Unpriced:
    return Unpriced(
        sentence=f"No price is known for {model.id}, so it is not asked; give one in config.toml as "
        f'[prices."{model.id}"] with input_usd and output_usd (and cached_usd, cache_write_usd where they differ), in '
        "US dollars per million tokens."
    )


def _tier(start: int, rates: Rates) -> Tier:
    return Tier(above_input_tokens=start, rates=rates)


def _dearer(own: Price, library: Price) -> Price:
    """Both rate by rate, so that no usage costs less than with either."""
    starts = sorted({tier.above_input_tokens for price in (own, library) for tier in price.tiers})
    tiers = tuple(
        _tier(start, _dearer_rates(own.rates_for(start + 1), library.rates_for(start + 1))) for start in starts
    )
    return Price(model=own.model, tiers=tiers, source=f"{own.source} and {library.source}, the dearer of both")


def _dearer_rates(one: Rates, other: Rates) -> Rates:
    return Rates(
        input_usd=max(one.input_usd, other.input_usd),
        output_usd=max(one.output_usd, other.output_usd),
        cached_usd=max(_or_input(one, one.cached_usd), _or_input(other, other.cached_usd)),
        cache_write_usd=max(_or_input(one, one.cache_write_usd), _or_input(other, other.cache_write_usd)),
    )


def _or_input(rates: Rates, amount: Decimal | None) -> Decimal:
    return rates.input_usd if amount is None else amount


@cache
def _library_version() -> str:
    return metadata.version("genai-prices")


def _of_library(model: Model, at: datetime, *, batch: bool) -> Price | None:
    info = _found(_PROVIDERS.get(model.host, ""), model.id)
    if info is None:
        return None
    prices = info.get_prices(at, {"processing": "batch"} if batch else None)
    if prices.input_mtok is None or prices.output_mtok is None or any(vars(prices).get(unit) for unit in _PER_CALL):
        return None
    tiers = tuple(_tier(start, _rates(prices, start)) for start in _starts(prices))
    return Price(model=model.id, tiers=tiers, source=f"genai-prices {_library_version()}")


def _starts(prices: "ModelPrice") -> list[int]:
    units = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok")
    tiers = (tier for unit in units for tier in getattr(getattr(prices, unit), "tiers", ()))
    return sorted({0, *(tier.start for tier in tiers)})


def _rates(prices: "ModelPrice", start: int) -> Rates:
    into, out = _at(prices.input_mtok, start), _at(prices.output_mtok, start)
    written = [_at(prices.cache_write_mtok, start), _at(prices.cache_write_1h_mtok, start)]
    return Rates(
        input_usd=into or ZERO,
        output_usd=out or ZERO,
        cached_usd=_at(prices.cache_read_mtok, start),
        cache_write_usd=max((amount for amount in written if amount is not None), default=None),
    )


def _at(amount: Any, start: int) -> Decimal | None:
    """The rate that holds for inputs just above `start`."""
    if amount is None or isinstance(amount, Decimal):
        return amount
    above = [tier.price for tier in amount.tiers if tier.start <= start]
    return Decimal(above[-1] if above else amount.base)


_DATED = re.compile(r"[-@](20\d{2}-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01]))$")
_MOVING = "-latest"


@cache
def _found(provider: str, name: str) -> "ModelInfo | None":
    """Return the library's entry for exactly this model, or None.

    Exactly is: by the entry's id, by a name that the entry lists in full, or by the id with another day behind it. A
    name that moves from model to model (`-latest`) is no model, unless the entry is of that very name.
    """
    if not provider:
        return None
    from genai_prices import Usage, calc_price

    try:
        info = calc_price(Usage(input_tokens=0, output_tokens=0), name, provider_id=provider).model
    except (LookupError, ValueError):
        return None
    if name == info.id:
        return info
    same = _DATED.sub("", name) == _DATED.sub("", info.id.removesuffix(_MOVING))
    return info if not name.endswith(_MOVING) and (same or name in _listed(info.match)) else None


def _listed(match: Any) -> Iterator[str]:
    """Names that a rule of the library has in full."""
    if isinstance(equals := getattr(match, "equals", None), str):
        yield equals
    for clause in getattr(match, "or_", ()):
        yield from _listed(clause)
