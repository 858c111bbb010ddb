"""A llama.cpp server for what the real one cannot be made to do: still loading, no FIM, garbage, silence.

Its answers are those that the real one gives, copied from it or from its source (build 11549).
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.doubles.http_server import Asked, HttpServer, Reply

PROPS = {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1, "model_path": "/models/some.gguf"}
MODELS = {"object": "list", "data": [{"id": "/models/some.gguf", "object": "model", "meta": {"n_ctx_train": 8192}}]}
LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
NO_INFILL = {
    "error": {
        "code": 501,
        "message": "Infill is not supported by this model: prefix token is missing. suffix token is missing.",
        "type": "not_supported_error",
    }
}


@dataclass(frozen=True, slots=True)
class Says:
    """One answer: a status and a body, and whether nothing more is said then though it is not at an end."""

    body: bytes = b""
    status: int = 200
    hangs: bool = False
    kind: str = "application/json"


def json_of(value: object, status: int = 200) -> Says:
    """Return the answer that is this JSON."""
    return Says(json.dumps(value).encode(), status)


def events(*lines: bytes, hangs: bool = False) -> Says:
    """Return a stream of events, one for each line."""
    return Says(b"".join(line + b"\n\n" for line in lines), hangs=hangs, kind="text/event-stream")


READY = {
    "/v1/models": json_of(MODELS),
    "/props": json_of(PROPS),
    "/tokenize": json_of({"tokens": [1, 2, 3, 4, 5, 6]}),
    "/infill": json_of({"content": "", "stop": True}),
}
"""A server whose model knows no FIM token that we know, but can fill in the middle by itself."""


def serving(answers: Mapping[str, Says]) -> HttpServer:
    """Return the server that gives these answers by path, and 404 for anything else."""

    async def answer(asked: Asked, reply: Reply) -> None:
        says = answers.get(asked.path, Says(b'{"error":{"code":404,"message":"File Not Found"}}', 404))
        if not says.hangs:
            await reply.send(says.status, says.body, kind=says.kind)
            return
        await reply.begin(says.status, kind=says.kind)
        if says.body:
            await reply.write(says.body)
        await asyncio.Event().wait()

    return HttpServer(answer)


def chat(*texts: str, reasoning: str = "", hangs: bool = False) -> Says:
    """Return a chat's stream: thoughts apart, timings and usage in the last events, as the real one sends them."""
    head = {"object": "chat.completion.chunk", "model": "some.gguf", "system_fingerprint": "b11549"}
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": None}]
    deltas += [{"reasoning_content": reasoning}] if reasoning else []
    deltas += [{"content": text} for text in texts]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    if hangs:
        return events(*(b"data: " + json.dumps(chunk).encode() for chunk in chunks), hangs=True)
    last = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": 20, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 12}}
    told = {**head, "choices": [], "usage": usage, "timings": {"cache_n": 12, "prompt_n": 8, "predicted_n": 7}}
    return events(*(b"data: " + json.dumps(chunk).encode() for chunk in [*chunks, last, told]), b"data: [DONE]")
