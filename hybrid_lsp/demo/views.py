"""Three ways to follow a session: in place on a terminal, line by line in a pipe, or not at all."""

from typing import Protocol, TextIO

from hybrid_lsp.demo.buffer import Buffer
from hybrid_lsp.demo.pace import Metronome, Pace
from hybrid_lsp.demo.screen import FRAME_ROWS, HEADLINE, MIN_COLUMNS, Frame, compose, offer_line
from hybrid_lsp.demo.tally import Tally
from hybrid_lsp.demo.terminal import Canvas, Size, plain, size_of_terminal, spelled
from hybrid_lsp.demo.typist import Asked, Moment, Took

MAX_COLUMNS = 104
MAX_CODE_ROWS = 16
MIN_CODE_ROWS = 4


class View(Protocol):
    """Follows a session. What it waits, the session waits."""

    def begin(self, buffer: Buffer, part: int, parts: int, tally: Tally) -> None:
        """Another piece of text is about to be typed into this document."""
        ...

    def follow(self, moment: Moment, buffer: Buffer, tally: Tally) -> None:
        """Something has happened; the tally has counted it already."""
        ...

    def end(self, tally: Tally) -> None:
        """Everything is typed."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was; called on every path."""
        ...


class Silence:
    """Shows nothing and waits for nothing."""

    def begin(self, buffer: Buffer, part: int, parts: int, tally: Tally) -> None:
        """Show nothing."""

    def follow(self, moment: Moment, buffer: Buffer, tally: Tally) -> None:
        """Show nothing."""

    def end(self, tally: Tally) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing was touched."""


class PlainLines:
    """One line for each accepted suggestion, without escape codes."""

    def __init__(self, stream: TextIO, columns: int, pace: Pace) -> None:
        self._stream = stream
        self._columns = columns
        self._metronome = Metronome(pace)
        self._say("hybrid-lsp demo: " + "".join(HEADLINE))

    def begin(self, buffer: Buffer, part: int, parts: int, tally: Tally) -> None:
        """Name the document."""
        self._say("")
        self._say(f"{buffer.path}:{buffer.row + 1}")

    def follow(self, moment: Moment, buffer: Buffer, tally: Tally) -> None:
        """Print what was accepted, and wait as a person would."""
        if isinstance(moment, Took):
            self._say(plain(offer_line(tally.offers[-1], self._columns, buffer.path)))
        elif moment.is_right:
            self._metronome.wait(self._metronome.pace.look_s)
        else:
            self._metronome.key(moment.key)

    def end(self, tally: Tally) -> None:
        """Leave a blank line before what comes next."""
        self._say("")

    def close(self) -> None:
        """Nothing was touched."""

    def _say(self, text: str) -> None:
        self._stream.write(spelled(text, self._stream.encoding) + "\n")
        self._stream.flush()


class LiveScreen:
    """The document as an editor shows it, drawn in place, with the ghost text in grey."""

    def __init__(self, stream: TextIO, pace: Pace) -> None:
        self._canvas = Canvas(stream)
        self._metronome = Metronome(pace)
        self._part = self._parts = 1

    def begin(self, buffer: Buffer, part: int, parts: int, tally: Tally) -> None:
        """Show the document for a moment before the first key."""
        self._part, self._parts = part, parts
        self._draw(buffer, tally, None)
        self._metronome.wait(self._metronome.pace.pause_s)

    def follow(self, moment: Moment, buffer: Buffer, tally: Tally) -> None:
        """Draw the moment and let it be seen."""
        self._draw(buffer, tally, moment)
        pace = self._metronome.pace
        if isinstance(moment, Took):
            self._metronome.wait(pace.flash_s)
        elif moment.is_right:
            self._metronome.wait(pace.look_s)
        else:
            self._metronome.key(moment.key)

    def end(self, tally: Tally) -> None:
        """Let the last drawing stand for a moment."""
        self._metronome.wait(self._metronome.pace.pause_s)

    def close(self) -> None:
        """Give the cursor back."""
        self._canvas.close()

    def _draw(self, buffer: Buffer, tally: Tally, moment: Moment | None) -> None:
        size = size_of_terminal()
        columns = min(size.columns - 1, MAX_COLUMNS)
        frame = frame_of(buffer, tally, moment, part=self._part, parts=self._parts)
        self._canvas.draw(compose(frame, columns=columns, code_rows=code_rows_in(size)), columns)


def code_rows_in(size: Size) -> int:
    """Return how many rows of code a terminal of this size has room for."""
    return max(MIN_CODE_ROWS, min(MAX_CODE_ROWS, size.rows - FRAME_ROWS - 1))


def has_room(size: Size) -> bool:
    """Say whether a terminal of this size can hold a frame."""
    return size.columns > MIN_COLUMNS and size.rows > FRAME_ROWS + MIN_CODE_ROWS


def frame_of(buffer: Buffer, tally: Tally, moment: Moment | None, *, part: int = 1, parts: int = 1) -> Frame:
    """Return what to draw at this moment."""
    ghost = moment.ghost if isinstance(moment, Asked) else None
    return Frame(
        path=buffer.path,
        lines=buffer.lines,
        row=buffer.row,
        column=buffer.column,
        ghost=ghost.text if ghost else "",
        ghost_replaces=ghost.replaces if ghost else 0,
        taken=len(moment.ghost.text) if isinstance(moment, Took) else 0,
        part=part,
        parts=parts,
        tally=tally,
    )
