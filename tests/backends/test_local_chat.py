"""Talking with models on this machine: text without thoughts, endings, one load for one model, nothing remote."""

import asyncio
import time
from contextlib import aclosing
from typing import Any

import pytest

from hybrid_lsp.backends import ollama, ollama_chat, openai_chat
from hybrid_lsp.backends.chat import LocalChat
from hybrid_lsp.backends.thoughts import Thoughts
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason, FimPrompt, Layout, Piece
from hybrid_lsp.egress import LocalDoor
from tests.doubles.llamacpp import READY, chat, serving
from tests.doubles.ollama import Installed, Line, OllamaDouble
from tests.doubles.ollama_chat import LOGPROB
from tests.doubles.openai_local import OpenAiDouble

QWEN = "qwen2.5-coder:1.5b-base"
SERVED = "Qwen/Qwen2.5-Coder-1.5B"
PROMPT = ChatPrompt(system="You are careful.", user="Fix x.")
MESSAGES = [{"role": "system", "content": "You are careful."}, {"role": "user", "content": "Fix x."}]


async def answer_of(model: LocalChat, *, most: int = 16, deadline_s: float = 5) -> list[Piece]:
    """A whole answer."""
    async with aclosing(model.ask(PROMPT, max_output_tokens=most, deadline_s=deadline_s)) as pieces:
        return [piece async for piece in pieces]


async def ollama_answer(double: OllamaDouble, name: str = QWEN, **wanted: Any) -> list[Piece]:
    """A whole answer of a freshly opened Ollama model."""
    model = await ollama_chat.open_chat(LocalDoor(double.url), name)
    try:
        return await answer_of(model, **wanted)
    finally:
        await model.close()


async def openai_answer(double: OpenAiDouble, name: str | None = None, **wanted: Any) -> list[Piece]:
    """A whole answer of a freshly opened model of a compatible server."""
    model = await openai_chat.open_chat(LocalDoor(double.url), name)
    try:
        return await answer_of(model, **wanted)
    finally:
        await model.close()


def text_of(pieces: list[Piece]) -> str:
    """The text of an answer."""
    return "".join(piece.text for piece in pieces)


async def test_ollama_is_asked_as_a_chat_and_answers_in_pieces() -> None:
    """The question is two messages with a cap, never cut; the answer tells counts and how sure the model was."""
    async with OllamaDouble() as double:
        pieces = await ollama_answer(double)
        asked = double.chats[0]

    ending = Ending(reason=EndReason.DONE, prompt_tokens=5, output_tokens=2, answered_by=QWEN, mean_logprob=LOGPROB,
                    lowest_logprob=LOGPROB)  # fmt: skip
    assert pieces == [Piece(text="return "), Piece(text="total"), Piece(ending=ending)]
    assert asked["messages"] == MESSAGES
    assert asked["options"] == {"num_ctx": 16_384, "num_predict": 16, "temperature": 0, "repeat_penalty": 1.0}
    assert (asked["model"], asked["truncate"], asked["keep_alive"]) == (f"{QWEN}:local", False, ollama.KEEP_ALIVE_S)


async def test_one_model_for_ghost_text_and_chat_is_loaded_once() -> None:
    """With ghost text's window, or once it is loaded, questions and ghost text take turns without a load between."""
    async with OllamaDouble() as double:
        door = LocalDoor(double.url)
        fim = await ollama.open_model(door, QWEN)
        talk = await ollama_chat.open_chat(door, QWEN, num_ctx=fim.facts.window_tokens)
        for _ in range(2):
            async with aclosing(
                fim.generate(FimPrompt(raw="x", before="x", after=""), max_tokens=4, deadline_s=5)
            ) as pieces:
                assert [piece async for piece in pieces]
            await answer_of(talk)
        later = await ollama_chat.open_chat(door, QWEN)
        await answer_of(later)
        await door.close()

        assert double.loads == 1
    assert talk.facts.window_tokens == later.facts.window_tokens == fim.facts.window_tokens
    assert talk.facts.layout is Layout.SERVERS


@pytest.mark.parametrize(
    ("model", "think"),
    [
        (Installed(name="chat:latest"), "absent"),
        (Installed(name="chat:latest", thinks=True), False),
        (Installed(name="chat:latest", thinks=True, thinking_values=(True, False)), False),
        (Installed(name="chat:latest", thinks=True, thinking_values=("low", "medium", "high")), "low"),
        (Installed(name="chat:latest", thinking_values=(False,)), False),
    ],
    ids=["no thoughts", "thinks", "switch", "levels", "told not to"],
)
async def test_as_few_thoughts_as_the_model_can_do_with(model: Installed, think: object) -> None:
    """Thinking is switched off, or set to its least, as the server says that it takes it; thoughts are no text."""
    async with OllamaDouble(models=(model,)) as double:
        pieces = await ollama_answer(double, "chat")

        assert double.chats[0].get("think", "absent") == think
    assert text_of(pieces) == "return total"


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "some:cloud", "big"])
async def test_ollama_models_that_run_elsewhere_are_refused(name: str) -> None:
    """By name before anything is sent, or by what the server says of it."""
    async with OllamaDouble(models=(Installed(name="big:latest", remote_host="https://ollama.com:443"),)) as double:
        with pytest.raises(Trouble, match="somebody else") as trouble:
            await ollama_answer(double, name)

        assert (double.proxied, double.chats) == (0, [])
    assert trouble.value.kind is TroubleKind.NOT_LOCAL


async def test_a_piece_from_elsewhere_ends_the_answer() -> None:
    """A server that only tells while it answers is left at once."""
    line = Line(extra={"remote_host": "https://ollama.com:443"})
    async with OllamaDouble(script=[line]) as double:
        with pytest.raises(Trouble) as trouble:
            await ollama_answer(double)

    assert trouble.value.kind is TroubleKind.NOT_LOCAL


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (Line(then="error"), TroubleKind.OFFLINE),
        (Line(then="cut"), TroubleKind.OFFLINE),
        (Line(then="garbage"), TroubleKind.NONSENSE),
        (Line(then="half"), TroubleKind.NONSENSE),
        (Line(then="hang"), TroubleKind.SLOW),
    ],
    ids=lambda each: each.then if isinstance(each, Line) else "",
)
async def test_what_goes_wrong_with_ollama_is_told(line: Line, kind: TroubleKind) -> None:
    """As for ghost text, each with its kind."""
    async with OllamaDouble(script=[line]) as double:
        with pytest.raises(Trouble) as trouble:
            await ollama_answer(double, deadline_s=0.3 if line.then == "hang" else 5)

    assert trouble.value.kind is kind


async def test_a_question_that_is_too_long_says_so_to_who_asked() -> None:
    """The sentence is about the question, and the numbers are the server's."""
    async with OllamaDouble(preloaded={QWEN: 4}) as double:
        with pytest.raises(Trouble, match="ask about a smaller part") as trouble:
            await ollama_answer(double)

    assert (trouble.value.kind, trouble.value.prompt_tokens, trouble.value.window_tokens) == (
        TroubleKind.OVERFLOW,
        5,
        4,
    )


@pytest.mark.parametrize(
    ("line", "most", "reason"),
    [
        (Line(), 1, EndReason.LIMIT),
        (Line(say=["a "] * 50), 99, EndReason.BROKEN_OFF),
        (Line(then="silent"), 16, EndReason.BROKEN_OFF),
    ],
)
async def test_every_way_that_ollama_ends_is_an_outcome(line: Line, most: int, reason: EndReason) -> None:
    """A cap ends an answer, and so does a model that repeats itself."""
    async with OllamaDouble(script=[line]) as double:
        ending = (await ollama_answer(double, most=most))[-1].ending

    assert ending is not None
    assert ending.reason is reason


@pytest.mark.parametrize(("name", "kind"), [("nobody", TroubleKind.NO_MODEL), ("embed", TroubleKind.NO_MODEL)])
async def test_what_cannot_be_talked_to_is_told_when_opened(name: str, kind: TroubleKind) -> None:
    """No such model, or one that writes nothing."""
    async with OllamaDouble(models=(Installed(name="embed:latest", writes=False),)) as double:
        with pytest.raises(Trouble) as trouble:
            await ollama_answer(double, name)

    assert trouble.value.kind is kind


async def test_a_compatible_server_is_asked_as_a_chat() -> None:
    """Cap, usage and log-probabilities are asked for; the first model is taken where none is named."""
    async with OpenAiDouble(reasoning=("Hm.",)) as double:
        pieces = await openai_answer(double)
        asked = double.chats[0]

    ending = Ending(reason=EndReason.DONE, prompt_tokens=9, cached_tokens=1, output_tokens=3, answered_by=SERVED,
                    mean_logprob=-0.25, lowest_logprob=-0.25)  # fmt: skip
    assert pieces == [Piece(text="return "), Piece(text="total"), Piece(ending=ending)]
    assert asked == {
        "model": SERVED, "messages": MESSAGES, "stream": True, "max_tokens": 16, "temperature": 0, "logprobs": True,
        "stream_options": {"include_usage": True},
    }  # fmt: skip


@pytest.mark.parametrize("fields", [("logprobs",), ("stream_options",), ("logprobs", "stream_options", "temperature")])
async def test_what_a_server_does_not_take_is_left_out(fields: tuple[str, ...]) -> None:
    """A field that is only wished for costs one question each, once; the answer comes without it."""
    async with OpenAiDouble(takes_not=fields) as double:
        model = await openai_chat.open_chat(LocalDoor(double.url))
        answers = [text_of(await answer_of(model)) for _ in range(2)]
        await model.close()

        assert len(double.chats) == len(fields) + 2
    assert answers == ["return total"] * 2


async def test_two_questions_at_once_find_out_together_what_a_server_does_not_take() -> None:
    """Whoever is told second what the first has mended already asks again, too."""
    async with OpenAiDouble(takes_not=("logprobs", "stream_options")) as double:
        model = await openai_chat.open_chat(LocalDoor(double.url))
        answers = await asyncio.gather(*(answer_of(model) for _ in range(3)))
        await model.close()
    assert [text_of(pieces) for pieces in answers] == ["return total"] * 3


async def test_an_overflow_is_no_field_to_leave_out() -> None:
    """An error that names the cap beside the window is told, and the cap stays."""
    said = "'max_tokens' or 'max_completion_tokens' is too large. This model's maximum context length is 4096 tokens"
    async with OpenAiDouble(status=400, error={"error": {"message": said}}) as double:
        with pytest.raises(Trouble, match="smaller part") as trouble:
            await openai_answer(double)

        assert len(double.chats) == 1
    assert (trouble.value.kind, trouble.value.window_tokens) == (TroubleKind.OVERFLOW, 4096)


@pytest.mark.parametrize(
    ("double", "kind"),
    [
        (OpenAiDouble(status=503, error={"error": {"message": "Loading model"}}), TroubleKind.LOADING),
        (OpenAiDouble(status=429, error={}), TroubleKind.BUSY),
        (OpenAiDouble(status=500, error={}), TroubleKind.OFFLINE),
        (OpenAiDouble(error_in_stream={"error": {"message": "boom", "code": 500}}), TroubleKind.OFFLINE),
        (OpenAiDouble(error_in_stream={"error": "boom"}), TroubleKind.OFFLINE),
    ],
    ids=["loading", "busy", "failed", "in the stream", "a text in the stream"],
)
async def test_what_goes_wrong_with_a_compatible_server_is_told(double: OpenAiDouble, kind: TroubleKind) -> None:
    """Also within a stream."""
    async with double:
        with pytest.raises(Trouble) as trouble:
            await openai_answer(double)

    assert trouble.value.kind is kind


@pytest.mark.parametrize(
    ("double", "reason"),
    [
        (OpenAiDouble(finish_reason="length"), EndReason.LIMIT),
        (OpenAiDouble(finish_reason=None, sends_done=False), EndReason.BROKEN_OFF),
        (OpenAiDouble(finish_reason="content_filter"), EndReason.REFUSED),
        (OpenAiDouble(finish_reason="eos"), EndReason.DONE),
    ],
    ids=["length", "silent", "filter", "another"],
)
async def test_every_way_that_a_chat_ends_is_an_outcome(double: OpenAiDouble, reason: EndReason) -> None:
    """By the reason that it gives, or by giving none."""
    async with double:
        ending = (await openai_answer(double))[-1].ending

    assert ending is not None
    assert ending.reason is reason


async def test_a_model_that_is_not_there_is_told_when_opened() -> None:
    """The sentence names it."""
    async with OpenAiDouble() as double:
        with pytest.raises(Trouble, match="nobody") as trouble:
            await openai_answer(double, "nobody")

    assert trouble.value.kind is TroubleKind.NO_MODEL


async def test_llamacpp_is_talked_to_in_the_same_dialect() -> None:
    """With its real window, thoughts switched off, and thoughts that come all the same told apart."""
    async with serving({**READY, "/v1/chat/completions": chat("return ", "total", reasoning="Hm.")}) as server:
        model = await openai_chat.open_chat(LocalDoor(server.url))
        pieces = await answer_of(model)
        await model.close()
        asked = next(one.json for one in server.asked if one.path == "/v1/chat/completions")

    assert (model.facts.window_tokens, model.facts.server) == (4096, f"llama.cpp at 127.0.0.1:{server.port}")
    assert text_of(pieces) == "return total"
    assert pieces[-1].ending == Ending(
        reason=EndReason.DONE, prompt_tokens=20, cached_tokens=12, output_tokens=7, answered_by="some.gguf"
    )
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert "id_slot" not in asked


async def test_who_stops_listening_stops_the_model() -> None:
    """Closing the answer closes the connection, whichever the server."""
    async with serving({**READY, "/v1/chat/completions": chat("return ", hangs=True)}) as server:
        model = await openai_chat.open_chat(LocalDoor(server.url))
        async with aclosing(model.ask(PROMPT, max_output_tokens=9, deadline_s=5)) as pieces:
            assert (await anext(pieces)).text == "return "
            left_at = time.monotonic()
        async with asyncio.timeout(2):
            await server.hung_up.wait()
        await model.close()

    assert server.hung_up_at[-1] - left_at < 0.5


THOUGHTS = [
    ("return total", "return total"),
    ("<think>Hm.</think>return", "return"),
    ("\n<think>\nHm.\n</think>\n\n  return x", "  return x"),
    ("<think></think>", ""),
    ("<think>never ends", ""),
    ("<thin", "<thin"),
    ("<thinker>", "<thinker>"),
    ("  x = '<think>a</think>'", "  x = '<think>a</think>'"),
    ("<think>a</think>b<think>c</think>", "b<think>c</think>"),
    ("\n\n", "\n\n"),
    ("", ""),
]


@pytest.mark.parametrize(("whole", "answer"), THOUGHTS)
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_thoughts_at_the_beginning_are_taken_out(whole: str, answer: str, size: int) -> None:
    """However the text is cut; the same words later are code."""
    thoughts = Thoughts()
    parts = [thoughts.outside(whole[at : at + size]) for at in range(0, len(whole), size)]

    assert "".join(parts) + thoughts.rest() == answer
