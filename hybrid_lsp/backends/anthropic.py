"""Anthropic's models, by its Messages API.

Rules:
1. Its `input_tokens` leaves out what was read from the cache or written into it; ours is the sum of the three.
2. Counts in a stream are so far: the last one told holds.
3. A prompt is written into the vendor's cache only where that saves: the system text, once it is long enough.
"""

from collections.abc import Mapping

from hybrid_lsp.backends.cloud import MUCH_THINKING_TOKENS, Question, VendorModel
from hybrid_lsp.backends.cloud_trouble import Blame, error_in, kind_of_status, message_of, numbers_in
from hybrid_lsp.backends.local import count_of, text_of
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason
from hybrid_lsp.core.tokens import estimate_tokens
from hybrid_lsp.egress.cloud import Verdict

VENDOR = "Anthropic"
BASE_URL = "https://api.anthropic.com"
VERSION = "2026-10-21"
CACHEABLE_TOKENS = 512
"""The least that any of its models caches; a mark on less than a model's own least costs nothing and does nothing."""

_REASONS = {
    "end_turn": EndReason.DONE,
    "stop_sequence": EndReason.DONE,
    "tool_use": EndReason.DONE,
    "max_tokens": EndReason.LIMIT,
    "model_context_window_exceeded": EndReason.LIMIT,
    "pause_turn": EndReason.BROKEN_OFF,
    "refusal": EndReason.REFUSED,
}
_KINDS = {
    "authentication_error": TroubleKind.BAD_KEY,
    "permission_error": TroubleKind.BAD_KEY,
    "billing_error": TroubleKind.SPENT,
    "not_found_error": TroubleKind.NO_MODEL,
    "request_too_large": TroubleKind.OVERFLOW,
    "rate_limit_error": TroubleKind.RATE_LIMITED,
    "timeout_error": TroubleKind.BUSY,
    "overloaded_error": TroubleKind.BUSY,
    "api_error": TroubleKind.BUSY,
}
_SPENT_CODES = ("spend_limit_reached", "billing_unavailable", "organization_on_hold")
_SPENT_WORDS = ("credit balance is too low", "api usage limits")
_OVERFLOW_WORDS = ("prompt is too long", "exceed context limit")
_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


class AnthropicModel(VendorModel):
    """One model of Anthropic's; a `CloudModel`."""

    def _question(self, prompt: ChatPrompt, max_output_tokens: int) -> Question:
        blame = Blame.of(VENDOR, self._model)
        return Question(
            path="/v1/messages",
            body=asked(self._model, prompt, max_output_tokens),
            headers={"Authorization": f"Bearer {self._key}", "anthropic-version": VERSION},
            judge=lambda status, body: judged(blame, status, error_in(body)),
            reading=MessageReading(blame),
        )


def asked(model: Model, prompt: ChatPrompt, max_output_tokens: int) -> dict[str, object]:
    """Return the body of a question."""
    system: dict[str, object] = {"type": "text", "text": prompt.system}
    if estimate_tokens(prompt.system) >= CACHEABLE_TOKENS:
        system["cache_control"] = {"type": "ephemeral"}
    body: dict[str, object] = {
        "model": model.id,
        "max_tokens": max_output_tokens,
        "system": [system],
        "messages": [{"role": "user", "content": prompt.user}],
        "stream": True,
        # The catalog's price is that of the standard tier.
        "service_tier": "standard_only",
    }
    if model.thinking_tokens:
        body["output_config"] = {"effort": "low" if model.thinking_tokens < MUCH_THINKING_TOKENS else "medium"}
    return body


def judged(blame: Blame, status: int, error: Mapping[str, object]) -> Verdict:
    """Return what an error means, by its type before its status."""
    message, details = message_of(error), error.get("details")
    code = text_of(details.get("error_code")) if isinstance(details, dict) else ""
    if code.endswith(_SPENT_CODES) or any(words in message for words in _SPENT_WORDS):
        return Verdict(trouble=blame.trouble(TroubleKind.SPENT))
    if any(words in message for words in _OVERFLOW_WORDS):
        numbers = numbers_in(message)
        told = (sum(numbers[:-1]), numbers[-1]) if len(numbers) > 1 else (None, None)
        return Verdict(trouble=blame.trouble(TroubleKind.OVERFLOW, numbers=told))
    kind = _KINDS.get(text_of(error.get("type"))) or kind_of_status(status)
    return Verdict(trouble=blame.trouble(kind))


class MessageReading:
    """Makes an answer of the events of a message."""

    def __init__(self, blame: Blame) -> None:
        self.is_over = False
        self._blame = blame
        self._reason: EndReason | None = None
        self._model = ""
        self._said = ""
        self._counts: dict[str, int] = {}
        self._thinking: int | None = None

    @property
    def is_whole(self) -> bool:
        """See `cloud.Reading`."""
        return self._reason is not None

    def text_in(self, event: Mapping[str, object]) -> str:
        """See `cloud.Reading`. Kinds of events that are not known are passed over, as the vendor asks."""
        kind = text_of(event.get("type"))
        if kind == "content_block_delta":
            delta = _object(event.get("delta"))
            return text_of(delta.get("text")) if delta.get("type") == "text_delta" else ""
        if kind == "message_start":
            message = _object(event.get("message"))
            self._model = text_of(message.get("model"))
            self._count(_object(message.get("usage")))
        elif kind == "message_delta":
            self._stop(_object(event.get("delta")))
            self._count(_object(event.get("usage")))
        elif kind == "message_stop":
            self.is_over = True
        elif kind == "error":
            raise judged(self._blame, 500, _object(event.get("error"))).trouble
        return ""

    def ending(self) -> Ending:
        """See `cloud.Reading`."""
        plain = self._counts.get("input_tokens")
        written = self._counts.get("cache_creation_input_tokens")
        read = self._counts.get("cache_read_input_tokens")
        # What the first event tells of the output is only its beginning.
        output = self._counts.get("output_tokens") if self._reason is not None else None
        return Ending(
            reason=self._reason or EndReason.BROKEN_OFF,
            prompt_tokens=None if plain is None else plain + (written or 0) + (read or 0),
            cached_tokens=read,
            cache_write_tokens=written,
            output_tokens=output,
            reasoning_tokens=self._thinking,
            answered_by=self._model,
            said=self._said,
        )

    def _stop(self, delta: Mapping[str, object]) -> None:
        if stopped := text_of(delta.get("stop_reason")):
            self._reason = _REASONS.get(stopped, EndReason.DONE)
        details = _object(delta.get("stop_details"))
        self._said = text_of(details.get("explanation")) or text_of(details.get("category")) or self._said

    def _count(self, usage: Mapping[str, object]) -> None:
        for name in _COUNTS:
            if (count := count_of(usage.get(name))) is not None:
                self._counts[name] = count
        thinking = count_of(_object(usage.get("output_tokens_details")).get("thinking_tokens"))
        self._thinking = self._thinking if thinking is None else thinking


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
