"""The notifications that keep our documents like the editor's, straight from JSON.

They come with every keystroke, so no framework object is made of them. A notification has no answer: what is malformed
raises `ValueError` before anything is changed, and the caller logs it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

from hybrid_lsp.frontends.lsp.documents import Change, Document, Documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a notification did."""

    changed: tuple[Document, ...] = ()
    """Opened or edited."""
    closed: tuple[Document, ...] = ()
    unknown: bool = False
    """It was about a document or notebook that is not open, and was ignored."""


def apply(documents: Documents, method: str, params: Any) -> Effect:
    """Apply one notification of `SYNC_METHODS`. Raises `ValueError`, having changed nothing, when it is malformed."""
    try:
        return SYNC_METHODS[method](documents, params)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{method} is malformed: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    uri: str
    language: str
    version: int
    text: str


def _did_open(documents: Documents, params: Any) -> Effect:
    return _open(documents, _item(params["textDocument"]))


def _did_change(documents: Documents, params: Any) -> Effect:
    return _change(documents, *_edit(params["textDocument"], params["contentChanges"]))


def _did_close(documents: Documents, params: Any) -> Effect:
    return _close(documents, _text(params["textDocument"]["uri"]))


def _notebook_did_open(documents: Documents, params: Any) -> Effect:
    notebook = _text(params["notebookDocument"]["uri"])
    cells = [_text(cell["document"]) for cell in params["notebookDocument"]["cells"]]
    items = [_item(raw) for raw in params["cellTextDocuments"]]
    closed = documents.open_notebook(notebook, cells)
    return _together([Effect(closed=closed), *(_open(documents, item, notebook) for item in items)])


def _notebook_did_change(documents: Documents, params: Any) -> Effect:
    notebook = _text(params["notebookDocument"]["uri"])
    cells = params["change"].get("cells") or {}
    structure = cells.get("structure") or {}
    move = _move(structure["array"]) if structure else None
    opened = [_item(raw) for raw in structure.get("didOpen") or ()]
    closed = [_text(raw["uri"]) for raw in structure.get("didClose") or ()]
    edits = [_edit(raw["document"], raw["changes"]) for raw in cells.get("textContent") or ()]

    known = documents.move_cells(notebook, start=move[0], removed=move[1], added=move[2]) if move else True
    effects = [Effect(unknown=not known)]
    effects += [_close(documents, uri) for uri in closed]
    effects += [_open(documents, item, notebook) for item in opened]
    effects += [_change(documents, *edit) for edit in edits]
    return _together(effects)


def _notebook_did_close(documents: Documents, params: Any) -> Effect:
    # Its texts go with the notebook, whether the client lists them or not.
    closed = documents.close_notebook(_text(params["notebookDocument"]["uri"]))
    return Effect(closed=closed or (), unknown=closed is None)


SYNC_METHODS: dict[str, Callable[[Documents, Any], Effect]] = {
    "textDocument/didOpen": _did_open,
    "textDocument/didChange": _did_change,
    "textDocument/didClose": _did_close,
    "notebookDocument/didOpen": _notebook_did_open,
    "notebookDocument/didChange": _notebook_did_change,
    "notebookDocument/didClose": _notebook_did_close,
}


def _open(documents: Documents, item: _Item, notebook: str | None = None) -> Effect:
    replaced = documents.get(item.uri)
    fresh = documents.open(
        uri=item.uri, language=item.language, version=item.version, text=item.text, notebook=notebook
    )
    return Effect(changed=(fresh,), closed=(replaced,) if replaced else ())


def _change(documents: Documents, uri: str, version: int, changes: list[Change]) -> Effect:
    if not documents.change(uri=uri, version=version, changes=changes):
        return Effect(unknown=True)
    document = documents.get(uri)
    return Effect(changed=(document,) if document else ())


def _close(documents: Documents, uri: str) -> Effect:
    document = documents.get(uri)
    documents.close(uri)
    return Effect(closed=(document,)) if document else Effect(unknown=True)


def _together(effects: list[Effect]) -> Effect:
    return Effect(
        changed=tuple(document for effect in effects for document in effect.changed),
        closed=tuple(document for effect in effects for document in effect.closed),
        unknown=any(effect.unknown for effect in effects),
    )


def _item(raw: Any) -> _Item:
    return _Item(
        uri=_text(raw["uri"]),
        language=_text(raw["languageId"]),
        version=index(raw["version"]),
        text=_text(raw["text"]),
    )


def _edit(document: Any, changes: Any) -> tuple[str, int, list[Change]]:
    # Before LSP 3.16 the version could be null, and some clients still send it so; 0 then stands for "not told".
    version = document.get("version")
    return _text(document["uri"]), 0 if version is None else index(version), [_one_change(raw) for raw in changes]


def _one_change(raw: Any) -> Change:
    place = raw.get("range")
    if place is None:
        return Change(text=_text(raw["text"]))
    start, end = place["start"], place["end"]
    span = (index(start["line"]), index(start["character"]), index(end["line"]), index(end["character"]))
    return Change(text=_text(raw["text"]), span=span)


def _move(raw: Any) -> tuple[int, int, list[str]]:
    added = [_text(cell["document"]) for cell in raw.get("cells") or ()]
    return max(index(raw["start"]), 0), max(index(raw["deleteCount"]), 0), added


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
