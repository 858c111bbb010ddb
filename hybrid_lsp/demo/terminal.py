"""The terminal: what it can do, and how to draw lines in place on it. Knows nothing of language servers."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TextIO

from hybrid_lsp.demo.syntax import Kind, Piece

_SGR: Mapping[Kind, str] = {
    Kind.KEYWORD: "35",
    Kind.STRING: "33",
    Kind.COMMENT: "32",
    Kind.NUMBER: "36",
    Kind.NAME: "36",
    Kind.GHOST: "3;38;5;245",
    Kind.TAKEN: "30;42",
    Kind.CURSOR: "7",
    Kind.DIM: "38;5;245",
    Kind.STRONG: "1",
    Kind.GOOD: "32",
}
_PLAIN_SPELLING = str.maketrans({"·": "-", "─": "-", "│": "|", "…": "~", "⇥": ">", "—": "-", "é": "e"})
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_ERASE_RIGHT, _ERASE_BELOW = "\x1b[K", "\x1b[J"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Cells of the terminal."""

    columns: int
    rows: int


def size_of_terminal() -> Size:
    """Return the size of the terminal, or 80 × 24 where there is none."""
    columns, rows = get_terminal_size()
    return Size(columns=columns, rows=rows)


def can_redraw(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Say whether lines may be drawn in place and in colour: a terminal, not a dumb one, no NO_COLOR."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return _enable_escape_codes() if sys.platform == "win32" else True


def spelled(text: str, encoding: str | None) -> str:
    """Return the text as this encoding can write it: frames and dots become ASCII, the rest question marks."""
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_PLAIN_SPELLING).encode("ascii", "replace").decode("ascii")
    return text


def ansi(line: Iterable[Piece]) -> str:
    """Return the line with its colours as escape codes, which end with the line."""
    return "".join(f"\x1b[{_SGR[kind]}m{text}\x1b[0m" if kind in _SGR else text for text, kind in line)


def plain(line: Iterable[Piece]) -> str:
    """Return the line's text alone."""
    return "".join(text for text, _ in line).rstrip()


class Canvas:
    """Some lines of a terminal that are drawn again and again in place. The last drawing stays."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn: list[str] = []
        self._columns = 0

    def draw(self, lines: Sequence[Iterable[Piece]], columns: int) -> None:
        """Show the lines where the ones before them stood. Writes only lines that have changed."""
        new = [spelled(ansi(line), self._stream.encoding) for line in lines]
        if columns != self._columns or len(new) != len(self._drawn):
            body = _ERASE_BELOW + "".join(f"{line}{_ERASE_RIGHT}\n" for line in new)
        else:
            body = "".join(
                "\n" if line == old else f"{line}{_ERASE_RIGHT}\n" for line, old in zip(new, self._drawn, strict=True)
            )
        up = f"\x1b[{len(self._drawn)}A\r" if self._drawn else _HIDE_CURSOR
        self._drawn, self._columns = new, columns
        self._stream.write(up + body)
        self._stream.flush()

    def close(self) -> None:
        """Give the cursor back. What was drawn stays."""
        if self._drawn:
            self._stream.write("\x1b[0m" + _SHOW_CURSOR)
            self._stream.flush()


def _enable_escape_codes() -> bool:
    """Ask the Windows console to obey escape codes, and say whether it will. Starting any command does that."""
    if "WT_SESSION" in os.environ or "ANSICON" in os.environ:
        return True
    return os.system("") == 0
