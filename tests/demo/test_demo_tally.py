"""What a session has brought."""

from hybrid_lsp.demo.farewell import NEOVIM_LINES, summary
from hybrid_lsp.demo.tally import Tally
from hybrid_lsp.demo.typist import Asked, Ghost, Moment, Took

GHOST = Ghost(text="turn x", source="embedded", origin="a.py", score=0.75)


def asked(key: str, ghost: Ghost | None = None, *, ms: float = 1.0, is_new: bool = True) -> Moment:
    """A key, and the answer to it."""
    return Asked(key=key, ghost=ghost, ms=ms, is_new=is_new, is_right=False)


def count(*moments: Moment, left: str = "    re") -> Tally:
    """The tally after these moments on one line."""
    tally = Tally()
    for moment in moments:
        tally = tally.after(moment, path="b.py", line=7, left=left)
    return tally


def test_an_accepted_suggestion_costs_one_key() -> None:
    """Two keys typed, six characters from ghost text, one key to accept."""
    tally = count(asked("r"), asked("e", GHOST), Took(ghost=GHOST, ms=1.0))

    assert (tally.chars_typed, tally.chars_saved, tally.keys_total, tally.keys_saved) == (2, 6, 8, 5)
    assert tally.saved_per_100 == 62.5


def test_a_suggestion_typed_along_is_counted_once() -> None:
    """It shrinks, and what is accepted in the end is its rest."""
    rest = Ghost(text="urn x", source="memory", origin="a.py")
    tally = count(asked("e", GHOST), asked("t", rest, is_new=False), Took(ghost=rest, ms=2.0), left="    retururn x")

    assert [(offer.text, offer.before, offer.accepted) for offer in tally.offers] == [("urn x", "retur", True)]


def test_empty_answers_count_for_the_times() -> None:
    """The median is over all that was asked, the last per cent too."""
    tally = count(*(asked("x", ms=float(ms)) for ms in range(1, 101)))

    assert (tally.percentile_ms(50), tally.percentile_ms(99), tally.percentile_ms(100)) == (50.0, 99.0, 100.0)


def test_nothing_yet_is_nothing() -> None:
    """No division by zero before the first key."""
    assert (Tally().saved_per_100, Tally().percentile_ms(50)) == (0.0, 0.0)


def test_json_has_the_promised_keys() -> None:
    """Scripts rely on them."""
    numbers = count(asked("e", GHOST)).as_json()

    assert {"suggestions", "accepted", "chars_typed", "chars_saved", "p50_ms", "p99_ms", "saved_per_100"} <= set(
        numbers
    )
    assert numbers["items"] == [
        {
            "text": "turn x",
            "accepted": False,
            "ms": 1.0,
            "origin": "a.py",
            "source": "embedded",
            "score": 0.75,
            "path": "b.py",
            "line": 7,
        }
    ]


def test_the_farewell_connects_an_editor_in_three_lines() -> None:
    """And says what the session brought."""
    assert len(NEOVIM_LINES) == 3
    assert summary(count(asked("e", GHOST), Took(ghost=GHOST, ms=1.0)))[0] == (
        "2 keys pressed instead of 7: 71 % saved, 1 of 1 suggestions accepted."
    )
