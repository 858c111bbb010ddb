"""core.fim: whose prompt is whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.fim import FAMILIES, family_of, neutralise, why_not

GOLDEN = {
    "qwen-coder": "<|fim_prefix|>A\n<|fim_suffix|>\nB<|fim_middle|>  x",
    "codeqwen": "<fim_prefix>A\n<fim_suffix>\nB<fim_middle>  x",
    "codellama": "<PRE> A\n <SUF>\nB <MID>  x",
    "deepseek-coder": "<｜fim▁begin｜>A\n<｜fim▁hole｜>\nB<｜fim▁end｜>  x",
    "starcoder": "<fim_prefix>A\n<fim_suffix>\nB<fim_middle>  x",
    "starcoder2": "<fim_prefix>A\n<fim_suffix>\nB<fim_middle>  x",
    "stable-code": "<fim_prefix>A\n<fim_suffix>\nB<fim_middle>  x",
    "granite-code": "<fim_prefix>A\n<fim_suffix>\nB<fim_middle>  x",
    "granite-4": "<|fim_prefix|>A\n<|fim_suffix|>\nB<|fim_middle|>  x",
    "codestral": "[SUFFIX]\nB[PREFIX]A\n  x",
    "codegemma": "<|fim_prefix|>A\n<|fim_suffix|>\nB<|fim_middle|>  x",
    "seed-coder": "<[fim-suffix]>\nB<[fim-prefix]>A\n<[fim-middle]>  x",
    "mellum": "<fim_suffix>\nB<fim_prefix>A\n<fim_middle>  x",
}
WITH_EXTRAS = {
    "qwen-coder": "<|repo_name|>workspace\n<|file_sep|>o.py\nO\n<|file_sep|>a.py\n<|fim_prefix|>A\n<|fim_suffix|>\nB<|fim_middle|>x",
    "starcoder2": "<repo_name>workspace\n<file_sep>o.py\nO\n<file_sep><fim_prefix>a.py\nA\n<fim_suffix>\nB<fim_middle>x",
    "mellum": "<filename>o.py\nO\n<filename>a.py\n<fim_suffix>\nB<fim_prefix>A\n<fim_middle>x",
    "codestral": "[SUFFIX]\nB[PREFIX]# o.py\nO\n# a.py\nA\nx",
    "codellama": "<PRE> # o.py\nO\n# a.py\nA\n <SUF>\nB <MID>x",
}


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_the_prompt_of_a_family(name: str) -> None:
    """Each family's tokens stand in its own order, and the typed line comes last."""
    family = FAMILIES[name]

    assert family.name == name
    assert family.raw(placed=("", ""), above="A\n", after="\nB", line="  x") == GOLDEN[name]


@pytest.mark.parametrize("name", sorted(WITH_EXTRAS))
def test_the_prompt_with_another_file(name: str) -> None:
    """Families that were trained on several files have them in front under their own mark, others in the prefix."""
    family = FAMILIES[name]
    mark = family.file_mark or "# "
    placed = family.placed(f"{mark}o.py\nO\n", f"{mark}a.py\n")

    assert family.raw(placed=placed, above="A\n", after="\nB", line="x") == WITH_EXTRAS[name]


def test_every_family_stops_at_its_own_tokens() -> None:
    """No family goes on behind a token of its own prompt."""
    for family in FAMILIES.values():
        assert {mark for mark in family.marks if mark} <= set(family.stop), family.name


NAMES = {
    "qwen2.5-coder:1.5b": "qwen-coder",
    "qwen2.5-coder:7b-instruct-q4_K_M": "qwen-coder",
    "hf.co/bartowski/Qwen2.5-Coder-1.5B-GGUF:Q4_K_M": "qwen-coder",
    "qwen3-coder:30b": "qwen-coder",
    "Qwen3-Coder-30B-A3B-Instruct-Q4_K_M.gguf": "qwen-coder",
    "Qwen2.5 Coder 3B": "qwen-coder",
    "codeqwen:7b-code": "codeqwen",
    "codellama:7b-code": "codellama",
    "codellama:code": "codellama",
    "registry.ollama.ai/library/codellama:13b-code": "codellama",
    "CodeLlama-7B.Q4_K_M.gguf": "codellama",
    "deepseek-coder:6.7b-base": "deepseek-coder",
    "deepseek-coder-1.3b-base.Q8_0.gguf": "deepseek-coder",
    "deepseek-coder-v2": "deepseek-coder",
    "deepseek-coder-v2:16b": "deepseek-coder",
    "starcoder:1b": "starcoder",
    "starcoder2:3b": "starcoder2",
    "stable-code:3b": "stable-code",
    "codegemma:2b": "codegemma",
    "codegemma:7b-code": "codegemma",
    "codestral:22b": "codestral",
    "granite-code:3b-base": "granite-code",
    "granite4:micro-h": "granite-4",
    "Seed-Coder-8B-Base-Q4.gguf": "seed-coder",
    "Mellum-4b-base.gguf": "mellum",
    "codellama": None,
    "codellama:13b": None,
    "codellama:13b-instruct": None,
    "codellama:7b-python": None,
    "codellama:34b-code": None,
    "CodeLlama-13B-Instruct.Q4_K_M.gguf": None,
    "deepseek-coder:33b": None,
    "deepseek-coder:6.7b-instruct": None,
    "codegemma:7b": None,
    "codegemma:7b-instruct": None,
    "starcoder2:instruct": None,
    "stable-code:instruct": None,
    "granite-code:8b": None,
    "codeqwen": None,
    "qwen2.5:7b": None,
    "qwen3:8b": None,
    "Seed-Coder-8B-Instruct": None,
    "codegeex4:9b": None,
    "mamba-codestral-7b": None,
    "llama3.2:3b": None,
    "mistral:7b-instruct": None,
    "something-new:1b": None,
    "": None,
}


@pytest.mark.parametrize(("name", "family"), NAMES.items())
def test_names_tell_families(name: str, family: str | None) -> None:
    """A model made to fill in is known by its name; a chat variant or an unknown one is not guessed at."""
    found = family_of(name=name, metadata={})

    assert (found.name if found else None) == family


@pytest.mark.parametrize(("name", "family"), NAMES.items())
def test_who_has_no_family_is_told_why(name: str, family: str | None) -> None:
    """There is one sentence that names the model and a way out, exactly where there is no family."""
    sentence = why_not(name)

    assert bool(sentence) == (family is None)
    if sentence:
        assert sentence.startswith(name)
        assert sentence.endswith(".")
        assert "use " in sentence


BARS = "<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>"
STARS = "<fim_prefix>{{ .Prompt }}<fim_suffix>{{ .Suffix }}<fim_middle>"


@pytest.mark.parametrize(
    ("name", "metadata", "family"),
    [
        ("mine", {"template": "<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>"}, "codellama"),
        ("codellama:13b", {"template": "<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>"}, "codellama"),
        ("mine", {"template": "[SUFFIX]{{ .Suffix }}[PREFIX]{{ .Prompt }}"}, "codestral"),
        ("mine", {"template": BARS}, None),
        ("mine", {"template": BARS, "general.architecture": "qwen2"}, "qwen-coder"),
        ("mine", {"template": BARS, "general.architecture": "gemma"}, "codegemma"),
        ("granite4", {"template": BARS}, "granite-4"),
        ("mine", {"template": STARS, "general.architecture": "starcoder2"}, "starcoder2"),
        ("mine", {"template": STARS, "general.architecture": "llama"}, None),
        ("fast", {"general.basename": "Qwen2.5-Coder"}, "qwen-coder"),
        ("fast-instruct", {"general.name": "Qwen2.5 Coder 1.5B Instruct"}, "qwen-coder"),
        ("fast", {"general.name": "CodeLlama Instruct"}, None),
        ("mine", {"tokenizer.ggml.fim_pre_token": "<PRE>", "tokenizer.ggml.fim_suf_token": "<SUF>", "tokenizer.ggml.fim_mid_token": "<MID>"}, "codellama"),
        ("mine", {"tokenizer.ggml.fim_pre_token": "<PRE>"}, None),
        ("qwen2.5:7b", {"tokenizer.ggml.fim_x": "<|fim_prefix|><|fim_suffix|><|fim_middle|>"}, None),
        ("mine", {"tokenizer.chat_template": "{% for m in messages %}"}, None),
    ],
)  # fmt: skip
def test_what_the_server_says_goes_first(name: str, metadata: dict[str, str], family: str | None) -> None:
    """A template decides against the name; tokens alone decide only where no name speaks against it."""
    found = family_of(name=name, metadata=metadata)

    assert (found.name if found else None) == family


LITERALS = sorted({token for family in FAMILIES.values() for token in family.stop})
pieces = st.lists(
    st.sampled_from([*LITERALS, "<", ">", "|", "<|", "|>", "[", "]", "fim_prefix", "a", " ", "\n", "<s>"])
)


@given(pieces.map("".join))
def test_no_literal_survives(text: str) -> None:
    """Neutralised text holds no special token of any family, and is left alone the second time."""
    harmless = neutralise(text)

    assert not [token for token in LITERALS if token in harmless]
    assert neutralise(harmless) is harmless
    assert harmless.count("\n") == text.count("\n")
    assert harmless.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a <|fim_prefix|> b", "a < |fim_prefix|> b"), ("[SUFFIX]", "[ SUFFIX]"), ("<｜fim▁end｜>", "< ｜fim▁end｜>")],
)
def test_a_literal_gets_a_blank(text: str, expected: str) -> None:
    """The change is to be seen by whoever reads the prompt."""
    assert neutralise(text) == expected


def test_ordinary_text_is_the_same_object() -> None:
    """Text without special tokens costs a search and no copy."""
    text = "if a < b | c > d: [x]\n" * 50

    assert neutralise(text) is text
