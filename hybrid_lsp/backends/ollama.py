"""Ollama on the wire: its list of models, one model opened to fill in the middle, and what it says when it cannot.

Rules:
1. A model that Ollama would have run by somebody else is refused: by its name before anything is sent, by what the
   server says of it, and by what any piece of an answer says.
2. Every request for a model carries the same runner options, or Ollama would load it anew for each.
3. A prompt is never cut by the server: what is too long is refused, and `Trouble` says how long it was.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from hybrid_lsp.backends.local import ModelEntry, count_of, json_object, objects_in, text_of
from hybrid_lsp.backends.ollama_trouble import full_name, is_cloud_name, is_remote, no_model, not_local, trouble_of
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.fim import Family, family_of, why_not
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, ModelFacts, Piece
from hybrid_lsp.egress import Answer, LocalDoor

NUM_CTX = 4096
"""What prompt and answer may hold where the model is not loaded yet: Ollama's own default on most machines, so that a
chat beside us need not load the model anew, and more than ghost text asks for."""
KEEP_ALIVE_S = 1800
"""How long the model stays in memory after a request: a person reads for longer than Ollama's own five minutes."""
ASK_TIMEOUT_S = 5.0
"""For what Ollama answers without a model."""
CONNECT_TIMEOUT_S = 2.0

_REASONS = {"stop": EndReason.DONE, "length": EndReason.LIMIT}


class OllamaModel:
    """One model of an Ollama server, opened to fill in the middle."""

    def __init__(self, door: LocalDoor, facts: ModelFacts, *, wire_name: str, thinks: bool) -> None:
        self._door = door
        self._facts = facts
        self._wire_name = wire_name
        self._thinks = thinks

    @property
    def facts(self) -> ModelFacts:
        """See `local.LocalModel`."""
        return self._facts

    async def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """See `local.LocalModel`."""
        async with self._door.stream(
            "/api/generate",
            self._asked(prompt, max_tokens),
            connect_timeout_s=min(CONNECT_TIMEOUT_S, deadline_s),
            first_byte_timeout_s=deadline_s,
            total_timeout_s=deadline_s,
        ) as stream:
            if stream.status != 200:
                raise trouble_of(self._door.where, self._facts.name, stream.status, await stream.body())
            async for line in stream.lines():
                piece = self._piece(line)
                if piece.ending:
                    stream.finish()
                    yield piece
                    return
                if piece.text:
                    yield piece
        # Ollama ends a stream without a word once a model has said the same token 31 times.
        yield Piece(ending=Ending(reason=EndReason.BROKEN_OFF))

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """See `local.LocalModel`. One token is made and thrown away: to older runners, none means no limit."""
        async with aclosing(self.generate(prompt, max_tokens=1, deadline_s=deadline_s)) as pieces:
            async for _ in pieces:
                pass

    async def close(self) -> None:
        """See `local.LocalModel`."""
        await self._door.close()

    def _asked(self, prompt: FimPrompt, max_tokens: int) -> dict[str, object]:
        asked: dict[str, object] = {
            "model": self._wire_name,
            "stream": True,
            "truncate": False,
            "keep_alive": KEEP_ALIVE_S,
            "options": {
                "num_ctx": self._facts.window_tokens,
                "num_predict": max_tokens,
                "temperature": 0,
                # Code repeats itself; Ollama's default would have it avoid that.
                "repeat_penalty": 1.0,
                "stop": list(prompt.stop),
            },
        }
        # An empty prompt only loads the model, and an empty suffix makes an instruct model chat.
        if self._facts.layout is Layout.OURS:
            asked |= {"prompt": prompt.raw or "\n", "raw": True}
        else:
            asked |= {"prompt": prompt.before or "\n", "suffix": prompt.after or "\n"}
        if self._thinks:
            asked["think"] = False
        return asked

    def _piece(self, line: bytes) -> Piece:
        if not line.strip():
            return Piece()
        said = json_object(line, self._door.where)
        if is_remote(said):
            raise not_local(self._facts.name)
        if error := said.get("error"):
            raise trouble_of(self._door.where, self._facts.name, 400, json.dumps({"error": error}).encode())
        return Piece(text=text_of(said.get("response")), ending=_ending(said) if said.get("done") is True else None)


async def is_ollama(door: LocalDoor, *, timeout_s: float = ASK_TIMEOUT_S) -> bool:
    """Return whether an Ollama server answers there. Raises `Trouble` when nobody does."""
    answer = await door.get("/", timeout_s=timeout_s)
    return answer.status == 200 and answer.body.strip() == b"Ollama is running"


async def list_models(door: LocalDoor, *, timeout_s: float = ASK_TIMEOUT_S) -> list[ModelEntry]:
    """Return what the server has, in its order; models that somebody else would run have a `refusal`.

    Raises `Trouble`.
    """
    listed = await _get(door, "/api/tags", timeout_s)
    loaded = await _windows(door, timeout_s)
    return [_entry(model, loaded) for model in objects_in(listed.get("models")) if text_of(model.get("name"))]


async def open_model(door: LocalDoor, name: str, *, prefer: Layout = Layout.OURS) -> OllamaModel:
    """Open the model of that name; it is not loaded yet.

    A model whose template takes a suffix and whose tokens we know could have either layout: it gets `prefer`. Raises
    `Trouble`: no such model, not run on this machine, or no filling in the middle, each with the way out.
    """
    name = full_name(name)
    if is_cloud_name(name):
        raise not_local(name)
    version = text_of((await _get(door, "/api/version", ASK_TIMEOUT_S)).get("version"))
    listed = (await _get(door, "/api/tags", ASK_TIMEOUT_S)).get("models")
    found = [model for model in objects_in(listed) if name in (model.get("name"), model.get("model"))]
    if not found:
        raise no_model(name)
    shown = _object(door, name, await door.post("/api/show", {"model": name}, timeout_s=ASK_TIMEOUT_S))
    if is_remote(found[0]) or is_remote(shown):
        raise not_local(name)
    family = _family(name, shown)
    inserts = _inserts(shown)
    if not inserts and (family is None or not _completes(shown)):
        raise Trouble(
            TroubleKind.NO_FIM, why_not(name) or f"{name} cannot fill in the middle; use a model made for it."
        )
    ours = family is not None and not (inserts and prefer is Layout.SERVERS)
    facts = ModelFacts(
        server=f"ollama {version} at {door.where}".replace("  ", " "),
        name=name,
        window_tokens=(await _windows(door, ASK_TIMEOUT_S)).get(name) or _own_window(shown),
        layout=Layout.OURS if ours else Layout.SERVERS,
        family=family.name if ours and family else "",
    )
    thinks = "thinking" in _capabilities(shown)
    return OllamaModel(door, facts, wire_name=await _guarded_name(door, name), thinks=thinks)


async def _get(door: LocalDoor, path: str, timeout_s: float) -> dict[str, object]:
    return _object(door, "a model", await door.get(path, timeout_s=timeout_s))


def _object(door: LocalDoor, name: str, answer: Answer) -> dict[str, object]:
    if answer.status != 200:
        raise trouble_of(door.where, name, answer.status, answer.body)
    return json_object(answer.body, door.where)


async def _windows(door: LocalDoor, timeout_s: float) -> dict[str, int]:
    """How much each loaded model has really been given room for; 0, or nothing, where an old server does not say."""
    answer = await door.get("/api/ps", timeout_s=timeout_s)
    if answer.status == 404:
        return {}
    running = _object(door, "a model", answer)
    return {
        text_of(model.get("name")): count_of(model.get("context_length")) or 0
        for model in objects_in(running.get("models"))
    }


async def _guarded_name(door: LocalDoor, name: str) -> str:
    """The name by which a server that knows `:local` promises to run it here; the plain one for an older server."""
    guarded = f"{name}:local"
    answer = await door.post("/api/show", {"model": guarded}, timeout_s=ASK_TIMEOUT_S)
    return guarded if answer.status == 200 else name


def _entry(model: Mapping[str, object], loaded: Mapping[str, int]) -> ModelEntry:
    name = text_of(model.get("name"))
    remote = is_cloud_name(name) or is_remote(model)
    can_fim = _inserts(model) or family_of(name=name, metadata={}) is not None
    return ModelEntry(
        name=name,
        can_fim=True if can_fim else None,
        loaded=name in loaded,
        size_bytes=count_of(model.get("size")),
        window_tokens=loaded.get(name) or None,
        refusal=str(not_local(name)) if remote else "",
    )


def _capabilities(said: Mapping[str, object]) -> list[object]:
    found = said.get("capabilities")
    return found if isinstance(found, list) else []


def _inserts(said: Mapping[str, object]) -> bool:
    """Whether the server builds the prompt; one from before it told capabilities shows it by the template."""
    return "insert" in _capabilities(said) or (not _capabilities(said) and ".Suffix" in text_of(said.get("template")))


def _completes(shown: Mapping[str, object]) -> bool:
    return not _capabilities(shown) or "completion" in _capabilities(shown)


def _family(name: str, shown: Mapping[str, object]) -> Family | None:
    metadata = {key: value for key, value in _metadata(shown).items() if isinstance(value, str)}
    return family_of(name=name, metadata=metadata | {"template": text_of(shown.get("template"))})


def _metadata(shown: Mapping[str, object]) -> dict[str, object]:
    told = shown.get("model_info")
    return told if isinstance(told, dict) else {}


def _own_window(shown: Mapping[str, object]) -> int:
    limits = [count_of(value) for key, value in _metadata(shown).items() if key.endswith(".context_length")]
    return min([NUM_CTX, *(limit for limit in limits if limit)])


def _ending(said: Mapping[str, object]) -> Ending:
    return Ending(
        reason=_REASONS.get(text_of(said.get("done_reason")), EndReason.DONE),
        prompt_tokens=count_of(said.get("prompt_eval_count")),
        output_tokens=count_of(said.get("eval_count")),
    )
