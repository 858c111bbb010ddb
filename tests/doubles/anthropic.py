"""A double of Anthropic's Messages API, after the shapes in its official client library."""

from collections.abc import Sequence
from pathlib import Path

from tests.doubles.cloud import KEY, Says, VendorDouble, event, failure
from tests.doubles.http_server import Asked

MODEL = "claude-sonnet-5-5"
_FIELDS = {"model", "max_tokens", "system", "messages", "stream", "service_tier", "output_config"}

_REMOVED = {"temperature", "top_p", "top_k"}
"""What the newest version of the API takes no more."""


def error(kind: str, message: str, code: str = "") -> dict[str, object]:
    """Return the body of an error."""
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": message, **details}, "request_id": "req_1"}


USAGE: dict[str, object] = {
    "input_tokens": 100, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 1, "service_tier": "standard",
}  # fmt: skip


def answer(
    texts: Sequence[str] = ("return ", "total"),
    *,
    stop_reason: str = "end_turn",
    usage: dict[str, object] | None = USAGE,
    output_tokens: int = 42,
    thinking: str = "Hm.",
    explanation: str = "",
) -> Says:
    """Return a good answer: thoughts first, pings between, counts so far."""
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": f"{MODEL}-20261001", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": usage or {},
    }  # fmt: skip
    details = {"type": "refusal", "category": "cyber", "explanation": explanation} if explanation else None
    last = {"output_tokens": output_tokens, "output_tokens_details": {"thinking_tokens": 7}}
    deltas = [{"type": "text_delta", "text": text} for text in texts]
    return Says(
        events=(
            event({"type": "message_start", "message": message}),
            event({"type": "ping"}),
            *_block(0, {"type": "thinking", "thinking": "", "signature": ""},
                    [{"type": "thinking_delta", "thinking": thinking}, {"type": "signature_delta", "signature": "Eq"}]),
            *_block(1, {"type": "text", "text": ""}, deltas),
            event({"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None,
                                                      "stop_details": details},
                   "usage": last if usage else {"output_tokens": output_tokens}}),
            event({"type": "message_stop"}),
        )
    )  # fmt: skip


def _block(index: int, start: dict[str, object], deltas: Sequence[dict[str, object]]) -> list[bytes]:
    return [
        event({"type": "content_block_start", "index": index, "content_block": start}),
        *(event({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas),
        event({"type": "content_block_stop", "index": index}),
    ]


def fails_midway(kind: str = "overloaded_error") -> Says:
    """Return an answer whose stream turns into an error."""
    begun = answer().events[:8]
    return Says(events=(*begun, event({"type": "error", "error": {"type": kind, "message": "Overloaded"}})))


FAILURES = {
    "key": failure(401, error("authentication_error", "invalid x-api-key")),
    "permission": failure(403, error("permission_error", "Your API key does not have permission")),
    "billing": failure(402, error("billing_error", "There is an issue with your billing")),
    "credit": failure(400, error("invalid_request_error", "Your credit balance is too low to access the API.")),
    "limits": failure(400, error("invalid_request_error", "You have reached your specified API usage limits.")),
    "spend limit": failure(429, error("rate_limit_error", "Limit reached", "enforced_spend_limit_reached")),
    "no model": failure(404, error("not_found_error", "model: nobody")),
    "too large": failure(413, error("request_too_large", "Request exceeds the maximum size")),
    "too long": failure(400, error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")),
    "too long with cap": failure(
        400,
        error("invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
    ),
    "bad": failure(400, error("invalid_request_error", "messages: at least one message is required")),
    "rate": failure(429, error("rate_limit_error", "Too many requests"), retry_after="0.02"),
    "overloaded": failure(529, error("overloaded_error", "Overloaded"), retry_after_ms="20"),
    "api": failure(500, error("api_error", "Internal server error"), retry_after_ms="20"),
    "timeout": failure(504, error("timeout_error", "Timed out"), retry_after_ms="20"),
}


def refusal(asked: Asked) -> Says | None:
    """Return what the contract has against a question."""
    if (asked.method, asked.path) != ("POST", "/v1/messages"):
        return failure(404, error("not_found_error", "Not Found"))
    if KEY not in (asked.headers.get("x-api-key"), asked.headers.get("authorization", "").removeprefix("Bearer ")):
        return FAILURES["key"]
    wanted = asked.json
    version = asked.headers.get("anthropic-version")
    if version not in ("2023-06-01", "2026-10-21"):
        return failure(400, error("invalid_request_error", "anthropic-version: header is required"))
    if unknown := set(wanted) - (_FIELDS if version == "2026-10-21" else _FIELDS | _REMOVED):
        return failure(400, error("invalid_request_error", f"{min(unknown)}: Extra inputs are not permitted"))
    most = wanted.get("max_tokens")
    if not isinstance(most, int) or most < 1:
        return failure(400, error("invalid_request_error", "max_tokens: Field required"))
    return None


def double(folder: Path, *script: Says) -> VendorDouble:
    """Return the double that answers so."""
    return VendorDouble(folder=folder, script=script or (answer(),), refusal=refusal)
