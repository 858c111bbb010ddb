"""What any client can ask for by `workspace/executeCommand`. Each shows a person what they should see, and returns it.

Arguments are one object each; what is not understood is refused in one sentence that names it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pygls.exceptions import JsonRpcInvalidParams

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Wish
from hybrid_lsp.core.profile import PROFILES
from hybrid_lsp.frontends.lsp.actions import DISMISS_COMMAND, DO_COMMAND
from hybrid_lsp.frontends.lsp.aim import Aim
from hybrid_lsp.frontends.lsp.asking import Asking
from hybrid_lsp.frontends.lsp.decode import no_argument
from hybrid_lsp.frontends.lsp.delivery import Delivery
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.edits import place_of
from hybrid_lsp.frontends.lsp.errands import KEPT_OUT, Errand, Errands
from hybrid_lsp.frontends.lsp.findings import Findings
from hybrid_lsp.frontends.lsp.hover import CLEAR_COMMAND, Hovers
from hybrid_lsp.frontends.lsp.offers import CHANGED, Offers, most_usd, waits, whole
from hybrid_lsp.frontends.lsp.showing import Shelf
from hybrid_lsp.frontends.lsp.titles import NAMES, cost, lines_told, question
from hybrid_lsp.frontends.lsp.why import why_fields, why_markdown

if TYPE_CHECKING:
    from hybrid_lsp.assistant import Whole

WHY_COMMAND, SPEND_COMMAND, PROFILE_COMMAND = "hybrid-lsp.why", "hybrid-lsp.spend", "hybrid-lsp.profile"
WISH_COMMAND, BETTER_COMMAND, LEAVE_COMMAND = "hybrid-lsp.wish", "hybrid-lsp.better", "hybrid-lsp.wouldLeave"
CANCEL_COMMAND, DASHBOARD_COMMAND = "hybrid-lsp.cancel", "hybrid-lsp.dashboard"
ANSWER_TIMEOUT_S = 30.0
"""For what reads the ledger or the cache."""
ASK, LEAVE = "Ask", "Leave it"
_NOTHING_ASKED = "Nothing was asked in this session yet; choose an action first, or name {task, uri, range}."
_WISH_TOLD = {
    Wish.ANY: "What you ask for goes wherever your profile and whitelist send it.",
    Wish.LOCAL: "What you ask for stays on this machine, for this session.",
    Wish.CLOUD: "What you ask for goes to a cloud model where the whitelist allows that, for this session.",
}

Command = Callable[..., Awaitable[Any]]
_Told = TypeVar("_Told")


class Commands:
    """The commands of one session."""

    def __init__(
        self, editor: Editor, asking: Asking, offers: Offers, errands: Errands, delivery: Delivery, hovers: Hovers,
        findings: Findings, shelf: Shelf,
    ) -> None:  # fmt: skip
        self._editor, self._asking, self._offers, self._errands = editor, asking, offers, errands
        self._delivery, self._hovers, self._findings, self._shelf = delivery, hovers, findings, shelf

    def all(self) -> Mapping[str, Command]:
        """Return every command by its name."""
        return {
            DO_COMMAND: self.do,
            WHY_COMMAND: self.why,
            SPEND_COMMAND: self.spend,
            DASHBOARD_COMMAND: self.dashboard,
            PROFILE_COMMAND: self.profile,
            WISH_COMMAND: self.wish,
            BETTER_COMMAND: self.better,
            LEAVE_COMMAND: self.would_leave,
            CLEAR_COMMAND: self.clear,
            CANCEL_COMMAND: self.cancel,
            DISMISS_COMMAND: self.dismiss,
        }

    async def do(self, *arguments: Any) -> Any:
        """Ask for something, `{task, uri, range?, instruction?, wish?, fresh?}`, and hand over the answer.

        Without a range it is about the whole document. With `instruct: true` a person is asked for the instruction.
        What may cost money is shown to a person first, unless `max_cost_usd` says how much is agreed to. With
        `wait: false` it is answered at once.
        """
        told = _only(arguments)
        (aim, document), wait = self._offers.aim(told), waits(told)
        if aim.instruct and not self._editor.abilities.asks_for_words:
            _wrong("This editor cannot ask for an instruction; name it in the argument instruction.")
        if aim.instruct:
            return await self._done(self._instructed(aim, document), {}, wait=wait)
        errand, whole = self._errands.begin(aim, document)
        return await self._done(self._ask(errand, whole, document), {"job": errand.job.id}, wait=wait)

    async def why(self, *arguments: Any) -> Any:
        """Explain how the last question was routed, or how one would be."""
        errand = await self._meant(_only(arguments))
        markdown = why_markdown(errand)
        await self._shelf.show(markdown, "why")
        return {**why_fields(errand), "markdown": markdown}

    async def spend(self, *arguments: Any) -> Any:
        """Show this month's money."""
        no_argument(arguments)
        await self._asking.ready()
        markdown = await _in_time(self._asking.spent())
        await self._shelf.show(markdown, "spend")
        return {"markdown": markdown, "left_usd": str(self._asking.left_usd)}

    async def dashboard(self, *arguments: Any) -> Any:
        """Open this month and the last thirty days as a page in the browser; return the page's address."""
        no_argument(arguments)
        await self._asking.ready()
        uri = await self._shelf.browse(await _in_time(self._asking.dashboard()), "dashboard")
        return {"uri": uri}

    async def profile(self, *arguments: Any) -> Any:
        """Put a profile in force for this session; without a name, a person chooses."""
        name = _only(arguments)
        await self._asking.ready()
        if name is None:
            question = f"Which profile? {self._asking.profile} is in force."
            name = await self._editor.choose(question, tuple(PROFILES))
        if not isinstance(name, str | None):
            _wrong(f"The argument is the name of a profile: {', '.join(PROFILES)}.")
        if name:
            try:
                self._editor.say(self._asking.switch_profile(name))
            except Refused as refused:
                _wrong(str(refused))
        return {"profile": self._asking.profile}

    async def wish(self, *arguments: Any) -> Any:
        """Say where everything that is asked shall go: `any`, `local` or `cloud`."""
        wanted = _only(arguments)
        if wanted not in tuple(Wish):
            _wrong(f"The argument is one of {', '.join(Wish)}.")
        self._asking.wish = Wish(wanted)
        self._editor.say(_WISH_TOLD[self._asking.wish])
        return {"wish": self._asking.wish.value}

    async def better(self, *arguments: Any) -> Any:
        """Ask the better model what was asked last, after a person agreed to the price, or within `max_cost_usd`."""
        told = _only(arguments)
        if told is not None and (not isinstance(told, dict) or set(told) - {"max_cost_usd"}):
            _wrong("The argument is {max_cost_usd}, or nothing.")
        last = self._errands.last
        if last is None:
            _wrong(_NOTHING_ASKED)
        document = self._editor.documents.get(last.aim.uri)
        if document is None or document.handle != last.handle:
            _wrong("The document of the last question is not open any more; open it, and ask anew.")
        place = _place_of(document, last)
        if place is None:
            _wrong("The text of the last question does not stand there any more; mark what you mean, and ask anew.")
        aim = replace(
            last.aim, version=document.version, first=place[0], last=place[1], wish=Wish.CLOUD, fresh=True,
            cap_usd=None if told is None else most_usd(told),
        )  # fmt: skip
        return await self._ask(*self._errands.begin(aim, document), document)

    async def would_leave(self, *arguments: Any) -> Any:
        """Show the very text that would be sent, its secrets taken out, before anything is."""
        errand = await self._meant(_only(arguments))
        markdown = await _in_time(self._asking.would_leave(errand.job))
        await self._shelf.show(markdown, "would-leave")
        return {"markdown": markdown}

    async def clear(self, *arguments: Any) -> Any:
        """Forget every answer that is kept; with `{uri, range}`, the explanation there only."""
        told = _only(arguments)
        if told is not None:
            aim, document = self._offers.aim({**told, "task": "explain"} if isinstance(told, dict) else told)
            return {"forgotten": self._hovers.forget(aim.job(document, self._editor.place(document)).excerpt)}
        self._hovers.clear()
        count = await _in_time(self._asking.clear_cache())
        self._editor.say(f"{count} {'answer is' if count == 1 else 'answers are'} forgotten.")
        return {"forgotten": count}

    async def cancel(self, *arguments: Any) -> Any:
        """End everything that is under way."""
        no_argument(arguments)
        count = self._errands.cancel()
        self._editor.say("Nothing was under way." if not count else f"{count} under way, and cancelled.")
        return {"cancelled": count}

    async def dismiss(self, *arguments: Any) -> Any:
        """Take away a finding of a review, `{uri, finding}`; all of a document, `{uri}`; or all."""
        told = _only(arguments)
        if told is None:
            return {"dismissed": self._findings.dismiss()}
        if not isinstance(told, dict) or set(told) - {"uri", "finding"}:
            _wrong("The argument is {uri, finding}, or {uri}, or nothing for all findings.")
        number = whole(told.get("finding"))
        if not (number is None or type(number) is int):
            _wrong("The argument finding is a number.")
        return {"dismissed": self._findings.dismiss(self._offers.document(told).uri, number)}

    async def _done(self, asked: Coroutine[Any, Any, Any], meanwhile: Mapping[str, Any], *, wait: bool) -> Any:
        """Do it now, or answer with something else at once and do it while nobody waits for it."""
        if wait:
            return await asked
        self._editor.start(self._told(asked))
        return meanwhile

    async def _instructed(self, aim: Aim, document: Document) -> Any:
        """Ask, after its person has said what they want."""
        where = lines_told(aim.first, aim.last)
        words = await self._editor.words(f"{NAMES[aim.task]}, {where}: what shall be done?")
        if not words:
            return {"cancelled": True}
        if document.version != aim.version or self._editor.documents.get(aim.uri) is not document:
            raise Refused(CHANGED)
        told = replace(aim, instruction=words, instruct=False)
        return await self._ask(*self._errands.begin(told, document), document)

    async def _ask(self, errand: Errand, whole: "Whole", document: Document) -> Any:
        if not errand.plan.steps:
            await self._asking.ready()
            errand.plan = self._asking.plan(errand.job)
        if errand.aim.cap_usd is None:
            if errand.plan.worst_usd and not await self._agreed(errand):
                return {"job": errand.job.id, "cancelled": True}
            errand.agree()
        await self._errands.run(errand, whole, document)
        self._hovers.learn(errand)
        return await self._delivery.hand_over(errand)

    async def _agreed(self, errand: Errand) -> bool:
        """Whether a person wants to have it asked, for what it may cost."""
        chosen = await self._editor.choose(question(errand.name, errand.plan), (ASK, LEAVE))
        if chosen is None:
            raise Refused(f"{errand.name} may cost {cost(errand.plan)}; say so in the argument max_cost_usd.")
        return chosen == ASK

    async def _told(self, running: Awaitable[Any]) -> None:
        """Nobody waits for it, so a person hears what stands in the way."""
        try:
            await running
        except Refused as refused:
            self._editor.say(str(refused), warning=True)

    async def _meant(self, told: Any) -> Errand:
        """The question that is named, by what is known once everything was looked at; or the last one."""
        if told is not None:
            aim, document = self._offers.aim(told)
            if not await self._editor.may_be_seen(document):
                raise Refused(KEPT_OUT)
            errand, _ = self._errands.begin(aim, document)
            await self._asking.ready()
            errand.plan = self._asking.plan(errand.job)
            return errand
        if self._errands.last is None:
            _wrong(_NOTHING_ASKED)
        return self._errands.last


async def _in_time(asked: Awaitable[_Told]) -> _Told:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await asked
    except TimeoutError:
        raise Refused(f"That took longer than {ANSWER_TIMEOUT_S:g} s, so it was given up; try again.") from None


def _place_of(document: Document, last: Errand) -> tuple[int, int] | None:
    """Where the lines of the last question stand now, or the answer that took their place."""
    candidates = [last.lines]
    if last.reply is not None:
        candidates.append(last.reply.text.split("\n"))
    for lines in candidates:
        if (first := place_of(document, lines)) is not None:
            return first, first + len(lines) - 1
    return None


def _only(arguments: tuple[Any, ...]) -> Any:
    """The one argument; None when there is none."""
    if len(arguments) > 1:
        _wrong("The command takes one argument.")
    return arguments[0] if arguments else None


def _wrong(sentence: str) -> NoReturn:
    raise JsonRpcInvalidParams(sentence)
