"""Talking with a model of an Ollama server.

The rules of `ollama` hold here, too: a model that Ollama would have run by somebody else is refused, every question for
a model carries the same runner options, and no question is cut by the server.
"""

import json
from collections.abc import AsyncGenerator, Mapping

from hybrid_lsp.backends import ollama
from hybrid_lsp.backends.chat import CONNECT_TIMEOUT_S, asked_by_person
from hybrid_lsp.backends.local import ModelEntry, count_of, json_object, objects_in, text_of
from hybrid_lsp.backends.logprobs import Sureness
from hybrid_lsp.backends.ollama_trouble import full_name, is_cloud_name, is_remote, no_model, not_local, trouble_of
from hybrid_lsp.backends.thoughts import Thoughts
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason, Layout, ModelFacts, Piece
from hybrid_lsp.egress import LocalDoor

NUM_CTX = 16_384
"""What question and answer may hold where the model is not loaded yet and does not write ghost text, too."""

_REASONS = {"stop": EndReason.DONE, "length": EndReason.LIMIT}
_LEVELS = ("minimal", "low", "medium", "high")


class OllamaChatModel:
    """One model of an Ollama server, opened to be talked to; a `LocalChat`."""

    def __init__(self, door: LocalDoor, facts: ModelFacts, *, wire_name: str, think: bool | str | None) -> None:
        self._door = door
        self._facts = facts
        self._wire_name = wire_name
        self._think = think

    @property
    def facts(self) -> ModelFacts:
        """See `chat.LocalChat`."""
        return self._facts

    async def ask(
        self, prompt: ChatPrompt, *, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See `chat.LocalChat`."""
        async with self._door.stream(
            "/api/chat",
            self._asked(prompt, max_output_tokens),
            connect_timeout_s=min(CONNECT_TIMEOUT_S, deadline_s),
            first_byte_timeout_s=deadline_s,
            total_timeout_s=deadline_s,
        ) as stream:
            if stream.status != 200:
                raise self._trouble(stream.status, await stream.body())
            answer = _Answer()
            async for line in stream.lines():
                said = self._said(line)
                if text := answer.text_in(said):
                    yield Piece(text=text)
                if said.get("done") is True:
                    stream.finish()
                    yield Piece(ending=answer.ending(said))
                    return
        # Ollama ends a stream without a word once a model has said the same token 31 times.
        yield Piece(ending=Ending(reason=EndReason.BROKEN_OFF))

    async def close(self) -> None:
        """See `chat.LocalChat`."""
        await self._door.close()

    def _asked(self, prompt: ChatPrompt, max_output_tokens: int) -> dict[str, object]:
        asked: dict[str, object] = {
            "model": self._wire_name,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "stream": True,
            "truncate": False,
            "keep_alive": ollama.KEEP_ALIVE_S,
            "logprobs": True,
            "options": {
                "num_ctx": self._facts.window_tokens,
                "num_predict": max_output_tokens,
                "temperature": 0,
                "repeat_penalty": 1.0,
            },
        }
        return asked if self._think is None else asked | {"think": self._think}

    def _said(self, line: bytes) -> Mapping[str, object]:
        if not line.strip():
            return {}
        said = json_object(line, self._door.where)
        if is_remote(said):
            raise not_local(self._facts.name)
        if error := said.get("error"):
            raise self._trouble(400, json.dumps({"error": error}).encode())
        return said

    def _trouble(self, status: int, body: bytes) -> Trouble:
        return asked_by_person(trouble_of(self._door.where, self._facts.name, status, body), self._facts.name)


class _Answer:
    """What has come of one answer."""

    def __init__(self) -> None:
        self._thoughts = Thoughts()
        self._sureness = Sureness()
        self._model = ""

    def text_in(self, said: Mapping[str, object]) -> str:
        """Return the text that a line adds to the answer."""
        message = said.get("message")
        content = text_of(message.get("content")) if isinstance(message, dict) else ""
        self._sureness.add(objects_in(said.get("logprobs")))
        self._model = text_of(said.get("model")) or self._model
        return self._thoughts.outside(content) + (self._thoughts.rest() if said.get("done") is True else "")

    def ending(self, said: Mapping[str, object]) -> Ending:
        """Return how it ended, by its last line."""
        return Ending(
            reason=_REASONS.get(text_of(said.get("done_reason")), EndReason.DONE),
            prompt_tokens=count_of(said.get("prompt_eval_count")),
            output_tokens=count_of(said.get("eval_count")),
            answered_by=self._model,
            mean_logprob=self._sureness.mean,
            lowest_logprob=self._sureness.lowest,
        )


async def open_chat(door: LocalDoor, name: str, *, num_ctx: int = NUM_CTX) -> OllamaChatModel:
    """Open the model of that name; it is not loaded yet.

    What question and answer may hold is what the model was loaded with, else `num_ctx`, or less where it knows less.
    For a model that writes ghost text, too, give its `window_tokens` there, or it would be loaded anew at each change.
    Raises `Trouble`: no such model, not run on this machine, or not made to write.
    """
    name = full_name(name)
    if is_cloud_name(name):
        raise not_local(name)
    entry = next((one for one in await ollama.list_models(door) if one.name == name), None)
    if entry is None:
        raise no_model(name)
    shown = await _shown(door, name)
    if entry.refusal or is_remote(shown):
        raise not_local(name)
    abilities = shown.get("capabilities")
    if isinstance(abilities, list) and abilities and "completion" not in abilities:
        raise Trouble(TroubleKind.NO_MODEL, f"{name} does not write text; use a model made for it.")
    facts = ModelFacts(
        server=f"ollama at {door.where}", name=name, window_tokens=_window(entry, shown, num_ctx), layout=Layout.SERVERS
    )
    return OllamaChatModel(door, facts, wire_name=await _guarded_name(door, name), think=_think(shown))


async def _shown(door: LocalDoor, name: str) -> dict[str, object]:
    answer = await door.post("/api/show", {"model": name}, timeout_s=ollama.ASK_TIMEOUT_S)
    if answer.status != 200:
        raise trouble_of(door.where, name, answer.status, answer.body)
    return json_object(answer.body, door.where)


async def _guarded_name(door: LocalDoor, name: str) -> str:
    """The name by which a server that knows `:local` promises to run it here; the plain one for an older server."""
    guarded = f"{name}:local"
    answer = await door.post("/api/show", {"model": guarded}, timeout_s=ollama.ASK_TIMEOUT_S)
    return guarded if answer.status == 200 else name


def _window(entry: ModelEntry, shown: Mapping[str, object], num_ctx: int) -> int:
    metadata = shown.get("model_info")
    known = metadata.items() if isinstance(metadata, dict) else ()
    limits = [count_of(value) for key, value in known if str(key).endswith(".context_length")]
    return entry.window_tokens or min([num_ctx, *(limit for limit in limits if limit)])


def _think(shown: Mapping[str, object]) -> bool | str | None:
    """Return how to ask for as few thoughts as the model can do with; None where nothing may be said of it."""
    told = shown.get("thinking")
    values = told.get("values") if isinstance(told, dict) else None
    if isinstance(values, list):
        if any(value is False for value in values):
            return False
        return next((level for level in _LEVELS if level in values), None)
    abilities = shown.get("capabilities")
    return False if isinstance(abilities, list) and "thinking" in abilities else None
