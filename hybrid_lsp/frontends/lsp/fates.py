"""What becomes of an edit after it was handed to the editor: taken, turned down, undone, or kept. The ledger learns it.

Rules:
1. Taken: its text stands in the document. Nobody is asked.
2. Turned down: its person said no, or ten minutes later the old text still stands untouched.
3. Undone: the old text is back in its place. That says the edit was no good.
4. Kept: half an hour later, or when the saved document is closed, most of what it brought still stands there.
5. What cannot be told is not told.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.edits import stands_at

KEPT_AFTER_S = 1800.0
TAKEN_WITHIN_S = 600.0
"""How long an edit that was handed over may take to show up: editors ask their person first."""
_MOST_WATCHED = 64
_KEPT_SHARE = 0.5

Mark = Callable[..., None]
"""`Asking.marked`."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Watched:
    """One edit."""

    job: str
    document: Document
    first: int
    old: Sequence[str]
    new: Sequence[str]
    brought: frozenset[str]
    """The lines that were not there before, without their indentation."""
    offered: bool
    taken: bool = False
    saved: bool = False
    timer: asyncio.TimerHandle | None = None


class Fates:
    """The edits of this session that are being watched."""

    def __init__(self, marked: Mark) -> None:
        self._marked = marked
        self._watched: list[_Watched] = []

    def watch(
        self, job: str, document: Document, first: int, old: Sequence[str], new: Sequence[str], *, offered: bool = True
    ) -> None:
        """Watch what becomes of `new`, which shall take the place of `old` at the line `first`.

        `offered`: whether it was there to be taken, and is turned down by whoever leaves it.
        """
        stripped = {line.strip() for line in old}
        brought = frozenset(line.strip() for line in new if line.strip() and line.strip() not in stripped)
        one = _Watched(job=job, document=document, first=first, old=old, new=new, brought=brought, offered=offered)
        self._watched = [*self._watched[1 - _MOST_WATCHED :], one]
        one.timer = asyncio.get_running_loop().call_later(TAKEN_WITHIN_S, self._untaken, one)
        self._look(one)

    def turned_down(self, job: str) -> None:
        """Note that a person said no to an edit."""
        for one in [one for one in self._watched if one.job == job and not one.taken]:
            self._marked(job, accepted=False)
            self._forget(one)

    def changed(self, document: Document) -> None:
        """Look again: the document was edited."""
        for one in [one for one in self._watched if one.document is document]:
            self._look(one)

    def saved(self, uri: str) -> None:
        """Remember that a document was saved as it stands."""
        for one in self._watched:
            one.saved |= one.taken and one.document.uri == uri

    def closed(self, document: Document) -> None:
        """Judge what was saved in a document that is closed; the rest is never known."""
        for one in [one for one in self._watched if one.document is document]:
            self._end(one) if one.saved else self._forget(one)

    def _look(self, one: _Watched) -> None:
        if not one.taken:
            if stands_at(one.document, one.first, one.new):
                one.taken = True
                self._marked(one.job, accepted=True)
                self._again(one)
        elif _undone(one):
            self._marked(one.job, survived=False)
            self._forget(one)

    def _untaken(self, one: _Watched) -> None:
        if one.offered and stands_at(one.document, one.first, one.old):
            self._marked(one.job, accepted=False)
        self._forget(one)

    def _again(self, one: _Watched) -> None:
        if one.timer is not None:
            one.timer.cancel()
        one.timer = asyncio.get_running_loop().call_later(KEPT_AFTER_S, self._end, one)

    def _end(self, one: _Watched) -> None:
        if _kept(one):
            self._marked(one.job, survived=True)
        self._forget(one)

    def _forget(self, one: _Watched) -> None:
        if one.timer is not None:
            one.timer.cancel()
        self._watched = [other for other in self._watched if other is not one]


def _undone(one: _Watched) -> bool:
    """Whether the old lines are back; where they begin the new ones, too, none of what came with those may be left."""
    if not stands_at(one.document, one.first, one.old) or stands_at(one.document, one.first, one.new):
        return False
    return not any(one.document.line(one.first + at).strip() in one.brought for at in range(len(one.new)))


def _kept(one: _Watched) -> bool:
    if not one.brought:
        return stands_at(one.document, one.first, one.new)
    here = {one.document.line(number).strip() for number in range(one.document.line_count)}
    return len(one.brought & here) >= _KEPT_SHARE * len(one.brought)
