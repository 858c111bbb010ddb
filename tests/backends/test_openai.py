"""Servers that speak OpenAI's completions: the stream, what they take, what they tell, what goes wrong."""

import asyncio
import json
import time
from contextlib import aclosing

import pytest

from hybrid_lsp.backends import openai
from hybrid_lsp.backends.openai_trouble import trouble_of
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, Piece
from hybrid_lsp.egress import LocalDoor
from tests.doubles.openai_local import OpenAiDouble

QWEN = "Qwen/Qwen2.5-Coder-1.5B"
UNKNOWN = ({"id": "my-own-model"},)
PROMPT = FimPrompt(raw="<|fim_prefix|>a b c<|fim_middle|>", before="def f(", after="):\n", stop=("\n\n",))


async def pieces_of(
    double: OpenAiDouble, name: str | None = None, *, prompt: FimPrompt = PROMPT, deadline_s: float = 5, path: str = ""
) -> list[Piece]:
    """A whole answer of a freshly opened model."""
    door = LocalDoor(double.url + path, key=double.key or None)
    try:
        model = await openai.open_model(door, name)
        async with aclosing(model.generate(prompt, max_tokens=16, deadline_s=deadline_s)) as answer:
            return [piece async for piece in answer]
    finally:
        await door.close()


async def facts_of(double: OpenAiDouble, name: str | None = None) -> openai.ModelFacts:
    """What is known of a model once it is opened."""
    door = LocalDoor(double.url)
    try:
        return (await openai.open_model(door, name)).facts
    finally:
        await door.close()


async def trouble_with(double: OpenAiDouble, name: str | None = None) -> Trouble:
    """What is the matter when a model is opened and asked."""
    with pytest.raises(Trouble) as trouble:
        await pieces_of(double, name)
    return trouble.value


@pytest.mark.parametrize("path", ["", "/v1"])
async def test_an_answer_comes_in_pieces_with_what_it_took(path: str) -> None:
    """Text comes as it is streamed, the last piece tells why and how much; the address may end in /v1."""
    async with OpenAiDouble() as double:
        pieces = await pieces_of(double, path=path)

    ending = Ending(reason=EndReason.DONE, prompt_tokens=3, cached_tokens=1, output_tokens=2)
    assert pieces == [Piece(text="return "), Piece(text="total"), Piece(ending=ending)]


async def test_a_known_family_gets_our_own_prompt() -> None:
    """Where we know the model's tokens it gets the raw prompt and no suffix, with the window that the server tells."""
    async with OpenAiDouble() as double:
        await pieces_of(double)
        facts = await facts_of(double)

    asked = double.completions[0]
    assert (asked["prompt"], asked["model"], asked["stop"]) == (PROMPT.raw, QWEN, ["\n\n"])
    assert (asked["stream"], asked["max_tokens"], "suffix" in asked) == (True, 16, False)
    assert (facts.layout, facts.window_tokens, facts.family != "") == (Layout.OURS, 8192, True)
    assert facts.server == f"openai-compatible at 127.0.0.1:{double.server.port}"


async def test_a_suffix_is_sent_where_it_was_seen_to_be_read() -> None:
    """A model whose tokens we do not know gets prefix and suffix, once the prompt was seen to grow by a suffix."""
    async with OpenAiDouble(models=UNKNOWN, suffix="reads") as double:
        pieces = await pieces_of(double)

    asked = double.completions[-1]
    assert (asked["prompt"], asked["suffix"]) == (PROMPT.before, PROMPT.after)
    assert pieces[0].text == "return "


@pytest.mark.parametrize("suffix", ["refuses", "ignores"])
async def test_a_suffix_that_is_refused_or_ignored_is_no_fim(suffix: str) -> None:
    """A server that takes the field and does nothing with it is not fooled by."""
    async with OpenAiDouble(models=UNKNOWN, suffix=suffix) as double:
        assert (await trouble_with(double)).kind is TroubleKind.NO_FIM


async def test_llamacpp_is_told_to_be_asked_in_its_own_dialect() -> None:
    """A llama.cpp server is recognised and not opened in this dialect."""
    async with OpenAiDouble(llamacpp=True) as double:
        trouble = await trouble_with(double)

    assert trouble.kind is TroubleKind.NONSENSE
    assert "llamacpp" in str(trouble)
    assert double.completions == []


@pytest.mark.parametrize(
    ("told", "window"),
    [
        ({"max_model_len": 16384}, 16384),
        ({"context_length": 2048}, 2048),
        ({"loaded_context_length": 8000, "max_context_length": 32768}, 8000),
        ({}, 4096),
    ],
)
async def test_the_window_is_what_the_server_tells(told: dict[str, int], window: int) -> None:
    """Each server's own word for the window is read; without one there is a stated default."""
    async with OpenAiDouble(models=[{"id": QWEN, **told}]) as double:
        assert (await facts_of(double)).window_tokens == window


async def test_the_first_model_that_fills_in_is_taken() -> None:
    """Without a name, a model whose tokens we know goes before the server's first one; a name is taken as it is."""
    models = [{"id": "llama-3.2-3b-instruct"}, {"id": QWEN}]
    async with OpenAiDouble(models=models) as double:
        assert (await facts_of(double)).name == QWEN
        assert (await trouble_with(double, "nobody")).kind is TroubleKind.NO_MODEL
    async with OpenAiDouble(models=[]) as double:
        assert (await trouble_with(double)).kind is TroubleKind.NO_MODEL


async def test_a_server_without_stream_options_is_asked_without() -> None:
    """A server that refuses to tell the usage is asked again without, and keeps being asked so."""
    async with OpenAiDouble(takes_stream_options=False) as double:
        door = LocalDoor(double.url)
        model = await openai.open_model(door)
        for _ in range(2):
            async with aclosing(model.generate(PROMPT, max_tokens=4, deadline_s=5)) as answer:
                pieces = [piece async for piece in answer]
        await model.close()

    assert pieces[-1].ending == Ending(reason=EndReason.DONE)
    assert ["stream_options" in asked for asked in double.completions] == [True, False, False]


@pytest.mark.parametrize(
    ("finish", "sends_done", "reason"),
    [
        ("length", True, EndReason.LIMIT),
        ("stop", False, EndReason.DONE),
        (None, False, EndReason.BROKEN_OFF),
        ("eos", True, EndReason.DONE),
    ],
)
async def test_why_an_answer_ended_is_told(finish: str | None, sends_done: bool, reason: EndReason) -> None:
    """The reason is the server's; a stream that ends without any has broken off."""
    async with OpenAiDouble(finish_reason=finish, sends_done=sends_done) as double:
        ending = (await pieces_of(double))[-1].ending

    assert ending is not None
    assert ending.reason is reason


async def test_an_error_in_the_stream_is_trouble() -> None:
    """An error event after the first pieces is trouble, not text."""
    async with OpenAiDouble(error_in_stream={"error": {"message": "engine died"}}) as double:
        assert (await trouble_with(double)).kind is TroubleKind.OFFLINE


async def test_a_key_goes_along() -> None:
    """With the key the server answers; without it the trouble says that another key is wanted."""
    async with OpenAiDouble(key="sesame") as double:
        assert (await pieces_of(double))[0].text == "return "
        with pytest.raises(Trouble) as trouble:
            await facts_of(double)

    assert trouble.value.kind is TroubleKind.BAD_KEY


async def test_warming_asks_for_one_token() -> None:
    """A warm-up sends the whole prompt and asks for the least that every server makes."""
    async with OpenAiDouble() as double:
        model = await openai.open_model(LocalDoor(double.url))
        await model.warm(PROMPT, deadline_s=5)
        await model.close()

    assert (double.completions[0]["prompt"], double.completions[0]["max_tokens"]) == (PROMPT.raw, 1)


async def test_closing_stops_the_server_within_50_ms() -> None:
    """An answer that is closed closes the connection at once."""
    async with OpenAiDouble(say=["w "] * 500, token_s=0.01) as double:
        model = await openai.open_model(LocalDoor(double.url))
        answer = model.generate(PROMPT, max_tokens=500, deadline_s=5)
        await anext(answer)
        left = time.monotonic()
        await answer.aclose()
        async with asyncio.timeout(1):
            await double.server.hung_up.wait()
        await model.close()

    assert double.server.hung_up_at[0] - left < 0.05


async def test_a_deadline_ends_an_answer() -> None:
    """A server that writes too slowly is slow at the deadline."""
    async with OpenAiDouble(say=["w "] * 500, token_s=0.05) as double:
        with pytest.raises(Trouble) as trouble:
            await pieces_of(double, deadline_s=0.2)

    assert trouble.value.kind is TroubleKind.SLOW


@pytest.mark.parametrize(
    ("status", "body", "kind", "tokens"),
    [
        (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5016 tokens (5000 in the prompt; 16 for the completion)."}, TroubleKind.OVERFLOW, (5000, 4096)),
        (400, {"error": {"message": "This model's maximum context length is 4096 tokens, but the prompt has 4200 tokens"}}, TroubleKind.OVERFLOW, (4200, 4096)),
        (400, {"error": {"message": "maximum context length is 4096"}}, TroubleKind.OVERFLOW, (None, 4096)),
        (401, {"error": "Unauthorized"}, TroubleKind.BAD_KEY, (None, None)),
        (404, {"detail": "Not Found"}, TroubleKind.NO_MODEL, (None, None)),
        (422, {"detail": [{"msg": "extra fields not permitted"}]}, TroubleKind.NONSENSE, (None, None)),
        (429, {}, TroubleKind.BUSY, (None, None)),
        (503, {"error": {"message": "Loading model"}}, TroubleKind.LOADING, (None, None)),
        (503, {}, TroubleKind.BUSY, (None, None)),
        (400, {"error": {"message": "suffix is not currently supported"}}, TroubleKind.NO_FIM, (None, None)),
        (500, {"error": {"message": "secret words of a prompt"}}, TroubleKind.OFFLINE, (None, None)),
        (500, [1], TroubleKind.OFFLINE, (None, None)),
    ],
)  # fmt: skip
def test_every_error_has_a_kind(
    status: int, body: object, kind: TroubleKind, tokens: tuple[int | None, int | None]
) -> None:
    """Whatever shape a server's error has, its kind is found, with numbers where told, and its words are not shown."""
    trouble = trouble_of("127.0.0.1:8000", "m", status, json.dumps(body).encode())

    assert (trouble.kind, (trouble.prompt_tokens, trouble.window_tokens)) == (kind, tokens)
    assert str(trouble).endswith((".", "?"))
    assert "secret" not in str(trouble)
