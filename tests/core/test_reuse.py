"""core.reuse: what is on screen and is being typed along."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import Excerpt, Source, Suggestion
from hybrid_lsp.core.reuse import LineHistory, Shown, advance, rest_of

HERE = Excerpt(
    workspace=1, document=1, version=1, path="a.py", language="python", line=3, above="x\n", prefix="    ret"
)
SHOWN = Shown(id=1, excerpt=HERE, suggestion=Suggestion(text="urn total", source=Source.EMBEDDED))


def typed(prefix: str, suffix: str = "") -> Excerpt:
    """The same cursor after more was typed."""
    return replace(HERE, prefix=prefix, suffix=suffix, version=HERE.version + 1)


@pytest.mark.parametrize(
    ("now", "rest"),
    [
        (HERE, "urn total"),
        (typed("    return"), " total"),
        (typed("    return total"), ""),
        (typed("    retx"), None),
        (typed("    re"), None),
        (typed("    return total + 1"), None),
        (replace(typed("    return"), line=4), None),
        (replace(typed("    return"), document=2), None),
        (replace(typed("    return"), above="y\n"), None),
        (replace(typed("    return"), below="y"), None),
        (replace(typed("    return"), focus="y"), None),
    ],
)
def test_rest_of(now: Excerpt, rest: str | None) -> None:
    """The rest stays while exactly the shown text is typed in the same place, and for nothing else."""
    assert rest_of(SHOWN, now) == rest


def test_what_stands_right_of_the_cursor_is_kept() -> None:
    """A suggestion shown before auto-closed brackets counts them as part of the line it would leave."""
    shown = Shown(
        id=1, excerpt=replace(HERE, prefix="f(", suffix=")"), suggestion=Suggestion(text="a, b", source=Source.EMBEDDED)
    )

    assert shown.line == "f(a, b)"
    assert rest_of(shown, typed("f(a", suffix=")")) == ", b)"


def test_typing_against_raises_the_doubt_of_this_line_only() -> None:
    """Each suggestion typed against costs 0.1, at most 0.3, and another line starts afresh."""
    history = LineHistory(document=1, line=3, shown=SHOWN)
    doubts = []
    for i in range(5):
        history = replace(advance(history, typed("    retx" + "x" * i)), shown=SHOWN)
        doubts.append(round(history.doubt, 3))

    assert doubts == [0.1, 0.2, 0.3, 0.3, 0.3]
    assert advance(history, replace(HERE, line=4)).doubt == 0


@pytest.mark.parametrize("now", [typed("    re"), replace(HERE, above="edited\n")])
def test_deleting_or_editing_elsewhere_is_no_rejection(now: Excerpt) -> None:
    """A suggestion that went away because the text changed under it was not refused by anybody."""
    history = advance(LineHistory(document=1, line=3, shown=SHOWN), now)

    assert (history.shown, history.rejections) == (None, 0)


@given(st.text(max_size=12), st.text(min_size=1, max_size=12), st.integers(0, 12))
def test_typing_along_never_changes_the_line_it_leads_to(prefix: str, text: str, keys: int) -> None:
    """However far one has typed along, what is typed and what is left are the line that was promised."""
    shown = Shown(id=1, excerpt=replace(HERE, prefix=prefix), suggestion=Suggestion(text=text, source=Source.EMBEDDED))
    now = typed(prefix + text[:keys])

    assert now.prefix + (rest_of(shown, now) or "") == shown.line
