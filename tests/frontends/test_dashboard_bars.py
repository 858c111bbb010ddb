"""frontends.dashboard: bars that mean what their axis says, colours that can be told apart, numbers as people read them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.record import Origin
from hybrid_lsp.frontends.dashboard import look
from hybrid_lsp.frontends.dashboard.bars import HEIGHT, Series, axis_for, chart, panels
from hybrid_lsp.frontends.dashboard.words import count_told, month_told, share_told, time_told
from tests.frontends.dashboard_read import TODAY, ZERO, read


@given(st.lists(st.tuples(*[st.integers(0, 10**7)] * 3), min_size=1, max_size=31))
def test_bars_add_up_to_their_axis(rows: list[tuple[int, int, int]]) -> None:
    """A day's bars are as high together as its sum is on the axis, and stand on one another without a gap."""
    series = [Series(name=f"s{at}", values=tuple(Decimal(row[at]) for row in rows)) for at in range(3)]
    axis = axis_for(Decimal(max(map(sum, rows))), Decimal(1))
    days = [TODAY + timedelta(days=at) for at in range(len(rows))]
    drawn = chart(series, days, [""] * len(rows), axis=axis, tick=str, label="")
    columns = read(f"<!doctype html>\n{drawn}").all("g")

    for row, column in zip(rows, columns, strict=True):
        bars = [bar.attributes for bar in column.all("rect") if bar.attributes["class"] != "aim"]
        high = sum((Decimal(bar["height"]) for bar in bars), ZERO)
        top = HEIGHT - high
        assert abs(high * axis.top / HEIGHT - sum(row)) <= axis.top / 10_000
        assert abs(top - min((Decimal(bar["y"]) for bar in bars), default=top)) <= Decimal("0.003")
        assert len(bars) == sum(value > 0 for value in row)


@given(st.integers(1, 10**18).map(lambda nano: Decimal(nano).scaleb(-9)), st.sampled_from([ZERO, Decimal(1)]))
def test_an_axis_is_round_and_just_high_enough(most: Decimal, least: Decimal) -> None:
    """It holds the highest bar in four steps at most, of 1, 2 or 5 of a power of ten, and not one step more than needed."""
    axis = axis_for(most, least)

    assert axis.top >= most > axis.top - axis.step
    assert axis.steps <= 4
    assert axis.step >= least
    assert axis.step.normalize().as_tuple().digits in {(1,), (2,), (5,)}


@given(st.lists(st.integers(0, 10**6), min_size=4, max_size=4))
def test_each_source_is_in_one_panel_and_can_be_seen_there(mosts: list[int]) -> None:
    """All that is not empty is drawn once, beside others only where it is high enough to be seen, in the same order."""
    series = [Series(name=name, values=(Decimal(most), ZERO)) for name, most in zip(look.SOURCES, mosts, strict=True)]
    found = panels(series)

    assert sorted(one.name for panel in found for one in panel) == sorted(one.name for one in series if one.total)
    for panel in found:
        assert min(one.most for one in panel) * 16 >= max(one.most for one in panel)
        assert [one for one in series if one in panel] == panel


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [look.LIGHT, look.DARK], ids=["light", "dark"])
def test_contrast_is_enough(colours: dict[str, str]) -> None:
    """Letters stand out from what they stand on by 4.5, bars by 3, by day and by night, as WCAG 2 asks."""

    def contrast(ink: str, ground: str) -> float:
        light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    letters = [(ink, ground) for ink in ("ink", "quiet") for ground in ("ground", "card")] + [("bad", "bad-ground")]
    assert [pair for pair in letters if contrast(*pair) < 4.5] == []
    assert [name for name in look.SOURCES if contrast(name, "card") < 3 or contrast(name, "aim") < 3] == []
    assert {origin.value for origin in Origin} == set(look.SOURCES)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (count_told(0), "0"), (count_told(9_999), "9,999"), (count_told(10_000), "10k"), (count_told(999_949), "1M"),
        (count_told(41_249), "41.2k"), (count_told(3_060_000), "3.06M"), (count_told(10**13), "10,000G"),
        (share_told(0, 9), "0 %"), (share_told(1, 900), "<1 %"), (share_told(899, 900), ">99 %"), (share_told(0, 0), "–"),
        (share_told(9, 9), "100 %"), (time_told(None), "–"), (time_told(0.0), "<1 ms"), (time_told(999.6), "1.0 s"),
        (time_told(6_000_000), "100 min"), (month_told("2026-02"), "February 2026"), (month_told("?"), "?"),
    ],
)  # fmt: skip
def test_numbers_as_people_read_them(told: str, words: str) -> None:
    """A number has the digits it is worth, a little is never nothing, not quite all is never all, and nothing is unknown."""
    assert told == words
