"""Servers on this machine that speak OpenAI's completions (vLLM, LM Studio, TabbyAPI and the like).

Rules:
1. A prompt is filled in by the model's own tokens where we know them. `suffix` is sent only where the server was seen
   to read it: many take the field and ignore it, and then a model goes on as if nothing followed.
2. llama.cpp is such a server, and has a better dialect of its own: it is recognised and not opened here.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from hybrid_lsp.backends.local import ModelEntry, count_of, json_object, objects_in, text_of
from hybrid_lsp.backends.openai_trouble import trouble_of
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.fim import family_of, why_not
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, ModelFacts, Piece
from hybrid_lsp.egress import Answer, LocalDoor

DEFAULT_WINDOW_TOKENS = 4096
"""What prompt and answer may hold where the server does not tell: what such servers set up unless told."""
ASK_TIMEOUT_S = 5.0
PROBE_TIMEOUT_S = 60.0
"""For finding out whether `suffix` is read: the server may load the model for it."""
CONNECT_TIMEOUT_S = 2.0

_REASONS = {"stop": EndReason.DONE, "length": EndReason.LIMIT}
_WINDOW_KEYS = ("max_model_len", "loaded_context_length", "context_length", "max_context_length")
_PROBE = {"prompt": "def total(values):\n    return ", "max_tokens": 1, "temperature": 0, "stream": False}
_PROBE_SUFFIX = "\n\n\ndef mean(values):\n    return total(values) / len(values)\n" * 4
_PROBE_GROWTH_TOKENS = 20


class OpenAiLocalModel:
    """One model of a server that speaks OpenAI's completions, opened to fill in the middle."""

    def __init__(self, door: LocalDoor, facts: ModelFacts) -> None:
        self._door = door
        self._facts = facts
        self._tells_usage = True

    @property
    def facts(self) -> ModelFacts:
        """See `local.LocalModel`."""
        return self._facts

    async def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """See `local.LocalModel`."""
        async with self._door.stream(
            f"{_root(self._door)}/completions",
            self._asked(prompt, max_tokens),
            connect_timeout_s=min(CONNECT_TIMEOUT_S, deadline_s),
            first_byte_timeout_s=deadline_s,
            total_timeout_s=deadline_s,
        ) as stream:
            if stream.status != 200:
                body = await stream.body()
                if self._tells_usage and stream.status in (400, 422) and b"stream_options" in body:
                    self._tells_usage = False
                else:
                    raise trouble_of(self._door.where, self._facts.name, stream.status, body)
            else:
                answer = _Answer(self._door.where, self._facts.name)
                async for line in stream.lines():
                    if text := answer.text_in(line):
                        yield Piece(text=text)
                    if answer.done:
                        stream.finish()
                        break
                yield Piece(ending=answer.ending())
                return
        async with aclosing(self.generate(prompt, max_tokens=max_tokens, deadline_s=deadline_s)) as pieces:
            async for piece in pieces:
                yield piece

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """See `local.LocalModel`. One token is made and thrown away: vLLM takes no less."""
        async with aclosing(self.generate(prompt, max_tokens=1, deadline_s=deadline_s)) as pieces:
            async for _ in pieces:
                pass

    async def close(self) -> None:
        """See `local.LocalModel`."""
        await self._door.close()

    def _asked(self, prompt: FimPrompt, max_tokens: int) -> dict[str, object]:
        asked: dict[str, object] = {
            "model": self._facts.name,
            "stream": True,
            "max_tokens": max_tokens,
            "temperature": 0,
        }
        if prompt.stop:
            asked["stop"] = list(prompt.stop)
        if self._tells_usage:
            asked["stream_options"] = {"include_usage": True}
        if self._facts.layout is Layout.OURS:
            return asked | {"prompt": prompt.raw or "\n"}
        return asked | {"prompt": prompt.before or "\n", "suffix": prompt.after or "\n"}


class _Answer:
    """What has come of one answer."""

    def __init__(self, where: str, name: str) -> None:
        self._where = where
        self._name = name
        self._reason: EndReason | None = None
        self._usage: Mapping[str, object] = {}
        self.done = False

    def text_in(self, line: bytes) -> str:
        """Return the text that one line of the stream adds; raise the `Trouble` that it tells."""
        field, _, value = line.partition(b":")
        if field != b"data" or not value.strip():
            return ""
        if value.strip() == b"[DONE]":
            self.done = True
            return ""
        said = json_object(value, self._where)
        if said.get("error"):
            raise trouble_of(self._where, self._name, 500, value)
        if isinstance(usage := said.get("usage"), dict):
            self._usage = usage
        choices = objects_in(said.get("choices"))
        if not choices:
            return ""
        if reason := text_of(choices[0].get("finish_reason")):
            self._reason = _REASONS.get(reason, EndReason.DONE)
        return text_of(choices[0].get("text"))

    def ending(self) -> Ending:
        details = self._usage.get("prompt_tokens_details")
        return Ending(
            reason=self._reason or EndReason.BROKEN_OFF,
            prompt_tokens=count_of(self._usage.get("prompt_tokens")),
            cached_tokens=count_of(details.get("cached_tokens")) if isinstance(details, dict) else None,
            output_tokens=count_of(self._usage.get("completion_tokens")),
        )


async def list_models(door: LocalDoor, *, timeout_s: float = ASK_TIMEOUT_S) -> list[ModelEntry]:
    """Return what the server has, in its order. Raises `Trouble`."""
    answer = await door.get(f"{_root(door)}/models", timeout_s=timeout_s)
    listed = _object(door, "a model", answer)
    if not isinstance(listed.get("data"), list):
        raise Trouble(TroubleKind.NONSENSE, f"{door.where} has no list of models; is it a model server?")
    return [_entry(model) for model in objects_in(listed["data"]) if text_of(model.get("id"))]


async def open_model(door: LocalDoor, name: str | None = None) -> OpenAiLocalModel:
    """Open the model of that name, else the first one whose tokens we know, else the first.

    Raises `Trouble`: no such model, a llama.cpp server, or no filling in the middle, each with the way out.
    """
    if await is_llamacpp(door):
        raise Trouble(
            TroubleKind.NONSENSE,
            f"{door.where} is llama.cpp, which ignores a suffix in this dialect; set its kind to llamacpp.",
        )
    entries = await list_models(door)
    ranked = sorted(entries, key=lambda entry: not entry.can_fim) if name is None else entries
    entry = next((entry for entry in ranked if name in (None, entry.name)), None)
    if entry is None:
        raise Trouble(TroubleKind.NO_MODEL, f"{door.where} has no model {name or 'at all'}; load it there.")
    family = family_of(name=entry.name, metadata={})
    if family is None and not await _reads_suffix(door, entry.name):
        raise Trouble(
            TroubleKind.NO_FIM, why_not(entry.name) or f"{entry.name} cannot fill in the middle; use another."
        )
    return OpenAiLocalModel(
        door,
        ModelFacts(
            server=f"openai-compatible at {door.where}",
            name=entry.name,
            window_tokens=entry.window_tokens or DEFAULT_WINDOW_TOKENS,
            layout=Layout.SERVERS if family is None else Layout.OURS,
            family="" if family is None else family.name,
        ),
    )


async def is_llamacpp(door: LocalDoor, *, timeout_s: float = ASK_TIMEOUT_S) -> bool:
    """Return whether a llama.cpp server answers there, in whatever dialect it is asked. Raises `Trouble`."""
    answer = await door.get("/props", timeout_s=timeout_s)
    # It says 401 or 503 there too, where another server has no such path; its error has a number for a code.
    if answer.status not in (200, 401, 503):
        return False
    try:
        said = json_object(answer.body, door.where)
    except Trouble:
        return False
    error = said.get("error")
    return "default_generation_settings" in said or (
        isinstance(error, dict) and text_of(error.get("type")) in ("authentication_error", "unavailable_error")
    )


async def _reads_suffix(door: LocalDoor, name: str) -> bool:
    """Whether the prompt gets longer by a suffix: taking the field without an error says nothing."""
    lengths = []
    for suffix in ({}, {"suffix": _PROBE_SUFFIX}):
        asked = {"model": name, **_PROBE, **suffix}
        answer = await door.post(f"{_root(door)}/completions", asked, timeout_s=PROBE_TIMEOUT_S)
        if answer.status in (400, 422, 501) and suffix:
            return False
        usage = _object(door, name, answer).get("usage")
        lengths.append(count_of(usage.get("prompt_tokens")) if isinstance(usage, dict) else None)
    without, with_suffix = lengths
    return without is not None and with_suffix is not None and with_suffix - without >= _PROBE_GROWTH_TOKENS


def _root(door: LocalDoor) -> str:
    return "" if door.address.path.endswith("/v1") else "/v1"


def _object(door: LocalDoor, name: str, answer: Answer) -> dict[str, object]:
    if answer.status != 200:
        raise trouble_of(door.where, name, answer.status, answer.body)
    return json_object(answer.body, door.where)


def _entry(model: Mapping[str, object]) -> ModelEntry:
    name = text_of(model.get("id"))
    windows = [window for key in _WINDOW_KEYS if (window := count_of(model.get(key)))]
    return ModelEntry(
        name=name,
        can_fim=True if family_of(name=name, metadata={}) else None,
        loaded=model.get("state") == "loaded",
        window_tokens=windows[0] if windows else None,
    )
