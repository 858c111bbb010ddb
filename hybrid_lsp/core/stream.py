"""What goes to a model and what comes back, whichever dialect carries it."""

from dataclasses import dataclass
from enum import StrEnum

from hybrid_lsp.core.price import Usage


class Layout(StrEnum):
    """Who builds the prompt that fills in the middle."""

    OURS = "ours"
    """We do, with the model's own tokens; the server takes `FimPrompt.raw` as it is."""
    SERVERS = "servers"
    """The server does, from `FimPrompt.before` and `after`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FimPrompt:
    """One question to a model: what stands between `before` and `after`?"""

    raw: str
    """The whole prompt in the model's own tokens, the current line's prefix last; empty for `Layout.SERVERS`."""
    before: str
    """Text left of the cursor, extra chunks in front."""
    after: str
    """Text right of the cursor."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer; none of them is part of it."""
    estimated_tokens: int = 0
    """Of everything that is sent, by our own estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPrompt:
    """One question to a chat model."""

    system: str
    """What holds for every question of its kind: always the same text, so that a vendor's cache can keep it."""
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model on one server, from the server itself."""

    server: str
    """The kind of server and where it is, as `ollama at 127.0.0.1:11434`."""
    name: str
    """As the server names it."""
    window_tokens: int
    """What prompt and answer may hold together: what the server has really set up, not what the model could do."""
    layout: Layout
    family: str = ""
    """Whose FIM tokens it knows (a key of `core.fim.FAMILIES`); empty for `Layout.SERVERS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of an answer as it comes. The last one has an `ending`, and may have text too."""

    text: str = ""
    ending: "Ending | None" = None


class EndReason(StrEnum):
    """Why a model stopped."""

    DONE = "done"
    """It came to an end of its own, or to a stop text."""
    LIMIT = "limit"
    """It had said as much as it was allowed to."""
    REFUSED = "refused"
    """It would not, or a safety filter stopped it."""
    BROKEN_OFF = "broken_off"
    """The server closed the stream without saying why; what came is all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an answer ended, and what it took; None where the server does not tell."""

    reason: EndReason
    prompt_tokens: int | None = None
    """Of the whole prompt, cached ones too."""
    cached_tokens: int | None = None
    """Of the prompt: read from a cache."""
    cache_write_tokens: int | None = None
    """Of the prompt: written into one, where that has a price of its own."""
    output_tokens: int | None = None
    """All that was written, thoughts too."""
    reasoning_tokens: int | None = None
    """Of the output: thoughts."""
    answered_by: str = ""
    """The model as the answer names it; empty where it does not."""
    said: str = ""
    """Why it refused, in the vendor's own words; never text of the answer."""
    mean_logprob: float | None = None
    lowest_logprob: float | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens as a price takes them; None unless both counts are known and agree with their parts."""
        if self.prompt_tokens is None or self.output_tokens is None:
            return None
        try:
            return Usage(
                input_tokens=self.prompt_tokens,
                output_tokens=self.output_tokens,
                cached_tokens=self.cached_tokens or 0,
                cache_write_tokens=self.cache_write_tokens or 0,
                reasoning_tokens=self.reasoning_tokens or 0,
            )
        except ValueError:
            return None
