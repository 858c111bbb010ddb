"""What Anthropic and Google stream and refuse with, written down as data; the doubles, and what we read, are held to it.

Sources, as of November 2026: Anthropic's public pages on streaming and on errors, and the types in its client library
`anthropic` 2.11.0; Google's public reference of generateContent, and the types in its client library `google-genai` 3.6.1.
OpenAI's double is held to OpenAI's own description instead: test_openai_description.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from hybrid_lsp.backends.anthropic import MessageReading
from hybrid_lsp.backends.cloud_trouble import Blame
from hybrid_lsp.backends.gemini import ContentReading
from hybrid_lsp.core.stream import EndReason
from tests.backends.vendors import ANTHROPIC, GEMINI
from tests.doubles import anthropic, gemini
from tests.doubles.cloud import Says, payloads

Event = dict[str, Any]

# -------------------------------------------------------------------------------------------------------- Anthropic's

MESSAGE = {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"}
DELTAS = {
    "text": {"text_delta": {"text"}, "citations_delta": {"citation"}},
    "thinking": {"thinking_delta": {"thinking"}, "signature_delta": {"signature"}},
    "tool_use": {"input_json_delta": {"partial_json"}},
}
"""By the kind of a block: which pieces it comes in, and what each holds."""
COUNTS = {"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"}
"""The first leaves out the next two; in `message_delta` each that is told is the count so far, not what was added."""
STOP_REASONS = {
    "end_turn": EndReason.DONE, "stop_sequence": EndReason.DONE, "tool_use": EndReason.DONE,
    "max_tokens": EndReason.LIMIT, "model_context_window_exceeded": EndReason.LIMIT,
    "pause_turn": EndReason.BROKEN_OFF, "refusal": EndReason.REFUSED,
}  # fmt: skip
"""Each that the library knows, and what it is to us."""
REFUSAL_CATEGORIES = {"cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms", None}
ERROR_STATUS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "conflict_error": 409, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500,
    "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip
ERROR_CODES = {"enforced_spend_limit_reached": 429, "contract_spend_limit_reached": 429, "organization_on_hold": 400}

MESSAGES = {
    "answer": anthropic.answer(),
    "no text": anthropic.answer(()),
    "limit": anthropic.answer(stop_reason="max_tokens"),
    "refusal": anthropic.answer((), stop_reason="refusal", explanation="No."),
    "fails midway": anthropic.fails_midway(),
}


@dataclass(slots=True)
class Heard:
    """A message of Anthropic's as far as it has come."""

    ended: str = ""
    told: Event = field(default_factory=dict)
    """Counts, the last of each that was told."""
    blocks: list[str] = field(default_factory=list)
    """The kinds of those that were begun."""
    is_open: bool = False
    """Whether the last of them has not stopped."""
    stopped: bool = False

    def fault_in(self, event: Event) -> str:
        """Return what is wrong with the next event; empty when nothing is."""
        if self.ended:
            return f"{event['type']} after the end"
        if event["type"] == "ping":
            return ""
        if event["type"] == "error":
            self.ended = "error"
            return "" if {"type", "message"} <= set(event["error"]) else "an error without words"
        hears: Callable[[Event], str] | None = getattr(self, f"_{event['type']}", None)
        if hears is None:
            return f"no event is called {event['type']}"
        if (event["type"] == "message_start") is bool(self.told):
            return f"{event['type']} at the wrong place"
        return hears(event)

    def _message_start(self, event: Event) -> str:
        message, usage = event["message"], event["message"]["usage"]
        self.told = dict(usage)
        if set(message) != MESSAGE or (message["content"], message["stop_reason"]) != ([], None):
            return "a message that does not begin empty"
        if not {"input_tokens", "output_tokens"} <= set(usage):
            return "counts are missing"
        written = usage.get("cache_creation")
        if written and sum(written.values()) != usage["cache_creation_input_tokens"]:
            return "what is written to the cache does not add up"
        return ""

    def _content_block_start(self, event: Event) -> str:
        if self.is_open or self.stopped or event["index"] != len(self.blocks):
            return "a block begins at the wrong place"
        self.blocks.append(event["content_block"]["type"])
        self.is_open = True
        return "" if self.blocks[-1] in DELTAS else f"no block is called {self.blocks[-1]}"

    def _content_block_delta(self, event: Event) -> str:
        if not self.is_open or event["index"] != len(self.blocks) - 1:
            return "a piece of no open block"
        holds = DELTAS[self.blocks[-1]].get(event["delta"]["type"])
        return (
            "" if holds is not None and holds | {"type"} == set(event["delta"]) else "a piece that is not of its block"
        )

    def _content_block_stop(self, event: Event) -> str:
        if not self.is_open or event["index"] != len(self.blocks) - 1:
            return "the end of no open block"
        self.is_open = False
        return ""

    def _message_delta(self, event: Event) -> str:
        usage, delta = event["usage"], event["delta"]
        self.stopped = True
        if self.is_open or not {"stop_reason", "stop_sequence"} <= set(delta):
            return "it does not say why it stopped"
        if "output_tokens" not in usage or any(usage[name] < self.told.get(name, 0) for name in COUNTS & set(usage)):
            return "counts that are not those so far"
        if usage.get("output_tokens_details", {}).get("thinking_tokens", 0) > usage["output_tokens"]:
            return "more thoughts than output"
        details = delta.get("stop_details") or {"type": "refusal", "category": None}
        known = delta["stop_reason"] in STOP_REASONS and details["category"] in REFUSAL_CATEGORIES
        return "" if known else "a reason that nobody knows"

    def _message_stop(self, _event: Event) -> str:
        self.ended = "message_stop"
        return "" if self.stopped else "it stops without a reason"


def fault_in_message(events: list[Event]) -> str:
    """Return the first thing that is wrong with a stream of Anthropic's; empty when nothing is."""
    heard = Heard()
    faults = [fault for event in events if (fault := heard.fault_in(event))]
    return faults[0] if faults else "" if heard.ended else "it has no end"


@pytest.mark.parametrize("name", MESSAGES)
def test_anthropics_double_streams_as_anthropic_does(name: str) -> None:
    """Events come in the one order there is, blocks one after the other, pieces in their blocks, and counts add up."""
    assert fault_in_message(payloads(MESSAGES[name])) == ""


def test_each_event_of_anthropics_is_named() -> None:
    """The line before the data says the same type as the data."""
    for event, payload in zip(anthropic.answer().events, A, strict=True):
        assert event.startswith(f"event: {payload['type']}\ndata: ".encode())


A = payloads(anthropic.answer())
DELTA, STOP = A[-2], A[-1]
BROKEN_MESSAGES: list[tuple[list[Event], str]] = [
    (A[1:], "wrong place"),
    ([A[0], *A], "wrong place"),
    (A[:-1], "no end"),
    ([*A, A[1]], "after the end"),
    ([*A[:-2], STOP], "without a reason"),
    ([A[0], A[3], *A[2:]], "no open block"),
    ([*A[:2], *A[6:]], "at the wrong place"),
    ([*A[:5], *A[6:]], "at the wrong place"),
    ([*A[:3], A[7], *A[4:]], "no open block"),
    ([*A[:3], {**A[3], "delta": A[7]["delta"]}, *A[4:]], "not of its block"),
    ([{**A[0], "message": {**A[0]["message"], "usage": {"input_tokens": 1}}}, *A[1:]], "counts are missing"),
    ([{**A[0], "message": {**A[0]["message"], "usage": {**anthropic.USAGE, "cache_creation_input_tokens": 21}}}, *A[1:]],
     "does not add up"),
    ([*A[:-2], {**DELTA, "usage": {**DELTA["usage"], "output_tokens": 0}}, STOP], "not those so far"),
    ([*A[:-2], {**DELTA, "usage": {**DELTA["usage"], "input_tokens": 99}}, STOP], "not those so far"),
    ([*A[:-2], {**DELTA, "usage": {**DELTA["usage"], "output_tokens": 6}}, STOP], "more thoughts"),
    ([*A[:-2], {**DELTA, "delta": {**DELTA["delta"], "stop_reason": "tired"}}, STOP], "nobody knows"),
    ([A[0], {"type": "message_pause"}, *A[1:]], "no event is called"),
    ([A[0], {"type": "error", "error": {"type": "api_error"}}], "without words"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "fault"), BROKEN_MESSAGES, ids=range(len(BROKEN_MESSAGES)))
def test_a_stream_that_anthropic_never_sends_is_found(events: list[Event], fault: str) -> None:
    """Whatever is out of its order, missing, or does not add up is told as what it is."""
    assert fault in fault_in_message(events)


@pytest.mark.parametrize(("stopped", "reason"), STOP_REASONS.items())
def test_each_stop_reason_of_anthropic_is_known_to_us(stopped: str, reason: EndReason) -> None:
    """Done, at a limit, broken off or refused: what it means does not depend on the text before."""
    reading = MessageReading(Blame.of("Anthropic", ANTHROPIC.model()))
    for event in payloads(anthropic.answer(stop_reason=stopped)):
        reading.text_in(event)

    assert (reading.is_over, reading.ending().reason) == (True, reason)


@pytest.mark.parametrize("says", anthropic.FAILURES.values(), ids=anthropic.FAILURES)
def test_each_error_of_anthropics_double_has_its_shape(says: Says) -> None:
    """The envelope names its type and the request, and an error's type and code go with one status each."""
    body: Any = says.body
    code = body["error"].get("details", {}).get("error_code")

    assert (set(body), body["type"]) == ({"type", "error", "request_id"}, "error")
    assert {"type", "message"} <= set(body["error"]) <= {"type", "message", "details"}
    assert says.status == ERROR_STATUS[body["error"]["type"]]
    assert code is None or says.status == ERROR_CODES[code]


# ----------------------------------------------------------------------------------------------------------- Google's

CHUNK = {"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"}
CANDIDATE = {"content", "finishReason", "finishMessage", "index", "avgLogprobs", "logprobsResult", "safetyRatings"}
PARTS_OF_TOTAL = ("promptTokenCount", "candidatesTokenCount", "toolUsePromptTokenCount", "thoughtsTokenCount")
"""`totalTokenCount` is their sum, `cachedContentTokenCount` within the first; one that is 0 may be left out."""
FINISH_REASONS = {
    "STOP": EndReason.DONE, "MAX_TOKENS": EndReason.LIMIT, "CONTINUATION": EndReason.LIMIT, "SAFETY": EndReason.REFUSED,
    "RECITATION": EndReason.REFUSED, "LANGUAGE": EndReason.REFUSED, "BLOCKLIST": EndReason.REFUSED,
    "PROHIBITED_CONTENT": EndReason.REFUSED, "SPII": EndReason.REFUSED, "ESCALATION": EndReason.REFUSED,
    "PUP_LIMITED_DISABLED": EndReason.REFUSED, "MODEL_ARMOR": EndReason.REFUSED, "OTHER": EndReason.BROKEN_OFF,
    "MALFORMED_RESPONSE": EndReason.BROKEN_OFF, "MALFORMED_FUNCTION_CALL": EndReason.BROKEN_OFF,
    "UNEXPECTED_TOOL_CALL": EndReason.BROKEN_OFF,
}  # fmt: skip
"""Each that a question without images and tools of its own may get, and what it is to us."""
BLOCK_REASONS = {"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"}
STATUS = {
    "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404, "RESOURCE_EXHAUSTED": 429, "CANCELLED": 499, "INTERNAL": 500, "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}  # fmt: skip
DETAILS = {"RetryInfo": {"retryDelay"}, "QuotaFailure": {"violations"}, "ErrorInfo": {"reason", "domain"}}

CONTENTS = {
    "answer": gemini.answer(),
    "one chunk of text": gemini.answer(("x",)),
    "limit": gemini.answer(finish="MAX_TOKENS"),
    "cut": gemini.answer(finish=None),
    "how sure": gemini.answer(
        avgLogprobs=-0.5, logprobsResult={"chosenCandidates": [{"token": "a", "logProbability": -1}]}
    ),
    "blocked": gemini.blocked(),
    "stopped": gemini.stopped("SAFETY"),
}


def fault_in_content(chunks: list[Event]) -> str:
    """Return the first thing that is wrong with a stream of Google's; empty when nothing is."""
    before: Event = {}
    for at, chunk in enumerate(chunks):
        usage = chunk["usageMetadata"]
        fault = _fault_in_counts(usage, before) or _fault_in_chunk(chunk, is_last=at == len(chunks) - 1)
        if fault:
            return fault
        before = usage
    return ""


def _fault_in_counts(usage: Event, before: Event) -> str:
    if usage["totalTokenCount"] != sum(usage.get(name, 0) for name in PARTS_OF_TOTAL):
        return "the total is not the sum"
    if usage.get("cachedContentTokenCount", 0) > usage["promptTokenCount"]:
        return "more cached than asked"
    return "a count that shrinks" if any(usage.get(name, 0) < before[name] for name in before) else ""


def _fault_in_chunk(chunk: Event, *, is_last: bool) -> str:
    if not set(chunk) <= CHUNK:
        return "a field that nobody knows"
    if "candidates" not in chunk:
        return "" if chunk.get("promptFeedback", {}).get("blockReason") in BLOCK_REASONS else "nothing is said"
    candidate = chunk["candidates"][0]
    reason = candidate.get("finishReason")
    if not set(candidate) <= CANDIDATE or (reason is not None and reason not in FINISH_REASONS):
        return "a candidate that nobody knows"
    return "" if reason is None or is_last else "it goes on after its end"


@pytest.mark.parametrize("name", CONTENTS)
def test_geminis_double_streams_as_google_does(name: str) -> None:
    """Each chunk is a whole response: its total is the sum of its parts, no count shrinks, and the last says why it ended."""
    assert fault_in_content(payloads(CONTENTS[name])) == ""


@pytest.mark.parametrize("says", [*CONTENTS.values(), gemini.fails_midway()])
def test_geminis_double_has_no_last_word(says: Says) -> None:
    """Events have no names there, and nothing but chunks comes: no `[DONE]` marks an end."""
    assert all(re.fullmatch(rb"data: \{.*\}\n\n", event) for event in says.events)


G = payloads(gemini.answer())
TOLD: Event = G[-1]["usageMetadata"]
BROKEN_CONTENTS: list[tuple[list[Event], str]] = [
    ([*G[:-1], {**G[-1], "usageMetadata": {**TOLD, "totalTokenCount": 158}}], "not the sum"),
    ([*G[:-1], {**G[-1], "usageMetadata": {**TOLD, "cachedContentTokenCount": 124}}], "more cached"),
    ([*G[:2], G[0]], "shrinks"),
    ([*G, G[-1]], "after its end"),
    ([{**G[0], "finish": "x"}, *G[1:]], "a field that nobody knows"),
    ([*G[:-1], {**G[-1], "candidates": [{"finishReason": "TIRED"}]}], "a candidate that nobody knows"),
    ([{"usageMetadata": G[0]["usageMetadata"]}], "nothing is said"),
]


@pytest.mark.parametrize(("chunks", "fault"), BROKEN_CONTENTS, ids=range(len(BROKEN_CONTENTS)))
def test_a_stream_that_google_never_sends_is_found(chunks: list[Event], fault: str) -> None:
    """A sum that is none, a count that shrinks, an end in the midst: each is told as what it is."""
    assert fault in fault_in_content(chunks)


@pytest.mark.parametrize(("finished", "reason"), FINISH_REASONS.items())
def test_each_finish_reason_of_google_is_known_to_us(finished: str, reason: EndReason) -> None:
    """Done, at a limit, broken off or refused, and where it was refused the reason is told."""
    reading = ContentReading(Blame.of("Google", GEMINI.model()))
    for chunk in payloads(gemini.answer(finish=finished)):
        reading.text_in(chunk)

    assert reading.ending().reason is reason
    assert reading.ending().said == (finished if reason is EndReason.REFUSED else "")


@pytest.mark.parametrize("says", [*gemini.FAILURES.values(), gemini.fails_midway()], ids=[*gemini.FAILURES, "midway"])
def test_each_error_of_geminis_double_has_its_shape(says: Says) -> None:
    """Code, name and HTTP's own status agree, details are of types that are known, and a list has one error only."""
    whole: Any = says.body if says.body is not None else payloads(says)[-1]
    body = whole[0] if isinstance(whole, list) else whole
    error = body["error"]

    assert not isinstance(whole, list) or len(whole) == 1
    assert (set(body), set(error)) == ({"error"}, {"code", "message", "status", "details"})
    assert error["code"] == STATUS[error["status"]] == (says.status if says.body is not None else error["code"])
    for detail in error["details"]:
        assert set(detail) - {"@type"} == DETAILS[detail["@type"].removeprefix("type.googleapis.com/google.rpc.")]
        assert re.fullmatch(r"\d+(\.\d+)?s", detail.get("retryDelay", "1s"))
        assert all(violation["quotaId"] for violation in detail.get("violations", []))


def test_an_error_of_googles_may_stand_in_a_list() -> None:
    """One of the double's errors does, as the service sometimes answers."""
    assert any(isinstance(says.body, list) for says in gemini.FAILURES.values())
