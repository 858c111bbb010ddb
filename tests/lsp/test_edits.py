"""New text for some lines as an edit: laws, on documents of any text, and what becomes of an edit afterwards."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import cut
from hybrid_lsp.core.reply import line_edits
from hybrid_lsp.frontends.lsp import fates
from hybrid_lsp.frontends.lsp.abilities import Abilities
from hybrid_lsp.frontends.lsp.aim import excerpt_of_lines
from hybrid_lsp.frontends.lsp.blocks import Blocks, by_indentation
from hybrid_lsp.frontends.lsp.documents import Change, Document
from hybrid_lsp.frontends.lsp.edits import place_of, stands_at, text_edits, workspace_edit
from hybrid_lsp.frontends.lsp.fates import Fates
from hybrid_lsp.frontends.lsp.folders import Place
from hybrid_lsp.frontends.lsp.titles import quoted
from hybrid_lsp.syntax import Trees

LINES = st.lists(st.text(alphabet="ab 🦊é", max_size=4), min_size=1, max_size=6)


def document(text: str, *, language: str = "python", encoding: Any = "utf-16") -> Document:
    """Return an open document."""
    return Document(uri="file:///w/a.py", handle=1, language=language, version=7, text=text, encoding=encoding)


@given(
    before=LINES, part=LINES, after=LINES, new=st.lists(st.text(alphabet="ab 🦊é", max_size=4), max_size=6),
    eol=st.sampled_from(["\n", "\r\n", "\r"]), encoding=st.sampled_from(["utf-8", "utf-16", "utf-32"]),
    above=st.booleans(), below=st.booleans(),
)  # fmt: skip
def test_an_edit_puts_the_new_lines_in_the_place_of_the_old(
    before: list[str], part: list[str], after: list[str], new: list[str], eol: str, encoding: Any, above: bool,
    below: bool,
) -> None:  # fmt: skip
    """Whatever stands around it, whichever terminators and units: exactly the new lines, and no other line changes."""
    head, tail = before if above else [], after if below else []
    new = new or [""]
    old = document(eol.join([*head, *part, *tail]), encoding=encoding)
    edits = text_edits(old, len(head), line_edits("\n".join(part), "\n".join(new)))
    for edit in reversed(edits):  # they are in order; all are meant for the text as it is
        start, end = edit.range.start, edit.range.end
        old.apply([Change(text=edit.new_text, span=(start.line, start.character, end.line, end.character))])
    wanted = [*head, *new, *tail]
    assert [old.line(number) for number in range(old.line_count)] == wanted
    if len(head) + len(part) + len(tail) > 1:
        assert old.text == eol.join(wanted)


@given(lines=st.lists(st.text(alphabet="ab ", max_size=5), min_size=1, max_size=40), data=st.data())
def test_an_excerpt_of_lines_is_what_the_house_cuts(lines: list[str], data: st.DataObject) -> None:
    """The lines, and as much around them, that `core.job.cut` takes of a whole text."""
    count = len(lines) - 1 if len(lines) > 1 and not lines[-1] else len(lines)
    first = data.draw(st.integers(0, count - 1))
    last = data.draw(st.integers(first, count - 1))
    wanted = cut("\n".join(lines), first + 1, last + 1, path="a.py", language="python", document=1, version=7)
    assert excerpt_of_lines(document("\n".join(lines)), Place(0, "a.py"), first, last) == wanted


def test_an_excerpt_of_a_long_file_stays_small() -> None:
    """The nearest whole lines, as many as `core.job.cut` takes."""
    text = "\n".join(f"line_{number} = {number}" for number in range(5000))
    wanted = cut(text, 2501, 2510, path="a.py", language="python", document=1, version=7)
    assert excerpt_of_lines(document(text), Place(0, "a.py"), 2500, 2509) == wanted
    assert len(wanted.above) <= 8000


@pytest.mark.parametrize(
    ("text", "lines", "place"),
    [
        ("a\nb\nc", ["b", "c"], 1),
        ("a\nb\nc\nb\nc", ["b", "c"], None),
        ("a\nb\nc", ["c", "b"], None),
        ("a\nb!\nc", ["b"], None),
        ("a", ["a", "b"], None),
    ],
)
def test_moved_text_is_found_only_where_it_stands_once(text: str, lines: list[str], place: int | None) -> None:
    """Whole lines, unchanged, and only one place for them."""
    assert place_of(document(text), lines) == place


def test_an_edit_names_its_version_where_the_client_reads_it() -> None:
    """Without documentChanges there is no version; without annotations nobody is asked."""
    here = document("a\nb")
    edits = text_edits(here, 0, line_edits("a", "c"))
    plain = workspace_edit(here, edits, Abilities(), label="x", description="y")
    assert plain.document_changes is None
    assert plain.changes == {here.uri: edits}
    versioned = workspace_edit(here, edits, Abilities(document_changes=True), label="x", description="y")
    assert versioned.change_annotations is None
    assert versioned.document_changes is not None
    assert getattr(versioned.document_changes[0], "text_document").version == 7  # noqa: B009 - one of several classes


PYTHON = """\
import os


class Cart:
    rate = 1

    @property
    def total(self):
        def one(item):
            return item.price

        return sum(map(one, self.items))


if os.name:
    x = 1

    y = 2
"""
SCRIPT = """\
export function outer(a) {
  if (a) {
    return 1;
  }
}

const add = (a, b) => {
  return a + b;
};
"""
LUA = """\
local function add(a, b)
  if a then
    return a + b
  end
end

print(add(1, 2))
"""


@pytest.mark.parametrize(
    ("language", "text", "line", "lines"),
    [
        ("python", PYTHON, 0, (0, 0)),
        ("python", PYTHON, 1, None),
        ("python", PYTHON, 3, (3, 11)),
        ("python", PYTHON, 4, (3, 11)),
        ("python", PYTHON, 7, (6, 11)),
        ("python", PYTHON, 9, (8, 9)),
        ("python", PYTHON, 11, (6, 11)),
        ("python", PYTHON, 15, (14, 17)),
        ("javascript", SCRIPT, 2, (0, 4)),
        ("javascript", SCRIPT, 7, (6, 8)),
        ("lua", LUA, 0, (0, 4)),
        ("lua", LUA, 2, (1, 3)),
        ("lua", LUA, 3, (1, 3)),
        ("lua", LUA, 4, (0, 4)),
        ("lua", LUA, 5, None),
        ("lua", LUA, 6, (6, 6)),
    ],
)
def test_what_a_cursor_stands_in(language: str, text: str, line: int, lines: tuple[int, int] | None) -> None:
    """The innermost definition with its decorators, or the block; by a grammar, else by indentation."""
    assert Blocks(Trees()).around(document(text, language=language), line) == lines


@pytest.mark.parametrize("line", [0, 2500, 4999])
def test_a_long_file_costs_no_more(line: int) -> None:
    """What is around a line is found in a window of it; a definition larger than that by its indentation."""
    text = "\n".join(f"def f{number}():\n    return {number}\n" for number in range(2500))
    found = Blocks(Trees()).around(document(text), line)
    assert found is not None
    assert found[0] <= line <= found[1] <= found[0] + 1
    long = "class A:\n" + "".join(f"    x{number} = {number}\n" for number in range(3000))
    assert Blocks(Trees()).around(document(long), 0) == (0, 3000)


@given(text=st.text(alphabet="ab:({})\n  \t", max_size=80), line=st.integers(0, 20))
def test_every_block_holds_its_line(text: str, line: int) -> None:
    """Whatever the text is, a block is inside the document, and begins and ends with something."""
    here = document(text, language="lua")
    line = min(line, here.line_count - 1)
    found = by_indentation(here, line)
    if found is not None:
        first, last = found
        assert 0 <= first <= last < here.line_count
        assert here.line(first).strip()
        assert here.line(last).strip()
        assert first <= line


class Ledger:
    """What was marked."""

    def __init__(self) -> None:
        self.marks: list[tuple[str, bool | None, bool | None]] = []

    def __call__(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """See `Asking.marked`."""
        self.marks.append((job, accepted, survived))


OLD, NEW = ["a = 1", "b = 2"], ["a = 1", "b = 3", "c = 4"]
TAKEN = ("j", True, None)


@pytest.mark.parametrize(
    ("texts", "marks"),
    [
        (["a = 1\nb = 2\nx"], []),  # nothing happened to it
        (["a = 1\nb = 3\nc = 4\nx"], [TAKEN]),
        (["a = 1\nb = 3\nc = 4\nx", "a = 1\nb = 2\nx"], [TAKEN, ("j", None, False)]),
        (["a = 1\nb = 3\nc = 4\nx", "a = 1\nb = 3\nx"], [TAKEN]),  # edited on, and not undone
    ],
)
async def test_an_edit_is_taken_or_undone(texts: list[str], marks: list[object]) -> None:
    """It is taken when its text stands there, undone when the old text is back."""
    ledger, here = Ledger(), document("a = 1\nb = 2\nx")
    watching = Fates(ledger)
    watching.watch("j", here, 0, OLD, NEW)
    for text in texts:
        here.apply([Change(text=text)])
        watching.changed(here)
    assert ledger.marks == marks
    watching.closed(here)  # never saved: the rest is not known
    assert ledger.marks == marks


@pytest.mark.parametrize(("end", "kept"), [("a = 1\nb = 3\nc = 4\n", True), ("b = 3\n", True), ("z\n", None)])
async def test_what_still_stands_later_has_survived(
    monkeypatch: pytest.MonkeyPatch, end: str, kept: bool | None
) -> None:
    """Half of what it brought is enough; where less is left, nothing is said."""
    monkeypatch.setattr(fates, "KEPT_AFTER_S", 0.0)
    ledger, here = Ledger(), document("a = 1\nb = 2\nx")
    watching = Fates(ledger)
    watching.watch("j", here, 0, OLD, NEW)
    here.apply([Change(text="a = 1\nb = 3\nc = 4\nx")])
    watching.changed(here)
    here.apply([Change(text=end)])
    await asyncio.sleep(0.01)
    assert ledger.marks == [TAKEN, *([("j", None, kept)] if kept else [])]


@pytest.mark.parametrize(
    ("text", "offered", "marks"),
    [
        ("a = 1\nb = 2\nx", True, [("j", False, None)]),
        ("a = 1\nb = 2\nx = 7", True, [("j", False, None)]),
        ("a = 1\nb = 9\nx", True, []),  # something was made of it, or of something else
        ("a = 1\nb = 2\nx", False, []),
    ],
)
async def test_what_nobody_takes_was_turned_down(
    monkeypatch: pytest.MonkeyPatch, text: str, offered: bool, marks: list[object]
) -> None:
    """The old text still stands when there was time enough; of what was only there to be looked at, nothing is said."""
    monkeypatch.setattr(fates, "TAKEN_WITHIN_S", 0.0)
    ledger, here = Ledger(), document("a = 1\nb = 2\nx")
    watching = Fates(ledger)
    watching.watch("j", here, 0, OLD, NEW, offered=offered)
    here.apply([Change(text=text)])
    await asyncio.sleep(0.01)
    assert ledger.marks == marks


def test_titles_quote_briefly() -> None:
    """One line, cut where it is long."""
    assert quoted("short") == "“short”"
    assert quoted("a\nb  c") == "“a b c”"
    assert len(quoted("x" * 200)) == 50
    assert quoted("free \u202e5.00$\x1b[2J\u200b") == "“free 5.00$ [2J”"


def test_lines_past_the_end_stand_nowhere() -> None:
    """A place is never before the first line or past the last one."""
    assert not stands_at(document("a"), 1, ["a"])
    assert not stands_at(document("a"), -1, ["a"])
