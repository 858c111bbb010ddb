"""Ghost text: what nobody asked for. Is given models on this machine only, so it has no way out.

Rules:
1. One answer a document at a time: a newer request, or an edit, cancels the one in flight (`asyncio.CancelledError`).
2. What is on screen and is typed along is answered from memory; no model is asked.
3. A suggestion that was typed against makes the next one on that line harder to show.
4. A model that fails costs a suggestion, never an answer: it is logged and nothing is offered.
"""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import Protocol

from hybrid_lsp.core.job import Excerpt, Source, Suggestion
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.core.reuse import LineHistory, Shown, advance, rest_of
from hybrid_lsp.core.trim import fit_suffix, only_closers

log = logging.getLogger(__name__)

ASKED_FOR_DOUBT = -0.1
"""A person who presses the key for a suggestion is shown one that is less sure."""
MODEL_TIMEOUT_S = 5.0
_REMEMBERED = 64


class InlineModel(Protocol):
    """A model on this machine that writes ghost text."""

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """Return the best suggestion for the cursor, or None when nothing is good enough.

        `doubt` is added to the model's own threshold: above 0 after suggestions on this line were typed against, below
        0 when a person asked for one.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What to show at the cursor now, under the id by which accepting it is reported."""

    id: int
    suggestion: Suggestion


@dataclass(slots=True)
class Counts:
    """How often suggestions were shown and accepted since the start."""

    shown: int = 0
    accepted: int = 0
    accepted_chars: int = 0


@dataclass(slots=True)
class Completer:
    """Offers one suggestion at a time for each document, from a model on this machine."""

    model: InlineModel
    counts: Counts = field(default_factory=Counts)
    _history: LineHistory = field(default_factory=LineHistory)
    _in_flight: dict[int, "asyncio.Task[object]"] = field(default_factory=dict)
    _offered: dict[int, Suggestion] = field(default_factory=dict)
    _next_id: int = 1

    async def complete(self, excerpt: Excerpt, *, asked_for: bool = False) -> Offer | None:
        """Return what to show at the cursor, or None; raises `CancelledError` once the request is superseded.

        The caller takes `excerpt` before its first `await`, so that it is the text that the request was made for.
        """
        task = asyncio.current_task()
        assert task is not None
        self.superseded(excerpt.document)
        self._in_flight[excerpt.document] = task
        try:
            # What the client has already sent after this request is read now, and may supersede it.
            await asyncio.sleep(0)
            return await self._offer(excerpt, asked_for=asked_for)
        finally:
            if self._in_flight.get(excerpt.document) is task:
                del self._in_flight[excerpt.document]

    def superseded(self, document: int) -> None:
        """Cancel what is being asked for this document: its text or its cursor has moved on."""
        task = self._in_flight.pop(document, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def closed(self, document: int) -> None:
        """Forget a document that was closed."""
        self.superseded(document)
        if self._history.document == document:
            self._history = LineHistory()

    def accepted(self, suggestion_id: int) -> Suggestion | None:
        """Note that a suggestion was accepted and return it; None if it is unknown or was accepted before."""
        suggestion = self._offered.pop(suggestion_id, None)
        if suggestion is not None:
            self.counts.accepted += 1
            self.counts.accepted_chars += len(suggestion.text)
        return suggestion

    async def _offer(self, excerpt: Excerpt, *, asked_for: bool) -> Offer | None:
        self._history = history = advance(self._history, excerpt)
        if is_secret_path(excerpt.path) or excerpt.focus or not only_closers(excerpt.suffix):
            return None
        if history.shown is not None and (along := _typed_along(history.shown, excerpt)) is not None:
            return self._remember(along)
        suggestion = await self._ask(excerpt, doubt=history.doubt + (ASKED_FOR_DOUBT if asked_for else 0.0))
        if suggestion is None:
            self._history = replace(history, shown=None)
            return None
        return self._show(excerpt, suggestion)

    async def _ask(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        try:
            async with asyncio.timeout(MODEL_TIMEOUT_S):
                return await self.model.suggest(excerpt, doubt=doubt)
        except TimeoutError:
            log.warning("inline: no answer within %.1f s; nothing offered", MODEL_TIMEOUT_S)
        except Exception as error:
            log.error("inline: the model failed (%s); nothing offered", type(error).__name__, exc_info=error)
        return None

    def _show(self, excerpt: Excerpt, suggestion: Suggestion) -> Offer:
        shown = Shown(id=self._next_id, excerpt=excerpt, suggestion=suggestion)
        self._next_id += 1
        self.counts.shown += 1
        self._history = replace(self._history, shown=shown)
        return self._remember(Offer(id=shown.id, suggestion=suggestion))

    def _remember(self, offer: Offer) -> Offer:
        self._offered[offer.id] = offer.suggestion
        while len(self._offered) > _REMEMBERED:
            del self._offered[next(iter(self._offered))]
        return offer


def _typed_along(shown: Shown, excerpt: Excerpt) -> Offer | None:
    """Return the rest of what is on screen, under the same id, or None when nothing of it is left."""
    rest = rest_of(shown, excerpt)
    if rest is None:
        return None
    text, replaces = fit_suffix(rest, excerpt.suffix)
    if not text.strip():
        return None
    was = shown.suggestion
    source = was.source if excerpt.prefix == shown.excerpt.prefix else Source.MEMORY
    return Offer(id=shown.id, suggestion=replace(was, text=text, replaces=replaces, source=source))
