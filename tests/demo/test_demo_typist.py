"""The person at the keyboard, against a scripted list of suggestions."""

from collections.abc import Mapping

import pytest

from hybrid_lsp.demo.typist import Asked, Ghost, Took, is_worth_taking, type_out


class Playbook:
    """An editor whose ghost text stands in a table: by the text of the line left of the cursor."""

    def __init__(self, ghosts: Mapping[str, str]) -> None:
        self.ghosts = ghosts
        self.text = ""
        self.accepted: list[str] = []

    def insert(self, text: str) -> None:
        """Append what is typed."""
        self.text += text

    def ask(self) -> tuple[Ghost | None, float]:
        """Look the line up."""
        ghost = self.ghosts.get(self.text.rpartition("\n")[2])
        return (Ghost(text=ghost) if ghost else None), 1.0

    def accept(self, ghost: Ghost) -> None:
        """Append what was suggested."""
        self.accepted.append(ghost.text)
        self.text += ghost.text


def play(text: str, ghosts: Mapping[str, str]) -> tuple[Playbook, list[Asked | Took]]:
    """Type the text with these suggestions."""
    editor = Playbook(ghosts)
    return editor, list(type_out(text, editor))


@pytest.mark.parametrize(
    "ghosts",
    [{}, {"r": "eturn x"}, {"re": "turn y"}, {"return": " x", "i": "f x:"}, {"return x": "yz"}, {"": "return"}],
)
def test_what_was_meant_is_what_stands_there(ghosts: Mapping[str, str]) -> None:
    """Right, wrong or none: suggestions never change the text."""
    text = "if x:\n    return x\n\nreturn x"

    editor, _ = play(text, ghosts)

    assert editor.text == text


def test_the_rest_of_the_line_is_taken_however_short() -> None:
    """Two characters to the end of the line are worth a key."""
    editor, moments = play("return x", {"return": " x"})

    assert editor.accepted == [" x"]
    assert sum(bool(m.key) for m in moments if isinstance(m, Asked)) == len("return")


@pytest.mark.parametrize(
    ("ghost", "rest", "taken"),
    [
        ("turn x", "turn x", True),
        ("turn", "turn x", True),
        ("tur", "turn x", False),
        ("turn y", "turn x", False),
        ("turn x + 1", "turn x", False),
        ("x", "", False),
    ],
)
def test_only_right_suggestions_worth_a_key_are_taken(ghost: str, rest: str, taken: bool) -> None:
    """The whole rest of the line, or four right characters."""
    assert is_worth_taking(Ghost(text=ghost), rest) is taken


def test_a_suggestion_that_takes_more_than_it_gives_is_left() -> None:
    """The typist meant what stands right of the cursor."""
    assert not is_worth_taking(Ghost(text="x)", replaces=1), "x)")


def test_typing_along_is_one_suggestion() -> None:
    """The same words, one shorter at each key, are not counted again; other words are."""
    _, moments = play("abcd", {"": "abXY", "a": "bXY", "ab": "XY", "abc": "QQ"})

    assert [m.is_new for m in moments if isinstance(m, Asked) and m.ghost] == [True, False, False, True]


def test_indentation_comes_with_the_line_break() -> None:
    """It is neither a key nor saved."""
    _, moments = play("if x:\n        y", {})

    assert [m.key for m in moments if isinstance(m, Asked)] == ["", *"if x:", "\n", "y"]


def test_the_server_is_asked_again_after_accepting() -> None:
    """As editors do, without a key."""
    _, moments = play("abcdefgh", {"": "abcd", "abcd": "efgh"})

    assert [type(m).__name__ for m in moments] == ["Asked", "Took", "Asked", "Took", "Asked"]
