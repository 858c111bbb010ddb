"""prices: what models cost, against the library's own sums."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from importlib.resources import files
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Provider, TieredPrices
from genai_prices.types import Tier as Step
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.catalog import CLOUD_ROLES, Installed, Model, Where, chosen, local_model, parse_catalog
from hybrid_lsp.core.money import to_nano
from hybrid_lsp.core.price import Price, Rates, Tier, Usage
from hybrid_lsp.prices import Prices, Unpriced, parse_overrides

TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONE = timezone(timedelta(hours=9))
SHIPPED: dict[str, Any] = tomllib.loads(files("hybrid_lsp").joinpath("models.toml").read_text("utf-8"))
CATALOG, _ = parse_catalog(SHIPPED)
LIBRARY = Prices({})
PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
HOSTS = {vendor.backend: vendor.host for vendor in CATALOG.vendors}
CLOUD = [model for model in CATALOG.models if not model.is_local and model.roles]


def cloud(name: str, backend: str = "openai", host: str | None = None) -> Model:
    """A cloud model of that name."""
    return Model(
        id=name, backend=backend, where=Where.CLOUD, roles=(), window_tokens=200_000, max_output_tokens=8192,
        host=HOSTS[backend] if host is None else host,
    )  # fmt: skip


def price(model: Model, at: datetime = TODAY, *, batch: bool = False, prices: Prices = LIBRARY) -> Price:
    """The price of a model that has one."""
    found = prices.price_of(model, at=at, batch=batch)
    assert isinstance(found, Price), found
    return found


def own(model: str, source: str = "config.toml", **usd: str) -> Price:
    """A price by the person's table."""
    rates = Rates(**{f"{key}_usd": Decimal(amount) for key, amount in usd.items()})
    return Price(model=model, tiers=(Tier(above_input_tokens=0, rates=rates),), source=source)


def by_library(model: Model, usage: Usage, at: datetime = TODAY, *, batch: bool = False) -> Decimal:
    """The library's own sum; every cache write is one that is kept for an hour where that has a price."""
    given = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    if usage.cached_tokens:
        given["cache_read_tokens"] = usage.cached_tokens
    if usage.cache_write_tokens:
        given["cache_write_tokens"] = usage.cache_write_tokens
        if model.backend == "anthropic":
            given["cache_write_1h_tokens"] = usage.cache_write_tokens
    return genai_prices.calc_price(
        genai_prices.Usage(**given), model.id, provider_id=PROVIDERS[model.backend], genai_request_timestamp=at,
        price_context={"processing": "batch"} if batch else None,
    ).total_price  # fmt: skip


OTHERS = [
    cloud("gpt-4o"), cloud("gpt-4.1-mini"), cloud("gpt-5"), cloud("gpt-5.4"), cloud("gpt-5.6-sol"), cloud("o3"),
    cloud("claude-sonnet-4-5", "anthropic"), cloud("claude-opus-4-6", "anthropic"), cloud("claude-haiku-4-5", "anthropic"),
    cloud("gemini-2.5-pro", "gemini"), cloud("gemini-3.1-pro-preview", "gemini"), cloud("gemini-2.5-flash", "gemini"),
]  # fmt: skip
EDGES = (1, 99_999, 100_001, 127_999, 128_001, 199_999, 200_000, 200_001, 271_999, 272_000, 272_001, 900_000)


def usages() -> Iterator[Usage]:
    """Usages at and around every step of a price, cached and not."""
    for tokens in EDGES:
        yield Usage(input_tokens=tokens, output_tokens=1234)
        yield Usage(input_tokens=tokens, output_tokens=7, cached_tokens=tokens // 3)
        yield Usage(input_tokens=tokens, output_tokens=0, cached_tokens=tokens // 5, cache_write_tokens=tokens // 2)


@pytest.mark.parametrize("batch", [False, True], ids=["now", "batch"])
@pytest.mark.parametrize("model", [*CLOUD, *OTHERS], ids=lambda model: model.id)
def test_our_sum_is_the_library_s(model: Model, batch: bool) -> None:
    """To the nano-dollar: tiers at their edges, cached input, cache writes, batches."""
    found = price(model, batch=batch)

    for usage in usages():
        assert to_nano(found.cost_usd(usage)) == to_nano(by_library(model, usage, batch=batch)), usage


@given(
    st.sampled_from([*CLOUD, *OTHERS]), st.integers(0, 1_000_000), st.integers(0, 100_000),
    st.integers(0, 500 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=ZONE) + timedelta(minutes=minutes)),
    st.booleans(),
)  # fmt: skip
def test_a_price_is_that_of_its_day(model: Model, given_in: int, out: int, at: datetime, batch: bool) -> None:
    """At any moment of past and coming months, in another time zone, our sum is the library's."""
    usage = Usage(input_tokens=given_in, output_tokens=out, cached_tokens=given_in // 2)

    assert price(model, at, batch=batch).cost_usd(usage) == by_library(model, usage, at, batch=batch)


@given(
    st.sampled_from([*CLOUD, *OTHERS]), st.sampled_from(EDGES), st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1)
)
def test_the_worst_is_never_exceeded(model: Model, most: int, out: int, of_it: float, cached: float) -> None:
    """What is held covers every usage within the same bounds, as the library would reckon it."""
    tokens = int(most * of_it)
    usage = Usage(input_tokens=tokens, output_tokens=out, cache_write_tokens=int(tokens * cached))

    assert by_library(model, usage) <= price(model).worst_usd(most, out)


@pytest.fixture
def another_library() -> Iterator[None]:
    """The library with prices of a kind that it has none of today."""
    steps = TieredPrices(base=Decimal(1), tiers=[Step(start=100, price=Decimal(2)), Step(start=200, price=Decimal(5))])
    late = TieredPrices(base=Decimal(3), tiers=[Step(start=150, price=Decimal(7))])
    whole = ModelPrice(input_mtok=steps, output_mtok=late, cache_read_mtok=Decimal("0.5"))
    by_call = ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(1), requests_kcount=Decimal(9))
    half = ModelPrice(input_mtok=Decimal(1))
    models = [
        ModelInfo(id=name, match=ClauseEquals(equals=name), prices=prices)
        for name, prices in (("in-steps", whole), ("by-call", by_call), ("half", half))
    ]
    provider = Provider(id="openai", name="OpenAI", api_pattern="x", models=models)
    set_custom_snapshot(DataSnapshot(providers=[provider], from_auto_update=False))
    yield
    set_custom_snapshot(None)


@pytest.mark.usefixtures("another_library")
def test_any_number_of_steps_is_kept() -> None:
    """Input and output may have steps at different sizes, and several: our sum stays the library's at each of them."""
    model = cloud("in-steps")

    assert [tier.above_input_tokens for tier in price(model).tiers] == [0, 100, 150, 200]
    for tokens in (0, 1, 100, 101, 150, 151, 200, 201, 10**6):
        usage = Usage(input_tokens=tokens, output_tokens=11, cached_tokens=tokens // 2)
        assert price(model).cost_usd(usage) == by_library(model, usage)


@pytest.mark.usefixtures("another_library")
@pytest.mark.parametrize("name", ["by-call", "half"])
def test_what_is_not_sold_by_the_token_has_no_price(name: str) -> None:
    """A fee for each call, or no rate for the output, cannot be said in rates of tokens: such a model is not asked."""
    assert isinstance(LIBRARY.price_of(cloud(name), at=TODAY), Unpriced)


def test_a_price_that_rises_on_a_day() -> None:
    """The dearer rates hold from their first moment on, UTC, not before."""
    model = next(model for model in CLOUD if model.id == "gemini-4-argon")
    rises = datetime(2026, 12, 1, tzinfo=UTC)
    usage = Usage(input_tokens=1_000_000, output_tokens=0)

    assert price(model, rises - timedelta(microseconds=1)).cost_usd(usage) == 2
    assert price(model, rises).cost_usd(usage) == 4
    with pytest.raises(ValueError, match="time zone"):
        LIBRARY.price_of(model, at=datetime(2026, 12, 1))  # noqa: DTZ001


def test_the_defaults_are_priced_and_current() -> None:
    """Every cloud model of the default set has the library's price today, and none is deprecated."""
    assert len(CLOUD) == 10
    for model in CLOUD:
        assert price(model).source == f"genai-prices {genai_prices.__version__}"
        assert not LIBRARY.is_deprecated(model)


def test_windows_are_no_larger_than_the_library_s() -> None:
    """No model is said to hold more than the library knows of."""
    for model in CLOUD:
        usage = genai_prices.Usage(input_tokens=0, output_tokens=0)
        info = genai_prices.calc_price(usage, model.id, provider_id=PROVIDERS[model.backend]).model
        assert info.context_window is None or model.window_tokens <= info.context_window


@pytest.mark.parametrize(
    ("name", "backend", "expected"),
    [
        ("claude-3-opus", "anthropic", "15"),
        ("claude-3-opus-20240229", "anthropic", "15"),
        ("claude-3-opus-latest", "anthropic", "15"),
        ("claude-sonnet-5-5-20261101", "anthropic", "2"),
        ("gpt-6.1-terra-2026-10-26", "openai", "1"),
        ("gpt-4o-2024-05-13", "openai", "5"),
        ("gpt-4o-2024-08-06", "openai", "2.5"),
        ("gpt-5-codex", "openai", "1.25"),
        ("gemini-2.5-pro-xyz", "gemini", None),
        ("gemini-2.5-pro-preview-06-05", "gemini", None),
        ("gemini-3.8-flash-lite", "gemini", None),
        ("gemini-flash-latest", "gemini", None),
        ("gpt-5-chat-latest", "openai", None),
        ("claude-3-opus-foo", "anthropic", None),
        ("gpt-6", "openai", None),
        ("GPT-6-LUNA", "openai", None),
        ("claude-opus-5-5", "openai", None),
        ("", "openai", None),
    ],
)
def test_only_exactly_this_model_s_price_is_taken(name: str, backend: str, expected: str | None) -> None:
    """By its id, by a name the library lists in full, or by another day of it; nothing that is merely like it."""
    found = LIBRARY.price_of(cloud(name, backend), at=TODAY)

    assert (None if isinstance(found, Unpriced) else found.tiers[0].rates.input_usd) == (expected and Decimal(expected))


def test_another_seller_has_another_price() -> None:
    """A vendor's price is not taken for a model of the same name at another host."""
    assert isinstance(LIBRARY.price_of(cloud("gpt-4o", host="models.example.org"), at=TODAY), Unpriced)
    assert isinstance(LIBRARY.price_of(cloud("gpt-4o", host=""), at=TODAY), Unpriced)


def test_what_has_no_price_says_how_to_give_it_one() -> None:
    """The sentence names the model, and the table to write."""
    found = LIBRARY.price_of(cloud("gpt-9"), at=TODAY)

    assert isinstance(found, Unpriced)
    assert found.sentence.startswith("No price is known for gpt-9, so it is not asked; ")
    assert '[prices."gpt-9"] with input_usd and output_usd (and cached_usd, cache_write_usd' in found.sentence


def test_only_what_runs_here_is_free() -> None:
    """A local model costs nothing, whatever a table says; the same name in the cloud is not free."""
    prices = Prices({"gpt-oss:20b": own("gpt-oss:20b", input="3", output="4")})
    model = local_model(Installed(name="gpt-oss:20b"))
    found = price(model, prices=prices)

    assert found.worst_usd(10**9, 10**9) == 0
    assert found.source == "runs on your own machine"
    assert price(model, batch=True, prices=prices) == found
    assert price(replace(model, where=Where.CLOUD), prices=prices).worst_usd(10**6, 0) == 3
    assert isinstance(LIBRARY.price_of(replace(model, where=Where.CLOUD), at=TODAY), Unpriced)


@given(*(st.decimals("0", "100", places=3) for _ in range(4)), st.sampled_from(EDGES), st.integers(0, 9999))
def test_a_hold_is_at_the_dearer_price(
    into: Decimal, out: Decimal, cached: Decimal, written: Decimal, tokens: int, answer: int
) -> None:
    """What is held is never below the table's sum nor the library's; what is settled is the table's, and fits in it."""
    model = cloud("gpt-5.6-sol")
    mine = own("gpt-5.6-sol", input=str(into), output=str(out), cached=str(cached), cache_write=str(written))
    prices, library = Prices({"gpt-5.6-sol": mine}), price(model)
    usage = Usage(input_tokens=tokens, output_tokens=answer, cached_tokens=tokens // 3, cache_write_tokens=tokens // 4)
    held = price(model, prices=prices)

    assert held.cost_usd(usage) >= max(mine.cost_usd(usage), library.cost_usd(usage))
    assert held.worst_usd(tokens, answer) >= max(mine.worst_usd(tokens, answer), library.worst_usd(tokens, answer))
    assert prices.charged_price_of(model, at=TODAY) == mine
    assert "config.toml and genai-prices" in held.source


def test_a_table_alone_is_enough() -> None:
    """What the library does not know has the table's price, by the model's id or by an alias of it."""
    prices = Prices({"mine": own("mine", input="1", output="2")})

    assert price(cloud("mine"), prices=prices).worst_usd(10**6, 10**6) == 3
    assert price(replace(cloud("mine-2"), aliases=("mine",)), prices=prices).worst_usd(10**6, 0) == 1
    assert prices.charged_price_of(cloud("gpt-4o"), at=TODAY) == price(cloud("gpt-4o"))
    assert isinstance(prices.charged_price_of(cloud("nobody-s"), at=TODAY), Unpriced)


def test_the_sketch_s_prices_are_kept() -> None:
    """Each cloud model of the sketch costs what it gave for 1000 tokens, a thousandfold for a million."""
    table, problems = parse_overrides(SHIPPED["prices"], "models.toml")
    sketch, prices = chosen(CATALOG, "sketch"), Prices(table)
    plain = Usage(input_tokens=1000, output_tokens=1000)

    assert problems == ()
    found = {m.id: price(m, prices=prices).cost_usd(plain) for role in CLOUD_ROLES for m in sketch.playing(role)}
    assert found == {
        "gpt-4-turbo": Decimal("0.01") + Decimal("0.03"),
        "claude-3-opus": Decimal("0.015") + Decimal("0.075"),
        "gemini-pro": Decimal("0.0005") + Decimal("0.0015"),
    }


def test_a_table_is_read_as_it_is_written() -> None:
    """Whole numbers, fractions and texts are the amounts that they show, digit by digit."""
    text = """
    ["a"]
    input_usd = 0.1
    output_usd = 3
    cached_usd = "0.025"
    ["b"]
    input_usd = 0
    output_usd = 0.00015
    cache_write_usd = 1.25
    """
    table, problems = parse_overrides(tomllib.loads(text))

    assert problems == ()
    assert table == {
        "a": own("a", input="0.1", output="3", cached="0.025"),
        "b": own("b", input="0", output="0.00015", cache_write="1.25"),
    }


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (3, "must be a table with input_usd and output_usd"),
        ({}, "needs input_usd and output_usd"),
        ({"input_usd": 1}, "needs output_usd"),
        ({"input_usd": 1, "output_usd": -1}, "must have an amount of US dollars per million tokens, 0 or more, as output_usd"),
        ({"input_usd": float("nan"), "output_usd": 1}, "as input_usd"),
        ({"input_usd": float("inf"), "output_usd": 1}, "as input_usd"),
        ({"input_usd": True, "output_usd": 1}, "as input_usd"),
        ({"input_usd": "much", "output_usd": [1]}, "as input_usd and output_usd"),
        ({"input_usd": 1, "output_usd": 1e9}, "as output_usd"),
        ({"input_usd": 1, "output_usd": 1, "ouput_usd": 1}, "has ouput_usd; allowed are input_usd, output_usd, cached_usd"),
    ],
)  # fmt: skip
def test_a_price_that_is_wrong_is_left_out(raw: object, said: str) -> None:
    """One sentence names the table and what it needs; the model has no price then, rather than a wrong one."""
    table, (problem,) = parse_overrides({"gpt-9": raw})

    assert table == {}
    assert problem.sentence.startswith('config.toml: "prices.gpt-9" ')
    assert said in problem.sentence
    assert problem.key == "prices.gpt-9"


def test_what_the_library_has_as_deprecated() -> None:
    """Its flag is passed on; a local model has none, nor one that is not known."""
    assert LIBRARY.is_deprecated(cloud("gemini-3-pro-preview", "gemini"))
    assert not LIBRARY.is_deprecated(local_model(Installed(name="gemini-3-pro-preview")))
    assert not LIBRARY.is_deprecated(cloud("gemini-9", "gemini"))


QUIET = """
import sys, threading
def no_network(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(no_network)
import tomllib
from datetime import datetime, UTC
from importlib.resources import files
from hybrid_lsp import prices
from hybrid_lsp.core.catalog import parse_catalog
assert "genai_prices" not in sys.modules, "the library is imported before a price is wanted"
catalog, _ = parse_catalog(tomllib.loads(files("hybrid_lsp").joinpath("models.toml").read_text("utf-8")))
known = prices.Prices({})
local = [known.price_of(m, at=datetime(2026, 11, 23, tzinfo=UTC)) for m in catalog.models if m.is_local]
assert "genai_prices" not in sys.modules, "the library is imported for local models"
prices.warm()
for model in catalog.models:
    assert isinstance(known.price_of(model, at=datetime(2026, 11, 23, tzinfo=UTC)), prices.Price)
from genai_prices import update_prices
assert threading.active_count() == 1, threading.enumerate()
print("quiet")
"""


def test_nobody_is_asked() -> None:
    """No socket is made and no thread started for prices; the library is imported only once one is wanted."""
    done = subprocess.run([sys.executable, "-P", "-c", QUIET], capture_output=True, text=True, timeout=50, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "quiet\n", "")
