"""core.trim: a suggestion and what stands right of the cursor."""

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.redact import looks_random
from hybrid_lsp.core.trim import (
    CLOSERS,
    MAX_CHARS,
    MAX_LINES,
    RULES,
    Shape,
    Trimmed,
    fit_suffix,
    only_closers,
    trim,
)

GOLDEN = Path(__file__).parent / "golden" / "trim"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['says']}")
    for path in sorted(GOLDEN.glob("*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]


@pytest.mark.parametrize(
    ("rest", "suffix", "text", "replaces"),
    [
        ("total)", "", "total)", 0),
        ("total)", ")", "total", 0),
        ("total)", ")  ", "total", 0),
        ("a[0])", "])", "a[0", 0),
        ("x) {", ")", "x) {", 1),
        ("total", ")", "total", 0),
        ("name']", "']", "name", 0),
        ("total", "   ", "total", 0),
        ("é)", ")", "é", 0),
    ],
)
def test_closers_are_neither_doubled_nor_lost(rest: str, suffix: str, text: str, replaces: int) -> None:
    """Closers that the suggestion brings itself are reused or replaced; others stay right of it."""
    assert fit_suffix(rest, suffix) == (text, replaces)


@given(st.text(max_size=20), st.text(alphabet=sorted(CLOSERS), max_size=4))
def test_the_line_after_accepting_is_the_one_that_was_meant(rest: str, suffix: str) -> None:
    """Accepting leaves `rest`, or `rest` and then the whole suffix; nothing else and nothing twice."""
    text, replaces = fit_suffix(rest, suffix)
    after = (text + suffix[replaces:]).rstrip(" \t")

    assert after in {rest.rstrip(" \t"), (rest + suffix).rstrip(" \t")}


@pytest.mark.parametrize(
    ("suffix", "expected"), [("", True), (")", True), ("\"'])};  ", True), (") + x", False), ("é", False)]
)
def test_only_closers(suffix: str, expected: bool) -> None:
    """Only what an editor may have put there by itself counts as nothing."""
    assert only_closers(suffix) is expected


def excerpt_of(document: str, language: str = "python") -> Excerpt:
    """The excerpt at the `▮` of a document."""
    before, after = document.split("▮")
    above, _, prefix = before.rpartition("\n")
    suffix, _, below = after.partition("\n")
    return Excerpt(
        workspace=1,
        document=1,
        version=1,
        path="a",
        language=language,
        line=before.count("\n"),
        above=above + "\n" if "\n" in before else "",
        prefix=prefix,
        suffix=suffix,
        below=below,
    )


def trimmed(generated: str, excerpt: Excerpt, shape: Shape = Shape.MULTI, *, is_complete: bool = True) -> Trimmed:
    """The text trimmed with the rules for secrets that ship."""
    return trim(generated, excerpt, shape, is_secret=looks_random, is_complete=is_complete)


def generated_by(case: dict[str, Any]) -> str:
    """What the model of a golden case writes."""
    words = "".join(f" + item_{n}" for n in range(case.get("more_words", 0)))
    rows = "".join(f"\n    step({n})" for n in range(case.get("more_rows", 0)))
    return f"{case['generated']}{words}{rows}"


@pytest.mark.parametrize("case", CASES)
def test_golden(case: dict[str, Any]) -> None:
    """Each rule does on real code what its file says, whole and in every streamed part."""
    excerpt, generated = excerpt_of(case["document"], case["language"]), generated_by(case)
    text = trimmed(generated, excerpt).text

    assert text == case.get("text", text)
    assert len(text) == case.get("chars", len(text))
    assert text.count("\n") + 1 == case.get("rows", text.count("\n") + 1)
    check_laws(generated, excerpt, Shape.MULTI)


def test_every_rule_has_its_cases() -> None:
    """There is one golden file a rule, with three cases or more."""
    files = {path.stem: tomllib.loads(path.read_text(encoding="utf-8"))["case"] for path in GOLDEN.glob("*.toml")}

    assert set(files) == RULES
    assert [rule for rule, cases in files.items() if len(cases) < 3] == []


def check_laws(generated: str, excerpt: Excerpt, shape: Shape) -> None:
    """The laws that hold for any text at any cursor."""
    final = trimmed(generated, excerpt, shape)
    below = next((line.rstrip() for line in excerpt.below.split("\n") if line.strip()), None)

    assert final.is_finished
    assert final.text == final.text.rstrip()
    assert final.text.count("\n") < MAX_LINES
    assert len(final.text) <= MAX_CHARS
    assert shape is Shape.MULTI or "\n" not in final.text
    assert below is None or not final.text or final.text.split("\n")[-1] != below
    assert trimmed(final.text, excerpt, shape).text == final.text

    settled, finished = "", None
    for end in range(0, len(generated) + 1, len(generated) // 80 + 1):
        part = trimmed(generated[:end], excerpt, shape, is_complete=False)
        assert part.text.startswith(settled)
        assert finished is None or part == finished
        finished = part if part.is_finished else None
        if finished or generated[:end].endswith(("\n", "\r")):
            settled = part.text
    assert final.text.startswith(settled)
    assert finished is None or final == finished


PIECES = st.lists(
    st.sampled_from(
        [
            *"abx1 ()[]{}:,;.'\"\\`#\t\r<|",
            *("\n", "\n    ", "\n        ", "  ", "\r\n", "\n}", "\n\t", "```", "```py\n", "<think>", "</think>"),
            *(
                "return x",
                "def f():",
                "if (a) {",
                "Sure, here:\n",
                "Here is ",
                "<|fim_middle|>",
                "net = 1",
                "value",
                "-" * 70,
            ),
            *('"""', "/*", "*/", "//", "0, " * 30, "sk9Xq2Lm7Pz4Rt8Vw3Yb6Nc", "é", "\u2028", "😀", "\x1c"),
        ]
    ),
    max_size=14,
).map("".join)
LINES = PIECES.map(lambda text: text.replace("\r", ""))
EXCERPTS = st.builds(
    lambda above, prefix, suffix, below, language: Excerpt(
        workspace=1,
        document=1,
        version=1,
        path="a",
        language=language,
        line=above.count("\n"),
        above=above + "\n" if above else "",
        prefix=prefix.replace("\n", ""),
        suffix=suffix,
        below=below,
    ),
    LINES,
    LINES,
    st.text(alphabet=sorted(CLOSERS), max_size=4),
    LINES,
    st.sampled_from(["python", "typescript", "rust", "markdown"]),
)


@given(PIECES, EXCERPTS, st.sampled_from(Shape))
def test_laws(generated: str, excerpt: Excerpt, shape: Shape) -> None:
    """Trimming only inserts, repeats nothing below, is idempotent, and never takes back what has settled."""
    check_laws(generated, excerpt, shape)


@pytest.mark.parametrize(
    ("generated", "document", "language", "shape"),
    [
        ("\n```\n", "a▮", "python", Shape.SINGLE),
        ("```)```", "▮", "python", Shape.SINGLE),
        ("```py\n<|fim_middle|>```", "▮", "python", Shape.SINGLE),
        (" /*\naaaaa", " /*\naaaaa\n▮", "typescript", Shape.MULTI),
    ],
)
def test_laws_that_were_broken_once(generated: str, document: str, language: str, shape: Shape) -> None:
    """Fences behind a blank line or cut short, and repetitions that begin with signs, are known for what they are."""
    check_laws(generated, excerpt_of(document, language), shape)


@given(PIECES, EXCERPTS)
def test_accepting_keeps_what_is_typed(generated: str, excerpt: Excerpt) -> None:
    """Whatever is inserted, the text left of the cursor and what the suggestion does not replace stay as they are."""
    text, replaces = fit_suffix(trimmed(generated, excerpt).text, excerpt.suffix)
    line = excerpt.prefix + text + excerpt.suffix[replaces:]

    assert line.startswith(excerpt.prefix)
    assert line.endswith(excerpt.suffix[replaces:])
    assert replaces in {0, len(excerpt.suffix)}


def test_a_part_of_the_first_line_is_better_than_nothing() -> None:
    """Before the first line is whole its beginning is shown; from then on only whole lines are."""
    excerpt = excerpt_of("def f():\n    ▮")

    assert trimmed("return a", excerpt, is_complete=False) == Trimmed(text="return a", is_finished=False)
    assert trimmed("net = a\n    retu", excerpt, is_complete=False) == Trimmed(text="net = a", is_finished=False)


def test_a_single_line_is_finished_by_its_end() -> None:
    """In one line there is nothing to wait for behind the first line end."""
    excerpt = excerpt_of("net = ▮")

    assert not trimmed("a + b", excerpt, Shape.SINGLE, is_complete=False).is_finished
    assert trimmed("a + b\n", excerpt, Shape.SINGLE, is_complete=False) == Trimmed(text="a + b", is_finished=True)


def test_a_runaway_line_is_finished_before_it_ends() -> None:
    """A stream that says the same for ever can be closed though no line ever ends."""
    assert trimmed("add(a, " + "b, " * 40, excerpt_of("net = ▮"), is_complete=False).is_finished


def test_time_grows_with_the_length_of_the_text() -> None:
    """Even a text made to be hard is trimmed in milliseconds."""
    hard = ["a" * 50_000, "(" * 50_000, "\n" * 50_000, "'" * 50_000, "ab " * 20_000, "<think>" * 8_000, " " * 50_000]
    began = time.perf_counter()
    for generated in hard:
        trimmed(generated, excerpt_of("net = ▮"))

    assert time.perf_counter() - began < 2
