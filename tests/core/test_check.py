"""What the floor refuses, and what it lets through."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.check import Edit, floor
from hybrid_lsp.core.stream import EndReason

PART = "def total(prices, rate):\n    result = 0\n    for price in prices:\n        result += price * rate\n    return result\n"
GOOD = "def total(prices, rate):\n    return sum(price * rate for price in prices)\n"
OTHER = "def kept(places):\n    taken = set(places)\n    return sorted(taken)\n"
FINE_ABOVE = "import decimal\n\nRATE = decimal.Decimal(1)\n"
FINE_BELOW = "\nprint(total([1], RATE))\nprint(total([2], RATE))\n"
FINE = Edit(
    part=PART,
    text=GOOD,
    above=FINE_ABOVE,
    below=FINE_BELOW,
    faults_before=1,
    faults_after=1,
)
UNREAD = {"faults_before": None, "faults_after": None}
"""No grammar."""


def refused(edit: Edit) -> list[str]:
    """Return the names of the checks that an edit does not pass."""
    return [verdict.name for verdict in floor(edit) if not verdict.passed]


def test_a_good_edit_passes_and_every_check_is_told() -> None:
    """Each check has run, and none says a word."""
    verdicts = floor(FINE)
    assert [verdict.name for verdict in verdicts] == [
        "complete", "chatter", "changed", "place", "indentation", "characters", "syntax", "names",
    ]  # fmt: skip
    assert all(verdict.passed and not verdict.sentence for verdict in verdicts)


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("complete", {"ended": EndReason.LIMIT}),
        ("complete", {"ended": EndReason.BROKEN_OFF}),
        ("complete", {"ended": EndReason.REFUSED}),
        ("complete", {"closed": False}),
        ("complete", {"blocks": 2}),
        ("complete", {"text": "  \n"}),
        ("complete", {"text": "def total(prices, rate):\n    # ... rest of the code\n    return result\n"}),
        ("complete", {"text": "def total(prices, rate):\n    ... # existing code\n    return price + result\n"}),
        ("complete", {"text": "def total(prices, rate):\n    result = 0\n    # rest of the function unchanged\n"}),
        ("complete", {"text": "def total(prices, rate):\n    # existing code here\n    return result\n"}),
        ("complete", {"text": "def total(prices, rate):\n    // your code here\n    return result\n"}),
        ("complete", {"text": "def total(prices, rate):\n    result = 0\n    # ...\n    return result\n"}),
        ("chatter", {"text": "Sure, here is the refactored code:\n" + GOOD, "fenced": False, **UNREAD}),
        ("chatter", {"text": GOOD + "This version uses a generator and sum\n", "fenced": False, **UNREAD}),
        ("chatter", {"text": "Here is the new function\n" + GOOD, **UNREAD}),
        ("changed", {"text": PART}),
        ("changed", {"text": PART.replace("\n", "  \n") + "\n"}),
        ("place", {"text": "import decimal\n\nRATE = decimal.Decimal(1)\n\n" + GOOD}),
        ("place", {"text": GOOD + "\nprint(total([1], RATE))\nprint(total([2], RATE))\n"}),
        ("place", {"text": "class Window:\n    def open(self, title):\n        self.title = title\n"}),
        ("indentation", {"text": GOOD.replace("    ", "\t")}),
        ("characters", {"text": GOOD.replace("return", "return\x00")}),
        ("characters", {"text": GOOD.replace("return", "return\u2028")}),
        ("syntax", {"faults_after": 2}),
        ("names", {"new_names": ("prise",)}),
        ("names", {"lost_names": ("result",)}),
        ("complete", {"text": "def total(prices, rate):\n    result = 0\n    for price in prices:\n"}),
        ("complete", {"text": "def total(prices, rate):\n    result = 0\n    for price in prices:\n        resu"}),
        ("complete", {"text": "def total(prices, tax):\n    result = 0\n    for price in prices:\n        result += price * rate\n"}),
        ("chatter", {"text": "--- a/x\n+++ b/x\n@@ -1,5 +1,2 @@\n" + GOOD, **UNREAD}),
        ("chatter", {"text": "1: def total(prices, rate):\n2:     return sum(prices) * rate\n", **UNREAD}),
        ("chatter", {"text": GOOD + "\n### What changed\n", "fenced": False}),
        ("chatter", {"text": GOOD + "- **sum** takes the place of the loop (twice).\n", "fenced": False, **UNREAD}),
        ("chatter", {"text": GOOD + "```\n", "fenced": False, **UNREAD}),
        ("place", {"text": "RATE = decimal.Decimal(1)\n" + GOOD}),
        ("place", {"text": GOOD + "print(total([1], RATE))\n"}),
        ("place", {"text": FINE_ABOVE + GOOD + FINE_BELOW}),
        ("place", {"part": OTHER, "text": PART, "above": PART}),
        ("place", {"text": "x = 1\n" + PART * 2 + GOOD + OTHER + PART + "y = 1\n", "above": PART, "below": OTHER + PART}),
        ("place", {"part": OTHER, "text": PART.replace("result", "net"), "below": PART}),
        ("indentation", {"text": GOOD.replace("    return", "    \treturn")}),
        ("chatter", {"text": "```x = 2```\n", "fenced": False}),
        ("chatter", {"part": "Teh end\n", "text": "Here is the text\nThe end\n", "fenced": False, "prose": True, **UNREAD}),
        ("complete", {"part": "import os\n", "text": ""}),
        ("complete", {"part": "import os\n", "text": "", "may_vanish": True, "fenced": False}),
        ("complete", {"text": "", "may_vanish": True, "part": PART + PART}),
    ],
)  # fmt: skip
def test_what_is_mechanically_wrong_is_refused_by_its_own_check(check: str, changes: dict[str, object]) -> None:
    """Each fault is caught by the check that is there for it, with a sentence."""
    edit = replace(FINE, **changes)  # type: ignore[arg-type]
    assert check in refused(edit)
    assert all(verdict.sentence.endswith(".") for verdict in floor(edit) if not verdict.passed)


@pytest.mark.parametrize(
    "changes",
    [
        {"blocks": 3, "last": True},
        {"faults_before": None, "faults_after": None},
        {"faults_before": 2, "faults_after": 1},
        {"part": "def f(): ...\n", "text": "def f(x): ...\n", "above": "", "below": ""},
        {"part": "# ...\nx = 1\n", "text": "# ...\nx = 2\n"},
        {
            "text": 'def total(prices, rate):\n    """Here is the total of the prices"""\n    return sum(prices) * rate\n'
        },
        {"text": "def total(prices, rate):\n    # The rest is up to the caller\n    return sum(prices) * rate\n"},
        {"part": "\tx = 1\n", "text": "\tx = 2\n", "above": "    y = 1\n", "below": ""},
        {"part": "x = 1\n", "text": "x = 2\n", "above": "}\n}\n", "below": "}\n"},
        {"part": "Sure\n", "text": "Surely\n", "fenced": False},
        {
            "text": 'def total(prices, rate):\n    """The sum.\n\n    Note that the rate is a share\n    """\n    return rate\n'
        },
        {"part": "Note: x\n", "text": "The function adds the prices\n", "above": '"""\n', "below": '"""\n'},
        {"part": "/*\n * a\n */\n\tx = 1\n", "text": "/*\n * b\n */\n\tx = 1\n", "above": "\ty = 1\n", "below": ""},
        {"part": PART, "text": PART.replace("    return result\n", "    return result * 2\n")},
        {"text": PART.replace("total", "sum_of") + "\n\n" + GOOD, "above": PART * 2},
        {"part": PART + "\n\nUNUSED = 1\n", "text": PART},
        {"part": "The code are good\n", "text": "The code is good\n", "prose": True, **UNREAD},
        {"part": "Run it\n", "text": "Run it:\n\n```sh\nls\n```\n", "prose": True, **UNREAD},
        {"part": "* a\n", "text": "* a\n- Fixed the rest\n", "fenced": False, "prose": True, **UNREAD},
        {"part": "import os, sys, abc, csv, ast, cgi, cmd\n", "text": "", "may_vanish": True},
    ],
)
def test_what_is_only_unusual_passes(changes: dict[str, object]) -> None:
    """Dots in a stub, words in comments, mixed files and old faults are the person's own affair."""
    assert refused(replace(FINE, **changes)) == []  # type: ignore[arg-type]


@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=40), st.text(max_size=40))
def test_the_floor_never_fails_and_an_unchanged_part_never_passes(part: str, text: str, above: str, below: str) -> None:
    """Whatever the texts, there is a verdict of each check; the part itself is never an edit."""
    edit = Edit(part=part, text=text, above=above, below=below)
    assert len(floor(edit)) == 8
    assert refused(replace(edit, text=part)) != []


@pytest.mark.parametrize(
    ("ended", "said"),
    [(EndReason.LIMIT, "cut off"), (EndReason.BROKEN_OFF, "broke off"), (EndReason.REFUSED, "would not answer")],
)
def test_how_an_answer_ended_is_said_as_it_was(ended: EndReason, said: str) -> None:
    """A model that refuses has not broken off."""
    assert said in floor(replace(FINE, ended=ended))[0].sentence


RECORD = '  {\n    "name": "x",\n    "value": 1\n  },\n'


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "changes",
    [
        {"part": RECORD, "text": RECORD.replace("1", "2"), "above": RECORD * 10_000, "below": RECORD * 10_000},
        {"part": "a\n", "text": "}\n" * 2000, "above": "}\n" * 100_000, "below": "}\n" * 100_000},
        {"part": "a\n", "text": ("# ..." + " " * 5000 + "\n") * 50},
        {"part": "a" * 50_000 + ";b\n", "text": "a" * 50_000 + ";\n"},
    ],
    ids=["records", "closers", "gaps", "one word"],
)
def test_no_file_and_no_answer_keeps_the_floor_busy(changes: dict[str, object]) -> None:
    """Thousands of lines that are the same, and lines without an end, take no longer than others of their size."""
    floor(replace(FINE, **changes))  # type: ignore[arg-type]
