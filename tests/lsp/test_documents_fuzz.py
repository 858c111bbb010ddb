"""Documents against a plain reading of the specification, under any history of edits."""

from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_lsp.frontends.lsp.documents import Change, Document
from tests.lsp import reference

ENCODINGS: tuple[Literal["utf-8", "utf-16", "utf-32"], ...] = ("utf-8", "utf-16", "utf-32")

# What splits lines in Python but not in LSP, what is longer in one encoding than in another, and halves of a character.
PIECES = ["\n", "\r", "\r\n", "\f", "\v", "\x1c", "\x85", "\u2028", "\u2029", "é", "漢", "😀", "e\u0301", "\t", " "]
HALVES = ["\ud83d", "\ude00", "\ud800", "\udfff"]
texts = st.lists(st.sampled_from([*PIECES, "a", "def f(x):", "\n", "\n"]), max_size=24).map("".join)
texts_with_halves = st.lists(st.sampled_from([*PIECES, *HALVES, "a", "\n"]), max_size=16).map("".join)
lines = st.integers(-1, 12)
units = st.one_of(st.integers(-1, 20), st.just(2**31 - 1))


@st.composite
def changes(draw: st.DrawFn, strategy: st.SearchStrategy[str]) -> Change:
    """A replacement of a range, often out of range or backwards, or now and then of the whole text."""
    text = draw(strategy)
    if draw(st.integers(0, 15)) == 0:
        return Change(text=text)
    start_line, start = draw(lines), draw(units)
    near = draw(st.booleans())
    end_line = start_line if near else draw(lines)
    return Change(text=text, span=(start_line, start, end_line, draw(units)))


def opened(text: str, encoding: Literal["utf-8", "utf-16", "utf-32"]) -> Document:
    """Return a document that is open."""
    return Document(uri="file:///f", handle=1, language="python", version=1, text=text, encoding=encoding)


def check_history(encoding: Literal["utf-8", "utf-16", "utf-32"], text: str, history: list[Change]) -> None:
    """Apply the changes one by one and compare after each."""
    document, expected = opened(text, encoding), reference.joined(text)
    for change in history:
        expected = reference.applied(expected, [change], encoding)
        document.apply([change])

        assert expected == document.text
        assert len(reference.lines_of(expected)) == document.line_count


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ENCODINGS), texts, st.lists(changes(texts), max_size=6))
def test_any_history_of_edits_gives_the_text_of_the_specification(
    encoding: Literal["utf-8", "utf-16", "utf-32"], text: str, history: list[Change]
) -> None:
    """After any edits, in any encoding, in and out of range, the text is what the specification says."""
    check_history(encoding, text, history)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ENCODINGS), texts_with_halves, st.lists(changes(texts_with_halves), min_size=1, max_size=6))
def test_halves_of_characters_do_no_harm(
    encoding: Literal["utf-8", "utf-16", "utf-32"], text: str, history: list[Change]
) -> None:
    """Lone surrogates, which JSON can carry, are kept, and become one character where two meet."""
    check_history(encoding, text, history)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ENCODINGS), texts, lines, units)
def test_positions_are_clamped_and_come_back(
    encoding: Literal["utf-8", "utf-16", "utf-32"], text: str, line: int, character: int
) -> None:
    """`locate` clamps as the specification says, and `units` is its inverse at every place it returns."""
    document = opened(text, encoding)
    place = document.locate(line, character)

    assert reference.locate(text, line, character, encoding) == place
    assert place == document.locate(place[0], document.units(*place))
    assert [content for content, _ in reference.lines_of(text)] == [
        document.line(number) for number in range(document.line_count)
    ]


@settings(max_examples=250, deadline=None)
@given(
    texts,
    st.lists(changes(texts), max_size=8),
    st.integers(-1, 12),
    st.one_of(st.integers(0, 30), st.just(1000)),
    st.one_of(st.integers(0, 30), st.just(1000)),
)
def test_a_window_is_what_stands_around_the_line_now(
    text: str, history: list[Change], line: int, above_chars: int, below_chars: int
) -> None:
    """Whatever was edited since it was last asked for, a window holds the lines that fit around the line."""
    document = opened(text, "utf-16")
    last = document.window(line, above_chars=above_chars, below_chars=below_chars)
    for change in [None, *history]:
        document.apply([change] if change else [])
        fresh = document.window(line, above_chars=above_chars, below_chars=below_chars)

        assert reference.window(document.text, line, above_chars, below_chars) == (fresh.above, fresh.below)
        assert fresh is last or change is not None
        last = fresh
