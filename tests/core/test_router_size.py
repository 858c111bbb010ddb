"""core.router: how much a job sends."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hybrid_lsp.core.chat import chat_prompt
from hybrid_lsp.core.job import Excerpt, Task, cut
from hybrid_lsp.core.router import OVERHEAD_BYTES, measure
from tests.core.routing import job

texts = st.text(alphabet="aZ9 _(`\n雪\ud800é", max_size=120)


@example(text="\n" * 3000, said="", task=Task.REVIEW, line=100_000, step_by_step=True)
@example(text="`" * 3000, said="", task=Task.EXPLAIN, line=0, step_by_step=True)
@example(text="雪" * 3000, said="é" * 3000, task=Task.FIX, line=0, step_by_step=True)
@given(texts, texts, st.sampled_from(Task), st.integers(0, 20), st.booleans())
def test_no_question_has_more_bytes_than_were_measured(
    text: str, said: str, task: Task, line: int, step_by_step: bool
) -> None:
    """Whatever the text does to fences and line numbers: the measured bytes are a bound of what is asked."""
    excerpt = Excerpt(
        workspace=0, document=0, version=0, path="a.py", language="python", line=line,
        above=text, prefix="", focus=text, below=text, diagnostics=(said, said),
    )  # fmt: skip
    asked = job(task, excerpt=excerpt, instruction=said)
    size, prompt = measure(asked), chat_prompt(asked, step_by_step=step_by_step)

    assert size.input_bytes >= len((prompt.system + prompt.user).encode("utf-8", "surrogatepass"))
    assert 0 < size.input_tokens <= size.input_bytes


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("step_by_step", [True, False])
def test_our_own_instructions_leave_room_in_the_overhead(task: Task, step_by_step: bool) -> None:
    """Half of what is set aside is left for vendors and for the names that stand in for secrets."""
    asked = job(task, excerpt=cut("x", path="a", language="c"))

    assert len(chat_prompt(asked, step_by_step=step_by_step).system.encode()) < OVERHEAD_BYTES / 2


def test_a_long_text_is_measured_by_samples() -> None:
    """Of an even text the estimate is the same as of its parts, and its bytes are counted, not guessed."""
    line = "    total = total + price\n"
    small = measure(job(excerpt=cut(line * 1000, path="a", language="c")))
    large = measure(job(excerpt=cut(line * 10_000, path="a", language="c")))

    assert large.input_bytes - small.input_bytes == 9000 * len(line)
    assert large.focus_tokens == pytest.approx(10 * small.focus_tokens, rel=0.02)
