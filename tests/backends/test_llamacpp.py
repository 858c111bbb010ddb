"""backends.llamacpp: against a real llama.cpp over a scripted model, and a double for what that cannot be made to do."""

import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hybrid_lsp.backends.llama_child import LlamaChild
from hybrid_lsp.backends.llamacpp import LlamaModel, describe, open_model
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, ModelFacts
from hybrid_lsp.egress import LocalDoor, Sent
from tests.doubles.http_server import HttpServer
from tests.doubles.llamacpp import LOADING, NO_INFILL, READY, Says, events, json_of, serving
from tests.tools.scripted_gguf import Script, Scripted, write_gguf

pytestmark = pytest.mark.asyncio(loop_scope="module")

WINDOW = 4096
DEADLINE_S = 20.0
SCRIPT = Script(("return", " total", " +", " value", "\nand", " more"))
ENDLESS = Script(("tick ", "tock "), is_endless=True)
SCRIPTED = Scripted(script=SCRIPT, after={"(": Script(("self", ", other", "):")), "~": ENDLESS}, window_tokens=WINDOW)

ABOVE = "".join(f"def number_{n}(left, right):\n    return left * {n} + right\n\n\n" for n in range(24))
BELOW = "\n\n\nclass Shop:\n    def sell(self, title: str) -> int:\n        return self.prices[title]\n" * 3


def after_middle(line: str, *, above: str = ABOVE, below: str = BELOW, stop: tuple[str, ...] = ()) -> FimPrompt:
    """Return the prompt as we build it: the current line last, behind the token that asks for the middle."""
    raw = f"<|fim_prefix|>{above}<|fim_suffix|>{below}<|fim_middle|>{line}"
    return FimPrompt(raw=raw, before=above + line, after=below, stop=stop)


def as_the_papers_print_it(line: str) -> FimPrompt:
    """Return the prompt with the current line in front of the suffix."""
    raw = f"<|fim_prefix|>{ABOVE}{line}<|fim_suffix|>{BELOW}<|fim_middle|>"
    return FimPrompt(raw=raw, before=ABOVE + line, after=BELOW)


async def answer(model: LlamaModel, prompt: FimPrompt, *, max_tokens: int = 32) -> tuple[str, Ending]:
    """Return the whole answer; only the last piece may have an ending."""
    pieces = [piece async for piece in model.generate(prompt, max_tokens=max_tokens, deadline_s=DEADLINE_S)]
    assert [piece.ending is not None for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert pieces[-1].ending is not None
    return "".join(piece.text for piece in pieces), pieces[-1].ending


def read_anew(ending: Ending) -> int:
    """Return how many tokens of the prompt the model had to read."""
    assert ending.prompt_tokens is not None
    assert ending.cached_tokens is not None
    return ending.prompt_tokens - ending.cached_tokens


def report(line: str) -> None:
    """Note a measured number; `pytest -rP` shows it. No clock of a busy machine decides a test."""
    sys.stdout.write(f"{line}\n")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def child(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LlamaChild]:
    """A real llama.cpp in a child process."""
    pytest.importorskip("xllamacpp")
    path = tmp_path_factory.mktemp("models") / "qwen2.5-coder-scripted.gguf"
    write_gguf(path, SCRIPTED)
    child = LlamaChild(path, window_tokens=WINDOW)
    yield child
    await child.close()


@pytest_asyncio.fixture(loop_scope="module")
async def door(child: LlamaChild) -> LocalDoor:
    """The way to it."""
    return await child.start()


@pytest_asyncio.fixture(loop_scope="module")
async def model(door: LocalDoor) -> LlamaModel:
    """Its model."""
    return await open_model(door)


async def test_a_server_says_what_it_has(door: LocalDoor) -> None:
    """The list has the name, the size and the window that was really set up."""
    (entry,) = await describe(door)

    assert (entry.name, entry.loaded, entry.window_tokens) == ("qwen2.5-coder-scripted", True, WINDOW)
    assert entry.size_bytes is not None
    assert entry.size_bytes > 10**6


async def test_a_model_whose_tokens_are_known_gets_our_prompt(door: LocalDoor, model: LlamaModel) -> None:
    """What is known comes from the server: the family by its name, confirmed by its tokenizer."""
    assert model.facts.layout is Layout.OURS
    assert (model.facts.family, model.facts.window_tokens) == ("qwen-coder", WINDOW)
    assert model.facts.server == f"llama.cpp at {door.where}"
    assert (await open_model(door, "qwen2.5-coder-scripted")).facts == model.facts


async def test_a_model_that_is_not_there_is_named(door: LocalDoor) -> None:
    """The sentence has the name that was asked for and the names that there are."""
    with pytest.raises(
        Trouble, match=r"^llama3 is not at .* which has qwen2\.5-coder-scripted; name another\.$"
    ) as caught:
        await open_model(door, "llama3")

    assert caught.value.kind is TroubleKind.NO_MODEL


@pytest.mark.parametrize(
    ("line", "stop", "most", "text", "reason", "tokens"),
    [
        ("    ", (), 32, "return total + value\nand more", EndReason.DONE, 7),
        ("    def add(", (), 32, "self, other):", EndReason.DONE, 4),
        ("    ", ("\n",), 32, "return total + value", EndReason.DONE, 5),
        ("    ", ("+ val", "\n"), 32, "return total ", EndReason.DONE, 4),
        ("    ", (), 2, "return total", EndReason.LIMIT, 2),
        ("~", (), 5, "tick tock tick tock tick ", EndReason.LIMIT, 5),
    ],
)
async def test_the_answer_is_the_scripted_one(
    model: LlamaModel, line: str, stop: tuple[str, ...], most: int, text: str, reason: EndReason, tokens: int
) -> None:
    """Text, reason and counts come as the model gives them; a stop text is no part of the answer."""
    prompt = after_middle(line, stop=stop)

    said, ending = await answer(model, prompt, max_tokens=most)

    assert (said, ending.reason, ending.output_tokens) == (text, reason, tokens)
    assert ending.prompt_tokens == 3 + len(ABOVE + BELOW + line)


async def test_a_keystroke_has_three_tokens_read_at_most(model: LlamaModel) -> None:
    """With the current line last, a prompt of 1 900 tokens costs what was typed since the one before."""
    await answer(model, after_middle("    total = pri"))
    costs = [
        read_anew((await answer(model, after_middle("    total = price"[:end])))[1])
        for end in range(len("    total = pri"), len("    total = price") + 1)
    ]
    erased = read_anew((await answer(model, after_middle("    total = pr")))[1])
    report(f"tokens read anew per keystroke: {costs}, after backspace: {erased}")

    assert len(after_middle("").raw) > 1500
    assert max([*costs, erased]) <= 3


async def test_the_layout_of_the_papers_has_the_suffix_read_each_time(model: LlamaModel) -> None:
    """What the current line in front of the suffix costs: this is why ours has it last."""
    await answer(model, as_the_papers_print_it("    total = pri"))
    _, ending = await answer(model, as_the_papers_print_it("    total = pric"))

    assert read_anew(ending) >= len(BELOW)


async def test_a_warmed_prompt_costs_only_the_difference(model: LlamaModel) -> None:
    """What was read ahead need not be read again when the question comes."""
    other = "# another file\n" * 60
    await model.warm(after_middle("", above=other), deadline_s=DEADLINE_S)

    said, ending = await answer(model, after_middle("    if (", above=other))

    assert said == "self, other):"
    assert read_anew(ending) <= len("    if (") + 1


async def test_going_back_to_a_file_costs_next_to_nothing(model: LlamaModel) -> None:
    """The prompt of another file in between does not push this one out of memory."""
    await answer(model, after_middle("    x"))
    await answer(model, after_middle("    y", above="# something else entirely\n" * 40))

    _, ending = await answer(model, after_middle("    xy"))

    assert read_anew(ending) <= 3


async def test_closing_the_stream_frees_the_model(model: LlamaModel) -> None:
    """The next question does not wait for an answer that nobody reads any more."""
    waits_ms, whole_ms = [], []
    for index in range(7):
        prompt = after_middle("~", above="", below=f"{index}")
        pieces = model.generate(prompt, max_tokens=3500, deadline_s=DEADLINE_S)
        assert (await anext(pieces)).text == "tick "
        begun = time.perf_counter()
        await pieces.aclose()
        closed = time.perf_counter()
        assert (await answer(model, after_middle("def f(", above="")))[0] == "self, other):"
        waits_ms.append((time.perf_counter() - begun) * 1000)
        whole_ms.append((closed - begun) * 1000)
    report(f"served after close: median {statistics.median(waits_ms):.1f} ms, most {max(waits_ms):.1f} ms")
    report(f"of which closing: median {statistics.median(whole_ms):.1f} ms")

    assert statistics.median(waits_ms) < 500


async def test_many_given_up_answers_leave_the_model_as_it_was(model: LlamaModel) -> None:
    """Typing on before an answer is there, 25 times in a row, at different moments, costs the next answer nothing."""
    line = "    total = the_price_of_it_all~"

    async def ask(end: int) -> None:
        async for _ in model.generate(after_middle(line[:end] + "~"), max_tokens=1500, deadline_s=DEADLINE_S):
            await asyncio.sleep(0)

    for end in range(1, 26):
        task = asyncio.create_task(ask(end))
        await asyncio.sleep(end / 1000)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    begun = time.perf_counter()
    said, ending = await answer(model, after_middle(line[:25] + "("))
    report(f"served after 25 cancels: {(time.perf_counter() - begun) * 1000:.1f} ms")

    assert said == "self, other):"
    assert read_anew(ending) <= 3


async def test_a_passed_deadline_is_said(model: LlamaModel) -> None:
    """An answer that takes longer than allowed ends in trouble, and the model is free for the next."""
    with pytest.raises(Trouble) as caught:
        async for _ in model.generate(after_middle("~"), max_tokens=2000, deadline_s=0.1):
            pass

    assert caught.value.kind is TroubleKind.SLOW
    assert (await answer(model, after_middle("    def f(")))[0] == "self, other):"


async def test_a_prompt_that_is_too_long_is_told_by_the_token(model: LlamaModel) -> None:
    """The trouble has the exact numbers, so that the prompt can be cut once and asked again."""
    prompt = after_middle("x" * 5000, above="", below="")

    with pytest.raises(Trouble, match=r"5003 tokens, and .* was started for 4096") as caught:
        await answer(model, prompt)

    assert caught.value.kind is TroubleKind.OVERFLOW
    assert (caught.value.prompt_tokens, caught.value.window_tokens) == (5003, WINDOW)


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_nobody_gets_in_without_the_key(door: LocalDoor, model: LlamaModel, key: str | None) -> None:
    """Another process on this machine that finds the port can ask nothing."""
    other = LocalDoor(f"http://{door.where}", key=key)
    for ask in (open_model(other), answer(LlamaModel(other, model.facts), after_middle(""))):
        with pytest.raises(Trouble, match="does not accept the key") as caught:
            await ask
        assert caught.value.kind is TroubleKind.BAD_KEY
    await other.close()


async def test_what_goes_out_is_what_was_agreed(door: LocalDoor, model: LlamaModel) -> None:
    """Always a stream, always the same slot and the likeliest token; never a poll, never `response_fields`."""
    sent: list[Sent] = []
    door.recorded = sent.append
    await answer(model, after_middle("    ", stop=("\n",)), max_tokens=7)
    door.recorded = None

    (one,) = sent
    assert (one.method, one.path) == ("POST", "/completion")
    assert json.loads(one.body) == {
        "prompt": after_middle("    ").raw, "n_predict": 7, "temperature": 0, "stop": ["\n"], "stream": True,
        "cache_prompt": True, "id_slot": 0, "t_max_predict_ms": DEADLINE_S * 1000,
    }  # fmt: skip


async def test_a_model_with_unknown_tokens_is_asked_through_the_server(
    child: LlamaChild, door: LocalDoor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without a known family the server, which reads the tokens from the file, builds the prompt."""
    path = tmp_path_factory.mktemp("models") / "somebodys-own.gguf"
    path.write_bytes(child.path.read_bytes())
    own = LlamaChild(path, window_tokens=WINDOW)
    model = await open_model(await own.start())

    said, ending = await answer(model, FimPrompt(raw="", before="def f(", after="\n", stop=(" +",)))
    await own.close()

    assert (model.facts.layout, model.facts.family) == (Layout.SERVERS, "")
    assert (said, ending.reason) == ("return total", EndReason.DONE)


async def test_a_model_without_fim_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A model that cannot fill in the middle is named, with one that can."""
    pytest.importorskip("xllamacpp")
    path = tmp_path_factory.mktemp("models") / "novelist.gguf"
    write_gguf(path, Scripted(script=SCRIPT, fim={}))
    own = LlamaChild(path, window_tokens=512)

    with pytest.raises(Trouble, match=r"^novelist .*qwen2\.5-coder") as caught:
        await open_model(await own.start())
    await own.close()

    assert caught.value.kind is TroubleKind.NO_FIM


FACTS = ModelFacts(server="llama.cpp", name="some.gguf", window_tokens=WINDOW, layout=Layout.SERVERS)
HTML = Says(b"<html><body>It works!</body></html>", kind="text/html")


@pytest.mark.parametrize(
    ("changed", "kind", "sentence"),
    [
        ({"/props": json_of(LOADING, 503)}, TroubleKind.LOADING, "is still loading its model"),
        ({"/v1/models": json_of(LOADING, 503)}, TroubleKind.LOADING, "is still loading its model"),
        ({"/infill": json_of(NO_INFILL, 501)}, TroubleKind.NO_FIM, "some.gguf is no model whose"),
        ({"/props": Says(b"Not found", 404)}, TroubleKind.NONSENSE, "is it llama.cpp"),
        ({"/props": HTML}, TroubleKind.NONSENSE, "not the JSON expected"),
        ({"/props": json_of([1])}, TroubleKind.NONSENSE, "not the JSON expected"),
        ({"/props": json_of({})}, TroubleKind.NONSENSE, "how long a prompt may be"),
        ({"/props": json_of({"default_generation_settings": {"n_ctx": "many"}})}, TroubleKind.NONSENSE, "how long"),
        ({"/v1/models": json_of({"data": [{"id": 7}, "x"]})}, TroubleKind.NO_MODEL, "A model is not at .* has none"),
        ({"/tokenize": json_of({}, 500)}, TroubleKind.NONSENSE, "error 500; see its log"),
        ({"/props": json_of({}, 429)}, TroubleKind.BUSY, "too much to do"),
    ],
)
async def test_a_server_that_cannot_be_used_is_told_in_a_sentence(
    changed: dict[str, Says], kind: TroubleKind, sentence: str
) -> None:
    """Loading, no FIM, another kind of server, nonsense: each is a trouble of its own, never another exception."""
    async with serving({**READY, **changed}) as double:
        door = LocalDoor(double.url)
        with pytest.raises(Trouble, match=sentence) as caught:
            await open_model(door)
        await door.close()

    assert caught.value.kind is kind


@pytest.mark.parametrize("path", ["/models/some.gguf", "C:\\Users\\me\\some.gguf", "some.gguf"])
async def test_a_folder_is_no_part_of_a_name(path: str) -> None:
    """A server that names its model by a path does not make that path public here; other names stay as they are."""
    async with serving({**READY, "/v1/models": json_of({"data": [{"id": path}]})}) as double:
        door = LocalDoor(double.url)
        model = await open_model(door)
        await door.close()

    assert model.facts.name == "some.gguf"


LAST = b'data: {"index":0,"content":" two","stop":true,"stop_type":"eos"}'
PLAIN = FimPrompt(raw="", before="a", after="b")
TEXT = b'data: {"index":0,"content":"one","tokens":[7],"stop":false}'


@pytest.mark.parametrize(
    ("says", "kind", "sentence"),
    [
        (json_of(LOADING, 503), TroubleKind.LOADING, "is still loading its model"),
        (json_of(NO_INFILL, 501), TroubleKind.NO_FIM, "cannot fill in the middle"),
        (events(TEXT, b'data: {"error":{"code":500,"message":"secret"}}'), TroubleKind.NONSENSE, "error 500; see"),
        (events(TEXT, b'error: {"code":503,"message":"x"}'), TroubleKind.LOADING, "still loading"),
        (events(TEXT, b"data: {broken"), TroubleKind.NONSENSE, "not the JSON"),
        (events(TEXT, b"data: 7"), TroubleKind.NONSENSE, "not the JSON"),
        (HTML, TroubleKind.NONSENSE, "not a stream of llama.cpp"),
        (events(TEXT, hangs=True), TroubleKind.SLOW, "in time"),
        (events(hangs=True), TroubleKind.SLOW, "did not"),
    ],
)
async def test_a_stream_that_goes_wrong_is_told_in_a_sentence(says: Says, kind: TroubleKind, sentence: str) -> None:
    """Whatever comes instead of an answer is a trouble; what the server wrote is not repeated in it."""
    async with serving({**READY, "/infill": says}) as double:
        model = LlamaModel(LocalDoor(double.url), FACTS)
        with pytest.raises(Trouble, match=sentence) as caught:
            async for _ in model.generate(PLAIN, max_tokens=9, deadline_s=0.3):
                pass
        await model.close()

    assert caught.value.kind is kind
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "text"),
    [((), ""), ((TEXT, b": a comment", TEXT), "oneone"), ((TEXT, b'data: {"content":7,"stop":"yes"}'), "one")],
)
async def test_a_stream_that_breaks_off_gives_what_came(lines: tuple[bytes, ...], text: str) -> None:
    """An end without the last event is an ending of its own kind, with no counts."""
    async with serving({**READY, "/infill": events(*lines)}) as double:
        model = LlamaModel(LocalDoor(double.url), FACTS)
        said, ending = await answer(model, PLAIN)
        await model.close()

    assert (said, ending) == (text, Ending(reason=EndReason.BROKEN_OFF))


async def hung_up(double: HttpServer, times: int) -> None:
    """Wait until so many clients have left in the middle of an answer."""
    async with asyncio.timeout(5):
        while len(double.hung_up_at) < times:  # the double has a list, no event
            await asyncio.sleep(0.01)


async def test_a_connection_is_left_with_the_last_event() -> None:
    """What comes after the last event is not waited for, since llama.cpp hangs up then without saying so."""
    async with serving({**READY, "/infill": events(TEXT, LAST, hangs=True)}) as double:
        model = LlamaModel(LocalDoor(double.url), FACTS)
        for _ in range(2):
            assert await answer(model, PLAIN) == ("one two", Ending(reason=EndReason.DONE))
        await hung_up(double, 2)
        await model.close()


async def test_a_hundred_answers_in_a_row_come_whole(model: LlamaModel) -> None:
    """No question is lost on a connection that the server has left."""
    for _ in range(100):
        assert (await answer(model, after_middle("f(")))[0] == "self, other):"


async def test_leaving_a_silent_server_closes_the_connection() -> None:
    """A server that says nothing more learns at once that nobody waits."""
    async with serving({**READY, "/infill": events(TEXT, hangs=True)}) as double:
        model = LlamaModel(LocalDoor(double.url), FACTS)
        pieces = model.generate(PLAIN, max_tokens=9, deadline_s=DEADLINE_S)
        assert (await anext(pieces)).text == "one"
        await pieces.aclose()
        await hung_up(double, 1)
        await model.close()
