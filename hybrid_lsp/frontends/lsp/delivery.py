"""What becomes of an answer: an edit of the very version that it was made for, or an offer, or something to read.

An answer for text that has moved on is never applied by itself: its person is asked, or it is shown.
"""

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.edits import place_of, text_edits, workspace_edit
from hybrid_lsp.frontends.lsp.errands import Errand
from hybrid_lsp.frontends.lsp.fates import Fates
from hybrid_lsp.frontends.lsp.findings import Findings
from hybrid_lsp.frontends.lsp.showing import Shelf
from hybrid_lsp.frontends.lsp.titles import NAMES

if TYPE_CHECKING:
    from hybrid_lsp.assistant.events import Unfit
    from hybrid_lsp.core.reply import Reply

READ = frozenset({Task.EXPLAIN, Task.REVIEW})
"""Tasks whose answer is read. The others' is new text."""
APPLY, SHOW = "Apply it where it stands now", "Show it"
SHOW_ANYWAY = "Show it all the same"
MOVED = "The text has changed since this was asked, so it was not applied."
SEEN_TIMEOUT_S = 1.0
"""How long, after the editor has applied an edit, it is waited for to tell of it."""
_TICKS = re.compile(r"`{3,}")
_FINE = re.compile(r"\W*fine\W*", re.IGNORECASE)


class Delivery:
    """Hands answers to the editor."""

    def __init__(self, editor: Editor, shelf: Shelf, findings: Findings, fates: Fates) -> None:
        self._editor = editor
        self._shelf = shelf
        self._findings = findings
        self._fates = fates
        self._edited = asyncio.Event()
        self._unversioned = asyncio.Lock()
        """One edit at a time: an editor that is told no version would apply two answers over one another."""

    def changed(self) -> None:
        """A document was edited."""
        self._edited.set()

    def edit_of(self, errand: Errand) -> types.WorkspaceEdit | None:
        """Return an answer as an edit; None when the document is not the version any more that it was made for."""
        document = self._document(errand)
        if document is None or document.version != errand.aim.version:
            return None
        return self._edit(errand, document, errand.aim.first)

    async def hand_over(self, errand: Errand) -> dict[str, Any]:
        """Apply an answer or show it, and return what a program wants to know of it."""
        reply = errand.reply
        if reply is None:
            return self._failed(errand)
        told = _told(errand, reply)
        if errand.job.task in READ:
            await self.read(errand)
            return {**told, "markdown": reply.as_markdown()}
        if not self._editor.abilities.applies_edits:
            await self._show_beside(errand, "This editor takes no edits, so here is what shall stand there.")
        elif (applied := await self._applied(errand)) is not None:
            return {**told, "applied": applied}
        else:
            self._editor.start(self.offer(errand))
        return {**told, "applied": False, "text": reply.text}

    async def offer(self, errand: Errand) -> None:
        """Ask what shall become of an answer whose text has moved on, and do it."""
        if self._place_now(errand) is None or not self._editor.abilities.applies_edits:
            await self._show_beside(errand, MOVED)
            return
        chosen = await self._editor.choose(f"{errand.name}: {MOVED}", (APPLY, SHOW))
        if chosen == APPLY and await self._applied(errand, moved=True) is not None:
            return
        if chosen != "":
            await self._show_beside(errand, MOVED)

    async def read(self, errand: Errand) -> None:
        """Show an explanation, or a review with its findings underlined."""
        reply = errand.reply
        assert reply is not None
        findings = reply.findings()
        if errand.job.task is Task.REVIEW and (place := self._place_now(errand)) is not None:
            document, first = place
            moved = first - errand.aim.first
            shown = [_moved(finding, moved) for finding in findings]
            self._findings.show(document, first, errand.aim.last + moved, shown)
        if errand.job.task is Task.REVIEW and not findings and _FINE.fullmatch(reply.text):
            self._editor.say(f"{errand.name}: nothing to object to. {reply.footer()}")
        else:
            await self._shelf.show(f"# {errand.name}\n\n{reply.as_markdown()}", errand.name)

    def fail(self, errand: Errand) -> str:
        """Tell a person why there is no answer, and return the sentence."""
        sentence = getattr(errand.outcome, "sentence", "") or "There is no answer."
        unfit: Unfit | None = getattr(errand.outcome, "unfit", None)
        if unfit is None:
            self._editor.say(sentence, warning=True)
        else:
            self._editor.start(self._offer_all_the_same(errand, sentence, unfit))
        return sentence

    async def _offer_all_the_same(self, errand: Errand, sentence: str, unfit: "Unfit") -> None:
        """Let a person see what the checks refused. Whether they take it over is seen in their text, and remembered."""
        chosen = await self._editor.choose(sentence, (SHOW_ANYWAY,))
        if chosen is None:
            self._editor.say(sentence, warning=True)
        if chosen != SHOW_ANYWAY:
            return
        if (place := self._place_now(errand)) is not None:
            self._fates.watch(errand.job.id, *place, errand.lines, unfit.text.split("\n"), offered=False)
        await self._code_beside(errand, f"{sentence} It was not applied.", unfit.text, f"{unfit.model} wrote this.")

    def _failed(self, errand: Errand) -> dict[str, Any]:
        refusals = getattr(errand.outcome, "refusals", ())
        return {
            "job": errand.job.id,
            "failure": self.fail(errand),
            "cost_usd": str(getattr(errand.outcome, "cost_usd", ZERO)),
            "refusals": [{"rule": no.rule, "sentence": no.sentence, "model": no.model} for no in refusals],
        }

    async def _applied(self, errand: Errand, *, moved: bool = False) -> bool | None:
        """Have an answer applied; None where its text has moved on.

        `moved`: it may also go to where its text stands now.
        """
        if self._editor.abilities.document_changes:
            return await self._applied_now(errand, moved=moved)
        async with self._unversioned:
            document = self._document(errand)
            version = document.version if document is not None else 0
            applied = await self._applied_now(errand, moved=moved)
            if applied and document is not None:
                await self._seen(document, version)
            return applied

    async def _applied_now(self, errand: Errand, *, moved: bool) -> bool | None:
        place = self._place_now(errand)
        if place is None or not (moved or place[0].version == errand.aim.version):
            return None
        document, first = place
        version = document.version
        applied = await self._editor.apply(self._edit(errand, document, first), _label(errand))
        if not applied:
            self._editor.say(f"{errand.name}: the edit was not applied.")
        if applied is False and document.version == version:  # else it may be the editor that found it too old
            self._fates.turned_down(errand.job.id)
        return bool(applied)

    async def _seen(self, document: Document, version: int) -> None:
        """Wait until an editor that says it has edited a document tells how; some answer first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SEEN_TIMEOUT_S):
                while document.version == version:
                    self._edited.clear()
                    await self._edited.wait()

    def _edit(self, errand: Errand, document: Document, first: int) -> types.WorkspaceEdit:
        reply = errand.reply
        assert reply is not None
        self._fates.watch(errand.job.id, document, first, errand.lines, reply.text.split("\n"))
        edits = text_edits(document, first, reply.as_edit())
        return workspace_edit(document, edits, self._editor.abilities, label=_label(errand), description=reply.footer())

    def _document(self, errand: Errand) -> Document | None:
        document = self._editor.documents.get(errand.aim.uri)
        return document if document is not None and document.handle == errand.handle else None

    def _place_now(self, errand: Errand) -> tuple[Document, int] | None:
        """Where the text stands that was asked about: whole, unchanged and only once."""
        document = self._document(errand)
        if document is None:
            return None
        if document.version == errand.aim.version:
            return document, errand.aim.first
        first = place_of(document, errand.lines)
        return None if first is None else (document, first)

    async def _show_beside(self, errand: Errand, why: str) -> None:
        reply = errand.reply
        assert reply is not None
        await self._code_beside(errand, why, reply.text, reply.footer())

    async def _code_beside(self, errand: Errand, why: str, text: str, footer: str) -> None:
        fence = "`" * max(3, *(len(ticks) + 1 for ticks in _TICKS.findall(text)), 3)
        code = f"{fence}{errand.job.excerpt.language}\n{text}\n{fence}"
        await self._shelf.show(f"# {errand.name}\n\n{why}\n\n{code}\n\n---\n{footer}\n", errand.name)


def _moved(finding: Any, lines: int) -> Any:
    from dataclasses import replace

    return replace(finding, line=finding.line + lines) if lines else finding


def _label(errand: Errand) -> str:
    assert errand.reply is not None
    return f"{NAMES[errand.job.task]} by {errand.reply.model}"


def _told(errand: Errand, reply: "Reply") -> dict[str, Any]:
    return {
        "job": errand.job.id,
        "task": errand.job.task.value,
        "model": reply.model,
        "origin": reply.origin.value,
        "cost_usd": str(reply.cost_usd),
        "basis": reply.basis.value,
        "told": list(reply.told),
    }
