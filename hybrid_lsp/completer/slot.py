"""The one place at a model where a question of ours may be: what is asked, when, and who is served by it.

Rules:
1. One question at a time. A newer one boards the flight that already says what is being typed, or closes it.
2. Asking waits for the end of a burst of keys, as long as the model is dear and the client has not waited already.
3. A whole line beats nothing: when the first deadline passes, what is settled is shown.
4. What a model says is remembered even when nobody waited for its end.
5. In between, the next question is prepared as if the suggestion were accepted; a real question always goes first.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from hybrid_lsp.completer.flight import Flight, Question
from hybrid_lsp.completer.ports import Models, StreamingModel, Syntax
from hybrid_lsp.completer.prompts import Prompts
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.job import Excerpt, Source, Suggestion
from hybrid_lsp.core.pace import Latency, Rhythm, wait_s
from hybrid_lsp.core.reuse import Answers, Shown, after_accepting, rest_of
from hybrid_lsp.core.trim import Shape, fit_suffix

log = logging.getLogger(__name__)

BOARDING_AGE_S = 0.15
"""A flight that has said nothing yet is boarded from this age on: it reads a prompt that a new one would read too."""
CLOSING_S = 0.2
WORTH_PREPARING_S = 0.15
"""A model that is faster than this to a first line is asked when somebody asks, and spared in between."""
WARM_AFTER_S = 2.0
_SHORTEST_S = 0.001
"""No wait is shorter: a clock that is a rounding error behind must not be asked again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much."""

    first_line_s: float = 0.6
    """From the request on; VS Code gives up 0.75 s after the last key."""
    total_s: float = 8.0
    single_line_tokens: int = 48
    several_lines_tokens: int = 128


@dataclass(slots=True)
class Counts:
    """What it took, since the start."""

    asked: int = 0
    boarded: int = 0
    prepared: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class Slot:
    """The way to the streaming model, while there is one."""

    def __init__(
        self,
        models: Models,
        syntax: Syntax,
        *,
        is_secret: Callable[[str], bool],
        may_prepare: Callable[[], bool] = lambda: True,
        limits: Limits | None = None,
    ) -> None:
        self.answers = Answers()
        self.prompts = Prompts(is_secret)
        self.rhythm = Rhythm()
        self.counts = Counts()
        self.on_thinking: Callable[[bool], None] = lambda _: None
        """Called with True when the model begins to answer, and with False when it has stopped."""
        self._models = models
        self._syntax = syntax
        self._is_secret = is_secret
        self._may_prepare = may_prepare
        self._limits = limits or Limits()
        self._latency = Latency()
        self._flight: Flight | None = None
        self._idle: asyncio.Task[None] | None = None

    @property
    def is_thinking(self) -> bool:
        """Whether the model is still answering."""
        return self._flight is not None and not self._flight.is_over

    def key(self) -> None:
        """Take notice of a key: the rhythm goes on, and what was prepared for a pause is put off."""
        self.rhythm = self.rhythm.key(asyncio.get_running_loop().time())
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    async def answer(
        self, excerpt: Excerpt, model: StreamingModel, *, asked_for: bool, in_a_hurry: bool = False
    ) -> Suggestion | None:
        """Return what the model says for the cursor, or None. Raises `Trouble`, of which `Models` has been told.

        In a hurry, the first deadline is the last: somebody else has an answer.
        """
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        flight = self._boardable(excerpt)
        if flight is None and not asked_for:
            await asyncio.sleep(wait_s(self.rhythm, self._latency, excerpt, loop.time()))
            flight = self._boardable(excerpt)
        if flight is not None:
            self.counts.boarded += 1
        for attempt in range(3):
            flight = flight or await self._launch(excerpt, model)
            text = await self._ride(flight, excerpt, asked_s, in_a_hurry=in_a_hurry)
            if text is not None:
                return self._suggestion(excerpt, flight, text)
            if flight.trouble is not None and not _can_repeat(flight.trouble, attempt):
                raise flight.trouble
            if flight.trouble is None and flight.serves(excerpt):
                return None
            flight = None
        return None

    def find(self, excerpt: Excerpt) -> Shown | None:
        """Return what was said before that still leads on from here."""
        return self.answers.find(excerpt, asyncio.get_running_loop().time())

    def prepare(self, excerpt: Excerpt, suggestion: Suggestion) -> None:
        """Ask already for what comes if the suggestion is accepted, as long as nobody asks for something else."""
        model = self._models.current()
        if model is None or not self._is_worth_preparing() or self.is_thinking:
            return
        then = after_accepting(excerpt, suggestion)
        if self.find(then) is None:
            self.counts.prepared += 1
            self._start(then, model)

    def warm_later(self, excerpt: Excerpt) -> None:
        """Have the stable part of the prompt evaluated once nothing has happened for a while."""
        if self._idle is None and self._is_worth_preparing():
            self._idle = asyncio.get_running_loop().create_task(self._warm(excerpt))

    def close(self) -> None:
        """Stop whatever is under way."""
        for task in (self._flight, self._idle):
            if isinstance(task, Flight):
                task.close()
            elif task is not None:
                task.cancel()

    def _is_worth_preparing(self) -> bool:
        return self._may_prepare() and self._latency.first_line_s >= WORTH_PREPARING_S

    def _boardable(self, excerpt: Excerpt) -> Flight | None:
        flight = self._flight
        if flight is None or flight.is_over or not flight.serves(excerpt):
            return None
        same = flight.question.excerpt.prefix == excerpt.prefix
        old = asyncio.get_running_loop().time() - flight.began_s >= BOARDING_AGE_S
        return flight if same or flight.has_said_something or old else None

    async def _launch(self, excerpt: Excerpt, model: StreamingModel) -> Flight:
        if self._flight is not None and not self._flight.is_over:
            self._flight.close()
            await self._flight.closed(CLOSING_S)
        self.counts.asked += 1
        return self._start(excerpt, model)

    def _start(self, excerpt: Excerpt, model: StreamingModel) -> Flight:
        limits = self._limits
        shape = Shape.SINGLE if excerpt.suffix.strip() else self._syntax.shape(excerpt)
        single = shape is Shape.SINGLE
        max_tokens = limits.single_line_tokens if single else limits.several_lines_tokens
        prompt = self.prompts.build(excerpt, model.facts, max_tokens=max_tokens, single_line=single)
        question = Question(
            excerpt=excerpt, prompt=prompt, shape=shape, max_tokens=max_tokens, deadline_s=limits.total_s
        )
        self._flight = Flight(question, model, is_secret=self._is_secret, ended=self._landed)
        self.on_thinking(True)
        return self._flight

    async def _ride(self, flight: Flight, excerpt: Excerpt, asked_s: float, *, in_a_hurry: bool) -> str | None:
        """Wait for text that may be shown at the cursor; None once there will be none."""
        loop, limits = asyncio.get_running_loop(), self._limits
        last_s = limits.first_line_s if in_a_hurry else limits.total_s
        while flight.serves(excerpt):
            rest = self._rest(flight, excerpt)
            waited_s = loop.time() - asked_s
            if flight.is_over or (rest.strip() and waited_s >= limits.first_line_s):
                return rest if rest.strip() else None
            patience_s = (limits.first_line_s if waited_s < limits.first_line_s else last_s) - waited_s
            if patience_s <= 0:
                return None
            try:
                async with asyncio.timeout(max(patience_s, _SHORTEST_S)):
                    await flight.moved()
            except TimeoutError:
                continue
        return None

    def _rest(self, flight: Flight, excerpt: Excerpt) -> str:
        return rest_of(_shown(flight), excerpt) or "" if flight.settled else ""

    def _suggestion(self, excerpt: Excerpt, flight: Flight, rest: str) -> Suggestion | None:
        text, replaces = fit_suffix(rest, excerpt.suffix)
        if not text.strip():
            return None
        return Suggestion(text=text, replaces=replaces, source=Source.LOCAL, origin=flight.model.facts.name)

    def _landed(self, flight: Flight) -> None:
        """Keep what was said, learn from what it took, and pass on what was the matter."""
        if self._flight is flight:
            self.on_thinking(False)
        if flight.ending is not None:
            self._models.answered()
        if flight.settled.strip():
            self.answers.keep(_shown(flight), asyncio.get_running_loop().time())
        if flight.first_line_s is not None:
            self._latency = self._latency.took(flight.first_line_s)
        if flight.ending is not None:
            self.prompts.learn(flight.question.prompt, flight.ending)
            self.counts.prompt_tokens += flight.ending.prompt_tokens or 0
            self.counts.cached_tokens += flight.ending.cached_tokens or 0
            self.counts.output_tokens += flight.ending.output_tokens or 0
        if flight.trouble is not None:
            self.prompts.overflowed(flight.question.prompt, flight.trouble)
            if flight.trouble.kind is not TroubleKind.OVERFLOW:
                log.info("inline: %s", flight.trouble.kind.value)
                self._models.failed(flight.model, flight.trouble)

    async def _warm(self, excerpt: Excerpt) -> None:
        await asyncio.sleep(WARM_AFTER_S)
        model = self._models.current()
        if model is None or self.is_thinking:
            return
        prompt = self.prompts.build(
            excerpt, model.facts, max_tokens=self._limits.several_lines_tokens, single_line=False
        )
        if self.prompts.is_warm(prompt):
            return
        try:
            await model.warm(prompt, deadline_s=self._limits.total_s)
        except Trouble as trouble:
            log.info("inline: warming up: %s", trouble.kind.value)


def _can_repeat(trouble: Trouble, attempt: int) -> bool:
    return trouble.kind is TroubleKind.OVERFLOW and attempt == 0


def _shown(flight: Flight) -> Shown:
    """Return what a flight has settled as if it had been shown where it was asked."""
    text, replaces = fit_suffix(flight.settled, flight.question.excerpt.suffix)
    suggestion = Suggestion(
        text=text or flight.settled, replaces=replaces, source=Source.LOCAL, origin=flight.model.facts.name
    )
    return Shown(id=0, excerpt=flight.question.excerpt, suggestion=suggestion)
