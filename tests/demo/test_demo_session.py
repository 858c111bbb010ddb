"""What the demo's editor makes of a server's answers."""

from typing import Any

import pytest

from hybrid_lsp.demo.buffer import Buffer
from hybrid_lsp.demo.project import Passage
from hybrid_lsp.demo.session import ghost_of
from hybrid_lsp.demo.terminal import Size
from hybrid_lsp.demo.views import MAX_CODE_ROWS, code_rows_in, has_room

ABOUT = {"id": 7, "source": "embedded", "origin": "store/orders.py", "score": 0.83}


def buffer() -> Buffer:
    """A document with the cursor behind `f("😀`, before `")`: column 4 in code points, 5 in UTF-16 units."""
    document = Buffer(Passage(path="a.py", above="", text="", below='")'))
    document.insert('f("😀')
    return document


def item(**changes: Any) -> dict[str, Any]:
    """An item that fits the document."""
    cursor = {"line": 0, "character": 5}
    command = {"title": "Accept", "command": "hybrid-lsp.accept", "arguments": [ABOUT]}
    return {"insertText": "x", "range": {"start": cursor, "end": cursor}, "command": command, **changes}


def test_an_item_tells_where_it_is_from() -> None:
    """In the argument of its command."""
    ghost = ghost_of({"items": [item()]}, buffer())

    assert ghost is not None
    assert (ghost.text, ghost.replaces, ghost.origin, ghost.score) == ("x", 0, "store/orders.py", 0.83)
    assert ghost.command is not None


def test_an_item_may_replace_what_is_right_of_the_cursor() -> None:
    """Counted in characters, not in UTF-16 units."""
    span = {"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 7}}
    ghost = ghost_of([item(range=span, command=None)], buffer())

    assert ghost is not None
    assert (ghost.replaces, ghost.origin, ghost.command) == (2, "", None)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {"items": []},
        {"items": [item(insertText="")]},
        {"items": [item(insertText="a\nb")]},
        {"items": [item(insertText={"kind": "snippet", "value": "x"})]},
        {"items": [item(range=None)]},
        {"items": [item(range={"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 5}})]},
        {"items": [item(range={"start": {"line": 0, "character": 5}, "end": {"line": 1, "character": 0}})]},
    ],
)
def test_what_does_not_fit_the_cursor_is_not_shown(answer: Any) -> None:
    """No answer, an empty one, and items that this editor cannot show are all the same: no ghost text."""
    assert ghost_of(answer, buffer()) is None


def test_a_tiny_terminal_gets_plain_lines() -> None:
    """From 41 columns and 17 rows on there is room for a frame, and a tall one does not get a taller frame."""
    assert not has_room(Size(columns=40, rows=50))
    assert not has_room(Size(columns=100, rows=16))
    assert has_room(Size(columns=41, rows=17))
    assert code_rows_in(Size(columns=100, rows=100)) == MAX_CODE_ROWS
    assert code_rows_in(Size(columns=41, rows=17)) == 4
