"""core.complexity: the sketch's score, and the reasons that add up to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.complexity import (
    EXPLAIN_FORMS,
    LONG_PROMPT,
    OVER_8000_TOKENS,
    REASON_TOLD,
    REDESIGN_FORMS,
    REPAIR_FORMS,
    assess,
)


def sketch(prompt: str, context: str) -> dict[str, object]:
    """The sketch's own code, word for word."""
    score = 0.0
    if len(prompt) > 1000:
        score += 0.2
    if len(context) > 10000:
        score += 0.3
    if any(word in prompt.lower() for word in ["refactor", "redesign", "architect"]):
        score += 0.3
    if any(word in prompt.lower() for word in ["debug", "fix", "error", "bug"]):
        score += 0.2
    if "explain" in prompt.lower() and len(context) > 5000:
        score += 0.3
    total_tokens = (len(prompt) + len(context)) / 4
    if total_tokens > 8000:
        score += 0.4
    return {
        "score": min(score, 1.0),
        "requires_large_context": total_tokens > 8000,
        "is_complex_reasoning": score > 0.6,
    }


PLAIN = (
    "the",
    "this",
    "loop",
    "class",
    "makes",
    "a",
    "Totally",
    "new",
    "test",
    "für",
    "雪",
    "and",
    "x1",
    "it's",
    "1.5",
)
OURS = (*REDESIGN_FORMS, *REPAIR_FORMS, *EXPLAIN_FORMS)
words = st.sampled_from((*PLAIN, *OURS)).flatmap(lambda word: st.sampled_from((word, word.upper(), word.title())))
prompts = st.lists(st.tuples(words, st.sampled_from((" ", ", ", "\n", ": ", "-", "/", " (", "? "))), max_size=12).map(
    lambda pairs: "".join(word + mark for word, mark in pairs)
)


@given(
    prompts,
    st.sampled_from((0, 900, 999, 1000, 1001, 2000, 31_999, 32_000, 32_001)),
    st.sampled_from((0, 4999, 5000, 5001, 9999, 10_000, 10_001, 30_999, 31_000, 32_000, 32_001, 50_000)),
)
def test_the_score_is_the_sketchs(prompt: str, pad_to: int, context_chars: int) -> None:
    """Over prompts of whole words and contexts of every size, all three values are those of the sketch's code."""
    prompt = prompt.ljust(pad_to)
    ours, theirs = assess(prompt, "c" * context_chars), sketch(prompt, "c" * context_chars)

    assert ours.score == round(float(str(theirs["score"])), 10)
    assert ours.requires_large_context == theirs["requires_large_context"]
    assert ours.is_complex_reasoning == theirs["is_complex_reasoning"]


@given(prompts, st.text(max_size=80), st.sampled_from((0, 6000, 40_000)))
def test_nothing_scores_higher_than_in_the_sketch(words: str, noise: str, context_chars: int) -> None:
    """Words that are matched as words can only be fewer than their letters anywhere."""
    prompt, context = words + noise, "c" * context_chars

    assert assess(prompt, context).score <= round(float(str(sketch(prompt, context)["score"])), 10)


@given(prompts, st.integers(0, 40_000))
def test_the_reasons_add_up_to_the_score(prompt: str, context_chars: int) -> None:
    """Each point of a score has a reason, and each reason a sentence."""
    found = assess(prompt, "c" * context_chars)

    assert found.score == pytest.approx(min(1.0, sum(reason.points for reason in found.reasons)))
    assert all(REASON_TOLD[reason.name].endswith(".") for reason in found.reasons)
    assert len({reason.name for reason in found.reasons}) == len(found.reasons)
    assert (OVER_8000_TOKENS in found.reasons) == found.requires_large_context


@pytest.mark.parametrize(
    ("prompt_chars", "context_chars", "score", "names"),
    [
        (0, 0, 0.0, ()),
        (1000, 10_000, 0.0, ()),
        (1001, 0, 0.2, ("long_prompt",)),
        (0, 10_001, 0.3, ("long_context",)),
        (1000, 31_000, 0.3, ("long_context",)),
        (1001, 31_000, 0.9, ("long_prompt", "long_context", "over_8000_tokens")),
        (32_000, 0, 0.2, ("long_prompt",)),
        (32_001, 0, 0.6, ("long_prompt", "over_8000_tokens")),
    ],
)
def test_lengths_count_from_the_next_character_on(
    prompt_chars: int, context_chars: int, score: float, names: tuple[str, ...]
) -> None:
    """1000 and 10,000 characters and 8000 tokens are not yet long; one character more is."""
    found = assess("p" * prompt_chars, "c" * context_chars)

    assert (found.score, tuple(reason.name for reason in found.reasons)) == (score, names)


@pytest.mark.parametrize(("context_chars", "score"), [(5000, 0.0), (5001, 0.3)])
def test_explaining_counts_for_much_code_only(context_chars: int, score: float) -> None:
    """More than 5000 characters of it."""
    assert assess("Please explain.", "c" * context_chars).score == score


@pytest.mark.parametrize("form", sorted(REDESIGN_FORMS | REPAIR_FORMS | EXPLAIN_FORMS))
@pytest.mark.parametrize("text", ["{}", "{}!", "({})", "now {} it", "re-{}", "it's:{},\n", "ERST {}"])
def test_each_form_counts_as_a_word(form: str, text: str) -> None:
    """At either end, between marks, in any case; and the sketch counts each of them, too."""
    points = 0.2 if form in REPAIR_FORMS else 0.3

    assert assess(text.format(form), "c" * 5001).score == points
    assert assess(text.format(form).upper(), "c" * 5001).score == points
    assert sketch(form, "c" * 5001)["score"] == points


@pytest.mark.parametrize(
    "word",
    ["prefix", "suffixes", "fixture", "fix_me", "fix2", "_fix", "fixMe", "affix", "terror", "ValueError", "error_code",
     "bugle", "debugfs", "ladybug", "refactorable", "explainer", "unexplained", "architectonic", "éfix", "erroré"],
)  # fmt: skip
def test_a_part_of_a_word_does_not_count(word: str) -> None:
    """Identifiers and longer words that hold the letters are other words."""
    assert assess(f"the {word} here", "c" * 5001).score == 0.0


@pytest.mark.parametrize(
    ("prompt", "context_chars", "score", "is_complex"),
    [("fix it", 31_999, 0.9, True), ("refactor", 10_001, 0.6, False), ("p" * 32_001, 0, 0.6, True)],
)
def test_complex_reasoning_is_told_by_the_sketchs_floats(
    prompt: str, context_chars: int, score: float, is_complex: bool
) -> None:
    """0.3 + 0.3 is not above 0.6; 0.2 + 0.4 is, by the smallest of margins, as in the sketch."""
    found = assess(prompt, "c" * context_chars)

    assert (found.score, found.is_complex_reasoning) == (score, is_complex)


def test_the_same_words_count_once() -> None:
    """However often a word stands there, and however long the whole becomes, no score is above 1."""
    found = assess("fix the bug, refactor and explain " * 1000, "c" * 100_000)

    assert found.score == 1.0
    assert len(found.reasons) == 6
    assert LONG_PROMPT in found.reasons
