"""The demo's picture of one moment: a frame in, lines of coloured pieces out. Pure: others draw them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from hybrid_lsp.demo.languages import language_of
from hybrid_lsp.demo.syntax import Kind, Piece, colour
from hybrid_lsp.demo.tally import EMPTY, Offer, Tally

Line = list[Piece]

HEADLINE = ("ghost text from your own files", " · no model server, no key, no network")
"""In parts, for screens too narrow for all of it."""
TAB_CELLS = 4
MIN_COLUMNS = 40
LOG_ROWS = 5
FRAME_ROWS = 7 + LOG_ROWS
"""What a frame takes beside its rows of code."""

_GUTTER = 8
_SCORE_COLUMNS = 60
_CONTEXT_BELOW = 3
"""Rows of code below the cursor; most of what one looks at stands above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All that is on screen at one moment."""

    path: str
    lines: Sequence[str]
    """The whole document."""
    row: int
    """0-based line of the cursor."""
    column: int
    """0-based code point of the cursor in its line."""
    ghost: str = ""
    ghost_replaces: int = 0
    """How many characters right of the cursor the ghost text would take the place of."""
    taken: int = 0
    """How many characters left of the cursor have just been accepted."""
    part: int = 1
    parts: int = 1
    """Which of how many pieces is being typed."""
    tally: Tally = EMPTY


def compose(frame: Frame, *, columns: int, code_rows: int) -> list[Line]:
    """Return the frame as `code_rows + FRAME_ROWS` lines, none wider than `columns` cells."""
    of_parts = f"{frame.part}/{frame.parts}" if frame.parts > 1 else ""
    path = fit_left(frame.path, columns - len(of_parts) - 4)
    gap = " " * (columns - len(path) - len(of_parts) - 2)
    lines: list[Line] = [
        whole_pieces([(" hybrid-lsp demo  ", Kind.STRONG), *((part, Kind.DIM) for part in HEADLINE)], columns),
        [],
        [(f" {path}", Kind.STRONG), (gap, Kind.PLAIN), (of_parts, Kind.DIM)],
        [("─" * columns, Kind.DIM)],
        *_code(frame, columns, code_rows),
        [("─" * columns, Kind.DIM)],
        whole_pieces(status_line(frame.tally), columns),
        [],
        *_log(frame, columns),
    ]
    return [crop(line, columns) for line in lines]


def status_line(tally: Tally) -> Line:
    """Return the running numbers."""
    return [
        (f" saved {tally.keys_saved} of {tally.keys_total} keys ({tally.saved_per_100:.0f} %)", Kind.GOOD),
        (f" · {len(tally.offers)} shown", Kind.PLAIN),
        (f" · {len(tally.accepted)} accepted", Kind.PLAIN),
        (f" · median {tally.percentile_ms(50):.1f} ms", Kind.PLAIN),
    ]


def offer_line(offer: Offer, columns: int, path: str) -> Line:
    """Return one accepted suggestion with its time, score and origin, in one line; on a narrow screen less of it.

    `path` is the file on screen.
    """
    facts = f"{offer.ms:6.1f} ms" + (f"  {offer.score:.2f}" if columns >= _SCORE_COLUMNS else "")
    origin_columns = max(10, columns * 3 // 8)
    origin = where_from(offer, path)
    if len(origin) > origin_columns:
        origin = fit_left(origin.removeprefix("from "), origin_columns)
    room = columns - len(facts) - origin_columns - 6
    before = fit_left(offer.before, room // 2)
    text = fit_right(offer.text, room - len(before))
    gap = " " * (room - len(before) - len(text) + 1)
    return [(" ⇥ ", Kind.GOOD), (before, Kind.DIM), (text, Kind.GOOD), (f"{gap}{facts}  {origin}", Kind.DIM)]


def where_from(offer: Offer, path: str) -> str:
    """Say in words where the suggestion was learned, to somebody who looks at the file `path`."""
    if not offer.origin:
        return "your files"
    return "this file" if offer.origin == path else f"from {offer.origin}"


def crop(line: Iterable[Piece], columns: int) -> Line:
    """Return as much of the line as fits into this many cells."""
    cropped: Line = []
    for text, kind in line:
        if columns <= 0:
            break
        cropped.append((text[:columns], kind))
        columns -= len(text)
    return cropped


def whole_pieces(line: Iterable[Piece], columns: int) -> Line:
    """Return the pieces up to the first that does not fit into this many cells; none is cut."""
    fitting: Line = []
    for text, kind in line:
        columns -= len(text)
        if columns < 0:
            break
        fitting.append((text, kind))
    return fitting


def fit_left(text: str, columns: int) -> str:
    """Return the text, or its end behind an ellipsis where it is longer than that."""
    return text if len(text) <= columns else "…" + text[len(text) - columns + 1 :]


def fit_right(text: str, columns: int) -> str:
    """Return the text, or its beginning before an ellipsis where it is longer than that."""
    return text if len(text) <= columns else text[: max(0, columns - 1)] + "…"


def _log(frame: Frame, columns: int) -> list[Line]:
    recent = [offer_line(offer, columns, frame.path) for offer in frame.tally.accepted[-LOG_ROWS:]]
    return recent + [[] for _ in range(LOG_ROWS - len(recent))]


def _code(frame: Frame, columns: int, code_rows: int) -> list[Line]:
    first = max(0, min(frame.row + _CONTEXT_BELOW + 1, len(frame.lines)) - code_rows)
    first = min(first, frame.row)
    stop = min(first + code_rows, len(frame.lines))
    room = columns - _GUTTER
    cursor_cell = len(_cells([(frame.lines[frame.row][: frame.column], Kind.PLAIN)]))
    skipped = max(0, cursor_cell + min(len(frame.ghost), room // 3) + 2 - room)
    rows: list[Line] = []
    for number, pieces in enumerate(colour(frame.lines, first, stop, language_of(frame.path)), start=first):
        cells = _cells(pieces)
        here = number == frame.row
        if here:
            cells = _with_cursor(frame, cells, cursor_cell)
        gutter = (f"{number + 1:>5} ", Kind.STRONG if here else Kind.DIM)
        visible = cells[skipped : skipped + room]
        if len(cells) > skipped + room:
            visible[-1] = ("…", Kind.DIM)
        rows.append([gutter, ("│ ", Kind.DIM), *_joined(visible)])
    return rows + [[] for _ in range(code_rows - len(rows))]


def _cells(pieces: Iterable[Piece]) -> list[Piece]:
    """Return one piece for each cell. Tabs are widened; what a terminal might obey is shown as a question mark."""
    cells: list[Piece] = []
    for text, kind in pieces:
        for character in text:
            if character == "\t":
                cells.extend([(" ", kind)] * TAB_CELLS)
            else:
                cells.append((character if character.isprintable() else "?", kind))
                if east_asian_width(character) in "WF":
                    cells.append(("", kind))
    return cells


def _with_cursor(frame: Frame, cells: list[Piece], at: int) -> list[Piece]:
    """Return the cursor's line with the ghost text in it, the cursor, and what was just accepted."""
    taken = [(text, Kind.TAKEN) for text, _ in cells[max(0, at - frame.taken) : at]]
    left = cells[: at - len(taken)] + taken
    right = _cells([(frame.ghost, Kind.GHOST)]) + cells[at + (frame.ghost_replaces if frame.ghost else 0) :]
    under = right[0] if right else (" ", Kind.PLAIN)
    return [*left, (under[0], Kind.CURSOR), *right[1:]]


def _joined(cells: Iterable[Piece]) -> Line:
    """Return the cells with neighbours of one kind put together, but for the cursor, which stays one cell."""
    joined: Line = []
    for text, kind in cells:
        if joined and joined[-1][1] is kind and kind is not Kind.CURSOR:
            joined[-1] = (joined[-1][0] + text, kind)
        else:
            joined.append((text, kind))
    return joined
