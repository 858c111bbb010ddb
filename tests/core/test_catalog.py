"""core.catalog: which models there are, who plays what, and which are too old."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.backends.suits import suggestions
from hybrid_lsp.core.catalog import (
    CLOUD_ROLES,
    LOCAL_ROLES,
    Catalog,
    Installed,
    Model,
    Role,
    Where,
    billions,
    chosen,
    ending,
    faults,
    fill,
    local_model,
    outdated,
    parse_catalog,
)

TODAY = date(2026, 11, 23)
SHIPPED: Mapping[str, Any] = tomllib.loads(files("hybrid_lsp").joinpath("models.toml").read_text("utf-8"))
CATALOG, PROBLEMS = parse_catalog(SHIPPED)
LOCAL = {"id": "a:3b", "backend": "ollama", "window_tokens": 8192, "max_output_tokens": 2048}


def ids(catalog: Catalog, role: Role) -> list[str]:
    """Names of the players of a role."""
    return [model.id for model in catalog.playing(role)]


def players(models: Sequence[Model], role: Role) -> list[str]:
    """The same, of models that are installed."""
    return [model.id for model in models if role in model.roles]


def test_the_catalog_that_ships_is_whole() -> None:
    """Nothing in it is wrong; every role is played on its own side; names and aliases mean one model each."""
    assert PROBLEMS == ()
    assert all(ids(CATALOG, role) for role in Role)
    assert all(model.is_local for role in LOCAL_ROLES for model in CATALOG.playing(role))
    assert not any(model.is_local for role in CLOUD_ROLES for model in CATALOG.playing(role))
    names = Counter(name for model in CATALOG.models for name in (model.id, *model.aliases))
    assert [name for name, times in names.items() if times > 1] == []
    assert date.fromisoformat(CATALOG.as_of) <= TODAY
    assert CATALOG.sources


def test_every_cloud_model_says_where_and_by_which_key() -> None:
    """A cloud model has a host and the variables of its key, in order; a local one has neither."""
    keys = {
        ("openai", "api.openai.com", ("OPENAI_API_KEY",)),
        ("anthropic", "api.anthropic.com", ("ANTHROPIC_API_KEY",)),
        ("gemini", "generativelanguage.googleapis.com", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    }
    assert {(m.backend, m.host, m.key_env) for m in CATALOG.models if not m.is_local} == keys
    assert all(m.host == "" and m.key_env == () for m in CATALOG.models if m.is_local)
    for role in CLOUD_ROLES:
        of_vendors = Counter(model.backend for model in CATALOG.playing(role))
        assert set(of_vendors) == {"openai", "anthropic", "gemini"}
        assert max(of_vendors.values()) <= 3


def test_the_defaults_are_current() -> None:
    """No model of the default set is shut down or about to be, and none has a better heir."""
    assert ending(CATALOG, [model for model in CATALOG.models if model.roles], TODAY) == ()
    assert outdated(CATALOG, [Installed(name=name) for role in LOCAL_ROLES for name in ids(CATALOG, role)]) == ()


def test_what_is_suggested_is_not_outdated() -> None:
    """No model that `models list` suggests, and no heir that `models outdated` names, is itself outdated."""
    suggested = [suit.name for suit in suggestions(256 << 30, 64)]
    heirs = [name for row in CATALOG.superseded for name in (*row.by, *row.base)]

    assert outdated(CATALOG, [Installed(name=name) for name in (*suggested, *heirs)]) == ()


def test_the_sketch_can_be_chosen_as_it_stands() -> None:
    """One setting brings back every name of the first design, in its role."""
    sketch = chosen(CATALOG, "sketch")

    assert {role: ids(sketch, role) for role in Role} == {
        Role.FAST: ["codellama:13b"],
        Role.QUALITY: ["deepseek-coder:33b"],
        Role.BEST: ["mixtral:8x7b"],
        Role.STANDARD: ["gemini-pro"],
        Role.PREMIUM: ["gpt-4-turbo", "claude-3-opus"],
    }
    assert sketch.find("claude-opus-5-5") is not None
    assert {role: ids(chosen(sketch), role) for role in Role} == {role: ids(CATALOG, role) for role in Role}


def test_a_single_role_can_be_chosen() -> None:
    """What the settings name replaces that role, in their order, and no other."""
    overrides = {"fast": "codellama:13b", "premium": ["gpt-6.1-sol", "claude-3-opus-20240229"]}
    catalog = chosen(CATALOG, "default", overrides)

    assert ids(catalog, Role.FAST) == ["codellama:13b"]
    assert ids(catalog, Role.PREMIUM) == ["gpt-6.1-sol", "claude-3-opus"]
    assert ids(catalog, Role.BEST) == ids(CATALOG, Role.BEST)
    assert faults(CATALOG, "default", overrides) == ()


@pytest.mark.parametrize(
    ("role", "name", "backend", "model_id"),
    [
        ("quality", "mine:14b", "ollama", "mine:14b"),
        ("best", "gpt-oss:20b", "ollama", "gpt-oss:20b"),
        ("standard", "gpt-7-sol", "openai", "gpt-7-sol"),
        ("standard", "claude-sonnet-9", "anthropic", "claude-sonnet-9"),
        ("premium", "gemini/learnlm-9", "gemini", "learnlm-9"),
        ("premium", "openai/gpt-6.1-sol", "openai", "gpt-6.1-sol"),
        ("premium", "openai/claude-opus-5-5", "openai", "claude-opus-5-5"),
    ],
)
def test_a_model_that_is_not_listed_can_be_chosen(role: str, name: str, backend: str, model_id: str) -> None:
    """Local by its name, in the cloud by its vendor: told by the name, or written in front of it."""
    (model,) = chosen(CATALOG, "default", {role: name}).playing(Role(role))

    assert (model.id, model.backend) == (model_id, backend)
    assert model.is_local is (role in LOCAL_ROLES)
    assert bool(model.host) is not model.is_local
    assert 0 < model.thinking_tokens + 1 < model.max_output_tokens <= model.window_tokens


@pytest.mark.parametrize(
    ("set_name", "overrides", "said"),
    [
        ("modern", {}, '"models.set" names no set "modern"; there are default, sketch'),
        ("default", {"quick": "a"}, '"models.quick" is no role; there are fast, quality, best, standard, premium'),
        ("default", {"fast": "gpt-6-luna"}, "names gpt-6-luna, which runs in the cloud"),
        ("default", {"premium": "qwen3.8:27b"}, "names qwen3.8:27b, which runs on your machine"),
        ("default", {"best": "qwen3-coder:480b-cloud"}, "has run on somebody else's machine"),
        ("default", {"standard": "sonar"}, "write it as openai/sonar, anthropic/sonar or gemini/sonar"),
        ("default", {"fast": []}, '"models.fast" must be the name of a model, or a list of names'),
        ("default", {"fast": 3}, '"models.fast" must be the name of a model, or a list of names'),
    ],
)
def test_what_cannot_be_chosen_is_said(set_name: str, overrides: Any, said: str) -> None:
    """One sentence names the setting, the rule and the way out, and the set's own models stay."""
    (problem,) = faults(CATALOG, set_name, overrides)

    assert said in problem.sentence
    assert problem.key.startswith("models.")
    assert chosen(CATALOG, set_name, overrides) == CATALOG


def test_a_model_is_asked_at_one_place() -> None:
    """Where the person says, in every role that it plays; of two places that they say, the first, and they are told."""
    both = {"standard": "openai/same-9", "premium": "gemini/same-9"}
    (problem,) = faults(CATALOG, "default", both)
    assert (problem.key, "names same-9 at two places" in problem.sentence) == ("models.premium", True)
    assert [model.backend for model in chosen(CATALOG, "default", both).models if model.id == "same-9"] == ["openai"]

    moved = chosen(CATALOG, "default", {"standard": "openai/claude-opus-5-5"})
    assert {model.backend for model in moved.models if model.id == "claude-opus-5-5"} == {"openai"}
    assert moved.playing(Role.PREMIUM)[0] == moved.playing(Role.STANDARD)[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"model": [{**LOCAL, "id": 3}]}, "must have a text as id"),
        ({"model": [{**LOCAL, "backend": "telepathy"}]}, 'model a:3b has the backend "telepathy"'),
        ({"model": [{**LOCAL, "window_tokens": 0}]}, "model a:3b needs window_tokens, 1024 or more"),
        ({"model": [{**LOCAL, "window_tokens": True}]}, "model a:3b needs window_tokens"),
        ({"model": [{**LOCAL, "max_output_tokens": 9000}]}, "no more than its window"),
        ({"model": [{**LOCAL, "thinking_tokens": 2048}]}, "room for an answer beside its thinking_tokens"),
        ({"model": [LOCAL, LOCAL]}, "model a:3b is there twice"),
        ({"model": "a:3b"}, "model must be a list of tables"),
        ({"model": ["a:3b"]}, "model must be a table"),
        ({"vendors": {"openai": {"host": "api.openai.com"}}}, "vendor openai needs host and key_env"),
        ({"model": [LOCAL], "sets": {"default": {"premium": ["a:3b"]}}}, "there is no such cloud model"),
        ({"model": [LOCAL], "sets": {"default": {"fast": ["b"]}}}, "has b as fast, and there is no such local"),
        ({"sets": {"default": {"slow": []}}}, "set default has slow, which is no role"),
        ({"superseded": [{"by": ["x"]}]}, "superseded needs families and by"),
        ({"ending": [{"models": ["x"], "by": "y", "on": "soon"}]}, "ending needs models, by and a day"),
        ({"sources": "me"}, "must have a list of texts as sources"),
    ],
)
def test_what_is_wrong_in_a_table_is_left_out(content: Mapping[str, Any], said: str) -> None:
    """Every fault has one sentence that names the entry and what it needs; the rest is taken."""
    catalog, problems = parse_catalog({**content, "as_of": "2026-11-23"})

    assert any(said in problem.sentence for problem in problems)
    assert all(problem.sentence.startswith("models.toml: ") for problem in problems)
    assert all(0 < model.max_output_tokens <= model.window_tokens for model in catalog.models)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**7) | st.floats() | st.sampled_from(["", "a:3b", "openai", "2026-01-01"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "backend", "window_tokens", "max_output_tokens", "host", "key_env", "fast", "models", "on",
                         "by", "families", "names", "aliases", "about"]), inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(SHIPPED)), json_like))
def test_no_table_makes_it_fail(content: dict[str, Any]) -> None:
    """Whatever a file has, a catalog comes of it, and the settings over it never fail."""
    catalog, _ = parse_catalog(content)

    assert all(model.roles == () or model.is_local or model.host for model in catalog.models)
    chosen(catalog, "sketch", {"fast": "a:3b"})


@pytest.mark.parametrize(
    ("name", "parameters", "size_bytes", "expected"),
    [
        ("qwen2.5-coder:1.5b-base", None, None, 1.5),
        ("mixtral:8x7b", None, None, 56.0),
        ("qwen3.6:35b-a3b-q8_0", None, None, 35.0),
        ("deepseek-coder-v2:16b-lite-base-q4_0", None, None, 16.0),
        ("gemma4:e4b", None, None, 4.0),
        ("gemma3:270m", None, None, 0.27),
        ("Qwen2.5-Coder-7B-Instruct-Q4_K_M.gguf", None, None, 7.0),
        ("mine:latest", 7_600_000_000, 1, 7.6),
        ("mine:latest", None, 4_700_000_000, pytest.approx(7.58, abs=0.01)),
        ("mine:latest", None, None, None),
    ],
)
def test_how_large_a_model_is(name: str, parameters: int | None, size_bytes: int | None, expected: object) -> None:
    """What the server tells goes before the name, the name before the size of the file."""
    assert billions(Installed(name=name, parameters=parameters, size_bytes=size_bytes)) == expected


@pytest.mark.parametrize(
    ("name", "role"),
    [("a:4b", Role.FAST), ("a:4.1b", Role.QUALITY), ("a:20b", Role.QUALITY), ("a:21b", Role.BEST), ("a", Role.QUALITY)],
)
def test_the_role_of_a_model_of_unknown_name(name: str, role: Role) -> None:
    """Its size tells: up to 4 billion parameters fast, up to 20 quality, above the best; the middle if unknown."""
    model = local_model(Installed(name=name, backend="llamacpp", window_tokens=2048))

    assert model.roles == (role,)
    assert (model.where, model.backend, model.window_tokens, model.max_output_tokens) == (
        Where.LOCAL, "llamacpp", 2048, 1024,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["qwen3-coder:480b-cloud", "gpt-oss:cloud", "kimi-cloud", "QWEN:480B-CLOUD"])
def test_what_is_run_elsewhere_is_never_local(name: str) -> None:
    """A name that Ollama would have run by somebody else makes no local model, so it is never free."""
    with pytest.raises(ValueError, match="not local"):
        local_model(Installed(name=name))
    assert fill(CATALOG, [Installed(name=name)]) == ()


@pytest.mark.parametrize(
    ("installed", "fast", "quality", "best"),
    [
        (["qwen2.5-coder:3b", "qwen3-coder:30b", "qwen3.8:27b"],
         ["qwen2.5-coder:3b"], ["qwen3-coder:30b"], ["qwen3.8:27b"]),
        (["own:7b"], ["own:7b"], ["own:7b"], ["own:7b"]),
        (["a:1b", "b:70b"], ["a:1b"], ["b:70b"], ["b:70b"]),
        (["a:1b", "b:3b", "qwen3.5:4b"], ["qwen3.5:4b", "b:3b", "a:1b"], ["qwen3.5:4b"], ["qwen3.5:4b"]),
        (["gpt-oss:20b", "own:19b", "qwen3.5:9b"],
         ["qwen3.5:9b"], ["qwen3.5:9b", "gpt-oss:20b", "own:19b"], ["qwen3.5:9b"]),
        (["gpt-oss:latest"], ["gpt-oss:latest"], ["gpt-oss:latest"], ["gpt-oss:latest"]),
        (["qwen2.5-coder:1.5b-base", "nomic-embed-text:latest", "codellama:7b-code", "starcoder2:3b"], [], [], []),
    ],
)  # fmt: skip
def test_what_is_installed_decides_who_plays(
    installed: list[str], fast: list[str], quality: list[str], best: list[str]
) -> None:
    """The catalog's players first, then the largest that fit; a role that nobody fits is played by its neighbour."""
    filled = fill(CATALOG, [Installed(name=name) for name in installed])

    assert [players(filled, role) for role in LOCAL_ROLES] == [fast, quality, best]


@given(st.lists(st.sampled_from(["a:1b", "b:7b", "c:34b", "qwen3.8:27b", "d:cloud", "e:3b-base"]), max_size=6))
def test_with_a_model_there_no_role_is_empty(names: list[str]) -> None:
    """Every local role is played as soon as one model can chat, and only by what is installed; the order tells nothing."""
    installed = [Installed(name=name) for name in names]
    filled = fill(CATALOG, installed)
    able = {"a:1b", "b:7b", "c:34b", "qwen3.8:27b"} & set(names)

    assert {model.id for model in filled} <= able
    assert all(players(filled, role) for role in LOCAL_ROLES) is bool(able)
    assert fill(CATALOG, reversed(installed)) == filled


def test_a_server_s_own_window_counts() -> None:
    """What a server really holds goes before what the catalog says of the model, and the answer fits into it."""
    (model,) = fill(CATALOG, [Installed(name="qwen2.5-coder:7b", window_tokens=4096)])
    (large,) = fill(CATALOG, [Installed(name="qwen2.5-coder:7b", window_tokens=1 << 20)])
    (thinking,) = fill(CATALOG, [Installed(name="gpt-oss:20b", window_tokens=4096)])

    assert (model.window_tokens, model.max_output_tokens) == (4096, 2048)
    assert large.window_tokens == 32_768
    assert (thinking.max_output_tokens, thinking.thinking_tokens) == (2048, 1024)


def test_what_the_server_knows_goes_before_the_name() -> None:
    """A server that says whether a model can chat is believed."""
    told = [Installed(name="a:3b-base", can_chat=True), Installed(name="b:3b", can_chat=False)]

    assert [model.id for model in fill(CATALOG, told)] == ["a:3b-base"]


@pytest.mark.parametrize(
    ("name", "heir"),
    [
        ("codellama:13b", "qwen2.5-coder:14b"),
        ("codellama:7b-code", "qwen2.5-coder:7b-base"),
        ("library/CodeLlama:34b", "qwen3.8:27b"),
        ("codellama-7b.Q4_K_M.gguf", "qwen2.5-coder:7b"),
        ("deepseek-coder:33b", "qwen3-coder:30b"),
        ("mixtral:8x7b", "qwen3.8:27b"),
        ("llama3.2:3b", "qwen3.5:4b"),
        ("llama2:17b", "qwen3.5:9b"),
        ("gemma2", "gemma4:e2b"),
        ("deepseek-coder:1.3b-base", None),
        ("qwen2.5-coder:1.5b-base", None),
        ("qwen2.5-coder:14b", None),
        ("llama3.14:3b", None),
        ("something:7b", None),
    ],
)
def test_the_heir_of_an_old_model(name: str, heir: str | None) -> None:
    """An old family has an heir of about the same size that is made for the same; what is current has none."""
    aged = outdated(CATALOG, [Installed(name=name)])

    assert [one.command for one in aged] == ([f"hybrid-lsp models pull {heir}"] if heir else [])
    assert all(name in one.sentence and str(heir) in one.sentence for one in aged)


@pytest.mark.parametrize(("day", "said"), [(date(2026, 10, 22), "will be shut down"), (TODAY, "was shut down")])
def test_the_end_of_a_cloud_model(day: date, said: str) -> None:
    """A model's end is told before and after its day, with what to use and the setting for each role it plays."""
    sketch = chosen(CATALOG, "sketch")
    (aged,) = ending(sketch, sketch.playing(Role.PREMIUM)[:1], day)

    assert aged.sentence == f"gpt-4-turbo {said} on 2026-10-23; use gpt-6.1-sol instead."
    assert aged.command == 'models.premium = "gpt-6.1-sol"'
    assert [one.name for one in ending(CATALOG, [replace(CATALOG.models[-1], id="x", aliases=("o1",))], day)] == ["x"]


def test_every_end_names_what_there_is() -> None:
    """What is to be used instead is in the catalog, in the cloud, and does not end itself."""
    for one in CATALOG.endings:
        model = CATALOG.find(one.by)
        assert model is not None
        assert not model.is_local
        assert ending(CATALOG, [model], TODAY) == ()
