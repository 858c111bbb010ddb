"""backends.checkup: what is found is told, and for whatever is wrong there is one sentence with the way out."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from hybrid_lsp import settings
from hybrid_lsp.backends import discover as discover_module
from hybrid_lsp.backends.checkup import examine
from hybrid_lsp.backends.discover import ServerSetting
from hybrid_lsp.backends.fetch import fetch
from hybrid_lsp.backends.llama_child import LlamaChild
from hybrid_lsp.backends.report import Grade, Remark, Report, Server, Trial
from hybrid_lsp.backends.suits import cores, memory_bytes, suggestions
from hybrid_lsp.cli.serve import find_server
from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.core.fim import family_of
from tests.doubles.http_server import Asked, HttpServer, Reply
from tests.doubles.ollama import CHAT_TEMPLATE, Installed, Line, OllamaDouble
from tests.doubles.openai_local import OpenAiDouble
from tests.tools.scripted_gguf import Script, Scripted, write_gguf

QWEN = "qwen2.5-coder:1.5b-base"
CHAT = Installed(name="llama3.2:latest", template=CHAT_TEMPLATE, model_info={})
CLOUD = Installed(name="qwen3-coder:480b-cloud", remote_host="https://ollama.com")
SCRIPT = Script((" total", " /", " len", "(values)"))
NO_LLAMA = "import sys; sys.modules['xllamacpp'] = None; from hybrid_lsp.backends.llama_worker import main; main()"
WITHOUT_EXTRA = (sys.executable, "-P", "-c", NO_LLAMA)


@pytest.fixture(autouse=True)
def _no_other_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs on the usual ports of this machine is none of a test's business."""
    monkeypatch.setattr(discover_module, "USUAL_PORTS", ())


async def examined(*settings: ServerSetting, timeout_s: float = 10, gguf: Path | None = None) -> Report:
    """What an examination of these finds."""
    return await examine(settings, gguf=gguf, environment={}, timeout_s=timeout_s)


async def only(url: str, *, timeout_s: float = 10, model: str | None = None, key: str | None = None) -> Server:
    """What is found at one address."""
    (server,) = (await examined(ServerSetting(url=url, model=model, key=key), timeout_s=timeout_s)).servers
    return server


def wrongs(remarks: Sequence[Remark]) -> list[tuple[str, str]]:
    """What has to be mended, and how."""
    return [(remark.sentence, remark.command) for remark in remarks if remark.grade is Grade.WRONG]


async def hang(asked: Asked, reply: Reply) -> None:
    """Never answer."""
    await asyncio.sleep(60)


async def blog(asked: Asked, reply: Reply) -> None:
    """Be no model server."""
    await reply.send(200, "<html>my blog</html>", kind="text/html")


async def test_nothing_at_all() -> None:
    """Where there is no server the report says so, says what ghost text comes from meanwhile, and how to get one."""
    report = await examined()

    ((sentence, command),) = wrongs(report.remarks)
    assert not report.is_ready
    assert report.servers == ()
    assert sentence.startswith("No model server was found on this machine")
    assert "your own files" in sentence
    assert command == f"ollama pull {QWEN}"


async def test_ollama_in_good_health() -> None:
    """Of a server that does, one reads what it is, which model is used and why, its window, and how fast it is."""
    models = (CHAT, Installed(name=QWEN), CLOUD)
    async with OllamaDouble(models=models, script=[Line(say=("total ", "/ ", "len", "(values)"), token_s=0.01)]) as o:
        server = await only(o.url)

    assert (server.server, server.version) == (f"ollama at 127.0.0.1:{o.server.port}", "0.14.2")
    assert (server.used_model, server.why) == (QWEN, "it is the best of 2 for ghost text")
    assert (server.fim, server.window_tokens) == ("with its own tokens (qwen-coder)", 4096)
    assert server.is_in_use
    assert server.trial is not None
    assert server.trial.text == "total / len(values)"
    assert server.trial.first_text_s is not None
    assert 0.01 <= server.trial.first_text_s < server.trial.total_s
    assert server.trial.output_tokens == 4
    assert {model.name: model.can_fim for model in server.models} == {CHAT.name: False, QWEN: True, CLOUD.name: True}


async def test_the_window_that_ollama_gives() -> None:
    """Ollama's default window is a note with the way to more of it, one too small is one with the way to mend it."""
    async with OllamaDouble() as usual, OllamaDouble(preloaded={QWEN: 2048}) as small:
        notes = [(await only(url)).remarks for url in (usual.url, small.url)]

    assert [[remark.grade for remark in each] for each in notes] == [[Grade.NOTE], [Grade.NOTE]]
    assert "window of 4096 tokens, Ollama's default; that is enough" in notes[0][0].sentence
    assert notes[0][0].command == "OLLAMA_CONTEXT_LENGTH=8192 ollama serve"
    assert "window of 2048 tokens" in notes[1][0].sentence
    assert notes[1][0].command == f"ollama stop {QWEN}"


async def test_a_model_that_only_chats() -> None:
    """A chat model is not used for filling in, whether it is the only one or named, and a better one is named."""
    async with OllamaDouble(models=(CHAT,)) as alone, OllamaDouble(models=(Installed(name=QWEN), CHAT)) as named:
        servers = [await only(alone.url), await only(named.url, model=CHAT.name)]

    for server in servers:
        ((sentence, command),) = wrongs(server.remarks)
        assert sentence.startswith("llama3.2:latest is no model whose fill-in-the-middle prompt is known here")
        assert command == f"ollama pull {QWEN}"
        assert (server.used_model, server.is_in_use, server.trial) == ("", False, None)


async def test_a_server_without_a_usable_model_gives_way_to_the_next() -> None:
    """Of two servers, the second is in use when the first can only chat, and the language server takes the same one."""
    async with OllamaDouble(models=(CHAT,)) as chatting, OllamaDouble() as writing:
        urls = [chatting.url, writing.url]
        report = await examine([ServerSetting(url=url) for url in urls], environment={}, timeout_s=20)
        taken = await find_server(settings.Config(servers=tuple(settings.Server(url=url) for url in urls)), set())

    assert [server.is_in_use for server in report.servers] == [False, True]
    assert taken is not None
    assert taken.facts.server.endswith(writing.url.removeprefix("http://"))
    await taken.close()


async def test_a_model_that_is_run_elsewhere() -> None:
    """A remote model is refused with the reason and is never asked; beside a local one it is only noted."""
    async with OllamaDouble(models=(CLOUD,)) as cloud, OllamaDouble(models=(Installed(name=QWEN), CLOUD)) as both:
        refused, noted = await only(cloud.url), await only(both.url)

    assert wrongs(refused.remarks) == [
        (f"{CLOUD.name} is run by somebody else's machine; use a model that Ollama runs here.", f"ollama pull {QWEN}")
    ]
    assert wrongs(noted.remarks) == []
    assert f"{CLOUD.name} is not used: it is run on somebody else's machine" in noted.remarks[-1].sentence
    assert (cloud.proxied, both.proxied, cloud.generates) == (0, 0, [])


@pytest.mark.parametrize(("models", "named"), [((), None), ((CHAT,), "starcoder2:3b")])
async def test_a_model_that_is_missing(models: tuple[Installed, ...], named: str | None) -> None:
    """Without a model, or without the one that is named, the sentence has the command that gets it."""
    async with OllamaDouble(models=models) as double:
        server = await only(double.url, model=named)

    ((sentence, command),) = wrongs(server.remarks)
    assert "has no model" in sentence
    assert command == f"ollama pull {named or 'qwen2.5-coder:1.5b'}"


async def test_nobody_answers_there() -> None:
    """A configured address without a server says that nothing answers there."""
    async with HttpServer(hang) as gone:
        pass
    server = await only(f"http://127.0.0.1:{gone.port}")

    assert server.server == f"model server at 127.0.0.1:{gone.port}"
    assert wrongs(server.remarks)[0][0].startswith(f"Nothing answers at 127.0.0.1:{gone.port};")


async def test_the_wrong_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a configured address is wrong and a server runs at a usual port, the line that mends it is given."""
    async with HttpServer(blog) as web, OllamaDouble() as double:
        monkeypatch.setattr(discover_module, "USUAL_PORTS", (double.server.port,))
        server = await only(web.url)

    port = double.server.port
    ((sentence, command),) = wrongs(server.remarks)
    assert sentence.endswith(f"answers at 127.0.0.1:{web.port}, but ollama at 127.0.0.1:{port} does; set that address.")
    assert command == f'url = "http://127.0.0.1:{port}"'


async def test_something_that_is_no_model_server() -> None:
    """A web site at a configured address is told from a model server."""
    async with HttpServer(blog) as web:
        server = await only(web.url)

    assert wrongs(server.remarks)[0][0].startswith(f"What answers at 127.0.0.1:{web.port} is no model server")


async def test_an_address_elsewhere() -> None:
    """An address off this machine is refused in the report too, and nothing is sent there."""
    server = await only("http://10.1.2.3:11434")

    assert "10.1.2.3 is not this machine" in wrongs(server.remarks)[0][0]


async def test_a_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes connections and says nothing is told so; at a usual port it is only noted."""
    async with HttpServer(hang) as stuck:
        server = await only(stuck.url, timeout_s=1)
        monkeypatch.setattr(discover_module, "USUAL_PORTS", (stuck.port,))
        report = await examined(timeout_s=1)

    said = f"Something takes connections at 127.0.0.1:{stuck.port} but says nothing;"
    assert wrongs(server.remarks)[0][0] == f"{said} end it and start it again."
    assert (Grade.NOTE, True) in [(remark.grade, remark.sentence.startswith(said)) for remark in report.remarks]
    assert report.servers == ()


async def test_a_model_that_hangs() -> None:
    """A model that never gets ready is given up within the deadline, with the command that loads it."""
    async with OllamaDouble(load_s=30) as double:
        server = await only(double.url, timeout_s=1.5)

    ((sentence, command),) = wrongs(server.remarks)
    assert sentence.startswith(f"{QWEN} was not ready within")
    assert command == f'ollama run {QWEN} ""'


async def test_a_slow_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose first word comes too late for typing is told so, with a smaller one to get."""
    monkeypatch.setattr("hybrid_lsp.backends.remedies.SLOW_S", 0.05)
    async with OllamaDouble(script=[Line(prompt_s=0.1)]) as double:
        server = await only(double.url)

    ((sentence, command),) = wrongs(server.remarks)
    assert "s to its first word, and by then you have typed on" in sentence
    assert command == "ollama pull qwen2.5-coder:0.5b-base"


async def test_when_everything_hangs_the_report_comes_in_time() -> None:
    """Five servers that hang, some at once and some in their answers, do not take longer than the whole may."""
    slow = [OllamaDouble(script=[Line(then="hang", say=())]) for _ in range(2)]
    async with (
        HttpServer(hang) as first,
        HttpServer(hang) as second,
        slow[0],
        slow[1],
        OllamaDouble(load_s=30) as third,
    ):
        urls = [first.url, second.url, slow[0].url, slow[1].url, third.url]
        begun = time.monotonic()
        report = await examined(*(ServerSetting(url=url) for url in urls), timeout_s=2)
        took_s = time.monotonic() - begun

    assert took_s < 2.3
    assert [len(wrongs(server.remarks)) for server in report.servers] == [1] * 5


async def test_keys() -> None:
    """A key that is missing and one that is wrong are told apart, and neither is shown."""
    async with OpenAiDouble(key="sesame-1234") as double:
        without, other, right = [await only(double.url, key=key) for key in (None, "wrong-5678", "sesame-1234")]

    assert wrongs(without.remarks)[0] == (
        f"127.0.0.1:{double.server.port} wants a key; put it into a variable and name that in config.toml.",
        'key_env = "MY_MODEL_KEY"',
    )
    assert "does not accept the key that is set" in wrongs(other.remarks)[0][0]
    assert right.used_model == "Qwen/Qwen2.5-Coder-1.5B"
    assert "5678" not in repr((without, other))


async def test_our_own_llama_cpp(tmp_path: Path) -> None:
    """A model file is run by a real llama.cpp, tried, used before every server, and no child is left."""
    pytest.importorskip("xllamacpp")
    path = tmp_path / "qwen2.5-coder-scripted.gguf"
    write_gguf(path, Scripted(script=SCRIPT))
    children: list[LlamaChild] = []

    def child_of(path: Path) -> LlamaChild:
        children.append(LlamaChild(path))
        return children[0]

    async with OllamaDouble() as double:
        settings = [ServerSetting(url=double.url)]
        report = await examine(settings, gguf=path, environment={}, timeout_s=20, child_of=child_of)

    own, other = report.servers
    assert (own.kind, own.used_model, own.is_in_use, other.is_in_use) == ("gguf", "qwen2.5-coder-scripted", True, False)
    assert own.trial is not None
    assert own.trial.text == SCRIPT.text
    assert own.version
    assert not children[0].is_running


async def test_a_llama_cpp_server(tmp_path: Path) -> None:
    """A real llama.cpp server is recognised, and so is that its key is another."""
    pytest.importorskip("xllamacpp")
    path = tmp_path / "qwen2.5-coder-scripted.gguf"
    write_gguf(path, Scripted(script=SCRIPT))
    child = LlamaChild(path)
    try:
        door = await child.start()
        right, wrong = (
            await only(f"http://{door.where}", key=door._key),
            await only(f"http://{door.where}", key="other"),
        )
    finally:
        await child.close()

    assert right.server == f"llamacpp at {door.where}"
    assert right.trial is not None
    assert (right.trial.text, right.trial.output_tokens) == (SCRIPT.text, 5)
    assert "does not accept the key" in wrongs(wrong.remarks)[0][0]


async def test_a_file_that_cannot_fill_in(tmp_path: Path) -> None:
    """A file whose model only chats says so, and that the servers are not asked because of it."""
    pytest.importorskip("xllamacpp")
    path = tmp_path / "talker-instruct.gguf"
    write_gguf(path, Scripted(script=SCRIPT, fim={}))
    async with OllamaDouble() as double:
        report = await examined(ServerSetting(url=double.url), gguf=path)

    assert wrongs(report.servers[0].remarks)[0][0].startswith("talker-instruct was tuned to chat")
    assert not report.is_ready
    assert "goes before every server" in report.remarks[0].sentence


async def test_the_extra_that_is_missing(tmp_path: Path) -> None:
    """A model file without llama.cpp installed says how to install it; one that is not there says that."""
    path = tmp_path / "qwen2.5-coder.gguf"
    missing = await examined(gguf=path)
    write_gguf(path, Scripted(script=SCRIPT))
    report = await examine(
        [], gguf=path, environment={}, timeout_s=10, child_of=lambda path: LlamaChild(path, command=WITHOUT_EXTRA)
    )

    ((sentence, command),) = wrongs(report.servers[0].remarks)
    assert "llama.cpp is not installed here" in sentence
    assert command == "pip install 'hybrid-lsp[llama]'"
    assert wrongs(missing.servers[0].remarks)[0][0].startswith("There is no model file qwen2.5-coder.gguf")


async def test_variables_that_are_not_obeyed() -> None:
    """Proxy variables and an OLLAMA_HOST elsewhere are noted by name, and what they hold is not shown."""
    environment = {"https_proxy": "http://me:secret@proxy:3128", "OLLAMA_HOST": "10.0.0.9:11434"}
    report = await examine([], environment=environment, timeout_s=5)

    told = " ".join(remark.sentence for remark in report.remarks if remark.grade is Grade.NOTE)
    assert "https_proxy is set in the environment and ignored" in told
    assert "OLLAMA_HOST leads off this machine and is not followed" in told
    assert "secret" not in told


async def test_the_report_as_json() -> None:
    """The whole report is one JSON object, with speeds worked out and nothing lost."""
    async with OllamaDouble(script=[Line(say=("a ", "b ", "c ", "d "), token_s=0.01)]) as double:
        report = await examined(ServerSetting(url=double.url))
    told = json.loads(json.dumps(report.as_json()))

    assert told["is_ready"] is True
    assert told["servers"][0]["used_model"] == QWEN
    assert 1 < told["servers"][0]["trial"]["tokens_per_s"] < 101
    assert told["servers"][0]["remarks"][0]["grade"] == "note"


async def test_without_a_trial_no_model_is_loaded() -> None:
    """A list of models costs nobody a model load."""
    async with OllamaDouble() as double:
        report = await examine([ServerSetting(url=double.url)], environment={}, timeout_s=5, tries=False)

    assert (report.servers[0].used_model, report.servers[0].trial) == (QWEN, None)
    assert (double.loads, double.generates) == (0, [])


def test_a_speed_is_told_only_where_it_says_something() -> None:
    """Two tokens give no speed, nor does an answer whose tokens were not counted."""
    trials = [Trial(loading_s=0, first_text_s=1, total_s=2, text="x", output_tokens=n) for n in (None, 2, 11)]

    assert [trial.tokens_per_s for trial in trials] == [None, None, 10]


async def test_fetching_wants_an_ollama() -> None:
    """A model is fetched by the Ollama that is found; where there is none, the sentence says what to do."""
    async with OllamaDouble() as double, OpenAiDouble() as other:
        steps = [step async for step in fetch(QWEN, [ServerSetting(url=double.url)], environment={})]
        with pytest.raises(Trouble, match=r"No Ollama answers.*ollama serve"):
            await anext(fetch(QWEN, [ServerSetting(url=other.url)], environment={}))

    assert steps[-1].done


def test_what_suits_a_machine() -> None:
    """Only what fits into half of the memory is suggested, what keeps up first, and all of it can fill in."""
    small, usual, large = suggestions(4 * 10**9, 2), suggestions(16 * 10**9, 8), suggestions(64 * 10**9, 16)

    assert [suit.name for suit in small if suit.keeps_up] == ["qwen2.5-coder:0.5b-base"]
    assert all(suit.needs_bytes <= 2 * 10**9 for suit in small)
    assert usual[0].name == QWEN
    assert [suit.keeps_up for suit in large] == sorted((suit.keeps_up for suit in large), reverse=True)
    assert all(family_of(name=suit.name, metadata={}) for suit in large)
    assert suggestions(500_000_000, 8) == ()


def test_this_machine_has_memory_and_cores() -> None:
    """What this machine has can be told with the standard library alone."""
    assert memory_bytes() > 100_000_000
    assert cores() >= 1
