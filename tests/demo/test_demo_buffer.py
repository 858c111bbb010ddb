"""The demo's document and its cursor."""

import pytest

from hybrid_lsp.demo.buffer import Buffer, code_points, utf16_units
from hybrid_lsp.demo.project import Passage


@pytest.mark.parametrize(
    ("text", "units"),
    [("", 0), ("abc", 3), ("naïve", 5), ("日本", 2), ("a😀b", 4), ("👩‍💻", 5)],
)
def test_columns_are_utf16_units(text: str, units: int) -> None:
    """Only characters outside the basic plane take two; and the way back finds the same place."""
    assert utf16_units(text) == units
    assert code_points(text, units) == len(text)


def test_a_column_beyond_the_line_is_its_end() -> None:
    """LSP allows a position behind the end of a line; it means the end."""
    assert code_points("a😀", 99) == 2


def test_the_cursor_starts_where_the_passage_goes() -> None:
    """Between what is above and below, behind the indentation."""
    buffer = Buffer(Passage(path="a.py", above="class A:\n", text="    def f(): ...", below="\nx = 1\n"))

    assert buffer.text == "class A:\n    \nx = 1\n"
    assert (buffer.row, buffer.column) == (1, 4)


def test_inserting_moves_the_cursor_and_tells_the_change() -> None:
    """The change is in UTF-16 units of the text before it."""
    buffer = Buffer(Passage(path="a.py", above='x = "😀', text=""))

    change = buffer.insert('"')

    start = {"line": 0, "character": 7}
    assert change == {"range": {"start": start, "end": start}, "text": '"'}
    assert buffer.position == {"line": 0, "character": 8}
    assert buffer.left == 'x = "😀"'


def test_a_line_break_takes_the_rest_of_the_line_along() -> None:
    """The cursor is behind the new indentation."""
    buffer = Buffer(Passage(path="a.py", above="if x:", text="", below=" pass"))

    buffer.insert("\n    ")

    assert buffer.lines == ["if x:", "     pass"]
    assert (buffer.row, buffer.column, buffer.version) == (1, 4, 2)


def test_replacing_takes_out_what_is_right_of_the_cursor() -> None:
    """Closing brackets that an editor had put there make way; never more than the line has."""
    buffer = Buffer(Passage(path="a.py", above="print(", text="", below=")"))

    change = buffer.insert("x)", replaces=5)

    assert buffer.text == "print(x)"
    assert change["range"] == {"start": {"line": 0, "character": 6}, "end": {"line": 0, "character": 7}}
