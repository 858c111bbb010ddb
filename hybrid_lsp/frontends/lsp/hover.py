"""Explanations where one points: nobody asked for money, so there is none in it.

Rules:
1. What is known is shown at once. Else a model of this machine has a second and a half, or less where the editor keeps
   other servers' answers back meanwhile; it goes on after that, and the next look finds what it wrote. One explanation
   is under way at a time.
2. It is kept by the text that it explains, so that changed text is never explained by old words.
3. Where no model here can do it, one line says who would if it were asked for, and for how much. Nothing at all where
   nobody would, and where the editor's person wants none.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from lsprotocol import types

from hybrid_lsp.core.job import Excerpt, Job, Task, Wish
from hybrid_lsp.frontends.lsp.actions import DO_COMMAND
from hybrid_lsp.frontends.lsp.aim import excerpt_of_lines, range_of, whole_of
from hybrid_lsp.frontends.lsp.asking import Asking
from hybrid_lsp.frontends.lsp.blocks import Blocks
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.errands import Errand
from hybrid_lsp.frontends.lsp.offers import plain_range
from hybrid_lsp.frontends.lsp.titles import cost

if TYPE_CHECKING:
    from hybrid_lsp.assistant import Outcome, Whole
    from hybrid_lsp.core.reply import Reply
    from hybrid_lsp.core.router import Plan

WAIT_S = 1.5
GATHERING_WAIT_S = 0.3
"""Where the editor shows nothing until every server has answered."""
CLEAR_COMMAND = "hybrid-lsp.clearCache"
_AGAIN_AFTER_S = 60.0
"""After a failure, how long nobody is asked about the same text."""
_MOST_KEPT = 256
_MOST_LINES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What somebody points at, as it stands."""

    document: Document
    first: int
    last: int
    job: Job
    key: str


class Hovers:
    """The explanations of this session."""

    def __init__(self, editor: Editor, asking: Asking, blocks: Blocks, *, wait_s: float | None = None) -> None:
        """`wait_s`: how long a look waits for a model; None: what suits the editor."""
        self._editor, self._asking, self._blocks = editor, asking, blocks
        self.wait_s = wait_s
        self._known: dict[str, Reply] = {}
        self._failed_s: dict[str, float] = {}
        self._forgotten: set[str] = set()
        """What is asked anew at the next look, whatever else remembers an answer."""
        self._writing: tuple[str, asyncio.Task[None]] | None = None
        self._last = 0

    async def shown(self, params: types.HoverParams) -> types.Hover | None:
        """Return the explanation of what is at a position, a line that says it is coming, or nothing."""
        document = self._editor.documents.get(params.text_document.uri)
        if document is None or not self._editor.abilities.hover:
            return None
        if not await self._editor.may_be_seen(document):  # which is known at once, but right after it was opened
            return None
        look = self._look(document, params.position)
        if look is None:
            return None
        whole = whole_of(document)
        if (known := self._known.get(look.key)) is not None:
            return self._explained(look, known)
        plan = self._asking.plan(look.job)
        if not plan.steps or self._has_failed(look.key):
            return self._offered(look)
        await self._wait(look, whole)
        if (known := self._known.get(look.key)) is not None:
            return self._explained(look, known)
        return self._offered(look) if self._has_failed(look.key) else self._coming(plan)

    def learn(self, errand: Errand) -> None:
        """Keep an explanation that was asked for by other ways."""
        if errand.job.task is Task.EXPLAIN and errand.reply is not None and not errand.job.instruction:
            self._keep(_key(errand.job.excerpt), errand.reply)

    def forget(self, excerpt: Excerpt) -> int:
        """Forget the explanation of a text, and return how many that were; the next look asks anew."""
        key = _key(excerpt)
        self._failed_s.pop(key, None)
        if self._known.pop(key, None) is None:
            return 0
        self._forgotten.add(key)
        return 1

    def clear(self) -> None:
        """Forget every explanation."""
        self._known.clear()
        self._failed_s.clear()
        self._forgotten.clear()

    def _look(self, document: Document, position: types.Position) -> _Look | None:
        line, _ = document.locate(position.line, position.character)
        span = self._blocks.around(document, line)
        if span is None or span[1] - span[0] >= _MOST_LINES:
            return None
        self._last += 1
        excerpt = excerpt_of_lines(document, self._editor.place(document), *span)
        job = Job(id=f"hover-{id(self):x}-{self._last}", task=Task.EXPLAIN, excerpt=excerpt)
        return _Look(document=document, first=span[0], last=span[1], job=job, key=_key(excerpt))

    async def _wait(self, look: _Look, whole: "Whole") -> None:
        """Wait for the explanation, but not for long; whoever points elsewhere gives up what is under way."""
        if self._writing is not None and self._writing[0] != look.key:
            self._writing[1].cancel()
            self._writing = None
        if self._writing is None:
            self._writing = look.key, self._editor.start(self._write(look, whole))
        # `wait` leaves the task alone when the time is up, and when the request is cancelled.
        await asyncio.wait((self._writing[1],), timeout=self.patience_s)

    @property
    def patience_s(self) -> float:
        """How long a look waits for an explanation in this editor."""
        if self.wait_s is not None:
            return self.wait_s
        return GATHERING_WAIT_S if self._editor.abilities.gathers_hovers else WAIT_S

    async def _write(self, look: _Look, whole: "Whole") -> None:
        try:
            outcome: Outcome = await self._asking.run(look.job, whole, fresh=look.key in self._forgotten)
        finally:
            if self._writing is not None and self._writing[0] == look.key:
                self._writing = None
        from hybrid_lsp.core.reply import Reply

        if isinstance(outcome, Reply):
            self._keep(look.key, outcome)
        else:
            self._failed_s[look.key] = asyncio.get_running_loop().time()
            while len(self._failed_s) > _MOST_KEPT:
                del self._failed_s[next(iter(self._failed_s))]

    def _keep(self, key: str, reply: "Reply") -> None:
        self._known.pop(key, None)
        self._known[key] = reply
        self._failed_s.pop(key, None)
        self._forgotten.discard(key)
        while len(self._known) > _MOST_KEPT:
            del self._known[next(iter(self._known))]

    def _has_failed(self, key: str) -> bool:
        at_s = self._failed_s.get(key)
        return at_s is not None and asyncio.get_running_loop().time() - at_s < _AGAIN_AFTER_S

    def _explained(self, look: _Look, reply: "Reply") -> types.Hover:
        lines = [reply.shown(), "---", reply.footer(), self._ways_on(look)]
        place = range_of(look.document, look.first, look.last)
        return types.Hover(contents=self._markup("\n\n".join(filter(None, lines))), range=place)

    def _coming(self, plan: "Plan") -> types.Hover:
        sentence = (
            f"{plan.steps[0].model.id} is still writing an explanation: look again in a moment, or choose the code"
            " action Explain."
        )
        return types.Hover(contents=self._markup(sentence))

    def _offered(self, look: _Look) -> types.Hover | None:
        """Who would explain it if that were asked for; nothing where nobody would."""
        plan = self._asking.plan(replace(look.job, deliberate=True))
        if not plan.steps or (plan.steps[0].model.is_local and self._has_failed(look.key)):
            return None
        model = f"{plan.steps[0].model.id} · {cost(plan)}"
        if not self._editor.abilities.command_links:
            return types.Hover(contents=self._markup(f"The code action Explain asks {model}."))
        where = {"uri": look.document.uri, "range": plain_range(range_of(look.document, look.first, look.last))}
        asked = {**where, "task": Task.EXPLAIN.value, "wait": False, "max_cost_usd": str(plan.worst_usd)}
        return types.Hover(contents=self._markup(_link(f"Explain ({model})", DO_COMMAND, asked)))

    def _ways_on(self, look: _Look) -> str:
        """How to have it explained anew, or better, or forgotten: links where the editor runs them, else words."""
        better = self._asking.plan(_deliberate(look.job)) if self._asking.wish is not Wish.LOCAL else None
        better = better if better is not None and better.steps else None
        model = f"{better.steps[0].model.id} · {cost(better)}" if better is not None else ""
        if not self._editor.abilities.command_links:
            return f"The code action Explain can ask the better model ({model})." if model else ""
        document, place = look.document, range_of(look.document, look.first, look.last)
        where = {"uri": document.uri, "range": plain_range(place)}
        asked = {**where, "task": Task.EXPLAIN.value, "wait": False}
        links = [_link("Explain anew", DO_COMMAND, {**asked, "fresh": True})]
        if better is not None:
            paid = {**asked, "wish": Wish.CLOUD.value, "max_cost_usd": str(better.worst_usd)}
            links.append(_link(f"Ask the better model ({model})", DO_COMMAND, paid))
        return " | ".join([*links, _link("Forget this", CLEAR_COMMAND, where)])

    def _markup(self, markdown: str) -> types.MarkupContent:
        kind = types.MarkupKind.Markdown if self._editor.abilities.hover_markdown else types.MarkupKind.PlainText
        return types.MarkupContent(kind=kind, value=markdown)


def _deliberate(job: Job) -> Job:
    return replace(job, deliberate=True, wish=Wish.CLOUD)


def _key(excerpt: Excerpt) -> str:
    parts = (str(excerpt.workspace), excerpt.path, excerpt.language, excerpt.focus)
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()


def _link(words: str, command: str, argument: object) -> str:
    return f"[{words}](command:{command}?{quote(json.dumps([argument]))})"
