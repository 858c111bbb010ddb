"""A double of a server on this machine that speaks OpenAI's completions, as vLLM, LM Studio or llama.cpp do it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.doubles.http_server import Asked, HttpServer, Reply


@dataclass(slots=True, kw_only=True)
class OpenAiDouble:
    """Answers every prompt with `say`; what it does not take it refuses in the words of such servers."""

    models: Sequence[dict[str, object]] = ({"id": "Qwen/Qwen2.5-Coder-1.5B", "max_model_len": 8192},)
    say: Sequence[str] = ("return ", "total")
    finish_reason: str | None = "stop"
    suffix: str = "refuses"
    """`refuses`, as vLLM; `ignores`, as llama.cpp; `reads`."""
    takes_stream_options: bool = True
    llamacpp: bool = False
    key: str = ""
    token_s: float = 0.0
    status: int = 200
    """What completions are answered with, together with `error`."""
    error: object = None
    error_in_stream: object = None
    sends_done: bool = True
    takes_not: Sequence[str] = ()
    """Fields of a chat that it refuses by name."""
    reasoning: Sequence[str] = ()
    """What a chat thinks first, told apart from its answer."""
    server: HttpServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = HttpServer(self._answer)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def completions(self) -> list[dict[str, object]]:
        """Every body that /v1/completions was asked with."""
        return [asked.json for asked in self.server.asked if asked.path == "/v1/completions"]

    @property
    def chats(self) -> list[dict[str, object]]:
        """Every body that /v1/chat/completions was asked with."""
        return [asked.json for asked in self.server.asked if asked.path == "/v1/chat/completions"]

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.server.__aexit__(kind, error, at)

    async def _answer(self, asked: Asked, reply: Reply) -> None:
        if self.key and asked.headers.get("authorization") != f"Bearer {self.key}":
            await reply.send(401, _error("Unauthorized", "invalid_request_error"))
        elif self.llamacpp and asked.path == "/props":
            await reply.send(200, {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1})
        elif asked.path == "/v1/models":
            await reply.send(200, {"object": "list", "data": list(self.models)})
        elif asked.path == "/v1/completions":
            await self._complete(asked.json, reply)
        elif asked.path == "/v1/chat/completions":
            await self._chat(asked.json, reply)
        else:
            await reply.send(404, {"detail": "Not Found"})

    async def _chat(self, wanted: dict[str, object], reply: Reply) -> None:
        if self.status != 200:
            await reply.send(self.status, self.error)
        elif wanted.get("model") not in [model["id"] for model in self.models]:
            await reply.send(404, _error(f"The model `{wanted.get('model')}` does not exist.", "NotFoundError"))
        elif refused := next((name for name in self.takes_not if name in wanted), ""):
            await reply.send(400, _error(f"Unrecognized request argument supplied: {refused}", "BadRequestError"))
        else:
            await self._stream_chat(wanted, reply)

    async def _stream_chat(self, wanted: dict[str, object], reply: Reply) -> None:
        await reply.begin(kind="text/event-stream; charset=utf-8")
        thoughts: list[dict[str, object]] = [{"reasoning_content": text} for text in self.reasoning]
        most = wanted.get("max_tokens")
        said: list[dict[str, object]] = [*thoughts, *({"content": text} for text in self.say)]
        said = said[: most if isinstance(most, int) else None]
        for delta in [{"role": "assistant", "content": ""}, *said, {}]:
            await asyncio.sleep(self.token_s)
            sure = (
                {"content": [{"token": "x", "logprob": -0.25}]}
                if wanted.get("logprobs") and "content" in delta
                else None
            )
            choice = {"delta": delta, "finish_reason": None if delta else self.finish_reason, "logprobs": sure}
            await _event(reply, {"model": wanted["model"], "choices": [choice], "usage": None})
        if self.error_in_stream is not None:
            await _event(reply, self.error_in_stream)
        elif wanted.get("stream_options"):
            usage = {"prompt_tokens": 9, "completion_tokens": len(said), "prompt_tokens_details": {"cached_tokens": 1}}
            await _event(reply, {"choices": [], "usage": usage})
        if self.sends_done:
            await reply.write(b"data: [DONE]\n\n")
        await reply.end()

    async def _complete(self, wanted: dict[str, object], reply: Reply) -> None:
        if self.status != 200:
            await reply.send(self.status, self.error)
        elif wanted.get("model") not in [model["id"] for model in self.models]:
            await reply.send(404, _error(f"The model `{wanted.get('model')}` does not exist.", "NotFoundError"))
        elif wanted.get("suffix") and self.suffix == "refuses":
            await reply.send(400, _error("suffix is not currently supported", "BadRequestError"))
        elif wanted.get("stream_options") and not self.takes_stream_options:
            await reply.send(
                400, _error("Unrecognized request argument supplied: stream_options", "invalid_request_error")
            )
        elif not wanted.get("stream"):
            await reply.send(200, {"choices": [{"text": self.say[0]}], "usage": self._usage(wanted, 1)})
        else:
            await self._stream(wanted, reply)

    def _usage(self, wanted: dict[str, object], said: int) -> dict[str, object]:
        read = str(wanted["prompt"]) + (str(wanted.get("suffix") or "") if self.suffix == "reads" else "")
        return {
            "prompt_tokens": len(read.split()),
            "completion_tokens": said,
            "prompt_tokens_details": {"cached_tokens": 1},
        }

    async def _stream(self, wanted: dict[str, object], reply: Reply) -> None:
        await reply.begin(kind="text/event-stream; charset=utf-8")
        await reply.write(b": keep-alive\n\n")
        most = wanted.get("max_tokens")
        said = list(self.say)[: most if isinstance(most, int) else None]
        for index, token in enumerate(said):
            await asyncio.sleep(self.token_s)
            ended = self.finish_reason if index == len(said) - 1 else None
            await _event(reply, {"choices": [{"text": token, "finish_reason": ended}], "usage": None})
        if self.error_in_stream is not None:
            await _event(reply, self.error_in_stream)
        elif wanted.get("stream_options"):
            await _event(reply, {"choices": [], "usage": self._usage(wanted, len(said))})
        if self.sends_done:
            await reply.write(b"data: [DONE]\n\n")
        await reply.end()


async def _event(reply: Reply, payload: object) -> None:
    await reply.write(b"data: " + json.dumps(payload).encode() + b"\r\n\r\n")


def _error(message: str, kind: str) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": 400}}
