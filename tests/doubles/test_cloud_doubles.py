"""The doubles of model vendors keep to the vendors' contracts; checked without a line of our own code for them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import KEY, Says, VendorDouble, broken, oddities, payloads, trusting

BEARER = {"authorization": f"Bearer {KEY}"}
CLAUDE = {**BEARER, "anthropic-version": "2026-10-21"}
GOOGLE = {"x-goog-api-key": KEY}
RESPONSE: dict[str, object] = {"model": "gpt-6.1-terra", "input": "x", "max_output_tokens": 99, "stream": True}
MESSAGE: dict[str, object] = {"model": "m", "messages": [], "max_tokens": 9, "stream": True}
CONTENT: dict[str, object] = {"contents": [], "generationConfig": {"maxOutputTokens": 9}}
STREAM = "/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse"

Asks = tuple[Callable[..., VendorDouble], str, dict[str, str], dict[str, object]]
OPENAI: Asks = (openai_cloud.double, "/v1/responses", BEARER, RESPONSE)
CHAT: Asks = (openai_cloud.double, "/v1/chat/completions", BEARER, {"model": "m", "messages": []})
ANTHROPIC: Asks = (anthropic.double, "/v1/messages", CLAUDE, MESSAGE)
GEMINI: Asks = (gemini.double, STREAM, GOOGLE, CONTENT)


async def said(double: VendorDouble, path: str, headers: dict[str, str], body: object) -> httpx2.Response:
    """What a double answers."""
    async with httpx2.AsyncClient(verify=trusting(), trust_env=False, base_url=double.url) as client:
        return await client.post(path, headers=headers, json=body)


@pytest.mark.parametrize("asks", [OPENAI, ANTHROPIC, GEMINI], ids=["openai", "anthropic", "gemini"])
async def test_a_good_question_gets_a_stream(tmp_path: Path, asks: Asks) -> None:
    """Status, kind and events are the vendor's."""
    double_of, path, headers, body = asks
    async with double_of(tmp_path) as double:
        answer = await said(double, path, headers, body)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert len(payloads(answer.content)) >= 3


@pytest.mark.parametrize(
    ("asks", "change", "status", "words"),
    [
        (OPENAI, {"headers": {"authorization": "Bearer x"}}, 401, "invalid_api_key"),
        (OPENAI, {"path": "/v1/nothing"}, 404, "Invalid URL"),
        (OPENAI, {"max_output_tokens": 15}, 400, "integer_below_min_value"),
        (OPENAI, {"max_output_tokens": None}, 400, "integer_below_min_value"),
        (OPENAI, {"max_tokens": 15}, 400, "unknown_parameter"),
        (OPENAI, {"include": ["message.output_text.logprobs"], "reasoning": {"effort": "low"}}, 400, "not supported"),
        (OPENAI, {"model": "gpt-4-turbo", "prompt_cache_options": {"mode": "explicit"}}, 400, "Unsupported parameter"),
        (CHAT, {"max_tokens": 9}, 400, "max_completion_tokens"),
        (CHAT, {"chat_template_kwargs": {}}, 400, "Unrecognized"),
        (ANTHROPIC, {"headers": {"x-api-key": "x"}}, 401, "authentication_error"),
        (ANTHROPIC, {"headers": BEARER}, 400, "anthropic-version"),
        (ANTHROPIC, {"max_tokens": None}, 400, "max_tokens"),
        (ANTHROPIC, {"temperature": 0}, 400, "Extra inputs"),
        (ANTHROPIC, {"path": "/v1/complete"}, 404, "not_found_error"),
        (GEMINI, {"headers": {}}, 400, "API_KEY_INVALID"),
        (GEMINI, {"path": "/v1/models/x:generateContent"}, 404, "NOT_FOUND"),
        (GEMINI, {"model": "x"}, 400, "Unknown name"),
        (GEMINI, {"generationConfig": {"max_tokens": 9}}, 400, "Unknown name"),
    ],
)  # fmt: skip
async def test_what_the_contract_forbids_is_refused(
    tmp_path: Path, asks: Asks, change: dict[str, Any], status: int, words: str
) -> None:
    """A wrong key, a wrong path, an unknown field and a missing cap are errors in the vendor's words."""
    double_of, path, headers, body = asks
    rest = {name: value for name, value in change.items() if name not in ("path", "headers")}
    async with double_of(tmp_path) as double:
        answer = await said(double, change.get("path", path), change.get("headers", headers), {**body, **rest})

    assert answer.status_code == status
    assert words in answer.text


async def test_answers_come_in_order_and_the_last_repeats(tmp_path: Path) -> None:
    """A script is played once, but its end stays; headers of an error are those of the vendor."""
    async with anthropic.double(tmp_path, anthropic.FAILURES["overloaded"], anthropic.answer()) as double:
        answers = [await said(double, "/v1/messages", CLAUDE, MESSAGE) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [529, 200, 200]
    assert answers[0].headers["retry-after-ms"] == "20"
    assert answers[1].content == answers[2].content


@pytest.mark.parametrize("oddity", list(oddities(Says())))
async def test_oddities_change_how_it_comes_not_what(tmp_path: Path, oddity: str) -> None:
    """The same events, however they are cut."""
    async with gemini.double(tmp_path, oddities(gemini.answer())[oddity]) as double:
        answer = await said(double, STREAM, GOOGLE, CONTENT)

    whole = answer.content.replace(b"\r\n", b"\n").removeprefix(b": keep-alive\n\n")
    assert whole == b"".join(gemini.answer().events)


@pytest.mark.parametrize("way", list(broken(Says())))
async def test_a_broken_answer_is_broken(tmp_path: Path, way: str) -> None:
    """Each way to break a stream breaks it: for the client, or for who reads JSON."""
    async with openai_cloud.double(tmp_path, broken(openai_cloud.answer())[way]) as double:
        with pytest.raises((httpx2.TransportError, ValueError, AssertionError)):  # noqa: PT012  # either may notice
            answer = await said(double, "/v1/responses", BEARER, RESPONSE)
            assert all(isinstance(each, dict) for each in payloads(answer.content))


def test_the_recorded_shapes_are_there() -> None:
    """What is known of each stream stands in the doubles: events, counts and how they add up."""
    openai, claude, google = (payloads(each.answer()) for each in (openai_cloud, anthropic, gemini))
    usage = openai[-1]["response"]["usage"]
    start, delta = claude[0]["message"]["usage"], claude[-2]["usage"]
    told = google[-1]["usageMetadata"]

    assert [event["sequence_number"] for event in openai] == list(range(len(openai)))
    assert openai[-1]["type"] == "response.completed"
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert {event["type"] for event in claude} == {
        "message_start", "ping", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
        "message_stop",
    }  # fmt: skip
    assert start["cache_creation"]["ephemeral_5m_input_tokens"] == start["cache_creation_input_tokens"]
    assert delta["output_tokens"] > start["output_tokens"]
    assert (
        told["totalTokenCount"] == told["promptTokenCount"] + told["candidatesTokenCount"] + told["thoughtsTokenCount"]
    )


@pytest.mark.parametrize(
    ("failures", "keys"),
    [
        (openai_cloud.FAILURES, {"message", "type", "param", "code"}),
        (anthropic.FAILURES, {"message", "type"}),
        (gemini.FAILURES, {"code", "message", "status", "details"}),
    ],
)
def test_every_error_has_the_vendors_shape(failures: dict[str, Says], keys: set[str]) -> None:
    """All that is required is there, in a list of one where that may be; a page of a gateway is none of it."""
    for says in failures.values():
        body: Any = says.body[0] if isinstance(says.body, list) else says.body
        assert isinstance(body, bytes) or keys <= set(body["error"])


async def test_a_double_tells_who_hangs_up(tmp_path: Path) -> None:
    """A client that goes in the middle of an answer is seen to go."""
    says = replace(openai_cloud.answer(last=""), then="hang")
    async with openai_cloud.double(tmp_path, says) as double:
        async with (
            httpx2.AsyncClient(verify=trusting(), trust_env=False, base_url=double.url) as client,
            client.stream("POST", "/v1/responses", headers=BEARER, json=RESPONSE) as answer,
        ):
            await anext(answer.aiter_raw())
        await double.server.hung_up.wait()

    assert len(double.server.hung_up_at) == 1
