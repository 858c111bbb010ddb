"""Google's Gemini models, by generateContent.

Rules:
1. Thoughts are counted apart from the answer there; our output is both, as both are billed.
2. A stream has no last event, and counts are so far: what the last chunks told holds where they say why it ended.
3. The key goes in a header, never into the address.
"""

import re
from collections.abc import Mapping

from hybrid_lsp.backends.cloud import MUCH_THINKING_TOKENS, Question, VendorModel
from hybrid_lsp.backends.cloud_trouble import Blame, error_in, kind_of_status, message_of, numbers_in
from hybrid_lsp.backends.local import count_of, objects_in, text_of
from hybrid_lsp.backends.logprobs import Sureness, number_of
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Refused, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason
from hybrid_lsp.egress.cloud import Verdict

VENDOR = "Google"
BASE_URL = "https://generativelanguage.googleapis.com"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_GENERATION = re.compile(r"gemini-(\d+)")
_LEVELS_FROM = 3
_WAIT = re.compile(r"(\d+(?:\.\d+)?)s")

_REASONS = {
    "STOP": EndReason.DONE,
    "MAX_TOKENS": EndReason.LIMIT,
    "CONTINUATION": EndReason.LIMIT,
    "OTHER": EndReason.BROKEN_OFF,
    "MALFORMED_RESPONSE": EndReason.BROKEN_OFF,
    "MALFORMED_FUNCTION_CALL": EndReason.BROKEN_OFF,
    "UNEXPECTED_TOOL_CALL": EndReason.BROKEN_OFF,
}
"""Any other reason than these is a filter's."""
_KINDS = {
    "UNAUTHENTICATED": TroubleKind.BAD_KEY,
    "PERMISSION_DENIED": TroubleKind.BAD_KEY,
    "NOT_FOUND": TroubleKind.NO_MODEL,
    "RESOURCE_EXHAUSTED": TroubleKind.RATE_LIMITED,
    "UNAVAILABLE": TroubleKind.BUSY,
    "INTERNAL": TroubleKind.BUSY,
    "DEADLINE_EXCEEDED": TroubleKind.BUSY,
    "CANCELLED": TroubleKind.BUSY,
    "ABORTED": TroubleKind.BUSY,
}


class GeminiModel(VendorModel):
    """One model of Google's; a `CloudModel`."""

    def _question(self, prompt: ChatPrompt, max_output_tokens: int) -> Question:
        blame = Blame.of(VENDOR, self._model)
        return Question(
            path=path_of(self._model),
            body=asked(self._model, prompt, max_output_tokens),
            headers={"x-goog-api-key": self._key},
            judge=lambda status, body: judged(blame, status, error_in(body)),
            reading=ContentReading(blame),
        )


def path_of(model: Model) -> str:
    """Return where a model is asked. Raises `Refused` for a name that would lead elsewhere."""
    if not _NAME.fullmatch(model.id):
        raise Refused("The name of a Gemini model has only letters, digits, dots and dashes; mend it in config.toml.")
    return f"/v1/models/{model.id}:streamGenerateContent?alt=sse"


def asked(model: Model, prompt: ChatPrompt, max_output_tokens: int) -> dict[str, object]:
    """Return the body of a question."""
    config: dict[str, object] = {"maxOutputTokens": max_output_tokens}
    if model.thinking_tokens:
        config["thinkingConfig"] = _thinking(model)
    return {
        "contents": [{"parts": [{"text": prompt.user}], "role": "user"}],
        "systemInstruction": {"parts": [{"text": prompt.system}], "role": "user"},
        "generationConfig": config,
    }


def judged(blame: Blame, status: int, error: Mapping[str, object]) -> Verdict:
    """Return what an error means, by its own status and details before that of HTTP."""
    details, message = objects_in(error.get("details")), message_of(error)
    reasons = {text_of(detail.get("reason")) for detail in details}
    if _is_spent(details, reasons, message):
        return Verdict(trouble=blame.trouble(TroubleKind.SPENT))
    if "API_KEY_INVALID" in reasons:
        return Verdict(trouble=blame.trouble(TroubleKind.BAD_KEY))
    if "exceeds the maximum number of tokens" in message:
        told, window, *_ = [*numbers_in(message), None, None]
        return Verdict(trouble=blame.trouble(TroubleKind.OVERFLOW, numbers=(told, window)))
    kind = _KINDS.get(text_of(error.get("status"))) or kind_of_status(status)
    return Verdict(trouble=blame.trouble(kind), wait_s=_wait_s(details))


class ContentReading:
    """Makes an answer of chunks, each of which is a whole response."""

    def __init__(self, blame: Blame) -> None:
        self.is_over = False
        self._blame = blame
        self._reason: EndReason | None = None
        self._said = ""
        self._usage: Mapping[str, object] = {}
        self._model = ""
        self._mean: float | None = None
        self._sureness = Sureness()

    @property
    def is_whole(self) -> bool:
        """See `cloud.Reading`."""
        return self._reason is not None

    def text_in(self, event: Mapping[str, object]) -> str:
        """See `cloud.Reading`."""
        if error := _object(event.get("error")):
            raise judged(self._blame, 500, error).trouble
        self._usage = {**self._usage, **_object(event.get("usageMetadata"))}
        self._model = text_of(event.get("modelVersion")) or self._model
        if blocked := text_of(_object(event.get("promptFeedback")).get("blockReason")):
            self._reason, self._said = EndReason.REFUSED, blocked
        candidates = objects_in(event.get("candidates"))
        return self._text(candidates[0]) if candidates else ""

    def ending(self) -> Ending:
        """See `cloud.Reading`."""
        prompt, tool = self._counted("promptTokenCount"), self._counted("toolUsePromptTokenCount")
        into = None if prompt is None else prompt + (tool or 0)
        return Ending(
            reason=self._reason or EndReason.BROKEN_OFF,
            prompt_tokens=into,
            cached_tokens=self._counted("cachedContentTokenCount"),
            output_tokens=None if self._reason is None else self._output(into),
            reasoning_tokens=self._counted("thoughtsTokenCount"),
            answered_by=self._model,
            said=self._said,
            mean_logprob=self._sureness.mean if self._mean is None else self._mean,
            lowest_logprob=self._sureness.lowest,
        )

    def _text(self, candidate: Mapping[str, object]) -> str:
        if reason := text_of(candidate.get("finishReason")):
            self._reason = _REASONS.get(reason, EndReason.REFUSED)
            self._said = text_of(candidate.get("finishMessage")) or reason
            self._said = self._said if self._reason is EndReason.REFUSED else ""
        self._mean = self._mean if (mean := number_of(candidate.get("avgLogprobs"))) is None else mean
        chosen = _object(candidate.get("logprobsResult")).get("chosenCandidates")
        self._sureness.add(objects_in(chosen), key="logProbability")
        parts = objects_in(_object(candidate.get("content")).get("parts"))
        return "".join(text_of(part.get("text")) for part in parts if part.get("thought") is not True)

    def _output(self, into: int | None) -> int | None:
        """Return all that was written; where only the total is told, what is left of it."""
        written, total = self._counted("candidatesTokenCount"), self._counted("totalTokenCount")
        if written is not None:
            return written + (self._counted("thoughtsTokenCount") or 0)
        return total - into if total is not None and into is not None and total >= into else None

    def _counted(self, name: str) -> int | None:
        return count_of(self._usage.get(name))


def _thinking(model: Model) -> dict[str, object]:
    """Return how much may be thought: by name from the third generation on, in tokens before."""
    generation = _GENERATION.match(model.id)
    if generation is not None and int(generation[1]) < _LEVELS_FROM:
        return {"thinkingBudget": model.thinking_tokens}
    return {"thinkingLevel": "LOW" if model.thinking_tokens < MUCH_THINKING_TOKENS else "MEDIUM"}


def _is_spent(details: list[dict[str, object]], reasons: set[str], message: str) -> bool:
    """Whether a day's questions or the account's money have run out."""
    quotas = [text_of(one.get("quotaId")) for detail in details for one in objects_in(detail.get("violations"))]
    return any("PerDay" in quota for quota in quotas) or "BILLING_DISABLED" in reasons or "spending cap" in message


def _wait_s(details: list[dict[str, object]]) -> float | None:
    for detail in details:
        if found := _WAIT.fullmatch(text_of(detail.get("retryDelay"))):
            return float(found[1])
    return None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
