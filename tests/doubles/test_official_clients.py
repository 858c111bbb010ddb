"""The vendors' own libraries understand the doubles, and send what we send.

Collected only where they are installed: `uv run --group clients pytest tests/doubles/test_official_clients.py`, as .ci/run
does.
"""

import gc
import re
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import anthropic as official_anthropic
import httpx2
import openai as official_openai
import pytest
from anthropic.types import ErrorResponse, RawMessageStreamEvent
from google import genai
from google.genai import errors as genai_errors
from google.genai import types as genai_types
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from hybrid_lsp.backends import anthropic as our_anthropic
from hybrid_lsp.backends import gemini as our_gemini
from hybrid_lsp.backends import openai_cloud as our_openai
from hybrid_lsp.core.errors import Trouble
from tests.backends.vendors import ANTHROPIC, CHAT, GEMINI, OPENAI, Vendor, asked
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import KEY, Says, VendorDouble, oddities, payloads, trusting
from tests.doubles.permits import PROMPT
from tests.doubles.test_openai_description import CHATS, RESPONSES
from tests.doubles.test_vendor_shapes import CONTENTS, MESSAGES

CAP = 256


@cache
def types_of(kind: Any) -> TypeAdapter[Any]:
    """What checks a value against a library's types; made once, since that takes seconds."""
    return TypeAdapter(kind)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """What trusts the doubles."""
    async with httpx2.AsyncClient(verify=trusting(), trust_env=False) as client:
        yield client


def openai_client(double: VendorDouble, http: httpx2.AsyncClient, *, retries: int = 0) -> official_openai.AsyncOpenAI:
    """OpenAI's own client of a double."""
    return official_openai.AsyncOpenAI(api_key=KEY, base_url=f"{double.url}/v1", http_client=http, max_retries=retries)


def anthropic_client(
    double: VendorDouble, http: httpx2.AsyncClient, *, retries: int = 0
) -> official_anthropic.AsyncAnthropic:
    """Anthropic's own client of a double."""
    return official_anthropic.AsyncAnthropic(api_key=KEY, base_url=double.url, http_client=http, max_retries=retries)


@asynccontextmanager
async def gemini_client(double: VendorDouble, *, retries: int = 0) -> AsyncIterator[genai.Client]:
    """Google's own client of a double; what it leaves open of itself is collected here, not blamed on a later test."""
    options = genai_types.HttpOptions(
        base_url=double.url, client_args={"verify": trusting()}, async_client_args={"verify": trusting()},
        retry_options=genai_types.HttpRetryOptions(attempts=1 + retries, initial_delay=0.01, jitter=0.01),
    )  # fmt: skip
    client = genai.Client(api_key=KEY, http_options=options)
    yield client
    await client.aio.aclose()
    client.close()
    del client
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def camel(value: object) -> object:
    """The same JSON with names as Google's services answer them; they take both forms."""
    if isinstance(value, dict):
        return {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): camel(each) for name, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("says", RESPONSES.values(), ids=RESPONSES)
def test_each_event_of_openais_double_is_one_of_its_types(says: Says) -> None:
    """Every field that the types require is there, with a value of its type."""
    for payload in payloads(says):
        event: Any = types_of(ResponseStreamEvent).validate_python(payload)
        assert event.type == payload["type"]


@pytest.mark.parametrize("says", CHATS.values(), ids=CHATS)
def test_each_chunk_of_the_chat_double_is_one(says: Says) -> None:
    """The same for chat completions."""
    assert all(ChatCompletionChunk.model_validate(payload).id for payload in payloads(says))


@pytest.mark.parametrize("says", MESSAGES.values(), ids=MESSAGES)
def test_each_event_of_anthropics_double_is_one_of_its_types(says: Says) -> None:
    """The same for messages; a ping is in none of the types, and an error in the midst is one as any other."""
    for payload in payloads(says):
        if payload["type"] != "ping":
            kind = ErrorResponse if payload["type"] == "error" else RawMessageStreamEvent
            event: Any = types_of(kind).validate_python(payload)
            assert event.type == payload["type"]


@pytest.mark.parametrize("says", CONTENTS.values(), ids=CONTENTS)
def test_each_chunk_of_geminis_double_is_one(says: Says) -> None:
    """The same for chunks: nothing in them is unknown to the library."""
    for payload in payloads(says):
        assert genai_types.GenerateContentResponse.model_validate(payload).model_version


async def test_openai_sends_what_we_send(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """The same question makes the same body at the same path, and the library reads the same text and counts."""
    async with OPENAI.serving(tmp_path, *[openai_cloud.answer()] * 2) as double:
        ours = await asked(OPENAI, double)
        stream = await openai_client(double, http).responses.create(
            model=OPENAI.model_id, instructions=PROMPT.system, input=PROMPT.user, max_output_tokens=CAP, store=False,
            stream=True, service_tier="default", reasoning={"effort": "low"}, prompt_cache_options={"mode": "explicit"},
        )  # fmt: skip
        events = [event async for event in stream]
        first, second = double.server.asked

    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    last: Any = events[-1]
    assert (second.json, second.path) == (first.json, first.path)
    assert first.headers["authorization"] == second.headers["authorization"]
    assert texts == [piece.text for piece in ours if piece.text]
    assert ours[-1].ending is not None
    assert (last.response.usage.input_tokens, last.response.usage.output_tokens) == (
        ours[-1].ending.prompt_tokens, ours[-1].ending.output_tokens,
    )  # fmt: skip


@pytest.mark.parametrize(
    "says",
    [
        openai_cloud.answer(), openai_cloud.answer((), refusal="No."), openai_cloud.answer(aside="Hm."),
        openai_cloud.answer(logprobs=(-0.5, -1.5)),
    ],
)  # fmt: skip
async def test_openai_sums_up_a_stream_as_we_do(tmp_path: Path, http: httpx2.AsyncClient, says: Says) -> None:
    """Each piece has a place in what the library puts together; its final answer, refusal and counts are ours."""
    async with OPENAI.serving(tmp_path, says) as double:
        ours = await asked(OPENAI, double)
        manager = openai_client(double, http).responses.stream(model="m", input="x", max_output_tokens=99)
        async with manager as stream:
            response = await stream.get_final_response()

    finals = [item for item in response.output if item.type == "message" and item.phase == "final_answer"]
    parts = [part for item in finals for part in item.content]
    assert "".join(part.text for part in parts if part.type == "output_text") == "".join(piece.text for piece in ours)
    assert ours[-1].ending is not None
    assert "".join(part.refusal for part in parts if part.type == "refusal") == ours[-1].ending.said
    assert response.usage is not None
    assert response.usage.input_tokens_details.cache_write_tokens == ours[-1].ending.cache_write_tokens


async def test_openai_chats_as_we_chat(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """The same for chat completions."""
    async with CHAT.serving(tmp_path, openai_cloud.chat()) as double:
        ours = await asked(CHAT, double)
        stream = await openai_client(double, http).chat.completions.create(
            model=CHAT.model_id, messages=[{"role": "system", "content": PROMPT.system}, {"role": "user", "content": PROMPT.user}],
            max_completion_tokens=CAP, stream=True, stream_options={"include_usage": True}, logprobs=True,
        )  # fmt: skip
        chunks = [chunk async for chunk in stream]
        _, first, second = double.server.asked

    assert (second.json, second.path) == (first.json, first.path)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "return total"
    assert chunks[-1].usage is not None
    assert ours[-1].ending is not None
    assert chunks[-1].usage.completion_tokens == ours[-1].ending.output_tokens


async def test_anthropic_sends_what_we_send(tmp_path: Path, http: httpx2.AsyncClient) -> None:
    """The same for messages; the library sums up a stream as we do."""
    async with ANTHROPIC.serving(tmp_path, anthropic.answer()) as double:
        ours = await asked(ANTHROPIC, double)
        manager = anthropic_client(double, http).messages.stream(
            model=ANTHROPIC.model_id, max_tokens=CAP, system=[{"type": "text", "text": PROMPT.system}],
            messages=[{"role": "user", "content": PROMPT.user}], service_tier="standard_only",
            output_config={"effort": "low"},
        )  # fmt: skip
        async with manager as stream:
            message = await stream.get_final_message()
        first, second = double.server.asked

    assert (second.json, second.path) == (first.json, first.path)
    for name in ("authorization", "anthropic-version"):
        assert second.headers[name] == first.headers[name]
    assert [block.text for block in message.content if block.type == "text"] == ["return total"]
    assert ours[-1].ending is not None
    assert message.usage.output_tokens == ours[-1].ending.output_tokens


async def test_gemini_sends_what_we_send(tmp_path: Path) -> None:
    """The same for generateContent."""
    async with GEMINI.serving(tmp_path, gemini.answer()) as double:
        ours = await asked(GEMINI, double)
        config = genai_types.GenerateContentConfig(
            system_instruction=PROMPT.system, max_output_tokens=CAP,
            thinking_config=genai_types.ThinkingConfig(thinking_level=genai_types.ThinkingLevel.LOW),
        )  # fmt: skip
        async with gemini_client(double) as client:
            stream = await client.aio.models.generate_content_stream(
                model=GEMINI.model_id, contents=PROMPT.user, config=config
            )
            chunks = [chunk async for chunk in stream]
        first, second = double.server.asked

    assert (camel(second.json), second.path) == (first.json, first.path)
    assert second.headers["x-goog-api-key"] == first.headers["x-goog-api-key"]
    assert "".join(chunk.text or "" for chunk in chunks) == "return total"
    usage = chunks[-1].usage_metadata
    assert usage is not None
    assert ours[-1].ending is not None
    assert (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0) == ours[-1].ending.output_tokens


@pytest.mark.parametrize("oddity", list(oddities(Says())))
async def test_oddities_are_none_to_the_official_clients(tmp_path: Path, http: httpx2.AsyncClient, oddity: str) -> None:
    """What we read however it comes, they do, too: the doubles do nothing that the vendors may not."""
    async with OPENAI.serving(tmp_path, oddities(openai_cloud.answer())[oddity]) as double:
        stream = await openai_client(double, http).responses.create(
            model="m", input="x", max_output_tokens=99, stream=True
        )
        texts = [event.delta async for event in stream if event.type == "response.output_text.delta"]

    assert texts == ["return ", "total"]


@pytest.mark.parametrize("name", sorted(openai_cloud.FAILURES))
async def test_openais_client_takes_each_failure_for_one(tmp_path: Path, http: httpx2.AsyncClient, name: str) -> None:
    """Each error is raised with its status and code."""
    failure = openai_cloud.FAILURES[name]
    async with OPENAI.serving(tmp_path, failure) as double:
        client = openai_client(double, http)
        with pytest.raises(official_openai.APIStatusError) as raised:
            await client.responses.create(model="m", input="x", max_output_tokens=99)

    body = failure.body if isinstance(failure.body, dict) else {}
    assert raised.value.status_code == failure.status
    assert raised.value.code == body.get("error", {}).get("code")


@pytest.mark.parametrize("name", sorted(anthropic.FAILURES))
async def test_anthropics_client_takes_each_failure_for_one(
    tmp_path: Path, http: httpx2.AsyncClient, name: str
) -> None:
    """The same for messages."""
    failure = anthropic.FAILURES[name]
    async with ANTHROPIC.serving(tmp_path, failure) as double:
        with pytest.raises(official_anthropic.APIStatusError) as raised:
            await anthropic_client(double, http).messages.create(model="m", max_tokens=9, messages=[])

    assert (raised.value.status_code, raised.value.body) == (failure.status, failure.body)


async def chunks_of(client: genai.Client) -> list[object]:
    """The chunks of an answer; the library may fail before the first or with it."""
    stream = await client.aio.models.generate_content_stream(model=GEMINI.model_id, contents="x")
    return [chunk async for chunk in stream]


@pytest.mark.parametrize("name", sorted(gemini.FAILURES))
async def test_geminis_client_takes_each_failure_for_one(tmp_path: Path, name: str) -> None:
    """The same for generateContent, also where the error is in a list."""
    failure = gemini.FAILURES[name]
    async with GEMINI.serving(tmp_path, failure) as double, gemini_client(double) as client:
        with pytest.raises(genai_errors.APIError) as raised:
            await chunks_of(client)

    assert raised.value.code == failure.status
    assert raised.value.status


async def test_an_error_within_a_stream_is_one_to_the_official_clients(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    """What breaks an answer off with us, they raise or hand out as an error; nothing of it is taken for text."""
    async with OPENAI.serving(tmp_path, openai_cloud.fails_midway()) as double:
        stream = await openai_client(double, http).responses.create(
            model="m", input="x", max_output_tokens=99, stream=True
        )
        last = [event async for event in stream][-1]
    async with ANTHROPIC.serving(tmp_path, anthropic.fails_midway()) as double:
        messages = await anthropic_client(double, http).messages.create(
            model="m", max_tokens=9, messages=[], stream=True
        )
        with pytest.raises(official_anthropic.APIStatusError, match="Overloaded"):
            assert [event async for event in messages]
    async with GEMINI.serving(tmp_path, gemini.fails_midway()) as double, gemini_client(double) as client:
        with pytest.raises(genai_errors.APIError, match="overloaded"):
            await chunks_of(client)

    assert (last.type, getattr(last, "code", "")) == ("error", "server_error")


async def retried_by_openai(double: VendorDouble, http: httpx2.AsyncClient) -> None:
    """Have OpenAI's client ask, and once more where it would."""
    client = openai_client(double, http, retries=1)
    with suppress(official_openai.APIStatusError):
        stream = await client.responses.create(model="m", input="x", max_output_tokens=99, stream=True)
        assert [event async for event in stream]


async def retried_by_anthropic(double: VendorDouble, http: httpx2.AsyncClient) -> None:
    """Have Anthropic's client ask, and once more where it would."""
    client = anthropic_client(double, http, retries=1)
    with suppress(official_anthropic.APIStatusError):
        stream = await client.messages.create(model="m", max_tokens=9, messages=[], stream=True)
        assert [event async for event in stream]


async def retried_by_gemini(double: VendorDouble, _http: httpx2.AsyncClient) -> None:
    """Have Google's client ask, and once more where it would."""
    async with gemini_client(double, retries=1) as client:
        with suppress(genai_errors.APIError):
            assert await chunks_of(client)


async def retried_by_us(vendor: Vendor, double: VendorDouble) -> None:
    """Ask, and once more where we would."""
    with suppress(Trouble):
        assert await asked(vendor, double)


ONLY_THEY = {"openai": {"quota", "hard limit"}, "anthropic": {"spend limit"}, "gemini": {"day", "cap"}}
"""Limits of money or of a day: the libraries look at the status and at headers only, and ask again for nothing."""
RETRIES = [(OPENAI, retried_by_openai), (ANTHROPIC, retried_by_anthropic), (GEMINI, retried_by_gemini)]


@pytest.mark.parametrize(
    ("vendor", "retried", "name"), [(vendor, by, name) for vendor, by in RETRIES for name in sorted(vendor.double.FAILURES)]
)  # fmt: skip
async def test_they_ask_again_where_we_do(
    tmp_path: Path, http: httpx2.AsyncClient, vendor: Vendor, retried: Callable[..., Awaitable[None]], name: str
) -> None:
    """What we take for passing the vendor's library does, too; only it goes on where nothing but money would help."""
    script = (vendor.double.FAILURES[name], vendor.double.answer())
    async with vendor.serving(tmp_path, *script) as ours:
        await retried_by_us(vendor, ours)
    async with vendor.serving(tmp_path, *script) as theirs:
        await retried(theirs, http)

    times = (len(ours.server.asked), len(theirs.server.asked))
    assert times == (1, 2) if name in ONLY_THEY[vendor.name] else times in ((1, 1), (2, 2))


def test_the_names_we_send_are_those_of_the_types() -> None:
    """No field of our questions is unknown to the vendors' types."""
    openai_fields = official_openai.types.responses.response_create_params.ResponseCreateParamsStreaming.__annotations__
    base = official_openai.types.responses.response_create_params.ResponseCreateParamsBase.__annotations__
    anthropic_fields = official_anthropic.types.message_create_params.MessageCreateParamsBase.__annotations__
    old = replace(OPENAI.model(), id="gpt-4-turbo", thinking_tokens=0)

    for model in (OPENAI.model(), old):
        assert set(our_openai.asked(model, PROMPT, CAP)) <= set(openai_fields) | set(base)
    assert set(our_anthropic.asked(ANTHROPIC.model(), PROMPT, CAP)) <= set(anthropic_fields) | {"stream"}
    assert set(our_gemini.asked(GEMINI.model(), PROMPT, CAP)) == {"contents", "systemInstruction", "generationConfig"}
