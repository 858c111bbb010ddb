"""What somebody points at in a document and wants of it, made into a job. Everything is taken at once, before a wait.

Rules:
1. An edit is asked for whole lines. A bare cursor means the symbol or block around it.
2. What travels to the client and back is where, never what: no line of code and no text of a diagnostic.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types

from hybrid_lsp.core.job import CUT_ABOVE_CHARS, CUT_BELOW_CHARS, Excerpt, Job, Task, Wish
from hybrid_lsp.frontends.lsp.blocks import Blocks, Span
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.folders import Place

if TYPE_CHECKING:
    from hybrid_lsp.assistant import Whole

_MOST_SAID = 20
_MOST_SAID_CHARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Lines of one version of a document, and what is wanted of them."""

    task: Task
    uri: str
    version: int
    first: int
    """0-based."""
    last: int
    """Included."""
    instruction: str = ""
    wish: Wish = Wish.ANY
    says: tuple[str, ...] = ()
    """What the editor says of these lines."""
    fresh: bool = False
    """Whether an answer that was given before does not count."""
    cap_usd: Decimal | None = None
    """The most that it may cost, where a person has seen and chosen that; None: whoever asks is shown it first."""
    instruct: bool = False
    """Whether its person is asked for an instruction first."""

    def job(self, document: Document, place: Place, excerpt: Excerpt | None = None) -> Job:
        """Return the job that a person asks for with it. `excerpt` is that of its lines, where it is known already."""
        return Job(
            id=uuid4().hex,
            task=self.task,
            excerpt=excerpt or excerpt_of_lines(document, place, self.first, self.last, self.says),
            instruction=self.instruction,
            deliberate=True,
            wish=self.wish,
            cost_cap_usd=self.cap_usd,
        )


def excerpt_of_lines(document: Document, place: Place, first: int, last: int, says: tuple[str, ...] = ()) -> Excerpt:
    """Freeze whole lines, the last one included, with the nearest whole lines around them, as `core.job.cut` does.

    The cost does not grow with the file.
    """
    above = document.lines_above(first, CUT_ABOVE_CHARS)
    below = document.lines_from(last + 1, CUT_BELOW_CHARS)
    return Excerpt(
        workspace=place.workspace,
        document=document.handle,
        version=document.version,
        path=place.path,
        language=document.language,
        line=first,
        above="".join(f"{line}\n" for line in above),
        prefix="",
        focus="\n".join(document.line(number) for number in range(first, last + 1)),
        below="\n".join(below),
        diagnostics=says,
    )


def whole_of(document: Document, opened: Iterable[Document] = ()) -> "Whole":
    r"""Return the document as it stands, its lines ending in `\n`; of `opened`, what else its notebook has."""
    from hybrid_lsp.assistant import Whole

    text, besides, is_cell = document.text, "", document.notebook is not None
    if is_cell:
        besides = "\n".join(one.text for one in opened if one is not document and one.notebook == document.notebook)
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return Whole(text=plain, is_cell=is_cell, elsewhere=besides)


def lines_meant(document: Document, blocks: Blocks, place: types.Range) -> Span | None:
    """Return the lines of a selection without blank ones at its ends, or of what is around a bare cursor.

    None where there is nothing but blanks.
    """
    first, begin = document.locate(place.start.line, place.start.character)
    last, end = document.locate(place.end.line, place.end.character)
    if (first, begin) == (last, end):
        return blocks.around(document, first)
    (first, _), (last, end) = sorted(((first, begin), (last, end)))
    if end == 0 and last > first:
        last -= 1  # the selection ends before anything of this line
    return trimmed(document, first, last)


def trimmed(document: Document, first: int, last: int) -> Span | None:
    """Return the lines without blank ones at their ends; None when all are blank."""
    while first <= last and not document.line(first).strip():
        first += 1
    while first <= last and not document.line(last).strip():
        last -= 1
    return (first, last) if first <= last else None


def said(document: Document, first: int, diagnostics: Iterable[types.Diagnostic]) -> tuple[str, ...]:
    """Return diagnostics in words for a model that sees the lines from `first` on."""
    told = []
    for diagnostic in sorted(diagnostics, key=lambda one: (one.range.start.line, one.range.start.character)):
        line, _ = document.locate(diagnostic.range.start.line, diagnostic.range.start.character)
        by = " ".join(str(part) for part in (diagnostic.source, diagnostic.code) if part)
        where = f"line {line - first + 1} of the part" if line >= first else "above the part"
        message = " ".join(diagnostic.message.split())[:_MOST_SAID_CHARS]
        told.append(f"{where}: {message}{f' ({by})' if by else ''}")
    return tuple(told[:_MOST_SAID])


def range_of(document: Document, first: int, last: int) -> types.Range:
    """Return the lines as the client counts, without the last one's terminator."""
    end = types.Position(last, document.units(last, len(document.line(last))))
    return types.Range(types.Position(first, 0), end)
