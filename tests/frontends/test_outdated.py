"""frontends.terminal.outdated: what a person reads of models that are too old."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from hybrid_lsp.backends.checkup import examine
from hybrid_lsp.backends.discover import ServerSetting
from hybrid_lsp.backends.report import ListedModel, Report, Server
from hybrid_lsp.core.catalog import Catalog, chosen, parse_catalog
from hybrid_lsp.frontends.terminal.outdated import run_outdated
from tests.doubles.ollama import Installed, OllamaDouble
from tests.frontends.test_terminal import Screen

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The catalog that comes with hybrid-lsp."""
    found, problems = parse_catalog(tomllib.loads(files("hybrid_lsp").joinpath("models.toml").read_text("utf-8")))
    assert problems == ()
    return found


def listed(*names: str, refusal: str = "") -> tuple[ListedModel, ...]:
    """Models of a server."""
    return tuple(
        ListedModel(name=name, can_fim=None, is_loaded=False, is_used=False, refusal=refusal) for name in names
    )


async def found(*servers: Server) -> Report:
    """An examination that found this."""
    return Report(servers=servers)


def says(catalog: Catalog, *servers: Server, deprecated: tuple[str, ...] = ()) -> tuple[int, list[str]]:
    """The exit status, and the lines written where there is no terminal."""
    screen = Screen()
    status = run_outdated(found(*servers), catalog, today=TODAY, out=screen, deprecated=deprecated, environment={})
    return status, screen.text.splitlines()


def test_what_is_old_is_named_with_its_heir(catalog: Catalog) -> None:
    """Each old model has a sentence, and below it the command that fetches what is better at its size."""
    server = Server(server="ollama at 127.0.0.1:11434", models=listed("codellama:13b", "qwen3.8:27b"))

    assert says(catalog, server) == (1, [
        "Local models that there is something newer for:",
        "  • codellama:13b is older than qwen2.5-coder:14b, which does more at about its size; fetch that",
        "    instead.",
        "      hybrid-lsp models pull qwen2.5-coder:14b",
        "",
        f"By what was known on {catalog.as_of}; hybrid-lsp comes with this, and asks nobody.",
    ])  # fmt: skip


def test_an_heir_that_is_there_is_not_fetched_again(catalog: Catalog) -> None:
    """Where the newer model is installed, too, the old one only takes room; Ollama is told to drop it, not others."""
    names = listed("codellama:13b", "qwen2.5-coder:14b")
    _, of_ollama = says(catalog, Server(server="ollama at 127.0.0.1:11434", models=names))
    _, of_another = says(catalog, Server(server="LM Studio at 127.0.0.1:1234", models=names))

    assert "      ollama rm codellama:13b" in of_ollama
    assert not any("ollama rm" in line for line in of_another)


def test_cloud_models_of_the_settings_are_judged(catalog: Catalog) -> None:
    """Who has chosen the sketch's names reads that they are shut down, and what to write into config.toml."""
    status, lines = says(chosen(catalog, "sketch"))

    assert status == 1
    assert "  • gpt-4-turbo was shut down on 2026-10-23; use gpt-6.1-sol instead." in lines
    assert '      models.premium = "gpt-6.1-sol"' in lines
    assert '      models.standard = "gemini-3.8-flash"' in lines


def test_what_a_vendor_has_deprecated_is_said(catalog: Catalog) -> None:
    """A model that the prices have as deprecated is named, though no day of its end is known."""
    _, lines = says(catalog, deprecated=("gpt-6-luna", "not-in-use"))

    assert "  • gpt-6-luna is deprecated by its vendor; name another in config.toml." in lines
    assert not any("not-in-use" in line for line in lines)


@pytest.mark.parametrize(
    ("servers", "beginning"),
    [
        ((), "No local model was found. Nothing"),
        ((Server(server="ollama at 127.0.0.1:11434", models=listed("qwen3.8:27b", "own:7b")),), "Nothing"),
        ((Server(server="ollama at 127.0.0.1:11434", models=listed("codellama:x-cloud", refusal="No.")),), "No local"),
    ],
)
def test_nothing_to_say_is_one_line(catalog: Catalog, servers: tuple[Server, ...], beginning: str) -> None:
    """With nothing outdated there is one line and the exit status is 0; refused models are not judged."""
    status, lines = says(catalog, *servers)

    assert status == 0
    assert len(lines) == 1
    assert lines[0].startswith(beginning)


def test_the_list_is_what_a_server_says(catalog: Catalog) -> None:
    """What Ollama itself lists is judged, over its own protocol."""

    async def examination() -> Report:
        async with OllamaDouble(models=(Installed(name="mixtral:8x7b"), Installed(name="qwen3.5:9b"))) as double:
            settings = [ServerSetting(url=double.url)]
            return await examine(settings, environment={}, timeout_s=20.0, tries=False)

    screen = Screen()
    status = run_outdated(examination(), catalog, today=TODAY, out=screen, environment={})

    assert status == 1
    assert [line[:15] for line in screen.text.splitlines() if "•" in line] == ["  • mixtral:8x7"]
