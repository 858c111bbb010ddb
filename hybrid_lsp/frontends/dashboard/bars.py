"""Stacked bars, one a day, as SVG that is stretched over the width it is given; its letters are HTML and stay legible.

Rules:
1. A day's bars are as high together as its sum is on the axis, whose top is `HEIGHT`.
2. Days without anything have their place, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from itertools import groupby

from hybrid_lsp.frontends.dashboard.markup import Html, element, together
from hybrid_lsp.frontends.dashboard.words import month_name

HEIGHT = 100
_MOST_STEPS = 4
_GAP = 0.14
"""Of a day's width, on each side of its bar."""
_LOWEST = 16
"""A series whose highest bar is this many times lower than that of another cannot be read beside it."""
_LABELLED = 3
"""On a narrow screen every third day has its date, counted from the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of the bars."""

    name: str
    """The class that it is drawn in."""
    values: tuple[Decimal, ...]
    """One a day, never negative."""

    @property
    def most(self) -> Decimal:
        """Its highest bar."""
        return max(self.values, default=Decimal(0))

    @property
    def total(self) -> Decimal:
        """Of all days."""
        return sum(self.values, Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What the height of a bar means."""

    step: Decimal
    steps: int

    @property
    def top(self) -> Decimal:
        """The value at the upper end."""
        return self.step * self.steps

    def height(self, value: Decimal) -> Decimal:
        """Return how high a value stands."""
        return value * HEIGHT / self.top


def axis_for(most: Decimal, least_step: Decimal = Decimal(0)) -> Axis:
    """Return the axis of the fewest, roundest steps that holds the most; its steps are 1, 2 or 5 of a power of ten."""
    rough = max(most / _MOST_STEPS, least_step)
    if rough <= 0:
        return Axis(step=Decimal(1), steps=1)
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * round_number for round_number in (1, 2, 5, 10) if power * round_number >= rough)
    return Axis(step=step, steps=max(1, int((most / step).to_integral_value(rounding=ROUND_CEILING))))


def panels(series: Sequence[Series]) -> list[list[Series]]:
    """Return the series that are not empty, in as many panels as it takes for each to be readable beside the others."""
    found: list[list[Series]] = []
    for one in sorted(series, key=lambda one: -one.most):
        if found and one.most * _LOWEST >= found[-1][0].most:
            found[-1].append(one)
        elif one.most > 0:
            found.append([one])
    order = list(series)
    return [sorted((one for one in panel if one.most > 0), key=order.index) for panel in found]


def chart(
    series: Sequence[Series], days: Sequence[date], tips: Sequence[str], *, axis: Axis, tick: Callable[[Decimal], str],
    label: str, low: bool = False,
) -> Html:  # fmt: skip
    """Draw the series on top of one another, the first at the bottom.

    Args:
        series: With a value for each of the days.
        days: In order.
        tips: What is told of each day to whoever points at it.
        axis: What the heights mean.
        tick: Writes a value beside the axis.
        label: What the picture shows, for whoever cannot see it.
        low: Whether it stands below another one and is not so high.
    """
    columns = (_column(at, [(one.name, one.values[at]) for one in series], tip, axis) for at, tip in enumerate(tips))
    picture = element(
        "svg", _grid(axis, len(days)), *columns,
        viewBox=f"0 0 {len(days)} {HEIGHT}", preserveAspectRatio="none", role="img", aria_label=label,
    )  # fmt: skip
    ticks = [element("span", tick(axis.step * at)) for at in range(axis.steps, -1, -1)]
    scale = element("div", *ticks, class_="scale", aria_hidden="true")
    return element("div", scale, picture, _dates(days), class_="chart low" if low else "chart")


def _grid(axis: Axis, width: int) -> Html:
    heights = [f"{HEIGHT - axis.height(axis.step * at):.3f}" for at in range(axis.steps + 1)]
    return together(*(element("line", x1="0", x2=str(width), y1=height, y2=height) for height in heights))


def _column(at: int, parts: Sequence[tuple[str, Decimal]], tip: str, axis: Axis) -> Html:
    """One day. All of its column can be pointed at: a low bar is hard to hit."""
    bars: list[Html] = []
    below = Decimal(0)
    for name, value in parts:
        if value > 0:
            below += value
            bars.append(_bar(at, name, HEIGHT - axis.height(below), axis.height(value)))
    aim = element("rect", class_="aim", x=str(at), y="0", width="1", height=str(HEIGHT))
    return element("g", element("title", tip), aim, *bars)


def _bar(at: int, name: str, top: Decimal, height: Decimal) -> Html:
    left, width = f"{at + _GAP:.2f}", f"{1 - 2 * _GAP:.2f}"
    return element("rect", class_=name, x=left, y=f"{top:.3f}", width=width, height=f"{height:.3f}")


def _dates(days: Sequence[date]) -> Html:
    last = len(days) - 1
    numbers = [
        element("span", str(day.day), class_="wide" if (last - at) % _LABELLED else "always")
        for at, day in enumerate(days)
    ]
    months = [(name, len(list(of_it))) for name, of_it in groupby(days, key=month_name)]
    names = [
        element("span", name[:3] if length >= _LABELLED else "", style=f"grid-column:span {length}")
        for name, length in months
    ]
    rows = (element("div", *cells, style=f"--days:{len(days)}") for cells in (numbers, names))
    return element("div", *rows, class_="dates", aria_hidden="true")
