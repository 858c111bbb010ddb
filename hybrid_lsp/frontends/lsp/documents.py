"""What the editor has open, as it says (LSP 3.18 §Text Document Synchronization, §Notebook Document Synchronization).

A document is a list of lines, so that the cost of an edit and of a look around the cursor does not grow with the file.
The disk is never read: an open document's truth is what the client sent. Nothing here raises for a position out of
range.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from hybrid_lsp.frontends.lsp.positions import (
    Encoding,
    content_length,
    pairs_joined,
    split_lines,
    to_column,
    to_units,
)

_DRIVE = re.compile(r"^file:///([A-Z]):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One edit of a document, as the client sends it."""

    text: str
    span: tuple[int, int, int, int] | None = None
    """Start line, start units, end line, end units, 0-based; None replaces the whole text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    r"""Whole lines around one line, with terminators normalised to `\n`, in the form that `Excerpt` wants."""

    above: str
    r"""Each line ends in `\n`."""
    below: str
    r"""Joined by `\n`."""


class Document:
    """One open text, or one cell of an open notebook."""

    __slots__ = ("_lines", "_window", "_window_key", "encoding", "handle", "language", "notebook", "uri", "version")

    def __init__(
        self,
        *,
        uri: str,
        handle: int,
        language: str,
        version: int,
        text: str,
        encoding: Encoding = "utf-16",
        notebook: str | None = None,
    ) -> None:
        self.uri = uri
        self.handle = handle
        self.language = language
        self.version = version
        self.encoding: Encoding = encoding
        self.notebook = notebook
        self._lines = split_lines(pairs_joined(text))
        self._window: Window | None = None
        self._window_key: tuple[int, int, int] | None = None

    @property
    def text(self) -> str:
        """The whole text, terminators as the client sent them. Costs as much as the file is long."""
        return "".join(self._lines)

    @property
    def line_count(self) -> int:
        """At least 1; a text that ends in a terminator has an empty last line."""
        return len(self._lines)

    @property
    def eol(self) -> str:
        r"""The terminator of the first line; `\n` when there is only one line."""
        first = self._lines[0]
        return first[content_length(first) :] or "\n"

    def line(self, number: int) -> str:
        """Return a line without its terminator; empty outside the document."""
        if not 0 <= number < len(self._lines):
            return ""
        return self._lines[number].rstrip("\r\n")  # no line has one of these but at its end

    def lines_above(self, line: int, room_chars: int) -> list[str]:
        """Return as many whole lines right above `line` as fit, the topmost first, each counted with one terminator."""
        lines, start = self._lines, min(line, len(self._lines))
        found: list[str] = []
        while start > 0:
            start -= 1
            content = lines[start].rstrip("\r\n")
            if (room_chars := room_chars - len(content) - 1) < 0:
                break
            found.append(content)
        found.reverse()
        return found

    def lines_from(self, line: int, room_chars: int) -> list[str]:
        """Return as many whole lines from `line` on as fit, each counted with one terminator."""
        lines, stop = self._lines, max(line, 0)
        found: list[str] = []
        while stop < len(lines):
            content = lines[stop].rstrip("\r\n")
            if (room_chars := room_chars - len(content) - 1) < 0:
                break
            found.append(content)
            stop += 1
        return found

    def locate(self, line: int, character: int) -> tuple[int, int]:
        """Return the line and the code point in it that a client's position means.

        A character past the line's end means its end, before the terminator (LSP 3.18 §Position). A line past the last
        one means the end of the document, a negative line its start.
        """
        if line < 0:
            return 0, 0
        last = len(self._lines) - 1
        if line > last:
            return last, content_length(self._lines[last])
        return line, to_column(self.line(line), character, self.encoding)

    def units(self, line: int, column: int) -> int:
        """Return the client's units for a code point of a line: the inverse of `locate`."""
        return to_units(self.line(line), column, self.encoding)

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply the edits one after the other, each to the text that the one before left."""
        for change in changes:
            if change.span is None:
                self._lines = split_lines(pairs_joined(change.text))
                self._window = None
            else:
                self._replace(change.span, change.text)

    def window(self, line: int, *, above_chars: int = 131_072, below_chars: int = 65_536) -> Window:
        """Return whole lines around `line`: as many as fit, the nearest first, counted with their terminators.

        While nothing but this one line is edited, and the same window is asked for, the same object comes back. The
        cost of a fresh one grows with the window, not with the file.
        """
        key = (line, above_chars, below_chars)
        if self._window is None or self._window_key != key:
            self._window = Window(above=self._above(line, above_chars), below=self._below(line, below_chars))
            self._window_key = key
        return self._window

    def _above(self, line: int, room_chars: int) -> str:
        lines = self._lines
        start = stop = max(min(line, len(lines)), 0)
        while start and (room_chars := room_chars - len(lines[start - 1])) >= 0:
            start -= 1
        return _normalised("".join(lines[start:stop]))

    def _below(self, line: int, room_chars: int) -> str:
        lines = self._lines
        start = stop = max(line + 1, 0)
        while stop < len(lines) and (room_chars := room_chars - len(lines[stop])) >= 0:
            stop += 1
        text = _normalised("".join(lines[start:stop]))
        # Cut before the end, the last line still has the terminator that joining does not give.
        return text[:-1] if start < stop < len(lines) else text

    def _replace(self, span: tuple[int, int, int, int], text: str) -> None:
        start, end = sorted((self.locate(span[0], span[1]), self.locate(span[2], span[3])))
        (first, first_column), (last, last_column) = start, end
        lines = self._lines
        chunk = pairs_joined(lines[first][:first_column] + text + lines[last][last_column:])
        if chunk.startswith("\n") and first and lines[first - 1].endswith("\r"):
            first -= 1  # the two have become one terminator
            chunk = lines[first] + chunk
        fresh = split_lines(chunk)
        if last < len(lines) - 1:
            fresh.pop()  # the chunk ends in the terminator of `last`, after which `split_lines` sees an empty line
        if first == last and len(fresh) == 1:
            lines[first] = fresh[0]
            if self._window_key is not None and self._window_key[0] != first:
                self._window = None
        else:
            lines[first : last + 1] = fresh
            self._window = None


class Documents:
    """Every open document of one session, found by URI.

    URIs that differ only in percent-encoding or in the case of a drive letter name the same document.
    """

    def __init__(self) -> None:
        self.encoding: Encoding = "utf-16"
        """The units of every position of this session; settled by `initialize`, before any document is open."""
        self._open: dict[str, Document] = {}
        self._cells: dict[str, list[str]] = {}
        self._last_handle = 0

    def __iter__(self) -> Iterator[Document]:
        return iter(self._open.values())

    def __len__(self) -> int:
        return len(self._open)

    def get(self, uri: str) -> Document | None:
        """Return the open document, or None."""
        return self._open.get(_key(uri))

    def open(self, *, uri: str, language: str, version: int, text: str, notebook: str | None = None) -> Document:
        """Open a document; one that is open already is replaced, with a new handle."""
        self._last_handle += 1
        document = Document(
            uri=uri,
            handle=self._last_handle,
            language=language,
            version=version,
            text=text,
            encoding=self.encoding,
            notebook=notebook,
        )
        self._open[_key(uri)] = document
        return document

    def change(self, *, uri: str, version: int, changes: Sequence[Change]) -> bool:
        """Apply the edits and take the client's version, whatever it is. False, with nothing done, if not open."""
        document = self.get(uri)
        if document is None:
            return False
        document.apply(changes)
        document.version = version
        return True

    def close(self, uri: str) -> bool:
        """Forget a document. False when it is not open."""
        return self._open.pop(_key(uri), None) is not None

    def cells(self, notebook: str) -> tuple[str, ...]:
        """Return the URIs of a notebook's cells in their order, text and markup alike; empty when it is not open."""
        return tuple(self._cells.get(_key(notebook), ()))

    def open_notebook(self, notebook: str, cells: Iterable[str]) -> tuple[Document, ...]:
        """Open a notebook; the texts of its cells are opened one by one, with `open`.

        Returns the texts that were closed with the same notebook, if it was open already.
        """
        closed = self.close_notebook(notebook)
        self._cells[_key(notebook)] = list(cells)
        return closed or ()

    def move_cells(self, notebook: str, *, start: int, removed: int, added: Sequence[str]) -> bool:
        """Replace `removed` cells from `start` on by `added`. Opens and closes no text. False when it is not open."""
        cells = self._cells.get(_key(notebook))
        if cells is None:
            return False
        cells[start : start + removed] = added
        return True

    def close_notebook(self, notebook: str) -> tuple[Document, ...] | None:
        """Forget a notebook and the texts of its cells, which are returned; None when it is not open."""
        key = _key(notebook)
        if self._cells.pop(key, None) is None:
            return None
        closed = tuple(document for document in self if document.notebook and _key(document.notebook) == key)
        for document in closed:
            self.close(document.uri)
        return closed


def _normalised(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


@lru_cache(maxsize=512)
def _key(uri: str) -> str:
    return _DRIVE.sub(lambda drive: drive[0].lower(), unquote(uri))
