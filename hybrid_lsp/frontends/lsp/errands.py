"""What a person has asked for, from the question to the outcome, and what was asked last."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Job, Wish
from hybrid_lsp.frontends.lsp.aim import Aim, whole_of
from hybrid_lsp.frontends.lsp.asking import Asking
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.progress import Progress
from hybrid_lsp.frontends.lsp.titles import NAMES, lines_told, plain

if TYPE_CHECKING:
    from hybrid_lsp.assistant import Outcome, Whole
    from hybrid_lsp.assistant.events import Event
    from hybrid_lsp.core.reply import Reply
    from hybrid_lsp.core.router import Plan

KEPT_OUT = "This file is named in .hybridignore, so no model sees it; take it out there to ask about it."
KEPT_HERE = "What you ask for stays on this machine in this session, as you said; hybrid-lsp.wish any lets it go again."


@dataclass(slots=True, kw_only=True, eq=False)
class Errand:
    """One question, and what has become of it."""

    aim: Aim
    job: Job
    plan: "Plan"
    handle: int
    """Of the document that it is about."""
    outcome: "Outcome | None" = None
    """None while it is under way, and when it was cancelled."""
    asked: bool = False
    """Whether anybody was; else it is only about how it would go."""
    under_way: bool = False
    told: list[str] = field(default_factory=list)
    """Why each model that was left did not give the answer."""

    def agree(self) -> None:
        """What its plan costs at most is what it may cost: a person has seen that, and wants it."""
        self.job = replace(self.job, cost_cap_usd=self.plan.worst_usd)

    @property
    def reply(self) -> "Reply | None":
        """The answer, where there is one."""
        from hybrid_lsp.core.reply import Reply

        return self.outcome if isinstance(self.outcome, Reply) else None

    @property
    def name(self) -> str:
        """What it is, for a person: `Refactor total.py, lines 4–8`."""
        file = plain(PurePosixPath(self.job.excerpt.path).name)
        return f"{NAMES[self.job.task]} {file}, {lines_told(self.aim.first, self.aim.last)}"

    @property
    def lines(self) -> list[str]:
        """The lines that it is about, as they stood."""
        return self.job.excerpt.focus.split("\n")


class Errands:
    """Everything that is being asked in this session."""

    def __init__(self, editor: Editor, asking: Asking) -> None:
        self._editor = editor
        self._asking = asking
        self._under_way: set[asyncio.Task[object]] = set()
        self.last: Errand | None = None

    def begin(self, aim: Aim, document: Document) -> "tuple[Errand, Whole]":
        """Take everything that a question needs of its document, as it stands now.

        Raises `Refused` where it is for a cloud model and its person keeps everything here.
        """
        if aim.wish is Wish.CLOUD and self._asking.wish is Wish.LOCAL:
            raise Refused(KEPT_HERE)
        job = aim.job(document, self._editor.place(document))
        whole = whole_of(document, self._editor.documents)
        return Errand(aim=aim, job=job, plan=self._asking.plan(job), handle=document.handle), whole

    async def run(self, errand: Errand, whole: "Whole", document: Document) -> Errand:
        """Ask, with progress, and return the errand with its outcome. Raises `Refused` where nobody may see the text.

        Cancelling the task that runs it closes what is under way and settles it.
        """
        if not await self._editor.may_be_seen(document):
            raise Refused(KEPT_OUT)
        place = self._editor.place(document)  # a folder may have come or gone since it was asked
        excerpt = replace(errand.job.excerpt, workspace=place.workspace, path=place.path)
        errand.job = replace(errand.job, excerpt=excerpt)
        self.last = errand
        errand.asked = errand.under_way = True
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        create = self._editor.abilities.progress
        try:
            async with Progress(self._editor.server, errand.name, create=create, end=task.cancel) as progress:

                def tell(event: "Event") -> None:
                    _note(errand, event)
                    progress.tell(event)

                errand.outcome = await self._asking.run(errand.job, whole, tell=tell, fresh=errand.aim.fresh)
        finally:
            errand.under_way = False
            self._under_way.discard(task)
        return errand

    def cancel(self) -> int:
        """End everything that is under way, and return how much that is."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        return len(tasks)


def _note(errand: Errand, event: "Event") -> None:
    from hybrid_lsp.assistant.events import Left

    if isinstance(event, Left):
        errand.told.append(f"{event.step.model.id}: {event.sentence}")
