"""A frame in, lines out."""

import pytest

from hybrid_lsp.demo.screen import FRAME_ROWS, Frame, Line, compose, offer_line, where_from
from hybrid_lsp.demo.syntax import Kind, colour
from hybrid_lsp.demo.tally import Offer, Tally
from hybrid_lsp.demo.terminal import plain

OFFER = Offer(
    text="connection: Connection) -> Book:",
    before="def get(",
    accepted=True,
    ms=0.62,
    origin="store/orders.py",
    source="embedded",
    score=0.83,
    path="store/books.py",
    line=12,
)
CODE = ("import x", "", "def get(", "    return x", "# end")


def frame(**changes: object) -> Frame:
    """A frame with the cursor behind `def get(`."""
    values: dict[str, object] = {"path": "store/books.py", "lines": CODE, "row": 2, "column": 8, **changes}
    return Frame(**values)  # type: ignore[arg-type]


def of_kind(line: Line, kind: Kind) -> str:
    """The text of one kind in a line."""
    return "".join(text for text, its_kind in line if its_kind is kind)


def code_line(shown: Frame, number: int, columns: int = 80) -> Line:
    """The screen's line for a line of code, from 1."""
    return next(
        line for line in compose(shown, columns=columns, code_rows=9) if plain(line).startswith(f"{number:>5} │")
    )


def test_ghost_text_stands_grey_behind_the_cursor() -> None:
    """Its first character lies under the cursor, and closers right of the cursor follow it."""
    line = code_line(frame(lines=("f()",), row=0, column=2, ghost="x, y"), 1)

    assert plain(line) == "    1 │ f(x, y)"
    assert (of_kind(line, Kind.CURSOR), of_kind(line, Kind.GHOST)) == ("x", ", y")


def test_ghost_text_hides_what_it_replaces() -> None:
    """A closing bracket that the suggestion brings along is not shown twice."""
    line = code_line(frame(lines=("f()",), row=0, column=2, ghost="x)", ghost_replaces=1), 1)

    assert plain(line) == "    1 │ f(x)"


def test_accepted_text_is_marked() -> None:
    """Exactly what came from the suggestion, left of the cursor."""
    assert of_kind(code_line(frame(taken=4), 3), Kind.TAKEN) == "get("


def test_a_bare_cursor_is_one_cell() -> None:
    """At the end of a line it is a blank, within it the character there."""
    assert of_kind(code_line(frame(), 3), Kind.CURSOR) == " "
    assert of_kind(code_line(frame(column=0), 3), Kind.CURSOR) == "d"


@pytest.mark.parametrize("columns", [40, 59, 80, 104])
@pytest.mark.parametrize("rows", [4, 16])
def test_a_frame_fits_its_terminal(columns: int, rows: int) -> None:
    """As many lines as promised, none too wide, at any width from 40 on, with long lines and a full log."""
    lines = tuple("x = " + "very_long_name + " * 20 for _ in range(40))
    long_offer = Offer(**{name: getattr(OFFER, name) for name in Offer.__slots__} | {"text": "y" * 300})
    tally = Tally(chars_typed=5000, chars_saved=3000, offers=(OFFER, long_offer) * 5, answers_ms=(0.5,))
    shown = frame(lines=lines, row=35, column=200, ghost="z" * 100, tally=tally, path="deep/" * 30 + "a.py", parts=3)

    drawn = compose(shown, columns=columns, code_rows=rows)

    assert len(drawn) == rows + FRAME_ROWS
    assert max(len(plain(line)) for line in drawn) <= columns
    assert any(of_kind(line, Kind.CURSOR) for line in drawn)


def test_a_tab_is_four_cells_and_an_escape_code_is_harmless() -> None:
    """What a file holds cannot steer the terminal."""
    line = code_line(frame(lines=("\tx\x1b[2Jy",), row=0, column=2), 1)

    assert plain(line) == "    1 │     x?[2Jy"
    assert of_kind(line, Kind.CURSOR) == "?"


def test_a_wide_character_takes_two_cells() -> None:
    """The line is cut where the terminal would wrap it."""
    line = code_line(frame(lines=("日" * 60,), row=0, column=0), 1, columns=48)

    assert plain(line).count("日") == 20


def test_the_status_counts_keys() -> None:
    """The running numbers, in one line."""
    tally = Tally(chars_typed=284, chars_saved=129, offers=(OFFER,), answers_ms=(0.61,))

    drawn = [plain(line) for line in compose(frame(tally=tally), columns=80, code_rows=4)]

    assert " saved 128 of 413 keys (31 %) · 1 shown · 1 accepted · median 0.6 ms" in drawn


@pytest.mark.parametrize(
    ("origin", "words"),
    [("store/orders.py", "from store/orders.py"), ("store/books.py", "this file"), ("", "your files")],
)
def test_the_origin_is_said_in_words(origin: str, words: str) -> None:
    """Another file by its path, the same one as such."""
    assert (
        where_from(Offer(**{n: getattr(OFFER, n) for n in Offer.__slots__} | {"origin": origin}), "store/books.py")
        == words
    )


def test_the_log_tells_text_time_score_and_origin() -> None:
    """On a narrow screen the score goes first."""
    wide, narrow = plain(offer_line(OFFER, 104, "store/books.py")), plain(offer_line(OFFER, 40, "store/books.py"))

    assert wide.split() == (
        ["⇥", "def", "get(connection:", "Connection)", "->", "Book:", "0.6", "ms", "0.83", "from", "store/orders.py"]
    )
    assert "0.83" not in narrow
    assert narrow.endswith("0.6 ms  store/orders.py")


def test_code_is_coloured_and_nothing_is_lost() -> None:
    """Pieces joined are the line; a text of several lines is one in all of them."""
    lines = ["def f(x):  # why", '    """First', '    last""" + g(1, "a\\"b")', "class A: pass"]

    drawn = list(colour(lines, 0, 4, "python"))

    assert ["".join(text for text, _ in line) for line in drawn] == lines
    assert drawn[0][0] == ("def", Kind.KEYWORD)
    assert ("f", Kind.NAME) in drawn[0]
    assert drawn[0][-1] == ("# why", Kind.COMMENT)
    assert drawn[2][0] == ('    last"""', Kind.STRING)
    assert ("1", Kind.NUMBER) in drawn[2]
    assert next(colour(lines, 2, 3, "python")) == drawn[2]
