"""What documents promise beyond the text itself: identity, cost, notebooks."""

import time

import pytest

from hybrid_lsp.frontends.lsp import sync
from hybrid_lsp.frontends.lsp.documents import Change, Document, Documents

TEXT = "one\r\ntwo\nthree\rfour\n"


def opened(text: str = TEXT) -> Document:
    """A document that counts in UTF-16, as most editors do."""
    return Documents().open(uri="file:///f", language="python", version=1, text=text)


def typed(line: int, character: int, text: str) -> Change:
    """The insertion of a text."""
    return Change(text=text, span=(line, character, line, character))


def test_a_window_keeps_its_strings_while_its_own_line_is_edited() -> None:
    """Typing on one line gives back the very same strings, so that a reader may keep what it derived from them."""
    document = opened()
    first = document.window(1)
    for character in range(5):
        document.apply([typed(1, character, "x")])
    document.apply([Change(text="", span=(1, 0, 1, 3))])

    assert document.window(1) is first
    assert (first.above, first.below) == ("one\n", "three\nfour\n")


@pytest.mark.parametrize(
    "change",
    [
        typed(0, 0, "x"),
        typed(2, 0, "x"),
        typed(1, 3, "\n"),
        Change(text="", span=(1, 0, 2, 0)),
        Change(text=TEXT),
    ],
    ids=["line above", "line below", "line split", "lines joined", "everything"],
)
def test_a_window_is_fresh_after_an_edit_elsewhere(change: Change) -> None:
    """Any edit that is not of this one line alone drops the window, even if the window would read the same."""
    document = opened()
    first = document.window(1)
    document.apply([change])

    assert document.window(1) is not first


def test_terminators_are_the_documents_own_and_normalised_in_windows() -> None:
    """The text keeps its terminators, `eol` names the first, and a window has line feeds only."""
    document = opened()

    assert document.text == TEXT
    assert document.eol == "\r\n"
    assert opened("one line").eol == "\n"
    assert [document.line(number) for number in (0, 2, 4, 99, -1)] == ["one", "three", "", "", ""]
    assert document.window(2).above == "one\ntwo\n"


@pytest.mark.parametrize(
    ("before", "change", "lines"),
    [
        ("a\rb", typed(1, 0, "\n"), ["a", "b"]),
        ("a\nb", typed(0, 1, "\r"), ["a", "b"]),
        ("a\r\nb", Change(text="", span=(0, 0, 1, 0)), ["b"]),
        ("a\rx\nb", Change(text="", span=(1, 0, 1, 1)), ["a", "b"]),
    ],
)
def test_cr_and_lf_become_one_terminator_across_an_edit(before: str, change: Change, lines: list[str]) -> None:
    """A CR that comes to stand before an LF ends one line with it, not two."""
    document = opened(before)
    document.apply([change])

    assert [document.line(number) for number in range(document.line_count)] == lines


def test_a_backward_range_is_the_same_range() -> None:
    """A range whose end comes first replaces what the same range the right way round would."""
    document = opened("one\ntwo")
    document.apply([Change(text="-", span=(1, 1, 0, 2))])

    assert document.text == "on-wo"


def best_edit_us(lines: int) -> float:
    """The cost of typing one character in the middle of a document: the best of many, in microseconds."""
    document = opened("    value = compute(first, second)  # a line of code\n" * lines)
    best = 1e9
    for turn in range(300):
        begin = time.perf_counter()
        document.apply([typed(lines // 2, turn % 20, "x")])
        document.window(lines // 2)
        best = min(best, (time.perf_counter() - begin) * 1e6)
    return best


def test_the_cost_of_an_edit_does_not_grow_with_the_file() -> None:
    """An edit, with the window after it, costs in 100,000 lines at most 20 times what it costs in 1,000."""
    assert best_edit_us(100_000) < 20 * max(best_edit_us(1_000), 1.0)


def test_documents_are_found_by_any_spelling_of_their_uri() -> None:
    """Percent-encoding and the case of a drive letter do not make another document."""
    documents = Documents()
    document = documents.open(uri="file:///C:/My%20Code/a.py", language="python", version=1, text="")

    assert documents.get("file:///c%3A/My Code/a.py") is document
    assert documents.get("file:///c%3A/my code/a.py") is None
    assert documents.close("file:///c:/My%20Code/a.py")
    assert len(documents) == 0


def test_handles_are_never_used_twice() -> None:
    """A document that is opened again, with or without being closed, is another one with another handle."""
    documents = Documents()
    handles = [documents.open(uri="file:///f", language="python", version=1, text=str(n)).handle for n in range(3)]
    documents.close("file:///f")
    handles.append(documents.open(uri="file:///f", language="python", version=1, text="").handle)

    assert len(set(handles)) == 4


def test_a_document_that_is_not_open_is_left_alone() -> None:
    """Changing or closing what was never opened says so and does nothing."""
    documents = Documents()

    assert not documents.change(uri="file:///f", version=2, changes=[Change(text="x")])
    assert not documents.close("file:///f")
    assert documents.get("file:///f") is None


def test_the_version_is_the_clients() -> None:
    """A change is applied and its version taken even when the number goes back."""
    documents = Documents()
    document = documents.open(uri="file:///f", language="python", version=7, text="")
    documents.change(uri="file:///f", version=3, changes=[Change(text="x")])

    assert (document.text, document.version) == ("x", 3)


def cell(uri: str, text: str = "") -> dict[str, object]:
    """A cell's text, as a client sends it."""
    return {"uri": uri, "languageId": "python", "version": 1, "text": text}


def notebook(documents: Documents) -> sync.Effect:
    """Open a notebook of two cells."""
    return sync.apply(
        documents,
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": "file:///n.ipynb",
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": 2, "document": "cell:a"}, {"kind": 2, "document": "cell:b"}],
            },
            "cellTextDocuments": [cell("cell:a", "first"), cell("cell:b", "second")],
        },
    )


def change_cells(documents: Documents, cells: dict[str, object]) -> sync.Effect:
    """Send a change of the notebook's cells."""
    params = {"notebookDocument": {"uri": "file:///n.ipynb", "version": 2}, "change": {"cells": cells}}
    return sync.apply(documents, "notebookDocument/didChange", params)


def test_cells_are_documents_of_their_notebook() -> None:
    """Opening a notebook opens its cells, which know it; closing it closes them, listed or not."""
    documents = Documents()
    opened_cells = notebook(documents).changed

    assert [(d.text, d.notebook) for d in opened_cells] == [
        ("first", "file:///n.ipynb"),
        ("second", "file:///n.ipynb"),
    ]
    close = {"notebookDocument": {"uri": "file:///n.ipynb"}, "cellTextDocuments": [{"uri": "cell:a"}]}
    assert sync.apply(documents, "notebookDocument/didClose", close).closed == opened_cells
    assert len(documents) == 0


def test_cells_are_added_removed_moved_and_edited() -> None:
    """One change may move cells, open and close their texts and edit others (LSP 3.18 §DidChangeNotebookDocument)."""
    documents = Documents()
    notebook(documents)
    effect = change_cells(
        documents,
        {
            "structure": {
                "array": {"start": 0, "deleteCount": 1, "cells": [{"kind": 2, "document": "cell:c"}]},
                "didOpen": [cell("cell:c", "third")],
                "didClose": [{"uri": "cell:a"}],
            },
            "data": [{"kind": 2, "document": "cell:b"}],
            "textContent": [{"document": {"uri": "cell:b", "version": 5}, "changes": [{"text": "2nd"}]}],
        },
    )

    assert documents.cells("file:///n.ipynb") == ("cell:c", "cell:b")
    assert [(d.uri, d.text, d.version) for d in effect.changed] == [("cell:c", "third", 1), ("cell:b", "2nd", 5)]
    assert [d.uri for d in effect.closed] == ["cell:a"]
    assert not effect.unknown


def test_a_reopened_document_closes_the_one_before() -> None:
    """Whoever keeps something for a document hears of its end, also when it is replaced without having been closed."""
    documents = Documents()
    first = notebook(documents).changed

    assert notebook(documents).closed == first
    again = sync.apply(documents, "textDocument/didOpen", {"textDocument": cell("cell:a")})
    assert [d.uri for d in again.closed] == ["cell:a"]


CELL = {"uri": "cell:a", "version": 2}
NOTEBOOK = {"uri": "file:///n.ipynb", "version": 2}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        *((method, params) for method in sync.SYNC_METHODS for params in (None, [], {}, "text", {"textDocument": []})),
        ("textDocument/didOpen", {"textDocument": {**cell("cell:a"), "text": 5}}),
        ("textDocument/didOpen", {"textDocument": {**cell("cell:a"), "version": "1"}}),
        ("textDocument/didChange", {"textDocument": CELL, "contentChanges": [{"text": "x"}, {"text": 5}]}),
        ("textDocument/didChange", {"textDocument": CELL, "contentChanges": [{"text": "x", "range": {"start": {}}}]}),
        ("textDocument/didClose", {"textDocument": {"uri": 1}}),
        ("notebookDocument/didChange", {"notebookDocument": NOTEBOOK, "change": {"cells": {"textContent": [{}]}}}),
        ("notebookDocument/didChange", {"notebookDocument": NOTEBOOK, "change": {"cells": {"structure": {"a": 1}}}}),
        ("notebookDocument/didClose", {"notebookDocument": {"uri": None}}),
    ],
)
def test_what_is_malformed_changes_nothing(method: str, params: object) -> None:
    """A malformed notification is refused as a whole, before any of it is applied."""
    documents = Documents()
    notebook(documents)
    before = [(document.uri, document.text) for document in documents]
    with pytest.raises(ValueError, match="malformed"):
        sync.apply(documents, method, params)

    assert [(document.uri, document.text) for document in documents] == before
