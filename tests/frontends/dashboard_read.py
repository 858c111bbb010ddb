"""Summaries of a ledger, and the dashboard's page as a reader of it finds it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

from hypothesis import strategies as st

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import from_nano
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import DayTotal, GroupTotal, Hold, Savings, Summary
from hybrid_lsp.frontends.dashboard import page

NOW = "2026-11-23T14:05:00+01:00"
NOW_MS = int(datetime.fromisoformat(NOW).timestamp() * 1000)
TODAY = date(2026, 11, 23)
ZERO = Decimal(0)
EMPTY = Summary(
    budget=Budget(month="2026-11", limit_usd=Decimal(50)), days=(), groups=(), holds=(), cache_hits=0,
    savings=Savings(baseline="", baseline_usd=ZERO, spent_usd=ZERO, compared=0, uncompared=0),
)  # fmt: skip


def day(ago: int, origin: Origin, attempts: int, cost: str = "0", mean_ms: float | None = None) -> DayTotal:
    """One source of one day, so many days ago."""
    name = (TODAY - timedelta(days=ago)).isoformat()
    return DayTotal(day=name, origin=origin, attempts=attempts, cost_usd=Decimal(cost), mean_latency_ms=mean_ms)


def group(task: Task, origin: Origin, model: str, attempts: int, cost: str = "0", accepted: int = 0) -> GroupTotal:
    """One line of a task and a model; tokens are known of the cloud only."""
    read, written, cached = (98_400, 950, 4_100) if origin is Origin.CLOUD else (0, 0, 0)
    return GroupTotal(
        task=task, origin=origin, model=model, attempts=attempts, input_tokens=read, output_tokens=written,
        cached_tokens=cached, cost_usd=Decimal(cost), assumed_usd=ZERO, accepted=accepted, rejected=0,
    )  # fmt: skip


BUSY = replace(
    EMPTY,
    budget=Budget(month="2026-11", limit_usd=Decimal(50), settled_usd=Decimal("2.9493"), held_usd=Decimal("0.0732")),
    days=(day(0, Origin.LOCAL, 106, mean_ms=2140.0), day(0, Origin.CLOUD, 12, "0.1493"), day(1, Origin.CLOUD, 30, "2.80", 4100.0),
          day(1, Origin.CACHE, 9, mean_ms=0.4), day(29, Origin.LOCAL, 5)),
    groups=(replace(group(Task.REFACTOR, Origin.CLOUD, "opus", 40, "2.9454", 31), assumed_usd=Decimal("0.12")),
            group(Task.EXPLAIN, Origin.CLOUD, "mini", 2, "0.0039"), group(Task.FIX, Origin.LOCAL, "qwen3:8b", 106),
            group(Task.EXPLAIN, Origin.CACHE, "mini", 9), group(Task.INLINE, Origin.EMBEDDED, "", 28_214, accepted=7_204),
            group(Task.INLINE, Origin.CACHE, "", 811)),
    holds=(Hold(job="a", model="opus", held_usd=Decimal("0.0732"), since_ms=NOW_MS - 4200, until_ms=NOW_MS + 90_000),),
    savings=Savings(baseline="opus", baseline_usd=Decimal("14.21"), spent_usd=Decimal("2.9493"), compared=137, uncompared=4),
    cache_hits=820,
    assumed_usd=Decimal("0.12"),
)  # fmt: skip

VOID = {"meta", "link"}


@dataclass
class Element:
    """One element: its attributes, and all the text in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: list["Element"] = field(default_factory=list)

    def all(self, tag: str, class_: str = "") -> list["Element"]:
        """Return the elements of a kind in it, in order, however deep."""
        found = []
        for one in self.inside:
            if one.tag == tag and class_ in ("", *one.attributes.get("class", "").split()):
                found.append(one)
            found += one.all(tag, class_)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"{tag} has an attribute twice"
        element = Element(tag, attributes)
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"{self.open[-1].tag} is open where {tag} ends"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def read(text: str) -> Element:
    """Return a page as a tree; every element has to be closed, in order."""
    assert text.startswith("<!doctype html>\n")
    reader = _Reader()
    reader.feed(text.removeprefix("<!doctype html>"))
    reader.close()
    assert [element.tag for element in reader.open] == [""], "something is left open"
    return reader.open[0]


def shown(summary: Summary) -> Element:
    """Return the page of a summary as a tree."""
    return read(page(summary, now=NOW))


def words(element: Element) -> str:
    """Return its text in one line."""
    return " ".join(element.text.split())


def shape(element: Element) -> list[object]:
    """Return what is markup in it: kinds and attributes' names, and no text."""
    return [(one.tag, sorted(one.attributes), shape(one)) for one in element.inside]


counts = st.integers(0, 10**9)
money = st.integers(0, 10**15).map(from_nano)
HOSTILE = st.lists(
    st.sampled_from(["<script>alert(1)</script>", '"', "'", ">", "<", "&", "&lt;", "</td>", "</style>", "-->", "<!--", "`",
                     " onload=x", "]]>", "\0", "\ud800", "\u202e", "\n", "qwen3", "é"]) | st.text(max_size=4),
    max_size=6,
).map("".join)  # fmt: skip
days = st.lists(
    st.builds(
        DayTotal, day=st.integers(0, 40).map(lambda ago: (TODAY - timedelta(days=ago)).isoformat()) | HOSTILE,
        origin=st.sampled_from(Origin), attempts=counts, cost_usd=money,
        mean_latency_ms=st.none() | st.floats(0, 1e9),
    ),
    max_size=20, unique_by=lambda each: (each.day, each.origin),
)  # fmt: skip
summaries = st.builds(
    Summary,
    budget=st.builds(Budget, month=st.just("2026-11") | HOSTILE, limit_usd=money, settled_usd=money, held_usd=money, blocked=HOSTILE),
    days=days.map(tuple),
    groups=st.lists(
        st.builds(
            GroupTotal, task=st.sampled_from(Task), origin=st.sampled_from(Origin), model=HOSTILE, attempts=counts,
            input_tokens=counts, output_tokens=counts, cached_tokens=counts, cost_usd=money, assumed_usd=money,
            accepted=counts, rejected=counts,
        ),
        max_size=5,
    ).map(tuple),
    holds=st.lists(
        st.builds(Hold, job=HOSTILE, model=HOSTILE, held_usd=money, since_ms=st.integers(0, 2**45), until_ms=st.integers(0, 2**45)),
        max_size=3,
    ).map(tuple),
    savings=st.builds(Savings, baseline=HOSTILE, baseline_usd=money, spent_usd=money, compared=counts, uncompared=counts),
    cache_hits=counts,
    assumed_usd=money,
)  # fmt: skip
