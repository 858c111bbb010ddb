"""OpenAI's double, and what we send there, keep to OpenAI's own description of its API; and the check can fail."""

import inspect
import json
import tomllib
from collections.abc import Mapping
from contextlib import aclosing
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from hybrid_lsp.backends import openai_chat
from hybrid_lsp.backends import openai_cloud as our_openai
from hybrid_lsp.core.catalog import Model, parse_catalog
from hybrid_lsp.core.stream import ChatPrompt
from hybrid_lsp.egress import LocalDoor
from tests.backends.vendors import CHAT, asked
from tests.data.openai.trim import ROOTS, SOURCE, trimmed, written
from tests.doubles import openai_cloud
from tests.doubles.cloud import KEY, Says, payloads
from tests.doubles.http_server import Asked
from tests.doubles.openai_description import FILE, described, fault_in
from tests.doubles.openai_local import OpenAiDouble
from tests.doubles.permits import PROMPT

EVENT, CHUNK, ERROR = "ResponseStreamEvent", "CreateChatCompletionStreamResponse", "ErrorResponse"
RESPONSE_BODY, CHAT_BODY = "CreateResponse", "CreateChatCompletionRequest"
CATALOG, _ = parse_catalog(tomllib.loads(files("hybrid_lsp").joinpath("models.toml").read_text("utf-8")))
LONG = ChatPrompt(system="Keep every rule of this house. " * 400, user=PROMPT.user)

RESPONSES = {
    "answer": openai_cloud.answer(),
    "one piece": openai_cloud.answer(("x",)),
    "no text": openai_cloud.answer(()),
    "refusal": openai_cloud.answer((), refusal="No."),
    "refusal after text": openai_cloud.answer(refusal="No."),
    "logprobs": openai_cloud.answer(logprobs=(-0.5, -1.5)),
    "aside": openai_cloud.answer(aside="Hm."),
    "no usage": openai_cloud.answer(usage=None),
    "cut": openai_cloud.answer(last=""),
    "limit": openai_cloud.answer(last="response.incomplete", incomplete_details={"reason": "max_output_tokens"}),
    "filter": openai_cloud.answer((), last="response.incomplete", incomplete_details={"reason": "content_filter"}),
    "failed": openai_cloud.failed("server_error"),
    "failed at a rate": openai_cloud.failed("rate_limit_exceeded"),
    "failed by policy": openai_cloud.failed("bio_policy"),
    "fails midway": openai_cloud.fails_midway(),
    "fails midway without a code": openai_cloud.fails_midway(None),
}
CHATS = {
    "answer": openai_cloud.chat(),
    "limit": openai_cloud.chat(finish="length"),
    "filter": openai_cloud.chat(finish="content_filter"),
    "refusal": openai_cloud.chat((), refusal="No."),
    "cut": openai_cloud.chat(finish=None),
    "no usage": openai_cloud.chat(usage=False),
}
BEYOND = {
    "usage": "a response that is not over has none yet, and says null in each example there; its schema knows no null",
    "obfuscation": "comes with each delta unless asked otherwise, as `include_obfuscation` tells; in no schema of events",
}
"""What the description says in words or examples and not in its schemas."""
NOT_OPENAIS = {"chat_template_kwargs": "llama.cpp's own, and sent to no other server"}
"""What we send that the description need not know."""
NOT_FROM_OPENAI = {"page": "what a gateway before the API answers while it is away: HTML"}
"""Errors of the double that are none of the API's."""


def within(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what is beyond the schemas."""
    left = {name: value for name, value in event.items() if name != "obfuscation"}
    if "response" in left and left["response"]["usage"] is None:
        left["response"] = {name: value for name, value in left["response"].items() if name != "usage"}
    return left


DELTA, DONE = (within(payloads(RESPONSES["answer"])[at]) for at in (6, -1))
"""A piece of text, and the last event."""


def changed(value: Mapping[str, Any], path: str, to: object = None) -> dict[str, Any]:
    """The same JSON with another value at a place, or without the field there."""
    copy: dict[str, Any] = json.loads(json.dumps(value))
    *outer, name = path.split(".")
    inner: Any = copy
    for each in outer:
        inner = inner[int(each) if each.isdigit() else each]
    if to is None:
        del inner[name]
    else:
        inner[name] = to
    return copy


@pytest.mark.parametrize("name", RESPONSES)
def test_each_event_of_the_double_is_described(name: str) -> None:
    """Whatever the double can stream is an event of the Responses API, with each field that it needs and no other."""
    events = payloads(RESPONSES[name])
    assert [fault for event in events if (fault := fault_in(within(event), EVENT))] == []


@pytest.mark.parametrize("name", CHATS)
def test_each_chunk_of_the_double_is_described(name: str) -> None:
    """Whatever the double can stream of a chat is a chunk of chat completions."""
    assert [fault for chunk in payloads(CHATS[name]) if (fault := fault_in(chunk, CHUNK))] == []


def test_every_way_to_build_an_answer_is_held_to_the_description() -> None:
    """A builder that the double gets later cannot be forgotten here."""
    built = inspect.getmembers(
        openai_cloud, lambda each: inspect.isfunction(each) and each.__module__.endswith("openai_cloud")
    )
    builders = {name for name, function in built if get_type_hints(function).get("return") is Says}
    assert builders == {"answer", "chat", "failed", "fails_midway"}


def test_what_is_beyond_the_schemas_still_is() -> None:
    """As soon as the description has a field that is let through here, it need not be any more."""
    begun, delta = (payloads(RESPONSES["answer"])[at] for at in (0, 6))

    assert fault_in(begun, EVENT) == "$.response.usage: None is not of type 'object'"
    assert "'obfuscation' was unexpected" in fault_in(delta, EVENT)
    assert {"usage", "obfuscation"} == set(BEYOND)


def test_each_event_comes_at_its_place() -> None:
    """Events are numbered without a gap, and each names an item and a part that were begun before and are not done."""
    for says in RESPONSES.values():
        opened: set[tuple[int, int | None]] = set()
        events = payloads(says)
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        for event in (each for each in events if "output_index" in each):
            place = (event["output_index"], event.get("content_index"))
            if event["type"] in ("response.output_item.added", "response.content_part.added"):
                assert place not in opened
                opened.add(place)
            assert place in opened
            if event["type"] in ("response.output_item.done", "response.content_part.done"):
                opened.remove(place)


@pytest.mark.parametrize("name", sorted(openai_cloud.FAILURES))
def test_each_error_of_the_double_is_described(name: str) -> None:
    """An error has all that OpenAI's have; one is a gateway's page, and no JSON at all."""
    body = openai_cloud.FAILURES[name].body
    assert isinstance(body, bytes) is (name in NOT_FROM_OPENAI)
    assert isinstance(body, bytes) or fault_in(body, ERROR) == ""


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/nothing", {}),
        ("/v1/responses", {"x": 1}),
        ("/v1/responses", {"max_output_tokens": 15}),
        ("/v1/responses", {"max_output_tokens": 99, "include": ["x"], "reasoning": {"effort": "low"}}),
        ("/v1/responses", {"max_output_tokens": 99, "model": "gpt-4-turbo", "prompt_cache_options": {"mode": "explicit"}}),
        ("/v1/chat/completions", {"max_tokens": 9}),
        ("/v1/chat/completions", {"x": 1}),
    ],
)  # fmt: skip
def test_what_the_double_has_against_a_question_is_described(path: str, body: dict[str, object]) -> None:
    """The same for errors that follow from the question."""
    question = Asked(
        method="POST", path=path, headers={"authorization": f"Bearer {KEY}"}, body=json.dumps(body).encode()
    )
    says = openai_cloud.refusal(question)

    assert says is not None
    assert fault_in(says.body, ERROR) == ""


@pytest.mark.parametrize("prompt", [PROMPT, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    "model", [model for model in CATALOG.models if model.backend == "openai"], ids=lambda model: model.id
)
def test_each_question_to_openai_is_described(model: Model, prompt: ChatPrompt) -> None:
    """For each of its models in the catalog the body is one of CreateResponse, and no field in it is unknown there."""
    assert fault_in(our_openai.asked(model, prompt, model.max_output_tokens), RESPONSE_BODY) == ""


async def test_each_question_to_a_compatible_vendor_is_described(tmp_path: Path) -> None:
    """What goes over the wire is one of CreateChatCompletionRequest, under each name that the cap may have."""
    async with CHAT.serving(tmp_path, openai_cloud.chat()) as double:
        await asked(CHAT, double)

    assert [name for body in double.bodies for name in body if name.startswith("max_")] == [
        "max_tokens",
        "max_completion_tokens",
    ]
    assert [fault_in(body, CHAT_BODY) for body in double.bodies] == ["", ""]


@pytest.mark.parametrize("llamacpp", [False, True])
async def test_each_question_to_a_server_on_this_machine_is_described(llamacpp: bool) -> None:
    """The same for servers of one's own; only llama.cpp is told something more, which is not OpenAI's."""
    async with OpenAiDouble(llamacpp=llamacpp) as double:
        model = await openai_chat.open_chat(LocalDoor(double.url), None)
        async with aclosing(model.ask(PROMPT, max_output_tokens=16, deadline_s=5)) as pieces:
            assert [piece async for piece in pieces]
        await model.close()
        body = double.chats[0]

    assert set(body) & set(NOT_OPENAIS) == (set(NOT_OPENAIS) if llamacpp else set())
    assert fault_in({name: value for name, value in body.items() if name not in NOT_OPENAIS}, CHAT_BODY) == ""


QUESTION, LONG_QUESTION = (
    our_openai.asked(CATALOG.find("gpt-6.1-terra") or CHAT.model(), prompt, 256) for prompt in (PROMPT, LONG)
)
TALK = openai_chat.ChatFields("m", openai_chat.WISHES).asked(PROMPT, 256)
BROKEN: list[tuple[str, Mapping[str, Any], str]] = [
    (EVENT, changed(DELTA, "item_id"), "'item_id' is a required property"),
    (EVENT, changed(DELTA, "sequence_number", "4"), "sequence_number: '4' is not"),
    (EVENT, changed(DELTA, "delta", 4), "delta: 4 is not"),
    (EVENT, changed(DELTA, "type", "response.output_text.deltas"), "$.type"),
    (EVENT, changed(DELTA, "type", "response.completed"), "required"),
    (EVENT, changed(DELTA, "type"), "'type' is a required property"),
    (EVENT, changed(DELTA, "text", "x"), "'text' was unexpected"),
    (EVENT, changed(DONE, "response.usage.total_tokens"), "'total_tokens' is a required property"),
    (EVENT, changed(DONE, "response.usage.input_tokens_details.cached_tokens", 0.5), "0.5 is not"),
    (EVENT, changed(DONE, "response.usage.input_tokens_details.written_tokens", 1), "'written_tokens' was unexpected"),
    (EVENT, changed(DONE, "response.status", "done"), "'done' is not one of"),
    (EVENT, changed(DONE, "response.error", {"code": "tired", "message": "x"}), "'tired' is not one of"),
    (EVENT, changed(DONE, "response.output.1.phase", "last"), "'last' is not one of"),
    (EVENT, changed(DONE, "response.tools", [{"type": "web_search"}]), "tools[0]: False schema"),
    (EVENT, {"type": "response.mcp_call.completed", "item_id": "x", "output_index": 0, "sequence_number": 1}, "$.type"),
    (CHUNK, changed(payloads(CHATS["answer"])[0], "choices.0.index"), "'index' is a required property"),
    (CHUNK, changed(payloads(CHATS["answer"])[0], "choices.0.finish_reason", "tired"), "'tired' is not one of"),
    (CHUNK, changed(payloads(CHATS["answer"])[0], "choices.0.delta.text", "x"), "'text' was unexpected"),
    (CHUNK, changed(payloads(CHATS["answer"])[0], "object", "chunk"), "'chunk' is not one of"),
    (ERROR, changed(openai_cloud.error("x"), "error.param"), "'param' is a required property"),
    (ERROR, changed(openai_cloud.error("x"), "error.code", 400), "400 is not"),
    (ERROR, {"error": "x"}, "'x' is not of type 'object'"),
    (RESPONSE_BODY, changed(QUESTION, "max_output_tokens", 15), "15 is less than the minimum"),
    (RESPONSE_BODY, changed(QUESTION, "max_tokens", 99), "'max_tokens' was unexpected"),
    (RESPONSE_BODY, changed(QUESTION, "reasoning.effort", "huge"), "'huge' is not one of"),
    (RESPONSE_BODY, changed(QUESTION, "reasoning.efort", "low"), "'efort' was unexpected"),
    (RESPONSE_BODY, changed(QUESTION, "prompt_cache_options.mode", "never"), "'never' is not one of"),
    (RESPONSE_BODY, changed(QUESTION, "include", ["logprobs"]), "'logprobs' is not one of"),
    (RESPONSE_BODY, changed(LONG_QUESTION, "input.0.role", "boss"), "'boss' is not one of"),
    (RESPONSE_BODY, changed(LONG_QUESTION, "input.0.content.0.type", "text"), "'text' is not one of"),
    (RESPONSE_BODY, changed(LONG_QUESTION, "input.0.content.0.cache_control", {}), "'cache_control' was unexpected"),
    (CHAT_BODY, changed(TALK, "messages", []), "[] should be non-empty"),
    (CHAT_BODY, changed(TALK, "messages.0.role", "boss"), "'boss' is not one of"),
    (CHAT_BODY, changed(TALK, "stream_options.usage", True), "'usage' was unexpected"),
    (CHAT_BODY, changed(TALK, "chat_template_kwargs", {}), "'chat_template_kwargs' was unexpected"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "fault"), BROKEN, ids=range(len(BROKEN)))
def test_what_is_broken_is_refused(name: str, value: Mapping[str, Any], fault: str) -> None:
    """A missing field, a wrong type, an unknown word, event, tool or field: each is found, and told as what it is."""
    assert fault in fault_in(value, name)


def test_what_was_broken_is_whole_before() -> None:
    """Each value that the cases above break is valid by itself."""
    whole = [
        (EVENT, DELTA),
        (EVENT, DONE),
        (RESPONSE_BODY, QUESTION),
        (RESPONSE_BODY, LONG_QUESTION),
        (CHAT_BODY, TALK),
    ]
    assert [fault_in(value, name) for name, value in whole] == [""] * len(whole)


def test_the_description_is_what_its_program_leaves_of_it() -> None:
    """Nobody wrote in the file by hand: trimmed once more it is the same, byte for byte, and names where it is from."""
    assert written(trimmed(described())) == FILE.read_text(encoding="utf-8")
    assert described()["source"] == SOURCE
    assert set(ROOTS) <= set(described()["components"]["schemas"])


def test_trimming_takes_prose_and_tools_and_leaves_structure() -> None:
    """Words about a field go, a field of that name stays; of a union only members go, and what is empty then is false."""
    schemas: dict[str, Any] = {name: {"type": "object"} for name in ROOTS}
    schemas["ErrorResponse"] = {
        "type": "object", "description": "An error.", "x-meta": {}, "required": ["title"],
        "properties": {
            "title": {"type": "string", "default": "x", "example": "y", "maxLength": 9},
            "item": {"oneOf": [{"$ref": "#/components/schemas/Text"}, {"$ref": "#/components/schemas/FileTool"}]},
            "tools": {"type": "array", "items": {"$ref": "#/components/schemas/AnyTool"}},
        },
    }  # fmt: skip
    schemas |= {"Text": {"type": "string"}, "FileTool": {"type": "object"}, "Unneeded": {"type": "string"}}
    schemas["AnyTool"] = {"anyOf": [{"$ref": "#/components/schemas/FileTool"}]}
    left = trimmed({"components": {"schemas": schemas}})["components"]["schemas"]

    assert set(left) == {*ROOTS, "Text", "AnyTool"}
    assert left["AnyTool"] is False
    assert left["ErrorResponse"] == {
        "type": "object", "required": ["title"],
        "properties": {
            "title": {"type": "string", "maxLength": 9}, "item": {"oneOf": [{"$ref": "#/components/schemas/Text"}]},
            "tools": {"type": "array", "items": {"$ref": "#/components/schemas/AnyTool"}},
        },
    }  # fmt: skip
