"""Prose on a terminal while it is still coming: wrapped between words, code left as it stands."""

from dataclasses import dataclass, field

from hybrid_lsp.frontends.terminal.paper import Paper

_FENCES = ("```", "~~~")
_LISTED = ("- ", "* ")


@dataclass(slots=True)
class Flow:
    """Markdown written as it comes, cut anywhere. Nothing in it is obeyed by the terminal."""

    paper: Paper
    _line: str = ""
    """Of the text itself, as far as it has come."""
    _word: str = ""
    _blanks: int = 0
    """Before the word, not written yet."""
    _column: int = 0
    _in_code: bool = False
    _written: list[str] = field(default_factory=list)

    def feed(self, text: str) -> None:
        """Write more."""
        for char in text.replace("\t", "    "):
            if char == "\n":
                self._end_line()
            elif char == " ":
                self._end_word()
                self._blanks += 1
            else:
                self._word += char
        self._flush()

    def end(self) -> None:
        """Write what was held back, and end the line."""
        self._end_word()
        if self._column:
            self._newline()
        self._flush()

    def _end_line(self) -> None:
        self._end_word()
        if self._line.lstrip().startswith(_FENCES):
            self._in_code = not self._in_code
        self._line = ""
        self._newline()

    def _newline(self) -> None:
        self._written.append("\n")
        self._column = self._blanks = 0

    def _end_word(self) -> None:
        if not self._word:
            return
        word, self._word = self._word, ""
        blanks, self._blanks = " " * self._blanks, 0
        is_code = self._in_code or self._line.lstrip().startswith(("|", *_FENCES))
        wide = self._column + len(blanks) + len(word) > self.paper.columns - 1
        if wide and self._line.strip() and not is_code:
            self._newline()
            self._put(self._indent())
        else:
            self._put(blanks)
        self._line += blanks + word
        self._put(word)

    def _indent(self) -> str:
        blanks = len(self._line) - len(self._line.lstrip())
        return " " * (blanks + (2 if self._line.lstrip().startswith(_LISTED) else 0))

    def _put(self, text: str) -> None:
        self._written.append(self.paper.spelled(text))
        self._column += len(text)

    def _flush(self) -> None:
        self.paper.out.write("".join(self._written))
        self.paper.out.flush()
        self._written.clear()
