"""The person at the keyboard: types a text key by key and takes ghost text that says what was meant anyway.

Rules: the typist never changes what was to be typed. A suggestion is taken the moment it is shown when it is the whole
rest of the line, or a right beginning of it that is worth a key; any other is typed over. This is an attentive person,
so what is saved here is the most that these suggestions could save.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

WORTH_CHARS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghost:
    """A suggestion on screen."""

    text: str
    replaces: int = 0
    """How many characters right of the cursor it takes the place of."""
    source: str = ""
    origin: str = ""
    """The workspace-relative path of the file it was learned from; empty when the server did not say."""
    score: float = 0.0
    command: Mapping[str, object] | None = None
    """What the server wants to be told when it is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A key was typed and the server was asked what comes next."""

    key: str
    """What was typed by hand; empty when it asked without a key, as editors do after accepting."""
    ghost: Ghost | None
    ms: float
    """From sending the request to having the answer."""
    is_new: bool
    """False when the ghost text is the one shown before, typed along."""
    is_right: bool
    """Whether the typist is about to take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """The ghost text was accepted with one key."""

    ghost: Ghost
    ms: float
    """How long its answer had taken."""


Moment = Asked | Took


class Editor(Protocol):
    """What the typist needs of an editor."""

    def insert(self, text: str) -> None:
        """Put the text at the cursor and tell the server."""
        ...

    def ask(self) -> tuple[Ghost | None, float]:
        """Return the ghost text for the cursor, and the milliseconds it took."""
        ...

    def accept(self, ghost: Ghost) -> None:
        """Put the ghost text into the document and tell the server that it was accepted."""
        ...


def type_out(text: str, editor: Editor) -> Iterator[Moment]:
    """Type the text, and yield each moment after it has happened. Afterwards the text stands in the document, exactly.

    The first line's indentation is expected to be there. Indentation after a line break comes with the break, from the
    editor: it counts as neither typed nor saved.
    """
    done = len(text) - len(text.lstrip(" \t"))
    key = expected = ""
    while True:
        ghost, ms = editor.ask()
        is_right = ghost is not None and is_worth_taking(ghost, _rest_of_line(text, done))
        is_new = ghost is not None and ghost.text != expected
        yield Asked(key=key, ghost=ghost, ms=ms, is_new=is_new, is_right=is_right)
        if done >= len(text):
            return
        if ghost is not None and is_right:
            editor.accept(ghost)
            done += len(ghost.text)
            yield Took(ghost=ghost, ms=ms)
            key = expected = ""
        else:
            key = text[done]
            pressed = _with_indentation(text, done)
            editor.insert(pressed)
            done += len(pressed)
            expected = ghost.text[1:] if ghost is not None and ghost.text[0] == key else ""


def is_worth_taking(ghost: Ghost, rest: str) -> bool:
    """Say whether the ghost text is what comes next: the whole rest of the line, or at least four right characters."""
    if ghost.replaces or not ghost.text:
        return False
    return ghost.text == rest or (len(ghost.text) >= WORTH_CHARS and rest.startswith(ghost.text))


def _rest_of_line(text: str, done: int) -> str:
    return text[done:].partition("\n")[0]


def _with_indentation(text: str, done: int) -> str:
    """Return the next key, and for a line break the next line's indentation with it."""
    if text[done] != "\n":
        return text[done]
    line = text[done + 1 :].partition("\n")[0]
    return "\n" + line[: len(line) - len(line.lstrip(" \t"))]
