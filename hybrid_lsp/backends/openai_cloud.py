"""OpenAI's models, by its Responses API.

Rules:
1. The answer is not stored there, and is priced as this catalog knows it: no other service tier than the standard one.
2. A prompt is written into the vendor's cache only where that saves: newer models bill a write dearer than an input,
   and a question about somebody's code is hardly ever asked twice. So only a long system text is marked.
"""

import re
from collections.abc import Mapping

from hybrid_lsp.backends.cloud import MUCH_THINKING_TOKENS, Question, VendorModel
from hybrid_lsp.backends.cloud_trouble import Blame, error_in, kind_of_status, message_of, numbers_in
from hybrid_lsp.backends.local import count_of, objects_in, text_of
from hybrid_lsp.backends.logprobs import Sureness
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason
from hybrid_lsp.core.tokens import estimate_tokens
from hybrid_lsp.egress.cloud import Verdict

VENDOR = "OpenAI"
BASE_URL = "https://api.openai.com"
CACHEABLE_TOKENS = 1024
_NAME = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?:-|$)")
_WRITES_COST_FROM = (5, 6)
_MOST_SAID = 500

_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_limit_reached"})
_DECLINED = re.compile(r"invalid_prompt|content_filter|.*policy.*")


class OpenAiModel(VendorModel):
    """One model of OpenAI's; a `CloudModel`."""

    def _question(self, prompt: ChatPrompt, max_output_tokens: int) -> Question:
        blame = Blame.of(VENDOR, self._model)
        return Question(
            path="/v1/responses",
            body=asked(self._model, prompt, max_output_tokens),
            headers={"Authorization": f"Bearer {self._key}"},
            judge=lambda status, body: judged(blame, status, error_in(body)),
            reading=ResponseReading(blame),
        )


def asked(model: Model, prompt: ChatPrompt, max_output_tokens: int) -> dict[str, object]:
    """Return the body of a question."""
    body: dict[str, object] = {
        "model": model.id,
        "instructions": prompt.system,
        "input": prompt.user,
        "max_output_tokens": max_output_tokens,
        "store": False,
        "stream": True,
        "service_tier": "default",
    }
    if model.thinking_tokens:
        effort = "low" if model.thinking_tokens < MUCH_THINKING_TOKENS else "medium"
        body["reasoning"] = {"effort": effort}
    else:
        # Models that think do not tell how sure they were.
        body["include"] = ["message.output_text.logprobs"]
    if _writes_cost(model.id):
        body["prompt_cache_options"] = {"mode": "explicit"}
        if estimate_tokens(prompt.system) >= CACHEABLE_TOKENS:
            del body["instructions"]
            body["input"] = [_message("developer", prompt.system, mark=True), _message("user", prompt.user, mark=False)]
    return body


def judged(blame: Blame, status: int, error: Mapping[str, object]) -> Verdict:
    """Return what an error means, by its code before its status."""
    codes = {text_of(error.get("code")), text_of(error.get("type"))}
    message = message_of(error)
    if codes & _SPENT:
        return Verdict(trouble=blame.trouble(TroubleKind.SPENT))
    if "context_length_exceeded" in codes or "maximum context length is" in message:
        window, told, *_ = [*numbers_in(message), None, None]
        return Verdict(trouble=blame.trouble(TroubleKind.OVERFLOW, numbers=(told, window)))
    if "model_not_found" in codes:
        return Verdict(trouble=blame.trouble(TroubleKind.NO_MODEL))
    if status < 500 and any(_DECLINED.fullmatch(code) for code in codes if code):
        return Verdict(trouble=blame.trouble(TroubleKind.DECLINED))
    if "rate_limit_exceeded" in codes:
        return Verdict(trouble=blame.trouble(TroubleKind.RATE_LIMITED))
    return Verdict(trouble=blame.trouble(kind_of_status(status)))


class ResponseReading:
    """Makes an answer of the events of a response."""

    def __init__(self, blame: Blame) -> None:
        self.is_over = False
        self._blame = blame
        self._reason: EndReason | None = None
        self._response: Mapping[str, object] = {}
        self._said = ""
        self._asides: set[str] = set()
        """Messages that are remarks on the way, not the answer."""
        self._sureness = Sureness()

    @property
    def is_whole(self) -> bool:
        """See `cloud.Reading`."""
        return self._reason is not None

    def text_in(self, event: Mapping[str, object]) -> str:
        """See `cloud.Reading`."""
        kind = text_of(event.get("type"))
        if kind == "response.output_text.delta":
            return self._text(event)
        if kind == "response.output_item.added":
            self._note(_object(event.get("item")))
        elif kind == "response.refusal.delta":
            self._said = (self._said + text_of(event.get("delta")))[:_MOST_SAID]
        elif kind == "error":
            raise self._trouble(event)
        elif kind in ("response.created", "response.completed", "response.incomplete", "response.failed"):
            self._response = {**self._response, **_object(event.get("response"))}
            self._end(kind)
        return ""

    def ending(self) -> Ending:
        """See `cloud.Reading`."""
        usage = _object(self._response.get("usage"))
        into, out = _object(usage.get("input_tokens_details")), _object(usage.get("output_tokens_details"))
        reason = self._reason or EndReason.BROKEN_OFF
        return Ending(
            reason=EndReason.REFUSED if self._said and reason is EndReason.DONE else reason,
            prompt_tokens=count_of(usage.get("input_tokens")),
            cached_tokens=count_of(into.get("cached_tokens")),
            cache_write_tokens=count_of(into.get("cache_write_tokens")),
            output_tokens=count_of(usage.get("output_tokens")),
            reasoning_tokens=count_of(out.get("reasoning_tokens")),
            answered_by=text_of(self._response.get("model")),
            said=self._said,
            mean_logprob=self._sureness.mean,
            lowest_logprob=self._sureness.lowest,
        )

    def _text(self, event: Mapping[str, object]) -> str:
        if text_of(event.get("item_id")) in self._asides:
            return ""
        self._sureness.add(objects_in(event.get("logprobs")))
        return text_of(event.get("delta"))

    def _note(self, item: Mapping[str, object]) -> None:
        if item.get("phase") == "commentary":
            self._asides.add(text_of(item.get("id")))

    def _end(self, kind: str) -> None:
        self.is_over = kind != "response.created"
        if kind == "response.completed":
            self._reason = EndReason.DONE
        elif kind == "response.incomplete":
            why = text_of(_object(self._response.get("incomplete_details")).get("reason"))
            self._reason = EndReason.REFUSED if why == "content_filter" else EndReason.LIMIT
            self._said = self._said or (why if why == "content_filter" else "")
        elif kind == "response.failed":
            error = _object(self._response.get("error"))
            code = text_of(error.get("code"))
            if not _DECLINED.fullmatch(code):
                raise self._trouble(error)
            self._reason, self._said = EndReason.REFUSED, self._said or code

    def _trouble(self, error: Mapping[str, object]) -> Trouble:
        # An error without a code that we know is the vendor's.
        return judged(self._blame, 500, _object(error.get("error")) or error).trouble


def _message(role: str, text: str, *, mark: bool) -> dict[str, object]:
    content: dict[str, object] = {"type": "input_text", "text": text}
    if mark:
        content["prompt_cache_breakpoint"] = {"mode": "explicit"}
    return {"role": role, "content": [content]}


def _writes_cost(model: str) -> bool:
    """Whether a model bills what it writes into the cache, and so can be told not to."""
    name = _NAME.match(model)
    return name is not None and (int(name[1]), int(name[2] or 0)) >= _WRITES_COST_FROM


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
