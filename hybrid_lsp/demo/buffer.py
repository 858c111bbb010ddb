"""The text of one open document and a cursor in it, as an editor keeps them. LSP counts columns in UTF-16 units."""

from hybrid_lsp.demo.project import Passage


def utf16_units(text: str) -> int:
    """Return how many UTF-16 code units the text takes."""
    return len(text) + sum(character > "\uffff" for character in text)


def code_points(line: str, units: int) -> int:
    """Return how many code points of the line lie within the first `units` UTF-16 code units, at most all of them."""
    for column, character in enumerate(line):
        if units <= 0:
            return column
        units -= utf16_units(character)
    return len(line)


class Buffer:
    """A document that is being typed into, at one cursor. `row` and `column` are 0-based, in code points."""

    def __init__(self, passage: Passage) -> None:
        left = passage.above + passage.indent
        self.path = passage.path
        self.lines = (left + passage.below).split("\n")
        self.row = left.count("\n")
        self.column = len(left.rpartition("\n")[2])
        self.version = 1

    @property
    def text(self) -> str:
        """The whole document."""
        return "\n".join(self.lines)

    @property
    def left(self) -> str:
        """The cursor's line left of the cursor."""
        return self.lines[self.row][: self.column]

    @property
    def position(self) -> dict[str, int]:
        """The cursor as LSP writes it."""
        return self._lsp(self.column)

    def column_at(self, units: int) -> int:
        """Return the code point column on the cursor's line for a column that LSP counted."""
        return code_points(self.lines[self.row], units)

    def insert(self, text: str, replaces: int = 0) -> dict[str, object]:
        """Put the text in place of `replaces` characters right of the cursor, move behind it, return the LSP change."""
        line = self.lines[self.row]
        end = min(self.column + replaces, len(line))
        change: dict[str, object] = {"range": {"start": self.position, "end": self._lsp(end)}, "text": text}
        new = (line[: self.column] + text).split("\n")
        self.lines[self.row : self.row + 1] = [*new[:-1], new[-1] + line[end:]]
        self.row += len(new) - 1
        self.column = len(new[-1])
        self.version += 1
        return change

    def _lsp(self, column: int) -> dict[str, int]:
        return {"line": self.row, "character": utf16_units(self.lines[self.row][:column])}
