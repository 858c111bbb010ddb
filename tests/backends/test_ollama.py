"""Ollama as we ask it: every row and oddity of its contract, against the double; the shared part against a real one too.

With HYBRID_LSP_TEST_OLLAMA set to the address of a real server, the tests that take `server` ask that one; it needs one
model that fills in the middle.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from hybrid_lsp.backends import ollama
from hybrid_lsp.backends.discover import ServerSetting, connect, discover
from hybrid_lsp.backends.ollama_pull import PullProgress, pull
from hybrid_lsp.backends.ollama_trouble import full_name, is_cloud_name, trouble_of
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, Piece
from hybrid_lsp.egress import LocalDoor
from tests.doubles.ollama import CHAT_TEMPLATE, Installed, Line, OllamaDouble

QWEN = "qwen2.5-coder:1.5b-base"
RAW = "<|fim_prefix|>def total(values):\n<|fim_suffix|>\n<|fim_middle|>    "
PROMPT = FimPrompt(raw=RAW, before="def total(values):\n    ", after="\n\n\nprint(total([1]))\n", stop=("\n\n",))


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """Where an Ollama server answers: a real one where the environment names it, else the double."""
    if real := os.environ.get("HYBRID_LSP_TEST_OLLAMA"):
        yield real
        return
    async with OllamaDouble(script=[Line(say=["return ", *["sum(values) "] * 20], token_s=0.005)]) as double:
        yield double.url


async def opened(double: OllamaDouble, name: str = QWEN, prefer: Layout = Layout.SERVERS) -> ollama.OllamaModel:
    """A model of the double."""
    door = LocalDoor(double.url)
    try:
        return await ollama.open_model(door, name, prefer=prefer)
    except Trouble:
        await door.close()
        raise


async def pieces_of(
    model: ollama.OllamaModel, prompt: FimPrompt = PROMPT, *, max_tokens: int = 32, deadline_s: float = 5
) -> list[Piece]:
    """A whole answer; the model is let go of."""
    try:
        async with aclosing(model.generate(prompt, max_tokens=max_tokens, deadline_s=deadline_s)) as answer:
            return [piece async for piece in answer]
    finally:
        await model.close()


async def until_trouble(model: ollama.OllamaModel, got: list[Piece], *, deadline_s: float = 5) -> None:
    """Collect an answer as it comes."""
    async with aclosing(model.generate(PROMPT, max_tokens=99, deadline_s=deadline_s)) as answer:
        async for piece in answer:
            got.append(piece)


async def trouble_with(
    double: OllamaDouble, name: str = QWEN, prompt: FimPrompt = PROMPT, *, deadline_s: float = 5
) -> Trouble:
    """What is the matter when a model is opened and asked."""
    with pytest.raises(Trouble) as trouble:
        await pieces_of(await opened(double, name), prompt, deadline_s=deadline_s)
    return trouble.value


async def test_an_answer_comes_in_pieces_and_ends_once(server: str) -> None:
    """On any Ollama: the best model is found and opened, answers in pieces, and only the last one has an ending."""
    finding = (await discover([ServerSetting(url=server)], timeout_s=10))[0]
    model = await connect(finding)
    async with aclosing(model.generate(PROMPT, max_tokens=8, deadline_s=120)) as answer:
        pieces = [piece async for piece in answer]
    await model.close()

    assert "".join(piece.text for piece in pieces)
    assert [piece.ending is None for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    ending = pieces[-1].ending
    assert ending is not None
    assert ending.output_tokens is None or ending.output_tokens <= 8
    assert (ending.prompt_tokens or 0) > 0


async def test_warming_and_closing_leave_the_server_ready(server: str) -> None:
    """On any Ollama: after a warm-up, and after an answer that was closed, the next answer still comes."""
    model = await connect((await discover([ServerSetting(url=server)], timeout_s=10))[0])
    await model.warm(PROMPT, deadline_s=120)
    for _ in range(2):
        async with aclosing(model.generate(PROMPT, max_tokens=64, deadline_s=120)) as answer:
            assert await anext(answer)
    await model.close()


async def test_a_server_builds_the_prompt_where_it_can() -> None:
    """A model with the insert capability gets prefix and suffix, no raw; the text comes back with what it took."""
    async with OllamaDouble() as double:
        model = await opened(double)
        pieces = await pieces_of(model)

    assert (model.facts.layout, model.facts.family, model.facts.name) == (Layout.SERVERS, "", QWEN)
    assert model.facts.server == f"ollama 0.14.2 at 127.0.0.1:{double.server.port}"
    assert "".join(piece.text for piece in pieces) == "return total"
    assert pieces[-1].ending == Ending(reason=EndReason.DONE, prompt_tokens=5, output_tokens=2)
    assert (double.generates[0]["prompt"], double.generates[0]["suffix"]) == (PROMPT.before, PROMPT.after)
    assert "raw" not in double.generates[0]


@pytest.mark.parametrize("template", ["{{ .Prompt }}", CHAT_TEMPLATE])
async def test_we_build_the_prompt_where_the_server_cannot(template: str) -> None:
    """A model without insert, whose tokens we know, gets our raw prompt and no suffix."""
    async with OllamaDouble(models=[Installed(name=QWEN, template=template)]) as double:
        model = await opened(double)
        await pieces_of(model)

    assert (model.facts.layout, bool(model.facts.family)) == (Layout.OURS, True)
    assert (double.generates[0]["prompt"], double.generates[0]["raw"]) == (RAW, True)
    assert "suffix" not in double.generates[0]


async def test_our_own_layout_can_be_preferred() -> None:
    """A model that could have either layout gets the one that is asked for."""
    async with OllamaDouble() as double:
        model = await opened(double, prefer=Layout.OURS)
        await pieces_of(model)

    assert model.facts.layout is Layout.OURS
    assert double.evaluated == [RAW]


async def test_neither_way_is_no_fim() -> None:
    """A model that cannot fill in the middle is not opened, and the sentence names one that can."""
    async with OllamaDouble(models=[Installed(name="llama3.2:3b", template=CHAT_TEMPLATE)]) as double:
        trouble = await trouble_with(double, "llama3.2:3b")

    assert trouble.kind is TroubleKind.NO_FIM
    assert "llama3.2:3b" in str(trouble)


async def test_a_model_that_only_embeds_is_no_fim() -> None:
    """A model without the completion capability is not opened, whatever its name promises."""
    async with OllamaDouble(models=[Installed(name=QWEN, template="", writes=False)]) as double:
        assert (await trouble_with(double)).kind is TroubleKind.NO_FIM


async def test_an_old_server_shows_insert_by_its_template() -> None:
    """A server that tells no capabilities is read by its template, and one that knows no `:local` by the plain name."""
    async with OllamaDouble(models=[Installed(name=QWEN, tells_capabilities=False)], knows_local=False) as double:
        model = await opened(double)
        await pieces_of(model)

    assert model.facts.layout is Layout.SERVERS
    assert double.generates[0]["model"] == QWEN


async def test_a_new_server_is_held_to_run_it_here() -> None:
    """Where `:local` is understood, every answer is asked under that name, so that the server itself refuses to proxy."""
    async with OllamaDouble() as double:
        await pieces_of(await opened(double))

    assert double.generates[0]["model"] == f"{QWEN}:local"


async def test_a_name_without_a_tag_is_the_latest() -> None:
    """The model is opened under the name that the server lists."""
    async with OllamaDouble(models=[Installed(name="qwen2.5-coder:latest")]) as double:
        model = await opened(double, "qwen2.5-coder")
        await model.close()

    assert model.facts.name == "qwen2.5-coder:latest"


async def test_an_unknown_model_says_how_to_get_it() -> None:
    """A model that is not installed, or is removed later, is told with the command that fetches it."""
    async with OllamaDouble() as double:
        trouble = await trouble_with(double, "codellama:7b-code")
        model = await opened(double)
        double.models = ()
        with pytest.raises(Trouble) as later:
            await pieces_of(model)

    assert (trouble.kind, later.value.kind) == (TroubleKind.NO_MODEL, TroubleKind.NO_MODEL)
    assert "`ollama pull codellama:7b-code`" in str(trouble)


@pytest.mark.parametrize(("loaded", "window"), [({}, 4096), ({QWEN: 8192}, 8192), ({QWEN: 2048}, 2048)])
async def test_the_window_is_what_is_really_loaded(loaded: dict[str, int], window: int) -> None:
    """A loaded model keeps its context and is not loaded anew for us; else we set up our own constant."""
    async with OllamaDouble(preloaded=loaded) as double:
        model = await opened(double)
        await pieces_of(model)

    assert model.facts.window_tokens == window
    assert double.loads == (0 if loaded else 1)


async def test_a_small_model_is_not_given_more_than_it_knows() -> None:
    """A model that was trained on less than our constant gets what it was trained on."""
    small = Installed(name=QWEN, model_info={"general.architecture": "qwen2", "qwen2.context_length": 2048})
    async with OllamaDouble(models=[small]) as double:
        model = await opened(double)
        await model.close()

    assert model.facts.window_tokens == 2048


async def test_no_request_loads_the_model_anew() -> None:
    """Warm-ups, short answers and long ones carry the same runner options: one load in all."""
    async with OllamaDouble() as double:
        model = await opened(double)
        await model.warm(PROMPT, deadline_s=5)
        for max_tokens in (8, 64):
            await pieces_of(model, replace(PROMPT, stop=("\n",)), max_tokens=max_tokens)

    assert double.loads == 1
    assert {
        (wanted["options"]["num_ctx"], wanted["keep_alive"], wanted["truncate"], wanted["stream"])
        for wanted in double.generates
    } == {(4096, 1800, False, True)}  # type: ignore[index]


@pytest.mark.parametrize("old_runner", [False, True])
async def test_warming_reads_the_prompt_and_says_next_to_nothing(old_runner: bool) -> None:
    """A warm-up has the prompt evaluated, not only the model loaded, and makes one token at most on any runner."""
    async with OllamaDouble(old_runner=old_runner) as double:
        model = await opened(double)
        await model.warm(PROMPT, deadline_s=5)
        await model.close()

    assert len(double.evaluated) == 1
    assert double.made <= 1


@pytest.mark.parametrize("layout", list(Layout))
async def test_an_empty_file_still_gets_an_answer(layout: Layout) -> None:
    """With nothing before or behind the cursor the model fills in; it does not only load, and does not chat."""
    async with OllamaDouble() as double:
        pieces = await pieces_of(await opened(double, prefer=layout), FimPrompt(raw="", before="", after=""))

    assert "".join(piece.text for piece in pieces) == "return total"


@pytest.mark.parametrize("thinks", [False, True])
async def test_only_a_thinking_model_is_told_not_to(thinks: bool) -> None:
    """`think: false` goes to models that think; the others are not sent the field."""
    async with OllamaDouble(models=[Installed(name=QWEN, thinks=thinks)]) as double:
        await pieces_of(await opened(double))

    assert double.generates[0].get("think") is (False if thinks else None)


async def test_thirty_one_tokens_alike_end_broken_off() -> None:
    """A stream that ends without a word is an answer: what came, and that it broke off."""
    async with OllamaDouble(script=[Line(say=["x "] * 50)]) as double:
        pieces = await pieces_of(await opened(double), max_tokens=100)

    assert "".join(piece.text for piece in pieces) == "x " * 30
    assert pieces[-1] == Piece(ending=Ending(reason=EndReason.BROKEN_OFF))


async def test_a_limit_and_a_stop_text_are_told() -> None:
    """An answer says whether it had said as much as it may; a stop text is not part of it."""
    async with OllamaDouble(script=[Line(say=["a ", "b", "\n\n", "c"])]) as double:
        limited = await pieces_of(await opened(double), max_tokens=1)
        stopped = await pieces_of(await opened(double))

    assert limited[-1].ending is not None
    assert limited[-1].ending.reason is EndReason.LIMIT
    assert "".join(piece.text for piece in stopped) == "a b"


@pytest.mark.parametrize(
    ("then", "kind", "texts"),
    [
        ("error", TroubleKind.OFFLINE, 2),
        ("cut", TroubleKind.OFFLINE, 2),
        ("garbage", TroubleKind.NONSENSE, 2),
        ("half", TroubleKind.NONSENSE, 2),
        ("hang", TroubleKind.SLOW, 2),
    ],
)
async def test_what_goes_wrong_after_the_first_piece_is_trouble(then: str, kind: TroubleKind, texts: int) -> None:
    """An error line, a cut, garbage, half a line and a hang come as trouble, after the pieces that did come."""
    got: list[Piece] = []
    async with OllamaDouble(script=[Line(then=then)]) as double:
        model = await opened(double)
        with pytest.raises(Trouble) as trouble:
            await until_trouble(model, got, deadline_s=0.3)
        await model.close()

    assert (trouble.value.kind, len(got)) == (kind, texts)


async def test_a_huge_line_is_nonsense() -> None:
    """A line that is larger than any real one is dropped."""
    async with OllamaDouble(script=[Line(huge_bytes=5 << 20)]) as double:
        assert (await trouble_with(double)).kind is TroubleKind.NONSENSE


async def test_a_prompt_that_is_too_long_says_how_long() -> None:
    """The server does not cut it; the trouble has its length and the window."""
    async with OllamaDouble(preloaded={QWEN: 16}) as double:
        trouble = await trouble_with(double, prompt=replace(PROMPT, before="word " * 40))

    assert (trouble.kind, trouble.prompt_tokens, trouble.window_tokens) == (TroubleKind.OVERFLOW, 43, 16)
    assert double.truncated == 0


async def test_too_many_waiting_is_busy() -> None:
    """The 503 of a full queue is `busy`, in our own words."""
    async with OllamaDouble(max_pending_loads=0) as double:
        assert (await trouble_with(double)).kind is TroubleKind.BUSY


async def test_waiting_for_the_slot_has_a_deadline() -> None:
    """While another request has the slot ours waits, and leaves the queue at its deadline."""
    async with OllamaDouble(script=[Line(when="slow", token_s=1), Line()]) as double:
        first, second = await opened(double), await opened(double)
        slow = asyncio.create_task(pieces_of(first, replace(PROMPT, before="slow")))
        await asyncio.sleep(0.05)
        with pytest.raises(Trouble) as trouble:
            await pieces_of(second, deadline_s=0.1)
        await asyncio.sleep(0.02)
        waiting = double.waiting
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)

    assert (trouble.value.kind, waiting) == (TroubleKind.SLOW, 0)


@pytest.mark.parametrize("way", ["aclose", "cancel"])
@pytest.mark.parametrize(
    "line", [Line(say=["w "] + ["v ", "w "] * 500, token_s=0.005), Line(prompt_s=5)], ids=["writing", "reading"]
)
async def test_closing_stops_the_model_within_50_ms(way: str, line: Line) -> None:
    """An answer that is closed or cancelled stops the model at once, while it writes and while it reads the prompt."""
    async with OllamaDouble(script=[line]) as double:
        model = await opened(double)
        answer = model.generate(PROMPT, max_tokens=1000, deadline_s=5)
        task = asyncio.ensure_future(anext(answer))
        await asyncio.wait({task}, timeout=0.1)
        left = time.monotonic()
        if way == "cancel" or not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await answer.aclose()
        async with asyncio.timeout(1):
            await double.server.hung_up.wait()
        await asyncio.sleep(0.01)
        await model.close()

    assert double.server.hung_up_at[0] - left < 0.05
    assert double.stopped == 1


@pytest.mark.parametrize(
    "name", ["gpt-oss:120b-cloud", "qwen3-coder:cloud", "x/y:cloud", "deep-cloud", "GPT-OSS:120B-CLOUD"]
)
async def test_names_for_the_cloud_are_refused_before_anything_is_sent(name: str) -> None:
    """A name that Ollama would hand on to ollama.com is not even asked about, nor pulled."""
    async with OllamaDouble() as double:
        trouble = await trouble_with(double, name)
        with pytest.raises(Trouble, match="somebody else"):
            await anext(pull(LocalDoor(double.url), name))

    assert is_cloud_name(name)
    assert trouble.kind is TroubleKind.NOT_LOCAL
    assert double.server.asked == []


async def test_a_remote_model_under_a_plain_name_is_refused() -> None:
    """What the list or the description tells of another machine is enough; no prompt is sent."""
    remote = Installed(name=QWEN, remote_host="https://ollama.com:443")
    async with OllamaDouble(models=[remote]) as double:
        trouble = await trouble_with(double)
        entries = await ollama.list_models(door := LocalDoor(double.url))
        await door.close()

    assert trouble.kind is TroubleKind.NOT_LOCAL
    assert (double.proxied, double.generates) == (0, [])
    assert "somebody else" in entries[0].refusal


@pytest.mark.parametrize("key", ["remote_host", "remote_model"])
async def test_a_piece_from_elsewhere_ends_the_answer(key: str) -> None:
    """A piece that names another machine is not handed on, and the stream is dropped."""
    line = Line(say=["a "] + ["b ", "c "] * 50, extra={key: "ollama.com"}, token_s=0.005)
    async with OllamaDouble(script=[line]) as double:
        got: list[Piece] = []
        model = await opened(double)
        with pytest.raises(Trouble) as trouble:
            await until_trouble(model, got)
        async with asyncio.timeout(1):
            await double.server.hung_up.wait()
        await model.close()

    assert (trouble.value.kind, got) == (TroubleKind.NOT_LOCAL, [])


async def test_the_list_tells_what_can_be_used() -> None:
    """Each model says whether it fills in the middle, is loaded, and with which window; cloud ones why not."""
    models = [
        Installed(name=QWEN),
        Installed(name="llama3.2:3b", template=CHAT_TEMPLATE),
        Installed(name="gpt-oss:120b-cloud"),
    ]
    async with OllamaDouble(models=models, preloaded={QWEN: 8192}) as double:
        door = LocalDoor(double.url)
        entries = await ollama.list_models(door)
        await door.close()

    assert [(entry.can_fim, entry.loaded, entry.window_tokens, bool(entry.refusal)) for entry in entries][:2] == [
        (True, True, 8192, False),
        (None, False, None, False),
    ]
    assert entries[2].refusal


async def pulled(double: OllamaDouble, name: str = QWEN) -> list[PullProgress]:
    """Every step of a pull."""
    door = LocalDoor(double.url)
    try:
        async with aclosing(pull(door, name)) as steps:
            return [step async for step in steps]
    finally:
        await door.close()


def fetching(completed: int | None) -> dict[str, object]:
    """A line of a pull, at so many bytes."""
    line: dict[str, object] = {"status": "pulling 2af3b81862c6", "digest": "sha256:2af3", "total": 100}
    return line if completed is None else line | {"completed": completed}


async def test_a_pull_tells_how_far_it_is_and_ends_done() -> None:
    """Progress comes with bytes, none at first, and the last step is done."""
    async with OllamaDouble(pulls=[[fetching(None), fetching(60), {"status": "success"}]]) as double:
        steps = await pulled(double)

    assert [(step.completed_bytes, step.total_bytes, step.done) for step in steps] == [
        (0, None, False), (0, 100, False), (60, 100, False), (0, None, True),
    ]  # fmt: skip


async def test_a_pull_that_breaks_off_is_taken_up() -> None:
    """As long as more has come each time, a pull goes on; without, it ends after three attempts."""
    growing = [[fetching(20 * n)] for n in range(1, 5)]
    async with OllamaDouble(pulls=[*growing, [{"status": "success"}]]) as double:
        assert (await pulled(double))[-1].done
    async with OllamaDouble(pulls=[[fetching(10)]] * 9) as double:
        with pytest.raises(Trouble) as trouble:
            await pulled(double)

    assert trouble.value.kind is TroubleKind.OFFLINE
    assert len(double.server.asked) == 4


async def test_a_pull_of_what_does_not_exist_says_so_at_once() -> None:
    """An unknown name is not tried again."""
    async with OllamaDouble(pulls=[[{"error": "pull model manifest: file does not exist"}]]) as double:
        with pytest.raises(Trouble) as trouble:
            await pulled(double)

    assert trouble.value.kind is TroubleKind.NO_MODEL
    assert len(double.server.asked) == 1


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "registry.ollama.ai/library/x:latest does not support insert", TroubleKind.NO_FIM),
        (500, "model requires more system memory (5.6 GiB) than is available (3.1 GiB)", TroubleKind.NO_MODEL),
        (500, "llama runner process has terminated: exit status 2", TroubleKind.OFFLINE),
        (499, "request canceled", TroubleKind.BUSY),
        (401, "unauthorized", TroubleKind.BAD_KEY),
        (
            400,
            "the prompt is longer than the context length currently available to the model; shorten it",
            TroubleKind.OVERFLOW,
        ),
        (200, '{"error":{"type":"other"}}', TroubleKind.OFFLINE),
        (200, '{"error":[]}', TroubleKind.OFFLINE),
    ],
)
def test_every_error_has_a_kind_and_none_of_the_servers_words(status: int, error: str, kind: TroubleKind) -> None:
    """What the server says decides the kind; the sentence is ours, with a full stop."""
    trouble = trouble_of("127.0.0.1:11434", "x:latest", status, json.dumps({"error": error}).encode())

    assert trouble.kind is kind
    assert str(trouble).endswith(".")
    assert error not in str(trouble)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(503, TroubleKind.BUSY), (403, TroubleKind.BAD_KEY), (404, TroubleKind.NONSENSE), (502, TroubleKind.NONSENSE)],
)
def test_what_stands_in_front_of_the_server_is_read_by_its_status(status: int, kind: TroubleKind) -> None:
    """An error page instead of JSON tells what its status tells, and is else no Ollama."""
    assert trouble_of("127.0.0.1:11434", "x", status, b"<html>").kind is kind


@pytest.mark.parametrize(("name", "full"), [("a", "a:latest"), ("a:b", "a:b"), ("host:1/x/a", "host:1/x/a:latest")])
def test_a_name_is_made_whole(name: str, full: str) -> None:
    """A port in a registry's name is no tag."""
    assert full_name(name) == full
