"""What a command writes on: wrapped, in colour on a terminal, in ASCII where nothing else can be written."""

import asyncio
import logging
import os
import textwrap
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any, TextIO, TypeVar

T = TypeVar("T")

DONE, FAILED, INTERRUPTED = 0, 1, 130
MAX_COLUMNS = 100
_MIN_COLUMNS = 40
_ASCII = str.maketrans({"✓": "+", "✗": "x", "·": "-", "•": "-", "█": "#", "░": ".", "…": "...", "–": "-", "≤": "<="})
_CODES = {"good": "32", "bad": "31", "strong": "1", "dim": "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Lines of a stream, never wider than `columns` but for what is to be copied."""

    out: TextIO
    columns: int
    colour: bool
    redraws: bool = False
    """Whether a line may be drawn again in place."""

    def write(self, text: str = "", *, indent: int = 0, mark: str = "", style: str = "") -> None:
        """Write a paragraph, wrapped; `mark` stands in front of its first line, the others are indented as far."""
        first = " " * indent + (f"{mark} " if mark else "")
        lines = textwrap.wrap(
            self.spelled(text), max(_MIN_COLUMNS, self.columns), initial_indent=self.spelled(first),
            subsequent_indent=" " * len(self.spelled(first)), break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        self._out("\n".join(self.styled(line, style) for line in lines) + "\n")

    def copy(self, text: str, *, indent: int = 0) -> None:
        """Write a line that is to be copied: never wrapped or cut."""
        self._out(" " * indent + self.styled(self.spelled(text), "strong") + "\n")

    def row(self, text: str) -> None:
        """Write a line of a table as it is."""
        self._out(self.spelled(text) + "\n")

    def redraw(self, text: str) -> None:
        """Write a line over the one that `redraw` wrote last."""
        self._out("\r" + self.spelled(text)[: self.columns - 1] + "\x1b[K")
        self.out.flush()

    def spelled(self, text: str) -> str:
        """Return the text as this stream can write it, and without anything that a terminal would obey."""
        text = "".join(char if char.isprintable() else " " for char in text)
        encoding = self.out.encoding or "ascii"
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
        return text

    def styled(self, text: str, style: str) -> str:
        """Return the text in a style, where there is colour."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and style in _CODES else text

    def _out(self, text: str) -> None:
        self.out.write(text)


def paper_for(out: TextIO, environment: Mapping[str, str]) -> Paper:
    """Return the paper that suits a stream: colour and redrawing only on a terminal that obeys, and no `NO_COLOR`."""
    live = out.isatty() and environment.get("TERM") != "dumb"
    if live and os.name == "nt":
        live = os.system("") == 0  # starting any command has the Windows console obey escape codes
    columns = min(MAX_COLUMNS, get_terminal_size().columns) if out.isatty() else MAX_COLUMNS
    return Paper(out=out, columns=columns, colour=live and not environment.get("NO_COLOR"), redraws=live)


def bytes_told(count: int) -> str:
    """Return a size as people say it, in powers of a thousand, as disks and Ollama do."""
    for unit, size in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count / size:.0f} {unit}"
    return f"{count} B"


def seconds_told(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def run_to_end(command: Coroutine[Any, Any, int], paper: Paper, *, on_interrupt: str = "") -> int:
    """Run a command and return its exit status: 130 after Ctrl-C, 1 when nobody reads on."""
    # What is told in sentences here need not come a second time, as a warning, on standard error.
    logging.getLogger("hybrid_lsp").addHandler(logging.NullHandler())
    try:
        status = asyncio.run(command)
        paper.out.flush()
    except KeyboardInterrupt:
        paper.write()
        if on_interrupt:
            paper.write(on_interrupt)
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes the stream at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), paper.out.fileno())
        return FAILED
    return status
