"""A double of Google's generateContent, after the shapes in its official client library."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.doubles.cloud import KEY, Says, VendorDouble, event, failure
from tests.doubles.http_server import Asked

MODEL = "gemini-3.8-flash"
_FIELDS = {"contents", "systemInstruction", "generationConfig"}
_CONFIG = {"maxOutputTokens", "thinkingConfig"}


def error(code: int, status: str, message: str, *details: dict[str, object]) -> dict[str, object]:
    """Return the body of an error."""
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


USAGE: dict[str, object] = {
    "promptTokenCount": 123, "cachedContentTokenCount": 3, "candidatesTokenCount": 35, "thoughtsTokenCount": 7,
    "totalTokenCount": 165,
}  # fmt: skip


def answer(
    texts: Sequence[str] = ("return ", "total"),
    *,
    finish: str | None = "STOP",
    usage: dict[str, object] | None = USAGE,
    **more: object,
) -> Says:
    """Return a good answer: a thought first, then the text; usage so far in each chunk; no last event."""
    parts: list[dict[str, object]] = [{"text": "Hm.", "thought": True}, *({"text": text} for text in texts)]
    chunks = []
    for at, part in enumerate(parts):
        candidate: dict[str, object] = {"content": {"parts": [part], "role": "model"}, "index": 0}
        is_last = at == len(parts) - 1
        if is_last:
            candidate |= {"finishReason": finish} if finish else {}
            candidate |= more
        chunks.append(_chunk([candidate], usage if is_last else _so_far(usage, at)))
    return Says(events=tuple(chunks))


def _so_far(usage: dict[str, object] | None, written: int) -> dict[str, object] | None:
    """Return the counts of a chunk before the last: thoughts are over, and so many tokens of the answer are written."""
    if usage is None:
        return None
    counts = {"promptTokenCount": 123, "thoughtsTokenCount": 7}
    if written and "candidatesTokenCount" in usage:
        counts["candidatesTokenCount"] = written
    return {**counts, "totalTokenCount": sum(counts.values())}


def _chunk(candidates: list[dict[str, object]], usage: dict[str, object] | None, **more: object) -> bytes:
    told = {"usageMetadata": usage} if usage else {}
    whole: dict[str, object] = {"candidates": candidates} if candidates else {}
    return event({**whole, **told, "modelVersion": f"{MODEL}-001", "responseId": "r1", **more}, named=False)


def blocked(reason: str = "SAFETY") -> Says:
    """Return an answer to a prompt that was blocked: no candidates."""
    return Says(
        events=(_chunk([], {"promptTokenCount": 123, "totalTokenCount": 123}, promptFeedback={"blockReason": reason}),)
    )


def stopped(reason: str) -> Says:
    """Return an answer that a filter stopped: the last candidate has no content."""
    begun = answer(("ret", ""), finish=None).events[:-1]
    last = _chunk([{"finishReason": reason, "index": 0}], USAGE)
    return Says(events=(*begun, last))


def fails_midway() -> Says:
    """Return an answer whose stream turns into an error."""
    said = event(error(503, "UNAVAILABLE", "The model is overloaded."), named=False)
    return Says(events=(*answer(finish=None).events, said))


def _quota(quota: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}


def _wait(delay: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def _info(reason: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}


FAILURES = {
    "key": failure(400, error(400, "INVALID_ARGUMENT", "API key not valid.", _info("API_KEY_INVALID"))),
    "unauthenticated": failure(401, error(401, "UNAUTHENTICATED", "No credentials")),
    "permission": failure(403, error(403, "PERMISSION_DENIED", "Permission denied")),
    "billing": failure(403, error(403, "PERMISSION_DENIED", "Billing is disabled", _info("BILLING_DISABLED"))),
    "day": failure(
        429,
        error(429, "RESOURCE_EXHAUSTED", "Quota", _quota("GenerateRequestsPerDayPerProjectPerModel"), _wait("0.02s")),
    ),
    "cap": failure(429, error(429, "RESOURCE_EXHAUSTED", "The project exceeded its monthly spending cap.")),
    "no model": failure(404, error(404, "NOT_FOUND", "models/x is not found")),
    "too long": failure(
        400,
        error(
            400,
            "INVALID_ARGUMENT",
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        ),
    ),
    "bad": failure(400, error(400, "INVALID_ARGUMENT", "Unknown name")),
    "rate": failure(
        429, error(429, "RESOURCE_EXHAUSTED", "Quota", _quota("GenerateRequestsPerMinute"), _wait("0.02s"))
    ),
    "rate in a list": failure(429, [error(429, "RESOURCE_EXHAUSTED", "Quota", _wait("0.02s"))]),
    "overloaded": failure(503, error(503, "UNAVAILABLE", "Overloaded", _wait("0.02s"))),
    "internal": failure(500, error(500, "INTERNAL", "Internal", _wait("0.02s"))),
}


def refusal(asked: Asked) -> Says | None:
    """Return what the contract has against a question."""
    if not re.fullmatch(r"/v1(beta)?/models/[a-z0-9.-]+:streamGenerateContent\?alt=sse", asked.path):
        return failure(404, error(404, "NOT_FOUND", "Not found"))
    if asked.headers.get("x-goog-api-key") != KEY:
        return FAILURES["key"]
    config = asked.json.get("generationConfig")
    unknown = set(asked.json) - _FIELDS or set(config if isinstance(config, dict) else {}) - _CONFIG
    if unknown:
        return failure(400, error(400, "INVALID_ARGUMENT", f'Unknown name "{min(unknown)}": Cannot find field.'))
    return None


def double(folder: Path, *script: Says) -> VendorDouble:
    """Return the double that answers so."""
    return VendorDouble(folder=folder, script=script or (answer(),), refusal=refusal)
