"""The last thirty days: who answered, and what it cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO, told
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import DayTotal, Summary
from hybrid_lsp.frontends.dashboard.bars import Series, axis_for, chart, panels
from hybrid_lsp.frontends.dashboard.markup import Html, element
from hybrid_lsp.frontends.dashboard.words import count_told, day_told, time_told

DAYS = 30
_STACK = (Origin.EMBEDDED, Origin.LOCAL, Origin.CACHE, Origin.CLOUD)
"""From the bottom up."""
_WHOLE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Thirty days in order, with what is known of each."""

    days: tuple[date, ...]
    totals: Mapping[tuple[date, Origin], DayTotal]

    def of(self, day: date) -> list[DayTotal]:
        """Return what is known of a day, by source."""
        return [total for origin in _STACK if (total := self.totals.get((day, origin))) is not None]

    def values(self, origin: Origin, value: Callable[[DayTotal], Decimal]) -> tuple[Decimal, ...]:
        """Return one value a day, 0 where there are no rows."""
        found = (self.totals.get((day, origin)) for day in self.days)
        return tuple(ZERO if total is None else value(total) for total in found)

    @property
    def told(self) -> str:
        """From when to when."""
        return f"{day_told(self.days[0])} to {day_told(self.days[-1])}"


def stretch(totals: Sequence[DayTotal], today: date) -> Stretch:
    """Return the thirty days that end today; rows of other days are left out."""
    days = tuple(today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1))
    by_name = {day.isoformat(): day for day in days}
    return Stretch(days, {(by_name[each.day], each.origin): each for each in totals if each.day in by_name})


def sources(shown: Stretch, summary: Summary) -> Html:
    """Return the days by source, with the same in numbers."""
    found = panels([Series(name=origin.value, values=shown.values(origin, _attempts)) for origin in _STACK])
    if not found:
        return _section("Thirty days by source", "Nothing was asked in these days.")
    drawn = (part for at, panel in enumerate(found) for part in _panel(panel, shown, low=at > 0))
    return _section("Thirty days by source", _note(summary, len(found)), *drawn, _numbers(shown))


def _attempts(total: DayTotal) -> Decimal:
    return Decimal(total.attempts)


def _section(head: str, note: str, *content: Html) -> Html:
    return element("section", element("h2", head), element("p", note, class_="quiet"), *content)


def _note(summary: Summary, parts: int) -> str:
    """Ghost text cannot be told apart by day, so it is said how much of it there is."""
    attempts = sum(group.attempts for group in summary.groups)
    ghost = sum(group.attempts for group in summary.groups if group.task is Task.INLINE)
    among = f" Ghost text is among them: {count_told(ghost)} of this month's {count_told(attempts)}." if ghost else ""
    return f"Attempts a day.{among}{' Each part has its own scale.' if parts > 1 else ''}"


def _panel(panel: Sequence[Series], shown: Stretch, *, low: bool) -> tuple[Html, Html]:
    sums = [sum(values, ZERO) for values in zip(*(one.values for one in panel), strict=True)]
    counts = ", ".join(f"{count_told(int(one.total))} {one.name}" for one in panel)
    drawn = chart(
        panel, shown.days, [_tip(shown, day) for day in shown.days],
        axis=axis_for(max(sums), _WHOLE), tick=lambda value: count_told(int(value)),
        label=f"Attempts by day and source, {shown.told}: {counts}", low=low,
    )  # fmt: skip
    return element("ul", *(_key(one) for one in panel), class_="legend"), drawn


def _key(series: Series) -> Html:
    count = element("b", count_told(int(series.total)))
    return element("li", element("i", class_=series.name), f"{series.name} ", count)


def _tip(shown: Stretch, day: date) -> str:
    totals = shown.of(day)
    lines = [f"{each.origin.value}: {count_told(each.attempts)}{_mean(each)}" for each in totals]
    cost = sum((each.cost_usd for each in totals), ZERO)
    return "\n".join([day_told(day), *(lines or ["nothing"]), *([f"cost: {told(cost)}"] if cost else [])])


def _mean(total: DayTotal) -> str:
    return "" if total.mean_latency_ms is None else f", on average {time_told(total.mean_latency_ms)}"


def costs(shown: Stretch) -> Html:
    """Return what cloud models cost by day."""
    series = Series(name="cloud", values=shown.values(Origin.CLOUD, lambda total: total.cost_usd))
    if series.most <= 0:
        return _section("Cloud cost by day", "No cloud model was paid in these days.")
    label = f"Cloud cost by day, {shown.told}: {told(series.total)}, at most {told(series.most)} a day"
    drawn = chart(
        [series], shown.days, [_tip(shown, day) for day in shown.days],
        axis=axis_for(series.most), tick=told, label=label,
    )  # fmt: skip
    return _section("Cloud cost by day", f"{told(series.total)} in thirty days.", drawn)


def _numbers(shown: Stretch) -> Html:
    """The charts for whoever cannot see or point at them, with the mean times."""
    used = [origin for origin in _STACK if any(key[1] is origin for key in shown.totals)]
    heads = ["Day", *(origin.value for origin in used), "cost"]
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    rows = [_row(shown, day, used) for day in reversed(shown.days) if shown.of(day)]
    table = element("table", element("thead", head), element("tbody", *rows))
    means = element("p", "Below each count: the mean time of those attempts whose time is known.", class_="quiet")
    return element("details", element("summary", "The same in numbers, with mean times"), means, table)


def _row(shown: Stretch, day: date, used: Sequence[Origin]) -> Html:
    cells = [_cell(shown.totals.get((day, origin))) for origin in used]
    cost = sum((each.cost_usd for each in shown.of(day)), ZERO)
    name = element("th", day_told(day), class_="day", scope="row")
    return element("tr", name, *cells, element("td", told(cost)))


def _cell(total: DayTotal | None) -> Html:
    if total is None:
        return element("td", "0")
    return element("td", count_told(total.attempts), element("small", time_told(total.mean_latency_ms)))
