"""core.redact: what a text costs is bounded by its length, whatever stands in it. Counted, not timed."""

import sys
from types import FrameType

import pytest

from benchmarks.crafted_secrets import FILLED, ROWS, crafted
from hybrid_lsp.core.redact import Rules, redact
from hybrid_lsp.core.redact.hits import compiled, matches
from hybrid_lsp.core.redact.vendors import FORMS

RULES, _ = Rules.of()
MOST_CALLS = 16
"""For a character. It is thirteen where every ten of them are one more name and one more secret."""
MOST_READ = 8
"""How often a character is judged as part of a value, at most, in the mean."""


def effort(text: str) -> tuple[int, int]:
    """How many calls are made for a text, of Python or C, and how many characters of values are judged."""
    calls = judged = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls, judged
        calls += event in ("call", "c_call")
        if event == "call" and frame.f_code.co_name == "is_hollow":
            judged += len(frame.f_locals["value"])

    sys.setprofile(count)
    try:
        redact(text, RULES)
    finally:
        sys.setprofile(None)
    return calls, judged


@pytest.mark.parametrize("name", [*ROWS, *FILLED])
def test_no_text_takes_more_than_its_length(name: str) -> None:
    """Texts made of what rules look for are read a few times, not once for each of the names that stand in them."""
    redact(crafted(name, 1000), RULES)
    chars = 12_000
    calls, judged = effort(crafted(name, chars))

    assert calls <= MOST_CALLS * chars
    assert judged <= MOST_READ * chars


def test_one_call_of_an_expression_reads_a_part_only() -> None:
    """A search for what hardly ever stands there comes back in turns, and yet finds all that one search would."""
    text = ("x" * 49_990 + "key7" + "y" * 30) * 4 + "key" * 3
    pattern = compiled(r"key[0-9]?")

    assert [m.span() for m in matches(pattern, text, 4)] == [m.span() for m in pattern.finditer(text)]


def test_no_needle_is_longer_than_a_turn_can_bridge() -> None:
    """A key that begins where one turn ends is found by the next."""
    assert max(len(needle) for form in FORMS for needle in form.needles.split()) <= 40
