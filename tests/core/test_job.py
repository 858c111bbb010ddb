"""core.job: the words themselves."""

import pytest

from hybrid_lsp.core.job import POLICY_KEY, Excerpt, Task


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
