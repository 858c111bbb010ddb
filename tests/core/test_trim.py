"""core.trim: a suggestion and what stands right of the cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.trim import CLOSERS, fit_suffix, only_closers


@pytest.mark.parametrize(
    ("rest", "suffix", "text", "replaces"),
    [
        ("total)", "", "total)", 0),
        ("total)", ")", "total", 0),
        ("total)", ")  ", "total", 0),
        ("a[0])", "])", "a[0", 0),
        ("x) {", ")", "x) {", 1),
        ("total", ")", "total", 0),
        ("name']", "']", "name", 0),
        ("total", "   ", "total", 0),
        ("é)", ")", "é", 0),
    ],
)
def test_closers_are_neither_doubled_nor_lost(rest: str, suffix: str, text: str, replaces: int) -> None:
    """Closers that the suggestion brings itself are reused or replaced; others stay right of it."""
    assert fit_suffix(rest, suffix) == (text, replaces)


@given(st.text(max_size=20), st.text(alphabet=sorted(CLOSERS), max_size=4))
def test_the_line_after_accepting_is_the_one_that_was_meant(rest: str, suffix: str) -> None:
    """Accepting leaves `rest`, or `rest` and then the whole suffix; nothing else and nothing twice."""
    text, replaces = fit_suffix(rest, suffix)
    after = (text + suffix[replaces:]).rstrip(" \t")

    assert after in {rest.rstrip(" \t"), (rest + suffix).rstrip(" \t")}


@pytest.mark.parametrize(
    ("suffix", "expected"), [("", True), (")", True), ("\"'])};  ", True), (") + x", False), ("é", False)]
)
def test_only_closers(suffix: str, expected: bool) -> None:
    """Only what an editor may have put there by itself counts as nothing."""
    assert only_closers(suffix) is expected
