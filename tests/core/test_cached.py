"""cache.entry and cache.seal: what is stored of an answer, and who can read it."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.cache.seal import OVERHEAD_BYTES, seal, unseal
from hybrid_lsp.core.cached.entry import from_bytes, to_bytes
from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.record import Origin
from tests.cache.questions import CODE, NOW_MS, answer, question

texts = st.text(alphabet=st.characters(), max_size=40)
usages = st.none() | st.builds(
    Usage,
    input_tokens=st.integers(9, 10**9),
    output_tokens=st.integers(5, 10**9),
    cached_tokens=st.integers(0, 4),
    cache_write_tokens=st.integers(0, 5),
    reasoning_tokens=st.integers(0, 5),
)
costs = st.decimals(allow_nan=False, allow_infinity=False, min_value=0)


@given(text=texts, name=texts, usage=usages, cost=costs, origin=st.sampled_from(Origin), at_ms=st.integers(0, 2**53))
def test_an_answer_comes_back_as_it_was(
    text: str, name: str, usage: Usage | None, cost: Decimal, origin: Origin, at_ms: int
) -> None:
    """Every answer survives being stored, lone surrogates and long amounts included."""
    one = answer(text, model=name, answered_by=name, usage=usage, cost_usd=cost, origin=origin, at_ms=at_ms)

    assert from_bytes(to_bytes(one)) == one


FULL = json.loads(to_bytes(answer(usage=Usage(input_tokens=1, output_tokens=1))))
SPOILT: list[Any] = [
    *[{**FULL, name: value} for name in FULL for value in ([], {}, True, 1.5, 1 if name in ("text", "model", "answered_by") else "x")],
    *[{name: value for name, value in FULL.items() if name != left_out} for left_out in FULL],
    {**FULL, "more": 1},
    {**FULL, "v": "2"},
    {**FULL, "cost_usd": "NaN"},
    {**FULL, "usage": [1, 1, 2, 0, 0]},
    {**FULL, "usage": [1, 1]},
    [],
    None,
    1,
]  # fmt: skip


@pytest.mark.parametrize("content", SPOILT, ids=lambda content: str(content)[:60])
def test_what_is_not_an_answer_is_none(content: Any) -> None:
    """Content of another version, or of another shape, is no answer, and no error."""
    assert from_bytes(json.dumps(content).encode()) is None


@pytest.mark.parametrize("stored", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5_000])
def test_what_is_not_json_is_none(stored: bytes) -> None:
    """Bytes of anything else are no answer, and no error."""
    assert from_bytes(stored) is None


@given(plain=st.binary(max_size=300))
def test_who_has_the_question_can_read_the_answer(plain: bytes) -> None:
    """What is sealed comes back, and takes 50 bytes more."""
    sealed = seal(plain, question())

    assert unseal(sealed, question()) == plain
    assert len(sealed) == len(plain) + OVERHEAD_BYTES


def test_who_has_not_the_question_can_not() -> None:
    """The sealed form holds no word of the answer, is not twice the same, and opens for no other question."""
    plain = to_bytes(answer(CODE))
    sealed = seal(plain, question())

    assert b"rows" not in sealed
    assert b"sonnet" not in sealed
    assert sealed != seal(plain, question())
    assert unseal(sealed, question(workspace="other")) is None


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_is_noticed(place: int, bit: int) -> None:
    """An answer that somebody else has changed is none."""
    sealed = bytearray(seal(to_bytes(answer()), question()))
    sealed[place % len(sealed)] ^= 1 << bit

    assert unseal(bytes(sealed), question()) is None


@pytest.mark.parametrize("sealed", [None, "", "h1", 7, b"", b"h1", b"h1" + b"x" * 48, b"h2" + b"x" * 60, [b"h1"]])
def test_what_was_never_sealed_is_none(sealed: object) -> None:
    """Whatever a store hands over instead of bytes of ours is no answer, and no error."""
    assert unseal(sealed, question()) is None


def test_what_is_logged_of_an_answer_does_not_hold_it() -> None:
    """The text is not in the repr."""
    assert CODE not in repr(answer(CODE))


FRESH = [(0, True), (1, True), (86_399_999, True), (86_400_000, False), (86_400_001, False), (-1, False)]


@pytest.mark.parametrize(("age_ms", "is_fresh"), FRESH)
def test_an_answer_is_given_for_exactly_a_day(age_ms: int, is_fresh: bool) -> None:
    """Until the last millisecond before 24 hours; never from the future."""
    assert answer().is_fresh(NOW_MS + age_ms, 86_400_000) is is_fresh
