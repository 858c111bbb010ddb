"""The words that a chat model gets for a job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.chat import EDITING, chat_prompt
from hybrid_lsp.core.job import Excerpt, Job, Task

ASKABLE = (Task.COMPLETE, Task.EXPLAIN, Task.FIX, Task.REVIEW, Task.REFACTOR)


def job(task: Task = Task.REFACTOR, focus: str = "def f():\n    return 1\n", **more: object) -> Job:
    """Return a job on a part of a small file."""
    excerpt = Excerpt(
        workspace=1,
        document=1,
        version=1,
        path="src/a.py",
        language="python",
        line=4,
        above=str(more.get("above", "import os\n")),
        prefix="",
        focus=focus,
        below=str(more.get("below", "print(f())\n")),
        diagnostics=("line 5: f is unused",) if more.get("said") else (),
    )
    return Job(id="j", task=task, excerpt=excerpt, instruction=str(more.get("instruction", "")), deliberate=True)


@pytest.mark.parametrize("task", ASKABLE)
def test_the_system_text_is_the_same_for_every_job_of_a_kind(task: Task) -> None:
    """What a vendor's cache keeps does not depend on the code or the instruction."""
    assert chat_prompt(job(task)).system == chat_prompt(job(task, focus="x\n", instruction="Be quick.")).system


@pytest.mark.parametrize("task", ASKABLE)
def test_a_model_that_shall_reason_is_told_so_and_no_other(task: Task) -> None:
    """Only a step that asks for it makes a model think aloud; then it is not told to write the block at once."""
    plain, reasoned = chat_prompt(job(task)), chat_prompt(job(task), step_by_step=True)
    assert "step by step" in reasoned.system
    assert "step by step" not in plain.system
    assert ("no word before" in plain.system) == (task in EDITING)
    assert "no word before" not in reasoned.system


def test_everything_that_was_given_is_asked_once() -> None:
    """Path, both sides, the part, the editor's words and the instruction are all there."""
    user = chat_prompt(job(instruction="Use a dataclass.", said=True)).user
    for given_text in (
        "src/a.py (python)",
        "import os",
        "print(f())",
        "def f():",
        "f is unused",
        "Refactor this code. Use a dataclass.",
    ):
        assert user.count(given_text) == 1


def test_a_part_without_surroundings_has_no_empty_blocks() -> None:
    """Nothing is said of a text before or after the part where there is none."""
    user = chat_prompt(job(above="\n", below="")).user
    assert "before the part" not in user
    assert "after the part" not in user


def test_a_review_gets_the_numbers_of_the_editor_s_lines() -> None:
    """A finding can name the line that the editor shows."""
    user = chat_prompt(job(Task.REVIEW)).user
    assert "5: def f():\n6:     return 1\n" in user
    assert "7:" not in user


@pytest.mark.parametrize(("focus", "asked"), [("x = 1", False), ("```sh\nls\n```", True)])
def test_a_model_is_told_how_long_a_fence_has_to_be(focus: str, asked: bool) -> None:
    """Only where the usual one could be ended by the text itself."""
    assert ("with 4 backticks" in chat_prompt(job(focus=focus)).user) is asked


def test_a_part_that_is_still_to_be_written_is_said_to_be_empty() -> None:
    """A completion begins at the end of a line, and a model cannot see where that is."""
    user = chat_prompt(job(Task.COMPLETE, focus="")).user
    assert "it begins where the last line before it ends" in user
    assert "The part:" not in user


@given(st.text(alphabet="`~ab\n", min_size=1, max_size=60))
def test_no_text_of_a_file_ends_a_fence(focus: str) -> None:
    """The fence around the part is longer than any run of ticks in it."""
    user = chat_prompt(job(focus=focus)).user
    opening = user.split("The part:\n", 1)[1].split("\n", 1)[0].removesuffix("python")
    assert set(opening) == {"`"}
    assert opening not in focus
