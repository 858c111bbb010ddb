"""A double of OpenAI's Responses API, and of its Chat Completions, after the shapes in its official client library."""

from collections.abc import Sequence
from pathlib import Path

from tests.doubles.cloud import KEY, Says, VendorDouble, event, failure
from tests.doubles.http_server import Asked

MODEL = "gpt-6.1-terra"
_FIELDS = {
    "model", "instructions", "input", "max_output_tokens", "store", "stream", "service_tier", "reasoning", "include",
    "prompt_cache_options",
}  # fmt: skip
_CHAT_FIELDS = {"model", "messages", "stream", "stream_options", "logprobs", "max_completion_tokens"}


Event = dict[str, object]


def error(message: str, *, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, object]:
    """Return the body of an error."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


USAGE: dict[str, object] = {
    "input_tokens": 123, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 20},
    "output_tokens": 42, "output_tokens_details": {"reasoning_tokens": 7}, "total_tokens": 165,
}  # fmt: skip


def response(status: str, **more: object) -> dict[str, object]:
    """Return a response object."""
    return {
        "id": "resp_1", "object": "response", "created_at": 1796000000, "status": status, "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "model": f"{MODEL}-2026-10-01", "output": [],
        "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": None, **more,
    }  # fmt: skip


def answer(
    texts: Sequence[str] = ("return ", "total"),
    *,
    last: str = "response.completed",
    usage: dict[str, object] | None = USAGE,
    refusal: str = "",
    logprobs: Sequence[float] = (),
    aside: str = "",
    **more: object,
) -> Says:
    """Return a good answer: a thought first, maybe a remark aside, then the text, then how it ended.

    Where it is completed, or came to its limit, each part is said once more as a whole; otherwise it stops in the midst.
    """
    status = last.removeprefix("response.")
    ended = status if status in ("completed", "incomplete") else "in_progress"
    thought: Event = {"id": "rs_1", "type": "reasoning", "summary": []}
    told = [([_added(0, thought), _done(0, thought)], thought)]
    if aside:
        told.append(_message(1, "commentary", "completed", (aside,)))
    told.append(_message(len(told), "final_answer", ended, texts, refusal, logprobs))
    events: list[Event] = [
        {"type": "response.created", "response": response("in_progress")},
        {"type": "response.in_progress", "response": response("in_progress")},
        *(event for events, _ in told for event in events),
    ]
    if last:
        output = [item for _, item in told if item.get("status") != "in_progress"]
        events.append({"type": last, "response": response(status, usage=usage, output=output, **more)})
    return Says(events=tuple(event({**each, "sequence_number": at}) for at, each in enumerate(events)))


def _message(
    index: int, phase: str, status: str, texts: Sequence[str], refusal: str = "", logprobs: Sequence[float] = ()
) -> tuple[list[Event], Event]:
    """Return a message as it comes, and as a whole, which is not said where it is still in progress."""
    head: Event = {"id": f"msg_{index}", "type": "message", "role": "assistant", "phase": phase}
    place: Event = {"item_id": head["id"], "output_index": index}
    parts = [_text({**place, "content_index": 0}, texts, logprobs)] if texts else []
    parts += [_refusal({**place, "content_index": len(parts)}, refusal)] if refusal else []
    events = [_added(index, {**head, "status": "in_progress", "content": []})]
    events += [event for events, _ in parts for event in events]
    whole: Event = {**head, "status": status, "content": [part for _, part in parts]}
    if status == "in_progress":
        return [event for event in events if not str(event["type"]).endswith(".done")], whole
    return [*events, _done(index, whole)], whole


def _text(at: Event, texts: Sequence[str], logprobs: Sequence[float]) -> tuple[list[Event], Event]:
    tokens = [
        {"token": text, "logprob": logprob, "top_logprobs": []} for text, logprob in zip(texts, logprobs, strict=False)
    ]
    sure = [[token] for token in tokens] or [[] for _ in texts]
    kept = [{**token, "bytes": list(str(token["token"]).encode())} for token in tokens]
    part: Event = {"type": "output_text", "text": "".join(texts), "annotations": [], "logprobs": kept}
    return [
        {"type": "response.content_part.added", **at, "part": {**part, "text": "", "logprobs": []}},
        *(
            {"type": "response.output_text.delta", **at, "delta": text, "logprobs": each, "obfuscation": "x"}
            for text, each in zip(texts, sure, strict=True)
        ),
        {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": tokens},
        {"type": "response.content_part.done", **at, "part": part},
    ], part


def _refusal(at: Event, text: str) -> tuple[list[Event], Event]:
    part: Event = {"type": "refusal", "refusal": text}
    return [
        {"type": "response.content_part.added", **at, "part": {**part, "refusal": ""}},
        {"type": "response.refusal.delta", **at, "delta": text, "obfuscation": "x"},
        {"type": "response.refusal.done", **at, "refusal": text},
        {"type": "response.content_part.done", **at, "part": part},
    ], part


def _added(index: int, item: Event) -> Event:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _done(index: int, item: Event) -> Event:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def failed(code: str, message: str = "It failed.") -> Says:
    """Return an answer that ends in `response.failed`."""
    return answer(("ret",), last="response.failed", usage=None, error={"code": code, "message": message})


def fails_midway(code: str | None = "server_error") -> Says:
    """Return an answer whose stream turns into an error."""
    begun = answer(last="").events
    said = {"type": "error", "code": code, "message": "It failed.", "param": None, "sequence_number": len(begun)}
    return Says(events=(*begun, event(said)))


FAILURES = {
    "key": failure(401, error("Incorrect API key provided", code="invalid_api_key")),
    "permission": failure(403, error("Country, region, or territory not supported", code="unsupported_country")),
    "quota": failure(429, error("You exceeded your quota", kind="insufficient_quota", code="insufficient_quota")),
    "hard limit": failure(
        400, error("Billing hard limit has been reached", code="billing_hard_limit_reached"), x_should_retry="true"
    ),
    "no model": failure(404, error("The model `x` does not exist", code="model_not_found")),
    "too long": failure(
        400,
        error(
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
            code="context_length_exceeded",
        ),
    ),
    "policy": failure(400, error("Invalid prompt: flagged", code="invalid_prompt")),
    "bad": failure(400, error("Unknown parameter: 'x'.", code="unknown_parameter")),
    "rate": failure(429, error("Rate limit", kind="requests", code="rate_limit_exceeded"), retry_after_ms="20"),
    "server": failure(500, error("The server had an error", kind="server_error"), retry_after="0.02"),
    "overloaded": failure(503, error("Overloaded", kind="server_error"), retry_after_ms="20"),
    "conflict": failure(409, error("Conflict"), retry_after_ms="20"),
    "timeout": failure(408, error("Timeout"), retry_after_ms="20"),
    "page": failure(502, b"<html>Bad gateway</html>", retry_after_ms="20"),
}


def refusal(asked: Asked) -> Says | None:
    """Return what the contract has against a question."""
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return FAILURES["key"]
    if asked.path == "/v1/responses":
        return _refused_response(asked.json)
    if asked.path == "/v1/chat/completions":
        return _refused_chat(asked.json)
    return failure(404, error("Invalid URL"))


def _refused_response(wanted: dict[str, object]) -> Says | None:
    if unknown := set(wanted) - _FIELDS:
        return failure(400, error(f"Unknown parameter: '{min(unknown)}'.", code="unknown_parameter"))
    most = wanted.get("max_output_tokens")
    if not isinstance(most, int) or most < 16:
        return failure(400, error("Invalid 'max_output_tokens'", code="integer_below_min_value"))
    if wanted.get("include") and wanted.get("reasoning"):
        return failure(400, error("logprobs are not supported with reasoning models.", code="unsupported_parameter"))
    if wanted.get("prompt_cache_options") and str(wanted["model"]).startswith("gpt-4"):
        return failure(400, error("Unsupported parameter: 'prompt_cache_options'", code="unsupported_parameter"))
    return None


def _refused_chat(wanted: dict[str, object]) -> Says | None:
    if "max_tokens" in wanted:
        said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        return failure(400, error(said, code="unsupported_parameter"))
    if unknown := set(wanted) - _CHAT_FIELDS:
        return failure(400, error(f"Unrecognized request argument supplied: {min(unknown)}"))
    return None


def chat(
    texts: Sequence[str] = ("return ", "total"), *, finish: str | None = "stop", usage: bool = True, refusal: str = ""
) -> Says:
    """Return a good answer of chat completions."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1796000000, "model": f"{MODEL}-2026-10-01"}
    told = {
        "prompt_tokens": 123, "completion_tokens": 42, "total_tokens": 165,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 20}, "completion_tokens_details": {"reasoning_tokens": 7},
    }  # fmt: skip
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text} for text in texts] + ([{"refusal": refusal}] if refusal else []) + [{}]
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else finish,
                              "logprobs": None}], "usage": None}
        for delta in deltas
    ]  # fmt: skip
    last = [event({**head, "choices": [], "usage": told}, named=False)] if usage else []
    return Says(events=(*(event(chunk, named=False) for chunk in chunks), *last, b"data: [DONE]\n\n"))


def double(folder: Path, *script: Says) -> VendorDouble:
    """Return the double that answers so."""
    return VendorDouble(folder=folder, script=script or (answer(),), refusal=refusal)
