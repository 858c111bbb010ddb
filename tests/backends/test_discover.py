"""What is found on a machine, what it turns out to be, and which model is taken."""

import asyncio
import time

import pytest

from hybrid_lsp.backends import discover as discover_module
from hybrid_lsp.backends.discover import Finding, Kind, ServerSetting, connect, discover, ranked
from hybrid_lsp.backends.local import ModelEntry
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from tests.doubles.http_server import Asked, HttpServer, Reply
from tests.doubles.ollama import CHAT_TEMPLATE, Installed, OllamaDouble
from tests.doubles.openai_local import OpenAiDouble

QWEN = "qwen2.5-coder:1.5b-base"


async def one(setting: ServerSetting, *, timeout_s: float = 5, own_hosts: frozenset[str] = frozenset()) -> Finding:
    """What is found at one configured address."""
    (found,) = await discover([setting], own_hosts, timeout_s=timeout_s)
    return found


async def test_what_answers_decides_what_it_is() -> None:
    """Ollama, llama.cpp and an OpenAI-compatible server are told apart on whatever port they listen."""
    async with OllamaDouble() as first, OpenAiDouble(llamacpp=True) as second, OpenAiDouble() as third:
        settings = [ServerSetting(url=url) for url in (first.url, second.url, f"{third.url}/v1")]
        found = await discover(settings, timeout_s=5)

    assert [finding.kind for finding in found] == [Kind.OLLAMA, Kind.LLAMACPP, Kind.OPENAI]
    assert found[0].server == f"ollama at 127.0.0.1:{first.server.port}"
    assert found[0].models[0].name == QWEN


async def test_a_kind_that_is_set_is_not_questioned() -> None:
    """A server whose kind the settings tell is asked in that dialect only."""
    async with OpenAiDouble() as double:
        found = await one(ServerSetting(url=double.url, kind=Kind.OPENAI))

    assert (found.kind, found.trouble) == (Kind.OPENAI, None)
    assert [asked.path for asked in double.server.asked] == ["/v1/models"]


async def test_usual_ports_are_knocked_at_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings the usual ports are asked; what is nothing of ours, or nobody, is not found."""

    async def stranger(asked: Asked, reply: Reply) -> None:
        await reply.send(200, "<html>my blog</html>", kind="text/html")

    async with OllamaDouble() as ollama, HttpServer(stranger) as web, HttpServer(stranger) as gone:
        await gone.__aexit__(None, None, None)
        monkeypatch.setattr(discover_module, "USUAL_PORTS", (web.port, gone.port, ollama.server.port))
        found = await discover([], timeout_s=5)
        await gone.__aenter__()

    assert [finding.url for finding in found] == [ollama.url]


@pytest.mark.parametrize(
    "told", ["127.0.0.1:{port}", "http://localhost:{port}", "0.0.0.0:{port}", "http://[::]:{port}/"]
)
async def test_ollama_host_is_followed_on_this_machine(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OLLAMA_HOST counts where it means this machine, as it does when it means all of this machine's addresses."""
    monkeypatch.setattr(discover_module, "USUAL_PORTS", ())
    async with OllamaDouble() as double:
        environment = {"OLLAMA_HOST": told.format(port=double.server.port)}
        found = await discover([], timeout_s=5, environment=environment)

    assert [finding.kind for finding in found] == [Kind.OLLAMA]


@pytest.mark.parametrize("told", ["10.0.0.9:11434", "https://ollama.example.com", "", "   ", "user@127.0.0.1", "127.1"])
async def test_ollama_host_elsewhere_is_not_followed(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OLLAMA_HOST that leads off this machine is passed over: a variable is not a person's opt-in."""
    monkeypatch.setattr(discover_module, "USUAL_PORTS", ())

    assert await discover([], timeout_s=1, environment={"OLLAMA_HOST": told}) == []


async def test_a_configured_server_is_always_found() -> None:
    """A server that does not answer, or is not one, is found with its trouble, and cannot be connected to."""

    async def stranger(asked: Asked, reply: Reply) -> None:
        await reply.send(404, "no such page", kind="text/plain")

    async with HttpServer(stranger) as web, HttpServer(stranger) as gone:
        await gone.__aexit__(None, None, None)
        found = await discover([ServerSetting(url=web.url), ServerSetting(url=gone.url)], timeout_s=5)
        await gone.__aenter__()
    with pytest.raises(Trouble, match="Nothing answers"):
        await connect(found[1])

    assert all(isinstance(finding.trouble, Trouble) for finding in found)
    assert isinstance(found[1].trouble, Trouble)
    assert found[1].trouble.kind is TroubleKind.OFFLINE


async def test_an_address_elsewhere_is_refused_and_not_asked() -> None:
    """A configured address off this machine is found refused, unless its host is one of the user's own."""
    found = await one(ServerSetting(url="http://10.1.2.3:11434"))
    with pytest.raises(Refused, match=r"10\.1\.2\.3 is not this machine"):
        await connect(found)

    assert isinstance(found.trouble, Refused)


async def test_all_are_asked_at_once() -> None:
    """Ten servers that hang cost one deadline, not ten."""

    async def hang(asked: Asked, reply: Reply) -> None:
        await asyncio.sleep(30)

    async with HttpServer(hang) as server:
        start = time.monotonic()
        found = await discover([ServerSetting(url=server.url)] * 10, timeout_s=0.3)

    assert time.monotonic() - start < 1.5
    assert {finding.trouble.kind for finding in found if isinstance(finding.trouble, Trouble)} == {TroubleKind.SLOW}


async def test_the_best_model_is_taken_unless_one_is_named() -> None:
    """Without a name the best one is opened; the setting's name goes before it, and the caller's before that."""
    models = [
        Installed(name="llama3.2:3b", template=CHAT_TEMPLATE),
        Installed(name="qwen2.5-coder:0.5b-base"),
        Installed(name=QWEN),
    ]
    async with OllamaDouble(models=models) as double:
        names = []
        for setting, named in ((None, None), ("qwen2.5-coder:0.5b-base", None), ("qwen2.5-coder:0.5b-base", QWEN)):
            model = await connect(await one(ServerSetting(url=double.url, model=setting)), named)
            names.append(model.facts.name)
            await model.close()

    assert names == [QWEN, "qwen2.5-coder:0.5b-base", QWEN]


async def test_what_cannot_be_opened_gives_way_to_the_next() -> None:
    """A model that turns out not to fill in the middle is passed over; if all are, the best one's trouble is told."""
    plain = Installed(name="mystery:1b", template=CHAT_TEMPLATE)
    remote = Installed(name="big:480b-cloud", remote_host="https://ollama.com")
    async with OllamaDouble(models=[remote, plain]) as double:
        found = await one(ServerSetting(url=double.url))
        with pytest.raises(Trouble) as none:
            await connect(found)
        double.models = [remote, plain, Installed(name="zebra:70b")]
        model = await connect(await one(ServerSetting(url=double.url)))
        await model.close()

    assert none.value.kind is TroubleKind.NO_FIM
    assert model.facts.name == "zebra:70b"
    assert double.proxied == 0


@pytest.mark.parametrize(
    ("models", "kind"),
    [
        ([], TroubleKind.NO_MODEL),
        ([Installed(name="big:cloud", remote_host="https://ollama.com")], TroubleKind.NOT_LOCAL),
    ],
)
async def test_without_a_model_the_way_out_is_told(models: list[Installed], kind: TroubleKind) -> None:
    """No model at all, or only somebody else's: which, in a sentence."""
    async with OllamaDouble(models=models) as double:
        found = await one(ServerSetting(url=double.url))
        with pytest.raises(Trouble) as trouble:
            await connect(found)

    assert trouble.value.kind is kind


def test_models_are_ranked_for_ghost_text() -> None:
    """First what fills in, then the largest that is comfortable, then the smallest beyond; refused ones never."""
    entries = [
        ModelEntry(name="llama3.2:3b"),
        ModelEntry(name="qwen2.5-coder:14b", can_fim=True),
        ModelEntry(name="qwen2.5-coder:7b", can_fim=True),
        ModelEntry(name="qwen2.5-coder:0.5b", can_fim=True, loaded=True),
        ModelEntry(name="qwen2.5-coder:3b", can_fim=True),
        ModelEntry(name="qwen3-coder:480b-cloud", can_fim=True, refusal="no."),
        ModelEntry(name="starcoder2:3b", can_fim=True, loaded=True),
    ]

    assert [entry.name for entry in ranked(entries)] == [
        "starcoder2:3b", "qwen2.5-coder:3b", "qwen2.5-coder:0.5b", "qwen2.5-coder:7b", "qwen2.5-coder:14b", "llama3.2:3b",
    ]  # fmt: skip


def test_a_key_is_not_shown() -> None:
    """Neither a setting nor a finding shows its key, or an address with one in it, when it is printed."""
    setting = ServerSetting(url="http://user:hunter2@127.0.0.1", key="sesame")
    finding = Finding(server="x", kind=None, url=setting.url, setting=setting)

    assert [word for word in ("hunter2", "sesame") if word in f"{setting!r}{finding!r}"] == []


async def test_a_stranger_on_a_usual_port_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's web server is told from a model server, and left alone from then on."""
    async with HttpServer(_web_page) as page:
        monkeypatch.setattr(discover_module, "USUAL_PORTS", (page.port,))
        strangers: set[str] = set()
        first = await discover_module.discover([], timeout_s=5, strangers=strangers)
        asked = len(page.asked)
        second = await discover_module.discover([], timeout_s=5, strangers=strangers)

    assert (first, second) == ([], [])
    assert asked > 0
    assert len(page.asked) == asked


async def _web_page(asked: Asked, reply: Reply) -> None:
    await reply.send(404, "<h1>not here</h1>", kind="text/html")
