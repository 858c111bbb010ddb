"""Draw docs/demo.svg: one frame of a real session of `hybrid-lsp demo`, ghost text and all.

Run it as `python docs/make_demo_picture.py` whenever the screen or the model has changed. The numbers in it are those
of the machine it is run on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from hybrid_lsp.demo import SERVER, play
from hybrid_lsp.demo.buffer import Buffer
from hybrid_lsp.demo.project import sample_project
from hybrid_lsp.demo.screen import LOG_ROWS, Frame, Line, compose
from hybrid_lsp.demo.syntax import Kind
from hybrid_lsp.demo.tally import Tally
from hybrid_lsp.demo.typist import Asked, Moment
from hybrid_lsp.demo.views import frame_of

PICTURE = Path(__file__).with_name("demo.svg")

_MIN_ORIGINS = 3
_COLUMNS, _CODE_ROWS = 102, 15
_CELL_WIDTH, _ROW_HEIGHT, _FONT_SIZE = 8.43, 21, 14
_MARGIN, _BAR_HEIGHT = 20, 40
_BACKGROUND, _BAR, _TEXT = "#16181d", "#1f2229", "#d5d9e0"
_COLOUR = {
    Kind.KEYWORD: "#c792ea",
    Kind.STRING: "#dcb67a",
    Kind.COMMENT: "#7fa37a",
    Kind.NUMBER: "#6fc1c7",
    Kind.NAME: "#6cb6ff",
    Kind.GHOST: "#7d8590",
    Kind.TAKEN: "#3fb950",
    Kind.DIM: "#6e7681",
    Kind.STRONG: "#f0f3f6",
    Kind.GOOD: "#56d364",
}
_STYLE = {
    Kind.GHOST: ' font-style="italic"',
    Kind.STRONG: ' font-weight="600"',
}
_FONT = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


@dataclass(slots=True)
class TellingMoment:
    """Follows a session and keeps its most telling frame: much ghost text, right, and learned in several files."""

    frame: Frame | None = None
    _part: int = 1
    _parts: int = 1

    def begin(self, buffer: Buffer, part: int, parts: int, tally: Tally) -> None:
        """Note which document it is."""
        self._part, self._parts = part, parts

    def follow(self, moment: Moment, buffer: Buffer, tally: Tally) -> None:
        """Keep the frame if it is better than what was kept."""
        if not isinstance(moment, Asked) or moment.ghost is None or not moment.is_right:
            return
        origins = {offer.origin for offer in tally.accepted[-LOG_ROWS:]}
        if len(origins) < _MIN_ORIGINS or (self.frame and len(moment.ghost.text) <= len(self.frame.ghost)):
            return
        frame = frame_of(buffer, tally, moment, part=self._part, parts=self._parts)
        # The session goes on typing into its list of lines.
        self.frame = Frame(**{name: getattr(frame, name) for name in Frame.__slots__} | {"lines": tuple(buffer.lines)})

    def end(self, tally: Tally) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def main() -> None:
    """Run a session and write the picture."""
    view = TellingMoment()
    with sample_project() as project:
        play(project, view, SERVER)
    if view.frame is None:
        raise SystemExit("No right suggestions from several files: there is nothing telling to show.")
    PICTURE.write_text(svg(compose(view.frame, columns=_COLUMNS, code_rows=_CODE_ROWS)), encoding="utf-8")


def svg(lines: list[Line]) -> str:
    """Return the lines as a dark terminal window."""
    width = round(_COLUMNS * _CELL_WIDTH + 2 * _MARGIN)
    height = _BAR_HEIGHT + len(lines) * _ROW_HEIGHT + 2 * _MARGIN - 6
    drawn = "\n".join(text for row, line in enumerate(lines) for text in _row(line, row))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>hybrid-lsp demo: ghost text in grey, learned from the user's own files</title>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" fill="{_BACKGROUND}" stroke="#3d444d"/>
<path d="M1 32V10.5A9.5 9.5 0 0 1 10.5 1H{width - 10.5}A9.5 9.5 0 0 1 {width - 1} 10.5V32Z" fill="{_BAR}"/>
<circle cx="20" cy="16.5" r="5.5" fill="#ff5f57"/>
<circle cx="39" cy="16.5" r="5.5" fill="#febc2e"/>
<circle cx="58" cy="16.5" r="5.5" fill="#28c840"/>
<g font-family="{_FONT}" font-size="{_FONT_SIZE}" fill="{_TEXT}" xml:space="preserve">
{drawn}
</g>
</svg>
"""


def _row(line: Line, row: int) -> Iterator[str]:
    """Yield the pieces of one row. Each has its length written down, so that every font keeps to the grid."""
    baseline = _BAR_HEIGHT + _MARGIN + row * _ROW_HEIGHT + 6
    cell = 0
    for text, kind in line:
        x = _MARGIN + cell * _CELL_WIDTH
        cell += len(text)
        if kind is Kind.CURSOR:
            yield _box(x, baseline, 1, _TEXT)
            yield _text(text, x, baseline, _BACKGROUND, "")
        elif kind is Kind.DIM and text.strip("─") == "" and text:
            end = x + len(text) * _CELL_WIDTH
            yield f'<path d="M{x:.1f} {baseline - 5}H{end:.1f}" stroke="#30363d"/>'
        elif text.strip():
            yield _text(text, x, baseline, _COLOUR.get(kind, _TEXT), _STYLE.get(kind, ""))


def _box(x: float, baseline: float, cells: int, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{baseline - 14}" width="{cells * _CELL_WIDTH:.1f}" height="18" fill="{colour}"/>'


def _text(text: str, x: float, baseline: float, colour: str, style: str) -> str:
    blanks = len(text) - len(text.lstrip())
    text = text.strip()
    if not text:
        return ""
    x += blanks * _CELL_WIDTH
    size = f'x="{x:.1f}" y="{baseline}" textLength="{len(text) * _CELL_WIDTH:.1f}"'
    inner = escape(text, quote=False).replace(" ", "\N{NO-BREAK SPACE}")
    return f'<text {size} fill="{colour}"{style}>{inner}</text>'


if __name__ == "__main__":
    main()
