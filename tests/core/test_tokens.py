"""core.tokens: how long a text is for a model whose tokenizer is not here."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.tokens import (
    COEFFICIENTS,
    SAFETY,
    UNIVERSAL,
    Room,
    Scale,
    Tally,
    estimate_tokens,
    line_tokens,
    split_lines,
)

texts = st.text(alphabet="aZ09_({ \t\né雪\r\u2028", max_size=60)


@pytest.mark.parametrize(
    ("line", "features"),
    [
        ("", (0, 0, 0, 0, 0, 0)),
        ("\n", (0, 0, 0, 0, 1, 0)),
        ("getUserName", (3, 0, 0, 0, 0, 0)),
        ("HTTPServer", (2, 0, 0, 0, 0, 0)),
        ("    x = 42\n", (1, 2, 1, 0, 1, 1)),
        ("\t});", (0, 0, 1, 0, 0, 1)),
        ("größe", (2, 0, 0, 2, 0, 0)),
        ("雪", (0, 0, 0, 2, 0, 0)),
        ("\ud800", (0, 0, 0, 2, 0, 0)),
    ],
)
def test_a_line_is_weighed_by_six_features(line: str, features: tuple[int, ...]) -> None:
    """Subwords, digits, runs of punctuation, extra bytes, the line's end and its indentation; nothing else counts."""
    w = UNIVERSAL
    weights = (w.subword, w.digit, w.punctuation_run, w.extra_byte, w.newline, w.indented)

    assert line_tokens(line) == pytest.approx(sum(n * weight for n, weight in zip(features, weights, strict=True)))


@given(st.lists(texts.map(lambda text: text + "\n")), texts, st.sampled_from(sorted(COEFFICIENTS)))
def test_a_text_is_the_sum_of_its_lines(lines: list[str], last: str, tokenizer: str) -> None:
    """Texts joined at line ends cost what they cost apart, with the weights of every tokenizer."""
    weights = COEFFICIENTS[tokenizer]
    apart = sum(estimate_tokens(line, weights) for line in lines) + estimate_tokens(last, weights)

    assert estimate_tokens("".join(lines) + last, weights) == pytest.approx(apart)


@given(st.lists(texts), st.booleans())
def test_a_text_in_pieces_is_told_as_it_grows(pieces: list[str], is_long: bool) -> None:
    """However it is cut, it comes to the estimate of the whole, up to what is lost where a line is too long to keep."""
    tally = Tally()
    text = ("word(" * 200 if is_long else "") + "".join(pieces)
    told = [tally.feed(piece) for piece in ("word(" * 200 if is_long else "", *pieces)]

    assert told[-1] == pytest.approx(estimate_tokens(text), abs=3 + 0.01 * len(text))
    assert is_long or told[-1] == round(estimate_tokens(text))


@given(texts)
def test_splitting_loses_nothing(text: str) -> None:
    r"""Lines put together are the text; only `\n` ends one."""
    lines = split_lines(text)

    assert "".join(lines) == text
    assert all(line.index("\n") == len(line) - 1 for line in lines[:-1])
    assert all(lines)


def test_a_long_line_costs_the_same_uncached() -> None:
    """Lines too long to be remembered are weighed like the others."""
    assert line_tokens("ab, " * 500) == pytest.approx(500 * line_tokens("ab, "))


@pytest.mark.parametrize(
    ("estimated", "actual", "factor"),
    [(100, 100, 1.0), (100, 120, 1.02), (100, 80, 0.98), (20, 90, 1.0), (100, 0, 1.0), (100, 10**9, 2.5)],
)
def test_a_scale_learns_slowly(estimated: float, actual: float, factor: float) -> None:
    """Each count moves it a tenth of the way; counts that tell nothing leave it, and none takes it out of range."""
    assert Scale().observed(estimated, actual).factor == pytest.approx(factor)


def test_a_scale_comes_to_the_truth() -> None:
    """A model that always counts 1.18 times as much is known after a few dozen prompts."""
    scale = Scale()
    for _ in range(60):
        scale = scale.observed(scale.scaled(1000), 1180)

    assert scale.factor == pytest.approx(1.18, rel=0.01)


@pytest.mark.parametrize(
    ("estimated", "actual", "factor"), [(1000, 1500, 1.5), (1000, 9000, 2.5), (0, 5, 1), (5, 0, 1)]
)
def test_a_scale_is_set_at_once(estimated: float, actual: float, factor: float) -> None:
    """After an overflow the exact count decides."""
    assert Scale().corrected(estimated, actual).factor == pytest.approx(factor)


@given(st.lists(st.tuples(st.floats(-10, 1e9), st.floats(-10, 1e9))))
def test_no_server_drives_a_scale_mad(counts: list[tuple[float, float]]) -> None:
    """Whatever is reported, a factor stays between 0.5 and 2.5."""
    scale = Scale()
    for estimated, actual in counts:
        scale = scale.observed(estimated, actual).corrected(estimated, actual)
        assert 0.5 <= scale.factor <= 2.5


def test_room_is_left_for_the_answer_and_for_error() -> None:
    """A prompt is built to what the window leaves, less the safety, and never to more than was asked for."""
    assert Room(window_tokens=1168, output_tokens=48).budget_tokens == math.floor(1120 / SAFETY)
    assert Room(window_tokens=32768, output_tokens=48, prompt_tokens=1024).budget_tokens == 1024
    assert Room(window_tokens=10, output_tokens=48).budget_tokens == 48


@pytest.mark.parametrize(
    ("prompt_tokens", "window_tokens", "expected"),
    [
        (3000, 2048, {"scale": Scale(factor=1.5), "window_tokens": 2048}),
        (3000, None, {"scale": Scale(factor=1.5), "window_tokens": 4096}),
        (None, None, {"prompt_tokens": 1000, "window_tokens": 4096}),
    ],
)
def test_an_overflow_makes_room(
    prompt_tokens: int | None, window_tokens: int | None, expected: dict[str, object]
) -> None:
    """The server's numbers are taken where it gives them, else half the prompt is asked for."""
    trouble = Trouble(TroubleKind.OVERFLOW, "too long", prompt_tokens=prompt_tokens, window_tokens=window_tokens)
    room = Room(window_tokens=4096, output_tokens=48).after(trouble, estimated_tokens=2000)

    assert {key: getattr(room, key) for key in expected} == expected
