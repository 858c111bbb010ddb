"""Code actions: what can be asked about the lines at the cursor, where each would go and what it costs at most.

Rules:
1. The list is a look-up and an estimate: no model, no cost, no wait but for whether the file may be seen at all.
2. An edit is computed when its action is chosen: at `codeAction/resolve` where the client asks for that, else by a
   command. What is read instead of applied always is a command, and so is what needs words of its person first.
3. What nobody can be asked is listed with the reason where the client shows one, and is left out elsewhere.
4. What a title says is the most that its action costs, whatever happens until it is chosen.
5. While one only moves about, nothing but problems and selections are spoken to: no lamp on every line.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Excerpt, Task, Wish
from hybrid_lsp.frontends.lsp.aim import Aim, excerpt_of_lines, lines_meant, said, trimmed
from hybrid_lsp.frontends.lsp.asking import Asking
from hybrid_lsp.frontends.lsp.blocks import Blocks, Span
from hybrid_lsp.frontends.lsp.delivery import READ, Delivery
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.errands import Errands
from hybrid_lsp.frontends.lsp.findings import Findings
from hybrid_lsp.frontends.lsp.offers import Offers
from hybrid_lsp.frontends.lsp.titles import NAMES, better_title, quoted, title, title_to_come, why_not

DO_COMMAND = "hybrid-lsp.do"
DISMISS_COMMAND = "hybrid-lsp.dismiss"
KINDS: dict[Task, str] = {
    Task.FIX: types.CodeActionKind.QuickFix.value,
    Task.REFACTOR: types.CodeActionKind.RefactorRewrite.value,
    Task.EXPLAIN: "refactor.hybridLsp.explain",
    Task.REVIEW: "refactor.hybridLsp.review",
}
"""`source…` is in no ordinary menu, and some editors ask for no kinds but quick fixes and refactorings."""
AS_YOU_SAY = "Refactor as you say…"
_MOST_FIXES = 5
_OURS = "hybrid-lsp"
START_PATIENCE_S = 2.0
"""How long a menu waits, right after the start, until it is known who can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One entry of the menu, before it has a price."""

    aim: Aim
    what: str
    diagnostics: tuple[types.Diagnostic, ...] = ()


class Actions:
    """Lists what can be asked, and computes what was chosen."""

    def __init__(
        self, editor: Editor, asking: Asking, blocks: Blocks, offers: Offers, errands: Errands, delivery: Delivery,
        findings: Findings,
    ) -> None:  # fmt: skip
        self._editor, self._asking, self._blocks, self._offers = editor, asking, blocks, offers
        self._errands, self._delivery, self._findings = errands, delivery, findings

    async def listed(self, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        """Return what can be asked there, in the order of how often it is meant."""
        if params.context.trigger_kind is not types.CodeActionTriggerKind.Automatic:
            await self._known_soon()
        document = self._editor.documents.get(params.text_document.uri)
        if document is None:
            return []
        actions = self._dismissals(document, params)
        excerpts: dict[Span, Excerpt] = {}
        for item in self._items(document, params):
            actions += self._priced(document, item, excerpts)
        if not await self._editor.may_be_seen(document):
            return []
        if not self._editor.abilities.literals:
            return [action.command for action in actions if action.command is not None]
        return list(actions)

    async def _known_soon(self) -> None:
        """Wait a moment, right after the start, for who can be asked: a person has opened the menu."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_PATIENCE_S):
                await self._asking.ready()

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """Return a chosen action with its edit; one that is a command comes back as it is.

        Without an answer, or when the text has moved on since, it comes back without an edit too, and its person has
        been told or is asked. An error beside that would say the same again, and end a question in Neovim's own menu.

        Raises `JsonRpcException` with one sentence for a person when it was listed for other text.
        """
        if action.command is not None or action.edit is not None or action.data is None:
            return action
        try:
            aim, document = self._offers.aim(action.data)
        except JsonRpcInvalidParams as error:
            raise JsonRpcException(str(error.message), types.LSPErrorCodes.ContentModified) from None
        errand, whole = self._errands.begin(aim, document)
        try:
            await self._errands.run(errand, whole, document)
        except Refused as refused:
            self._editor.say(str(refused), warning=True)
            return action
        if errand.reply is None:
            self._delivery.fail(errand)
            return action
        edit = self._delivery.edit_of(errand)
        if edit is None:
            self._editor.start(self._delivery.offer(errand))
            return action
        return attrs.evolve(action, edit=edit)

    def _items(self, document: Document, params: types.CodeActionParams) -> Iterable[_Item]:
        wanted = [task for task in KINDS if _is_wanted(KINDS[task], params.context.only)]
        marked = params.range.start != params.range.end
        around = lines_meant(document, self._blocks, params.range) if wanted else None
        if Task.FIX in wanted:
            yield from self._fixes(document, params.context.diagnostics, around if marked else None)
        moves_about = params.context.trigger_kind is types.CodeActionTriggerKind.Automatic and not marked
        if around is None or moves_about:
            return
        for task in (Task.REFACTOR, Task.EXPLAIN, Task.REVIEW):
            if task not in wanted:
                continue
            yield _Item(aim=_aim(task, document, around), what=NAMES[task])
            if task is Task.REFACTOR and self._editor.abilities.asks_for_words:
                yield _Item(aim=replace(_aim(task, document, around), instruct=True), what=AS_YOU_SAY)

    def _fixes(
        self, document: Document, diagnostics: Sequence[types.Diagnostic], marked: Span | None
    ) -> Iterable[_Item]:
        by_range: dict[tuple[int, ...], list[types.Diagnostic]] = {}
        for one in diagnostics:
            if one.source != _OURS:
                ends = (one.range.start, one.range.end)
                by_range.setdefault(tuple(n for end in ends for n in (end.line, end.character)), []).append(one)
        placed = [(group, self._span_of(document, group[0], marked)) for group in by_range.values()]
        groups = [(group, span) for group, span in placed if span is not None]
        for group, span in groups[:_MOST_FIXES]:
            yield _fix(document, span, group, f"{NAMES[Task.FIX]} {quoted(group[0].message)}")
        if len(groups) > 1:
            everything = [one for group, _ in groups for one in group]
            whole = min(span[0] for _, span in groups), max(span[1] for _, span in groups)
            yield _fix(document, whole, everything, f"{NAMES[Task.FIX]} all {len(everything)} problems here")

    def _span_of(self, document: Document, diagnostic: types.Diagnostic, marked: Span | None) -> Span | None:
        """The lines to work on: what is around the problem, or what a person has marked, with the problem in it."""
        first, _ = document.locate(diagnostic.range.start.line, 0)
        last, _ = document.locate(diagnostic.range.end.line, 0)
        around = marked or self._blocks.around(document, first) or (first, last)
        return trimmed(document, min(around[0], first), max(around[1], last))

    def _priced(self, document: Document, item: _Item, excerpts: dict[Span, Excerpt]) -> list[types.CodeAction]:
        place, span = self._editor.place(document), (item.aim.first, item.aim.last)
        if span not in excerpts:
            excerpts[span] = excerpt_of_lines(document, place, *span)
        job = item.aim.job(document, place, replace(excerpts[span], diagnostics=item.aim.says))
        plan = self._asking.plan(job)
        if not plan.steps:
            if not self._editor.abilities.disabled:
                return []
            reason = types.CodeActionDisabled(reason=why_not(plan))
            return [types.CodeAction(title=item.what, kind=KINDS[item.aim.task], disabled=reason)]
        if item.aim.instruct:
            return [self._action(document, item.aim, title_to_come(item.what, plan), item.diagnostics)]
        aim = replace(item.aim, cap_usd=plan.worst_usd)
        actions = [self._action(document, aim, title(item.what, plan), item.diagnostics)]
        if plan.steps[0].model.is_local and self._asking.wish is not Wish.LOCAL and plan.policy_allowed:
            better = self._asking.plan(replace(job, wish=Wish.CLOUD))
            if better.steps:
                aim = replace(item.aim, wish=Wish.CLOUD, cap_usd=better.worst_usd)
                actions.append(self._action(document, aim, better_title(item.what, better), item.diagnostics))
        return actions

    def _action(
        self, document: Document, aim: Aim, told: str, diagnostics: tuple[types.Diagnostic, ...]
    ) -> types.CodeAction:
        abilities, data = self._editor.abilities, self._offers.data(document, aim)
        action = types.CodeAction(title=told, kind=KINDS[aim.task], diagnostics=list(diagnostics) or None)
        if abilities.tags_llm:
            action.tags = [types.CodeActionTag.LlmGenerated]
        if aim.task not in READ and not aim.instruct and abilities.resolves_edit:
            action.data = data
        else:
            action.command = types.Command(title=told, command=DO_COMMAND, arguments=[{**data, "wait": False}])
        return action

    def _dismissals(self, document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
        if not _is_wanted(types.CodeActionKind.QuickFix.value, params.context.only):
            return []
        return [
            types.CodeAction(
                title="Dismiss this finding",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                command=types.Command(
                    title="Dismiss this finding",
                    command=DISMISS_COMMAND,
                    arguments=[{"uri": document.uri, "finding": found.number}],
                ),
            )
            for found, diagnostic in self._findings.among(document, params.context.diagnostics)
        ]


def _aim(task: Task, document: Document, span: Span, says: tuple[str, ...] = ()) -> Aim:
    return Aim(task=task, uri=document.uri, version=document.version, first=span[0], last=span[1], says=says)


def _fix(document: Document, span: Span, diagnostics: Sequence[types.Diagnostic], what: str) -> _Item:
    says = said(document, span[0], diagnostics)
    return _Item(aim=_aim(Task.FIX, document, span, says), what=what, diagnostics=tuple(diagnostics))


def _is_wanted(kind: str, only: Sequence[Any] | None) -> bool:
    """Whether a client that asks for some kinds asks for this one; kinds are trees, and the empty one is all."""
    if only is None:
        return True
    asked = [one.value if isinstance(one, types.CodeActionKind) else str(one) for one in only]
    return any(not one or kind == one or kind.startswith(f"{one}.") for one in asked)
