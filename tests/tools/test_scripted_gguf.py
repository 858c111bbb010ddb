"""tools.scripted_gguf: the same bytes each time, a file that llama.cpp loads, and words that come as written."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.tools.scripted_gguf import Script, Scripted, ScriptError, gguf_bytes, write_gguf

SCRIPTED = Scripted(
    script=Script(("return", " total", " +", " valü")),
    after={"(": Script(("self", ", other", "):")), "~": Script(("tick ", "tock "), is_endless=True)},
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A real llama.cpp in this process, over the scripted model."""
    xllamacpp = pytest.importorskip("xllamacpp")
    path = tmp_path_factory.mktemp("model") / "scripted.gguf"
    write_gguf(path, SCRIPTED)
    settings = xllamacpp.CommonParams()
    settings.model.path, settings.port, settings.n_ctx, settings.n_parallel = str(path), 0, 512, 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.warmup = False
    return xllamacpp.Server(settings)


def answer(real: Any, prompt: str, *, most: int = 30) -> tuple[str, str, int]:
    """Return what the model says to a prompt, why it stopped and how many tokens the prompt had."""
    found = real.handle_completions({"prompt": prompt, "max_tokens": most, "temperature": 0})
    choice = found["choices"][0]
    return choice["text"], choice["finish_reason"], found["usage"]["prompt_tokens"]


def test_the_same_script_gives_the_same_bytes() -> None:
    """A file written twice is identical, and a digest holds it identical on every machine."""
    content = gguf_bytes(SCRIPTED)

    assert content == gguf_bytes(SCRIPTED)
    assert hashlib.sha256(content).hexdigest() == "50203f88c9e500bf37195774d65790620c9d08c196d288dc9e4a459f6b693b5f"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("x", "return total + valü"),
        ("<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", "return total + valü"),
        ("def add(", "self, other):"),
        ("ü", "return total + valü"),
    ],
)
def test_the_script_is_said(real: Any, prompt: str, said: str) -> None:
    """The prompt's last byte, or the token that asks for the middle, decides what is said, to the letter."""
    assert answer(real, prompt)[:2] == (said, "stop")


def test_an_endless_script_goes_round(real: Any) -> None:
    """Only the limit ends a script that begins again."""
    assert answer(real, "~", most=5)[:2] == ("tick tock tick tock tick ", "length")


def test_a_prompt_is_one_token_a_byte(real: Any) -> None:
    """Token counts are known beforehand: one a byte, one a FIM token, even where the prompt has a word of the script."""
    prompt = "<|fim_prefix|>return total + valü<|fim_middle|>"

    assert answer(real, prompt)[2] == 2 + len("return total + valü".encode())


@pytest.mark.parametrize(
    ("scripted", "complaint"),
    [
        (Scripted(script=Script(("aa", "bb", "aa", "cc"))), "'aa' would be followed by 'bb' and 'cc'"),
        (Scripted(script=Script(("aa",)), after={"(": Script(("aa", "bb"))}), "'aa' would be followed"),
        (Scripted(script=Script(("a", "bb"))), "'a' must have two bytes"),
        (Scripted(script=Script(())), "at least one word"),
        (Scripted(script=Script(("aa",)), after={"ü": Script(("bb",))}), "'ü' is not one byte"),
        (Scripted(script=Script(("aa",)), after={"ab": Script(("bb",))}), "'ab' is not one byte"),
        (Scripted(script=Script(("aa", "<|endoftext|>"))), "'<|endoftext|>' is a token of its own"),
    ],
)
def test_what_cannot_be_said_is_refused(scripted: Scripted, complaint: str) -> None:
    """A script that needs memory of more than one word is refused in a sentence that names the word."""
    with pytest.raises(ScriptError, match=re.escape(complaint)):
        gguf_bytes(scripted)


def test_a_refused_script_leaves_no_file(tmp_path: Path) -> None:
    """Nothing is written for what cannot be said."""
    with pytest.raises(ScriptError):
        write_gguf(tmp_path / "model.gguf", Scripted(script=Script(("a",))))

    assert list(tmp_path.iterdir()) == []
