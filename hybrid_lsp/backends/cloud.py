"""What every model of a vendor can do, whichever dialect it speaks. A local model is another type on purpose."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from hybrid_lsp.backends.local import json_object
from hybrid_lsp.backends.sse import data_in
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Refused, Trouble
from hybrid_lsp.core.stream import ChatPrompt, Ending, Piece
from hybrid_lsp.egress.cloud import CloudDoor, Deadlines, Judge, Permit

LAST_WORD_S = 3.0
"""How long the counts, or the end of the stream, are waited for after a whole answer."""
MUCH_THINKING_TOKENS = 4096
"""From so much room for thoughts on, a model is asked for middling effort, below it for little."""

_DONE = b"[DONE]"


class CloudModel(Protocol):
    """One model of a vendor, ready to be asked."""

    @property
    def model(self) -> Model:
        """Its entry of the catalog."""
        ...

    def ask(
        self, prompt: ChatPrompt, *, permit: Permit, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """Yield the answer as it comes; the last piece, and only that one, has an `ending`.

        `max_output_tokens` is always sent, and holds for thoughts and answer together. Raises `Refused`, before
        anything is sent, and `Trouble`, before the first piece or after some; `Trouble.may_have_cost` says whether it
        may be billed. `aclose()`, or cancelling the task that waits for the next piece, closes the connection at once.
        `deadline_s` is for the whole answer, waits between attempts too.
        """
        ...


class Reading(Protocol):
    """Makes an answer of a dialect's events."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether the answer has said that it ends; counts may still come."""
        ...

    def text_in(self, event: Mapping[str, object]) -> str:
        """Return the text that an event adds to the answer. Raises the `Trouble` that it tells."""
        ...

    def ending(self) -> Ending:
        """Return how it ended, by what has come."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question in a vendor's dialect."""

    path: str
    body: Mapping[str, object]
    headers: Mapping[str, str]
    judge: Judge
    reading: Reading


class VendorModel(ABC):
    """What is alike in all of them; a `CloudModel`."""

    def __init__(self, door: CloudDoor, model: Model, key: str) -> None:
        self._door = door
        self._model = model
        self._key = key

    @property
    def model(self) -> Model:
        """See `CloudModel`."""
        return self._model

    def ask(
        self, prompt: ChatPrompt, *, permit: Permit, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See `CloudModel`."""
        question = self._question(prompt, max_output_tokens)
        return streamed(
            self._door, self._model, question, permit=permit, max_output_tokens=max_output_tokens, deadline_s=deadline_s
        )

    @abstractmethod
    def _question(self, prompt: ChatPrompt, max_output_tokens: int) -> Question:
        """Return the question in the vendor's dialect. Raises `Refused` for one that may not be asked."""


async def streamed(
    door: CloudDoor, model: Model, question: Question, *, permit: Permit, max_output_tokens: int, deadline_s: float
) -> AsyncGenerator[Piece, None]:
    """Ask, and yield the answer as `CloudModel.ask` states."""
    if max_output_tokens < 1:
        raise Refused(f"{model.id} is not asked without room for an answer; ask for less, or raise the cost cap.")
    async with (
        door.stream(
            question.path,
            question.body,
            permit=permit,
            model=model.id,
            headers=question.headers,
            judge=question.judge,
            deadlines=Deadlines(total_s=deadline_s),
        ) as stream,
        aclosing(pieces_of(stream.lines(), question.reading, door.host)) as pieces,
    ):
        async for piece in pieces:
            yield piece


async def pieces_of(lines: AsyncIterator[bytes], reading: Reading, where: str) -> AsyncGenerator[Piece, None]:
    """Yield what the events of a stream say, and at last how it ended. Raises `Trouble`.

    What breaks off, or hangs, after a whole answer takes nothing away from it: it was paid for.
    """
    events = data_in(lines)
    while not reading.is_over:
        try:
            async with asyncio.timeout(LAST_WORD_S if reading.is_whole else None):
                data = await anext(events, _DONE)
        except (Trouble, TimeoutError):
            if not reading.is_whole:
                raise
            break
        if data.strip() == _DONE:
            break
        if text := reading.text_in(json_object(data, where)):
            yield Piece(text=text)
    yield Piece(ending=reading.ending())
