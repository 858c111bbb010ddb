"""core.job: the words themselves."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import ASKED, POLICY_KEY, Excerpt, Job, Task, cut


@pytest.mark.parametrize(
    ("above", "prefix", "suffix", "below", "before", "after"),
    [
        ("a\n", "b", "c", "d", "a\nb", "c\nd"),
        ("", "b", "", "", "b", ""),
        ("a\n", "", "", "d\n", "a\n", "\nd\n"),
    ],
)
def test_before_and_after_are_the_text_around_the_cursor(
    above: str, prefix: str, suffix: str, below: str, before: str, after: str
) -> None:
    """Put together, the parts are the text of the window."""
    excerpt = Excerpt(
        workspace=0,
        document=1,
        version=1,
        path="a",
        language="",
        line=1,
        above=above,
        prefix=prefix,
        suffix=suffix,
        below=below,
    )

    assert (excerpt.before, excerpt.after) == (before, after)


def test_every_task_is_governed_by_a_key() -> None:
    """No kind of task can be added without saying which line of whitelist.json permits it."""
    assert set(POLICY_KEY) == set(Task)


TEN = "".join(f"line {number}\n" for number in range(1, 11))


@pytest.mark.parametrize(
    ("text", "lines", "line", "above", "focus", "below"),
    [
        (TEN, (3, 4), 2, "line 1\nline 2\n", "line 3\nline 4", "line 5\nline 6\nline 7\nline 8\nline 9\nline 10\n"),
        (TEN, (1, 1), 0, "", "line 1", "line 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\n"),
        ("a\nb", (2, 2), 1, "a\n", "b", ""),
        ("a\nb\n", (1, 2), 0, "", "a\nb", ""),
        ("a\r\nb\rc", (2, 2), 1, "a\n", "b", "c"),
        ("a\n\nc", (2, 2), 1, "a\n", "", "c"),
        ("", (1, 1), 0, "", "", ""),
        (TEN, (0, 0), 0, "", TEN, ""),
        ("a\r\nb", (0, 0), 0, "", "a\nb", ""),
    ],
)
def test_a_cut_has_whole_lines(
    text: str, lines: tuple[int, int], line: int, above: str, focus: str, below: str
) -> None:
    """The lines asked for are the focus; without any, all of the text is."""
    excerpt = cut(text, *lines, path="a.py", language="python", diagnostics=("E1",))

    assert (excerpt.line, excerpt.above, excerpt.focus, excerpt.below) == (line, above, focus, below)
    assert (excerpt.path, excerpt.language, excerpt.diagnostics) == ("a.py", "python", ("E1",))


@given(
    st.text(alphabet="ab \n", max_size=60).filter(bool), st.integers(1, 30), st.integers(0, 30)
)  # fmt: skip
def test_a_cut_loses_nothing(text: str, first: int, more: int) -> None:
    """Put together, the parts are the text; only its last line's terminator may be missing."""
    count = max(1, text.count("\n") + (not text.endswith("\n")))
    first = min(first, count)
    excerpt = cut(text, first, min(first + more, count), path="a", language="")

    assert (excerpt.before + excerpt.focus + excerpt.after).rstrip("\n") == text.rstrip("\n")
    assert excerpt.above.count("\n") == excerpt.line == first - 1


@pytest.mark.parametrize("width", [1, 9, 99, 3999, 4000, 7999, 8000, 20_000])
def test_a_cut_takes_the_nearest_lines_that_fit(width: int) -> None:
    """At most 8000 characters above and 4000 below, never a part of a line."""
    text = "\n".join(f"{number:05}".rjust(width, "x")[-width:] for number in range(1, 9002 if width < 10 else 300))
    excerpt = cut(text, 150, 150, path="a", language="")
    lines = text.split("\n")
    above, below = excerpt.above.split("\n")[:-1], excerpt.below.split("\n") if excerpt.below else []

    assert above == lines[149 - len(above) : 149]
    assert below == lines[150 : 150 + len(below)]
    assert len(above) == min(149, 8000 // (width + 1))
    assert len(below) == min(len(lines) - 150, 4000 // (width + 1))


@pytest.mark.parametrize(("first", "last"), [(1, 11), (11, 11), (0, 3), (3, 0), (4, 3), (-1, 2), (1, -1)])
def test_lines_that_are_not_there_are_refused(first: int, last: int) -> None:
    """In one sentence that says which there are."""
    with pytest.raises(Refused, match=f"Lines {first} to {last} are not in the text; choose them between 1 and 10"):
        cut(TEN, first, last, path="a", language="")


@pytest.mark.parametrize("cap", ["-0.01", "NaN", "sNaN", "Infinity"])
def test_a_cap_is_an_amount_of_money(cap: str) -> None:
    """A job whose cap cannot be held against a price is not made."""
    with pytest.raises(ValueError, match="amount of money"):
        Job(id="1", task=Task.FIX, excerpt=cut("a", path="a", language=""), cost_cap_usd=Decimal(cap))


@pytest.mark.parametrize(
    ("task", "instruction", "prompt"),
    [
        (Task.FIX, "", "Fix the problems in this code."),
        (Task.REVIEW, "mind X", "Review this code. mind X"),
        (Task.INLINE, "", ""),
    ],
)
def test_a_job_is_scored_by_its_words_and_its_code(task: Task, instruction: str, prompt: str) -> None:
    """The task's words, then the asker's; and all of the code in the window."""
    job = Job(id="1", task=task, excerpt=cut("a\nb\nc", 2, 2, path="a", language=""), instruction=instruction)

    assert (job.prompt, job.context) == (prompt, "a\nb\nc")
    assert set(ASKED) == set(Task)
