"""New text for some lines, as an edit of the document that they stand in. Pure.

Rules:
1. Only lines that change are touched; their terminators stay those of the document.
2. An edit names the version of the document that it was made for, wherever the client can read that.
3. Text that has moved is found only where it stands exactly once, whole lines of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from hybrid_lsp.frontends.lsp.abilities import Abilities
from hybrid_lsp.frontends.lsp.documents import Document

if TYPE_CHECKING:
    from hybrid_lsp.core.reply import LineEdit

ANNOTATION = "hybrid-lsp"


def text_edits(document: Document, first: int, edits: "Sequence[LineEdit]") -> list[types.TextEdit]:
    """Return changes to lines, counted from the document's line `first` on, as edits of the document."""
    return [_text_edit(document, first + edit.first, edit.count, edit.lines) for edit in edits]


def workspace_edit(
    document: Document, edits: Sequence[types.TextEdit], abilities: Abilities, *, label: str, description: str
) -> types.WorkspaceEdit:
    """Return the edits as one step, for this very version, with what a person is asked before they are applied."""
    if not abilities.document_changes:
        return types.WorkspaceEdit(changes={document.uri: list(edits)})
    which = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    if not abilities.annotations:
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=which, edits=list(edits))])
    annotated = [
        types.AnnotatedTextEdit(annotation_id=ANNOTATION, range=edit.range, new_text=edit.new_text) for edit in edits
    ]
    asks = types.ChangeAnnotation(label=label, needs_confirmation=True, description=description)
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=which, edits=annotated)],
        change_annotations={ANNOTATION: asks},
    )


def stands_at(document: Document, first: int, lines: Sequence[str]) -> bool:
    """Say whether the document has these lines at this place."""
    return 0 <= first <= document.line_count - len(lines) and all(
        document.line(first + at) == line for at, line in enumerate(lines)
    )


def place_of(document: Document, lines: Sequence[str]) -> int | None:
    """Return the line at which these lines stand; None when they stand nowhere, or more than once."""
    places = (at for at in range(document.line_count - len(lines) + 1) if stands_at(document, at, lines))
    found = next(places, None)
    return found if found is not None and next(places, None) is None else None


def _text_edit(document: Document, first: int, count: int, lines: Sequence[str]) -> types.TextEdit:
    eol, past = document.eol, first + count
    if count and lines:
        return types.TextEdit(_range(document, (first, 0), _end_of(document, past - 1)), eol.join(lines))
    if past < document.line_count:
        return types.TextEdit(_range(document, (first, 0), (past, 0)), "".join(f"{line}{eol}" for line in lines))
    # Past the last line there is no terminator to take along, so the one before goes or comes.
    end = _end_of(document, past - 1)
    begin = _end_of(document, first - 1) if first else (0, 0)
    new = eol.join(lines) if not first else "".join(f"{eol}{line}" for line in lines)
    return types.TextEdit(_range(document, begin, end), new)


def _end_of(document: Document, line: int) -> tuple[int, int]:
    return line, len(document.line(line))


def _range(document: Document, start: tuple[int, int], end: tuple[int, int]) -> types.Range:
    (first, begin), (last, stop) = start, end
    return types.Range(
        types.Position(first, document.units(first, begin)), types.Position(last, document.units(last, stop))
    )
