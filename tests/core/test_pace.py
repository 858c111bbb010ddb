"""core.pace: when to ask."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.pace import LONGEST_WAIT_S, Latency, Rhythm, wait_s

HERE = Excerpt(workspace=1, document=1, version=1, path="a.py", language="python", line=1, above="", prefix="    retu")
SLOW, FAST = Latency(first_line_s=2.0), Latency(first_line_s=0.05)


def typing(gap_s: float, keys: int = 60) -> Rhythm:
    """The rhythm of somebody who has typed evenly, with the last key at 0."""
    rhythm = Rhythm()
    for i in range(keys):
        rhythm = rhythm.key((i - keys + 1) * gap_s)
    return rhythm


def test_the_rhythm_is_learned_and_pauses_are_not_part_of_it() -> None:
    """An even typist is known after some keys; thinking for a minute changes nothing."""
    rhythm = typing(0.1)
    assert rhythm.gap_s == pytest.approx(0.1, abs=0.01)

    assert rhythm.key(60.0).gap_s == rhythm.gap_s


@pytest.mark.parametrize(
    ("latency", "prefix", "since_key_s", "least", "most"),
    [
        (FAST, "    retu", 0.0, 0.0, 0.0),
        (SLOW, "    retu", 0.0, 0.15, 0.25),
        (SLOW, "    return f(", 0.0, 0.07, 0.13),
        (SLOW, "    ", 0.0, 0.1, 0.18),
        (SLOW, "    retu", 0.1, 0.05, 0.15),
        (SLOW, "    retu", 0.3, 0.0, 0.0),
    ],
)
def test_a_dear_model_is_asked_when_the_burst_is_over(
    latency: Latency, prefix: str, since_key_s: float, least: float, most: float
) -> None:
    """A fast model is asked at once; a slow one after about a gap, less where a thought ends, less what was waited."""
    wait = wait_s(typing(0.16), latency, replace(HERE, prefix=prefix), since_key_s)

    assert least <= wait <= most


@given(st.floats(0.01, 5), st.floats(0, 10), st.floats(0, 5), st.text(max_size=5))
def test_nobody_waits_for_ever(gap_s: float, first_line_s: float, now_s: float, prefix: str) -> None:
    """Whatever the rhythm and the model, the wait is bounded and never negative."""
    rhythm = typing(gap_s, keys=5)

    assert (
        0 <= wait_s(rhythm, Latency(first_line_s=first_line_s), replace(HERE, prefix=prefix), now_s) <= LONGEST_WAIT_S
    )


def test_the_latency_follows_what_is_measured() -> None:
    """A model that became slow is known to be slow after a few answers."""
    latency = FAST
    for _ in range(20):
        latency = latency.took(1.0)

    assert latency.first_line_s == pytest.approx(1.0, abs=0.02)
