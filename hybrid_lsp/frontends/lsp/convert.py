"""Between the editor's words and ours: one boring, total mapping in each direction."""

from lsprotocol import types

from hybrid_lsp.completer import Offer
from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.folders import Place

ACCEPT_COMMAND = "hybrid-lsp.accept"


def excerpt_at(document: Document, place: Place, position: types.Position) -> Excerpt:
    """Freeze the text around a position; a position outside the document is clamped (LSP 3.18 §Position)."""
    line, column = document.locate(position.line, position.character)
    text = document.line(line)
    return _excerpt(document, place, line, text[:column], text[column:])


def excerpt_with_selected(
    document: Document, place: Place, position: types.Position, selected: str, start: types.Position
) -> Excerpt:
    """Freeze the text as if the entry selected in the editor's pop-up, which begins at `start`, stood there already."""
    line, column = document.locate(position.line, position.character)
    _, begin = document.locate(start.line, start.character)
    text = document.line(line)
    return _excerpt(document, place, line, text[:begin] + selected, text[column:])


def _excerpt(document: Document, place: Place, line: int, prefix: str, suffix: str) -> Excerpt:
    window = document.window(line)
    return Excerpt(
        workspace=place.workspace,
        document=document.handle,
        version=document.version,
        path=place.path,
        language=document.language,
        line=line,
        above=window.above,
        prefix=prefix,
        suffix=suffix,
        below=window.below,
    )


def inline_item(
    document: Document, excerpt: Excerpt, offer: Offer, start: types.Position | None = None, typed: str = ""
) -> types.InlineCompletionItem:
    """Return the item that inserts an offer at the cursor of its excerpt, always with a range of its own.

    With `start`, the range begins there and the text repeats `typed`: what a client that shows a pop-up expects.
    """
    suggestion = offer.suggestion
    text = document.line(excerpt.line)
    cursor = len(text) - len(excerpt.suffix)
    end = types.Position(excerpt.line, document.units(excerpt.line, cursor + suggestion.replaces))
    begin = start or types.Position(excerpt.line, document.units(excerpt.line, cursor))
    about = {
        "id": offer.id,
        "source": suggestion.source.value,
        "origin": suggestion.origin,
        "score": round(suggestion.score, 3),
    }
    return types.InlineCompletionItem(
        insert_text=typed + suggestion.text,
        range=types.Range(begin, end),
        command=types.Command(title="Accepted", command=ACCEPT_COMMAND, arguments=[about]),
    )


def diagnostic(problem: Problem) -> types.Diagnostic:
    """Return a problem of a file as what the editor underlines in it."""
    start = types.Position(problem.line, problem.column)
    end = types.Position(
        problem.line, problem.column + max(1, len(problem.key.rsplit(".", 1)[-1]) + 2 * bool(problem.key))
    )
    return types.Diagnostic(
        range=types.Range(start, end),
        message=problem.sentence,
        severity=types.DiagnosticSeverity.Error,
        source="hybrid-lsp",
    )
