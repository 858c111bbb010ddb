"""Ghost text: what nobody asked for. Is given models on this machine only, so it has no way out.

Rules:
1. One answer a document at a time: a newer request, or an edit, cancels the one in flight (`asyncio.CancelledError`).
2. What is on screen and is typed along, or was answered here before, is answered from memory; no model is asked.
3. The model that we ship answers at once where it is sure; elsewhere the streaming model does, while there is one.
4. A suggestion that was typed against makes the next one on that line harder to show.
5. A model that fails costs a suggestion, never an answer: it is logged, and what we ship goes on.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hybrid_lsp.completer.ports import InlineModel, Models, NoModels, Rows, Syntax
from hybrid_lsp.completer.slot import Slot
from hybrid_lsp.core.errors import Trouble, fault_told
from hybrid_lsp.core.job import Excerpt, Source, Suggestion
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.core.redact import looks_random
from hybrid_lsp.core.reuse import Fate, LineHistory, Shown, advance, rest_of
from hybrid_lsp.core.trim import Shape, fit_suffix, only_closers

log = logging.getLogger(__name__)

ASKED_FOR_DOUBT = -0.1
"""A person who presses the key for a suggestion is shown one that is less sure."""
SURE = 0.7
"""From this score on, the model that we ship answers before the streaming one is asked."""
MIN_CHARS = 4
"""Less than this is not worth the eye's way, unless a person asked or it only closes what is open."""
MODEL_TIMEOUT_S = 5.0
_REMEMBERED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What to show at the cursor now, under the id by which accepting it is reported."""

    id: int
    suggestion: Suggestion


@dataclass(slots=True)
class Counts:
    """What was shown and what became of it since the start."""

    shown: int = 0
    accepted: int = 0
    accepted_chars: int = 0
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    """As inferred from the edits, for clients that do not report."""


class OneLine:
    """A syntax that never lets a suggestion run on."""

    def shape(self, excerpt: Excerpt) -> Shape:
        """Return `SINGLE`."""
        return Shape.SINGLE


class Completer:
    """Offers one suggestion at a time for each document, from models on this machine."""

    def __init__(
        self,
        model: InlineModel,
        *,
        models: Models | None = None,
        syntax: Syntax | None = None,
        is_off: Callable[[Excerpt], bool] = lambda _: False,
        may_prepare: Callable[[], bool] = lambda: True,
        rows: Rows | None = None,
    ) -> None:
        """`rows` is told, behind the answer, of what was shown and taken."""
        self.counts = Counts()
        self.is_paused = False
        self.slot = Slot(models or NoModels(), syntax or OneLine(), is_secret=looks_random, may_prepare=may_prepare)
        self._model = model
        self._models = models or NoModels()
        self._is_off = is_off
        self._rows = rows
        self._asked_at_s = 0.0
        self._history = LineHistory()
        self._in_flight: dict[int, asyncio.Task[object]] = {}
        self._offered: dict[int, Suggestion] = {}
        self._next_id = 1

    async def complete(self, excerpt: Excerpt, *, asked_for: bool = False) -> Offer | None:
        """Return what to show at the cursor, or None; raises `CancelledError` once the request is superseded.

        The caller takes `excerpt` before its first `await`, so that it is the text that the request was made for.
        """
        task = asyncio.current_task()
        assert task is not None
        self._cancel(excerpt.document)
        self._in_flight[excerpt.document] = task
        try:
            self._asked_at_s = asyncio.get_running_loop().time()
            # What the client has already sent after this request is read now, and may supersede it.
            await asyncio.sleep(0)
            return await self._offer(excerpt, asked_for=asked_for)
        finally:
            if self._in_flight.get(excerpt.document) is task:
                del self._in_flight[excerpt.document]

    def superseded(self, document: int) -> None:
        """Cancel what is being asked for this document: its text has moved on."""
        self.slot.key()
        self._cancel(document)

    def opened(self, document: int, workspace: int, path: str, language: str, text: str) -> None:
        """Know a document that is open: what is in it may help in others."""
        self.slot.prompts.opened(document, workspace=workspace, path=path, language=language, text=text)

    def closed(self, document: int) -> None:
        """Forget a document that was closed."""
        self._cancel(document)
        self.slot.prompts.closed(document)
        self.forget(document)

    def forget(self, document: int) -> None:
        """Forget what was said in a document, so that the next request asks anew."""
        self.slot.answers.forget(document)
        if self._history.document == document:
            self._history = LineHistory()

    def accepted(self, suggestion_id: int) -> Suggestion | None:
        """Note that a suggestion was accepted and return it; None if it is unknown or was accepted before."""
        suggestion = self._offered.pop(suggestion_id, None)
        if suggestion is not None:
            self.counts.accepted += 1
            self.counts.accepted_chars += len(suggestion.text)
            if self._rows is not None:
                self._rows.accepted(suggestion_id)
        return suggestion

    def _cancel(self, document: int) -> None:
        task = self._in_flight.pop(document, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _offer(self, excerpt: Excerpt, *, asked_for: bool) -> Offer | None:
        self._history = history = advance(self._history, excerpt)
        if history.fate is not None:
            self.counts.fates[history.fate] += 1
        if self.is_paused or is_secret_path(excerpt.path) or self._is_off(excerpt):
            return None
        if excerpt.focus or not (only_closers(excerpt.suffix) or (asked_for and self._models.current())):
            self.slot.warm_later(excerpt)
            return None
        if history.shown is not None and (along := _typed_along(history.shown, excerpt)) is not None:
            self.slot.warm_later(excerpt)
            return self._remember(along)
        suggestion = self._recalled(excerpt) or await self._made(excerpt, history.doubt, asked_for=asked_for)
        if suggestion is None:
            self._history = replace(history, shown=None)
            return None
        self.slot.prepare(excerpt, suggestion)
        return self._show(excerpt, suggestion)

    def _recalled(self, excerpt: Excerpt) -> Suggestion | None:
        known = self.slot.find(excerpt)
        offer = _typed_along(known, excerpt) if known is not None else None
        return offer.suggestion if offer is not None and _is_worth_showing(offer.suggestion, asked_for=False) else None

    async def _made(self, excerpt: Excerpt, doubt: float, *, asked_for: bool) -> Suggestion | None:
        """Return a new suggestion, from whichever model answers first or best."""
        shipped = await self._ask_shipped(excerpt, doubt=doubt + (ASKED_FOR_DOUBT if asked_for else 0.0))
        model = self._models.current()
        if model is None:
            return shipped
        if shipped is not None and shipped.score >= SURE + doubt and excerpt.prefix.strip() and not asked_for:
            return shipped
        try:
            said = await self.slot.answer(excerpt, model, asked_for=asked_for, in_a_hurry=shipped is not None)
        except Trouble:
            return shipped  # the slot has passed it on
        except Exception as error:
            log.error("inline: asking failed (%s)", fault_told(error))
            return shipped
        if said is not None and _is_worth_showing(said, asked_for=asked_for):
            return said
        return shipped if self.slot.is_thinking else None

    async def _ask_shipped(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        if not only_closers(excerpt.suffix):
            return None
        try:
            async with asyncio.timeout(MODEL_TIMEOUT_S):
                return await self._model.suggest(excerpt, doubt=doubt)
        except TimeoutError:
            log.warning("inline: no answer within %.1f s; nothing offered", MODEL_TIMEOUT_S)
        except Exception as error:
            log.error("inline: the model failed (%s); nothing offered", fault_told(error))
        return None

    def _show(self, excerpt: Excerpt, suggestion: Suggestion) -> Offer:
        shown = Shown(id=self._next_id, excerpt=excerpt, suggestion=suggestion)
        self._next_id += 1
        self.counts.shown += 1
        self._history = replace(self._history, shown=shown, seen=excerpt)
        if self._rows is not None:
            latency_s = asyncio.get_running_loop().time() - self._asked_at_s
            self._rows.shown(shown.id, excerpt, suggestion, latency_ms=round(latency_s * 1000))
        return self._remember(Offer(id=shown.id, suggestion=suggestion))

    def _remember(self, offer: Offer) -> Offer:
        self._offered[offer.id] = offer.suggestion
        while len(self._offered) > _REMEMBERED:
            del self._offered[next(iter(self._offered))]
        return offer


def _is_worth_showing(suggestion: Suggestion, *, asked_for: bool) -> bool:
    text = suggestion.text.strip()
    return bool(text) and (asked_for or len(text) >= MIN_CHARS or only_closers(text))


def _typed_along(shown: Shown, excerpt: Excerpt) -> Offer | None:
    """Return the rest of what was said, under the same id, or None when nothing of it is left."""
    rest = rest_of(shown, excerpt)
    if rest is None:
        return None
    text, replaces = fit_suffix(rest, excerpt.suffix)
    if not text.strip():
        return None
    was = shown.suggestion
    source = was.source if excerpt.prefix == shown.excerpt.prefix else Source.MEMORY
    return Offer(id=shown.id, suggestion=replace(was, text=text, replaces=replaces, source=source))
