"""A model behind llama.cpp's own HTTP server, whoever started it.

Rules:
1. A stream is always asked for, as only then does closing the connection stop the model at once: without one, and while
   it reads the prompt, llama.cpp looks once a second whether somebody is still there. For the same reason `/slots` is
   never asked: each answer begins that second anew.
2. The prompt is ours wherever the model's tokens are known, sent to `/completion`. `/infill` puts the current line in
   front of the suffix, so that each keystroke would have the whole suffix read again.
3. All completions go to one slot, where the prompt before this one is still in memory.
4. A connection is left before its stream ends: llama.cpp hangs up after each, without saying so beforehand (no
   `Connection: close`), and now and then the next question on it would be lost.
5. `response_fields` is never sent: it takes the mark off the last event of a stream.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import PurePosixPath, PureWindowsPath

from hybrid_lsp.backends.local import ModelEntry, count_of, json_object, objects_in, text_of
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.fim import FAMILIES, Family, family_of, why_not
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, ModelFacts, Piece
from hybrid_lsp.egress import LocalDoor

QUESTION_TIMEOUT_S = 5.0
"""For what needs no inference: llama.cpp answers in a millisecond even while it writes."""
_CONNECT_TIMEOUT_S = 2.0
_SLOT = 0


async def describe(door: LocalDoor) -> list[ModelEntry]:
    """Return what the server says it has: one model, as a rule. Raises `Trouble`.

    Whether a model fills in the middle is not in the list; `open_model` finds out.
    """
    return await _listed(door, await _get(door, "/props"))


async def open_model(door: LocalDoor, name: str | None = None) -> "LlamaModel":
    """Return the model by one of the names that `describe` gave, or without a name the one that the server has.

    Raises `Trouble`: `NO_MODEL` when the server has no model of that name, `NO_FIM` when it cannot fill in the middle.
    """
    props = await _get(door, "/props")
    entries = await _listed(door, props)
    entry = next((one for one in entries if name in (None, one.name)), None)
    if entry is None:
        has = ", ".join(one.name for one in entries) or "none"
        raise Trouble(
            TroubleKind.NO_MODEL, f"{name or 'A model'} is not at {door.where}, which has {has}; name another."
        )
    if entry.window_tokens is None:
        raise Trouble(TroubleKind.NONSENSE, f"{door.where} does not say how long a prompt may be; is it llama.cpp?")
    family = await _family(door, entry.name, props)
    if family is None:
        await _require_infill(door, entry.name)
    facts = ModelFacts(
        server=f"llama.cpp at {door.where}",
        name=entry.name,
        window_tokens=entry.window_tokens,
        layout=Layout.SERVERS if family is None else Layout.OURS,
        family="" if family is None else family.name,
    )
    return LlamaModel(door, facts)


class LlamaModel:
    """One model on a llama.cpp server; a `LocalModel`."""

    def __init__(self, door: LocalDoor, facts: ModelFacts) -> None:
        self._door = door
        self._facts = facts

    @property
    def facts(self) -> ModelFacts:
        """What is known of it, as found when it was opened."""
        return self._facts

    async def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """Yield the likeliest answer as it comes, always the same for the same prompt; the last piece has the ending.

        Raises `Trouble`, before the first piece or after some. `aclose()` closes the connection: within milliseconds a
        model that is writing stops, within about a second one that is reading the prompt (llama.cpp looks no oftener).
        """
        ours = self._facts.layout is Layout.OURS
        async with self._door.stream(
            "/completion" if ours else "/infill",
            _wanted(prompt, ours=ours, max_tokens=max_tokens, deadline_s=deadline_s),
            connect_timeout_s=min(_CONNECT_TIMEOUT_S, deadline_s),
            first_byte_timeout_s=deadline_s,
            total_timeout_s=deadline_s,
        ) as stream:
            if stream.status != 200:
                raise _trouble(self._door.where, stream.status, await stream.body())
            text, ending = "", None
            async for line in stream.lines():
                if (event := _event(line, self._door.where)) is None:
                    continue
                text, ending = text_of(event.get("content")), _ending(event)
                if ending is not None:
                    break
                if text:
                    yield Piece(text=text)
        yield Piece(text=text, ending=ending) if ending else Piece(ending=Ending(reason=EndReason.BROKEN_OFF))

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """Have the server read `prompt`, so that of the next one only what differs is read. Raises `Trouble`."""
        async for _ in self.generate(prompt, max_tokens=0, deadline_s=deadline_s):
            pass

    async def close(self) -> None:
        """Close the connections. The server goes on."""
        await self._door.close()


def _wanted(prompt: FimPrompt, *, ours: bool, max_tokens: int, deadline_s: float) -> dict[str, object]:
    asked = {"prompt": prompt.raw} if ours else {"input_prefix": prompt.before, "input_suffix": prompt.after}
    return {
        **asked,
        "n_predict": max_tokens,
        "temperature": 0,
        "stop": list(prompt.stop),
        "stream": True,
        "cache_prompt": True,
        "id_slot": _SLOT,
        # Only a second string to closing the connection: llama.cpp counts it from the first line break on.
        "t_max_predict_ms": max(1, int(deadline_s * 1000)),
    }


def _event(line: bytes, where: str) -> Mapping[str, object] | None:
    """Return what a line of a stream says, or None when it says nothing; raise what it says is the matter."""
    if not line or line.startswith(b":"):
        return None
    field, _, content = line.partition(b":")
    if field not in (b"data", b"error"):
        raise Trouble(TroubleKind.NONSENSE, f"What {where} answers is not a stream of llama.cpp; is it one?")
    event = json_object(content, where)
    if field == b"error" or "error" in event:
        raise _trouble(where, 200, content)
    return event


def _ending(event: Mapping[str, object]) -> Ending | None:
    if event.get("stop") is not True:
        return None
    timings = event.get("timings")
    return Ending(
        reason=EndReason.LIMIT if event.get("stop_type") == "limit" else EndReason.DONE,
        prompt_tokens=count_of(event.get("tokens_evaluated")),
        cached_tokens=count_of(timings.get("cache_n")) if isinstance(timings, dict) else None,
        output_tokens=count_of(event.get("tokens_predicted")),
    )


async def _listed(door: LocalDoor, props: Mapping[str, object]) -> list[ModelEntry]:
    models = objects_in((await _get(door, "/v1/models")).get("data"))
    return [_entry(model, _window_of(props)) for model in models if text_of(model.get("id"))]


def _entry(model: Mapping[str, object], window_tokens: int | None) -> ModelEntry:
    status, meta = model.get("status"), model.get("meta")
    return ModelEntry(
        name=_plain(text_of(model.get("id"))),
        loaded=not isinstance(status, dict) or status.get("value") == "loaded",
        size_bytes=count_of(meta.get("size")) if isinstance(meta, dict) else None,
        window_tokens=window_tokens,
    )


def _plain(name: str) -> str:
    """Take the folder off a model's path: a server without an alias for its model names it by that."""
    return next((path.name for path in (PurePosixPath(name), PureWindowsPath(name)) if path.is_absolute()), name)


def _window_of(props: Mapping[str, object]) -> int | None:
    """Return what one slot holds: what was set up for the server is shared among its slots."""
    settings = props.get("default_generation_settings")
    return count_of(settings.get("n_ctx")) or None if isinstance(settings, dict) else None


async def _family(door: LocalDoor, name: str, props: Mapping[str, object]) -> Family | None:
    """Return whose prompt the model knows, or None when that is not sure or its tokens are none here."""
    said = {"chat_template": text_of(props.get("chat_template"))}
    if (family := family_of(name=name, metadata=said)) is not None:
        return family if await _knows(door, family.marks) else None
    marks = dict.fromkeys(family.marks for family in FAMILIES.values())
    known = [" ".join(each) for each in marks if await _knows(door, each)]
    return family_of(name=name, metadata={**said, "fim_tokens": "\n".join(known)})


async def _knows(door: LocalDoor, marks: tuple[str, ...]) -> bool:
    """Whether each mark is one token, and so together they are no more than they are."""
    wanted = {"content": "".join(marks), "parse_special": True}
    answer = await door.post("/tokenize", wanted, timeout_s=QUESTION_TIMEOUT_S)
    found = _object(door, answer.status, answer.body).get("tokens")
    return isinstance(found, list) and len(found) == sum(map(bool, marks))


async def _require_infill(door: LocalDoor, name: str) -> None:
    nothing = {"input_prefix": "", "input_suffix": "", "n_predict": 0, "id_slot": _SLOT}
    answer = await door.post("/infill", nothing, timeout_s=QUESTION_TIMEOUT_S)
    if answer.status == 501:
        raise Trouble(TroubleKind.NO_FIM, why_not(name) or f"{name} lacks the tokens to fill in the middle; {_USE}.")
    _object(door, answer.status, answer.body)


async def _get(door: LocalDoor, path: str) -> dict[str, object]:
    answer = await door.get(path, timeout_s=QUESTION_TIMEOUT_S)
    return _object(door, answer.status, answer.body)


def _object(door: LocalDoor, status: int, body: bytes) -> dict[str, object]:
    if status != 200:
        raise _trouble(door.where, status, body)
    return json_object(body, door.where)


def _trouble(where: str, status: int, body: bytes) -> Trouble:
    """Say what an error of llama.cpp means. Its own words are left out: some repeat what was sent."""
    error = _error_in(body)
    code = count_of(error.get("code")) or status
    prompt_tokens, window_tokens = count_of(error.get("n_prompt_tokens")), count_of(error.get("n_ctx"))
    if error.get("type") == "exceed_context_size_error":
        sentence = (
            f"The prompt has {prompt_tokens} tokens, and llama.cpp at {where} was started for {window_tokens}; "
            "start it with a larger --ctx-size."
        )
        return Trouble(TroubleKind.OVERFLOW, sentence, prompt_tokens=prompt_tokens, window_tokens=window_tokens)
    kind, what = _MEANINGS.get(code, (TroubleKind.NONSENSE, f"answered with the error {code}; see its log."))
    return Trouble(kind, f"llama.cpp at {where} {what}")


def _error_in(body: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = answer.get("error", answer) if isinstance(answer, dict) else {}
    return error if isinstance(error, dict) else {}


_USE = "give llama.cpp a model that can, as qwen2.5-coder"
_MEANINGS = {
    401: (TroubleKind.BAD_KEY, "does not accept the key; set the one that it was started with (--api-key)."),
    404: (TroubleKind.NONSENSE, "does not know what is asked for; is it llama.cpp, and up to date?"),
    429: (TroubleKind.BUSY, "has too much to do; try again in a moment."),
    501: (TroubleKind.NO_FIM, f"has a model that cannot fill in the middle; {_USE}."),
    503: (TroubleKind.LOADING, "is still loading its model; try again in a moment."),
}
