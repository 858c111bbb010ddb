"""OpenAI's chat completions, as servers on this machine speak them (llama.cpp, vLLM, LM Studio and the like).

What is not about doors holds for a vendor that speaks them, too.

Rules:
1. What a server does not take of the fields that are only wished for is left out from then on, and it is asked again.
2. What a model thought is no part of the text, whether the server tells it apart or not.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing

from hybrid_lsp.backends import llamacpp, openai
from hybrid_lsp.backends.chat import CONNECT_TIMEOUT_S, asked_by_person
from hybrid_lsp.backends.cloud import pieces_of
from hybrid_lsp.backends.local import ModelEntry, count_of, objects_in, text_of
from hybrid_lsp.backends.logprobs import Sureness
from hybrid_lsp.backends.openai_trouble import trouble_of
from hybrid_lsp.backends.thoughts import Thoughts
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason, Layout, ModelFacts, Piece
from hybrid_lsp.egress import LocalDoor

WISHES: Mapping[str, object] = {"stream_options": {"include_usage": True}, "logprobs": True}
"""What is asked for besides the answer."""
NO_THINKING: Mapping[str, object] = {"chat_template_kwargs": {"enable_thinking": False}}
"""Tells a model that can do without thoughts to; to others it says nothing."""

_OTHER_CAP = "max_completion_tokens"
_REASONS = {
    "stop": EndReason.DONE,
    "length": EndReason.LIMIT,
    "content_filter": EndReason.REFUSED,
}
_MOST_SAID = 500


class ChatFields:
    """The body of a question, as far as one server takes it."""

    def __init__(self, model: str, wishes: Mapping[str, object]) -> None:
        self._model = model
        self._wishes = dict(wishes)
        self._cap = "max_tokens"

    def asked(self, prompt: ChatPrompt, max_output_tokens: int) -> dict[str, object]:
        """Return the body."""
        return {
            "model": self._model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "stream": True,
            self._cap: max_output_tokens,
            **self._wishes,
        }

    def adapts(self, status: int, body: bytes, sent: Collection[str] = ()) -> bool:
        """Leave out, or rename, what an error names; return whether that changes anything.

        It does, too, where another question has found out meanwhile that what was `sent` is not taken.
        """
        if status not in (400, 422, 501):
            return False
        if set(sent) - {"model", "messages", "stream", self._cap, *self._wishes}:
            return True
        # A cap that a server does not know would be none: only one that it asks for by name is sent.
        if self._cap != _OTHER_CAP and _OTHER_CAP.encode() in body and b"context length" not in body:
            self._cap = _OTHER_CAP
            return True
        named = next((name for name in self._wishes if name.encode() in body), None)
        return self._wishes.pop(named, None) is not None if named else False


class ChatReading:
    """Makes an answer of chunks."""

    def __init__(self, trouble: Callable[[Mapping[str, object]], Trouble]) -> None:
        self.is_over = False
        self._trouble = trouble
        self._reason: EndReason | None = None
        self._usage: Mapping[str, object] = {}
        self._is_counted = False
        """Whether that is the last word: it came by itself, after the answer."""
        self._model = ""
        self._said = ""
        self._thoughts = Thoughts()
        self._sureness = Sureness()

    @property
    def is_whole(self) -> bool:
        """See `cloud.Reading`."""
        return self._reason is not None

    def text_in(self, event: Mapping[str, object]) -> str:
        """See `cloud.Reading`."""
        if event.get("error"):
            raise self._trouble(event)
        choices = objects_in(event.get("choices"))
        if usage := _object(event.get("usage")):
            self._usage, self._is_counted = usage, not choices
        self._model = text_of(event.get("model")) or self._model
        return self._text(choices[0]) if choices else ""

    def ending(self) -> Ending:
        """See `cloud.Reading`."""
        into, out = (_object(self._usage.get(f"{side}_tokens_details")) for side in ("prompt", "completion"))
        refused = self._said and self._reason is EndReason.DONE
        prompt, total = count_of(self._usage.get("prompt_tokens")), count_of(self._usage.get("total_tokens"))
        output = count_of(self._usage.get("completion_tokens"))
        if output is not None and prompt is not None and total is not None:
            # Some leave thoughts out of what they call the completion, and bill them.
            output = max(output, total - prompt)
        return Ending(
            reason=EndReason.REFUSED if refused else self._reason or EndReason.BROKEN_OFF,
            prompt_tokens=prompt,
            cached_tokens=count_of(into.get("cached_tokens")),
            cache_write_tokens=count_of(into.get("cache_write_tokens")),
            # Some count with every chunk: before an answer ends, only so far.
            output_tokens=output if self._is_counted or self._reason is not None else None,
            reasoning_tokens=count_of(out.get("reasoning_tokens")),
            answered_by=self._model,
            said=self._said,
            mean_logprob=self._sureness.mean,
            lowest_logprob=self._sureness.lowest,
        )

    def _text(self, choice: Mapping[str, object]) -> str:
        delta = _object(choice.get("delta"))
        self._said = (self._said + text_of(delta.get("refusal")))[:_MOST_SAID]
        self._sureness.add(objects_in(_object(choice.get("logprobs")).get("content")))
        text = self._thoughts.outside(text_of(delta.get("content")))
        if reason := text_of(choice.get("finish_reason")):
            self._reason = _REASONS.get(reason, EndReason.DONE)
            text += self._thoughts.rest()
        return text


class LocalChatModel:
    """One model of a server on this machine that speaks chat completions; a `LocalChat`."""

    def __init__(self, door: LocalDoor, facts: ModelFacts, *, wishes: Mapping[str, object]) -> None:
        self._door = door
        self._facts = facts
        self._fields = ChatFields(facts.name, {"temperature": 0, **wishes})

    @property
    def facts(self) -> ModelFacts:
        """See `chat.LocalChat`."""
        return self._facts

    async def ask(
        self, prompt: ChatPrompt, *, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See `chat.LocalChat`."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        sent = self._fields.asked(prompt, max_output_tokens)
        async with self._door.stream(
            f"{_root(self._door)}/chat/completions",
            sent,
            connect_timeout_s=min(CONNECT_TIMEOUT_S, deadline_s),
            first_byte_timeout_s=deadline_s,
            total_timeout_s=deadline_s,
        ) as stream:
            if stream.status == 200:
                async with aclosing(pieces_of(stream.lines(), ChatReading(self._said), self._door.where)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            body = await stream.body()
            if not self._fields.adapts(stream.status, body, sent):
                raise self._trouble(stream.status, body)
        left_s = until_s - asyncio.get_running_loop().time()
        async with aclosing(self.ask(prompt, max_output_tokens=max_output_tokens, deadline_s=left_s)) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """See `chat.LocalChat`."""
        await self._door.close()

    def _said(self, event: Mapping[str, object]) -> Trouble:
        code = count_of(_object(event.get("error")).get("code"))
        return self._trouble(code if code and 400 <= code < 600 else 500, json.dumps(event).encode())

    def _trouble(self, status: int, body: bytes) -> Trouble:
        return asked_by_person(trouble_of(self._door.where, self._facts.name, status, body), self._facts.name)


async def open_chat(door: LocalDoor, name: str | None = None) -> LocalChatModel:
    """Open a model of an OpenAI-compatible server, llama.cpp too: the one of that name, else the first.

    Raises `Trouble`: no such model, or no such server.
    """
    is_llamacpp = await openai.is_llamacpp(door)
    entries = await (llamacpp.describe(door) if is_llamacpp else openai.list_models(door))
    entry = next((one for one in entries if name in (None, one.name)), None)
    if entry is None:
        raise Trouble(TroubleKind.NO_MODEL, f"{door.where} has no model {name or 'at all'}; load it there.")
    return LocalChatModel(
        door, _facts(door, entry, "llama.cpp" if is_llamacpp else "openai-compatible"),
        wishes={**WISHES, **NO_THINKING} if is_llamacpp else WISHES,
    )  # fmt: skip


def _facts(door: LocalDoor, entry: ModelEntry, kind: str) -> ModelFacts:
    window = entry.window_tokens or openai.DEFAULT_WINDOW_TOKENS
    return ModelFacts(server=f"{kind} at {door.where}", name=entry.name, window_tokens=window, layout=Layout.SERVERS)


def _root(door: LocalDoor) -> str:
    return "" if door.address.path.endswith("/v1") else "/v1"


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
