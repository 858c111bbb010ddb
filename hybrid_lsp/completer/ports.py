"""What the completer needs of the other rooms; they satisfy it, and `cli` connects them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.core.job import Excerpt, Suggestion
from hybrid_lsp.core.stream import FimPrompt, ModelFacts, Piece
from hybrid_lsp.core.trim import Shape


class InlineModel(Protocol):
    """The model that we ship: answers at once, and from the first keystroke on."""

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """Return the best suggestion for the cursor, or None when nothing is good enough.

        `doubt` is added to the model's own threshold: above 0 after suggestions on this line were typed against, below
        0 when a person asked for one.
        """
        ...


class StreamingModel(Protocol):
    """A model that a server on this machine runs."""

    @property
    def facts(self) -> ModelFacts:
        """Return what the server says of it."""
        ...

    def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncIterator[Piece]:
        """Yield the answer as it comes. Closing the iterator stops the model. Raises `Trouble`."""
        ...

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """Have the prompt evaluated and nothing said. Raises `Trouble`."""
        ...


class Models(Protocol):
    """Which streaming model there is now; somebody else looks for it and brings it back."""

    def current(self) -> StreamingModel | None:
        """Return the model to ask, or None while there is none."""
        ...

    def failed(self, model: StreamingModel, trouble: Trouble) -> None:
        """Take notice that a model could not answer."""
        ...

    def answered(self) -> None:
        """Take notice that the model has answered."""
        ...


class Syntax(Protocol):
    """Knows from the code around a cursor how much may be suggested there."""

    def shape(self, excerpt: Excerpt) -> Shape:
        """Return whether one line or several may be shown."""
        ...


class StateKind(StrEnum):
    """How ghost text is doing."""

    STARTING = "starting"
    READY = "ready"
    THINKING = "thinking"
    OFFLINE = "offline"
    SLOW = "slow"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How ghost text is doing, in one sentence for a person, with the way out where there is something to do."""

    kind: StateKind
    sentence: str


Tell = Callable[[State], None]


class NoModels:
    """No streaming model, ever: only what we ship."""

    def current(self) -> StreamingModel | None:
        """Return None."""
        return None

    def failed(self, model: StreamingModel, trouble: Trouble) -> None:
        """Nothing can fail that is not there."""
        raise AssertionError(f"{model.facts.name} failed, but there is no model: {trouble}")

    def answered(self) -> None:
        """Nothing can answer that is not there."""
        raise AssertionError("no model answered")


class Rows(Protocol):
    """Where it is remembered what was shown and taken: no text, and never on the way of an answer."""

    def shown(self, offer: int, excerpt: Excerpt, suggestion: Suggestion, *, latency_ms: int) -> None:
        """Note that a new suggestion was shown; returns at once."""
        ...

    def accepted(self, offer: int) -> None:
        """Note that it was accepted; returns at once."""
        ...
