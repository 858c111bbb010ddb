"""frontends.dashboard: the ledger as one page that loads nothing, and that nothing in the ledger can turn into another."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import Hold, Summary
from hybrid_lsp.frontends.dashboard import page
from tests.frontends.dashboard_read import (
    BUSY,
    EMPTY,
    HOSTILE,
    NOW,
    NOW_MS,
    TODAY,
    ZERO,
    day,
    group,
    money,
    read,
    shape,
    shown,
    summaries,
    words,
)

FIGURE = r"–|\$[\d,]+\.\d+( more)?|[\d,.]+[kMG]?"
SMALL = r"–|<1 ms|[\d,.]+ (ms|s|min)|\$[\d,]+\.\d+ assumed"
NAMESPACE = "http://www.w3.org/2000/svg"


def tile(summary: Summary, number: int) -> str:
    """The words of one of the month's four figures: answers, cache, savings, ghost text."""
    return words(shown(summary).all("div", "tiles")[0].all("section")[number])


def widths(summary: Summary) -> list[Decimal]:
    """How much of the money's bar each part fills, in per cent."""
    pieces = [piece for bar in shown(summary).all("div", "bar") for piece in bar.all("i")]
    return [Decimal(piece.attributes["style"].removeprefix("width:").removesuffix("%")) for piece in pieces]


def test_the_money_of_the_month() -> None:
    """One reads what was spent of which limit, what of it is assumed, what is held and what is left."""
    tree = shown(BUSY)
    section = tree.all("section")[0]

    assert words(section).startswith("$2.95spent of $50.00 in November 2026$46.97left")
    assert [words(item) for item in section.all("li")] == [
        "$2.83 spent", "$0.12 spent, assumed", "$0.073 held for calls under way",
    ]  # fmt: skip
    assert "cancelled, cut off or lost count with the most" in words(section)
    assert [piece.attributes["class"] for piece in section.all("div", "bar")[0].all("i")] == [
        "spent",
        "assumed",
        "held",
    ]
    assert section.all("div", "bar")[0].attributes["aria-label"] == (
        "6 % of the limit is used: $2.83 spent, $0.12 spent, assumed, $0.073 held for calls under way, $46.97 left"
    )


@pytest.mark.parametrize(
    ("limit", "settled", "blocked", "sentence"),
    [
        ("50", "10", "It was lost; run `hybrid-lsp spend --confirm`.", "Paid calls are blocked.It was lost; run hybrid-lsp spend --confirm."),
        ("50", "10", "It was lost.", "$10.00known to be spent of $50.00"),
        ("0", "0", "", "With a limit of $0.00 no cloud model is asked"),
        ("10", "10", "", "All of it is used: no cloud model is asked until next month"),
        ("10", "12.5", "", "That is 125 % of the limit, $2.50 more than it allows"),
    ],
)  # fmt: skip
def test_why_no_cloud_model_is_asked(limit: str, settled: str, blocked: str, sentence: str) -> None:
    """Where no paid call can be made, a sentence says why, and nothing is said to be left."""
    budget = Budget(month="2026-11", limit_usd=Decimal(limit), settled_usd=Decimal(settled), blocked=blocked)
    text = words(shown(replace(EMPTY, budget=budget)))

    assert sentence in text
    assert "$0.00left" in text


@given(money, money, money, money)
def test_the_bar_of_the_money_is_never_more_than_full(
    limit: Decimal, settled: Decimal, held: Decimal, assumed: Decimal
) -> None:
    """Whatever was spent of whatever limit, the parts of the bar fill it at most, and without a limit there is none."""
    budget = Budget(month="2026-11", limit_usd=limit, settled_usd=settled, held_usd=held)
    found = widths(replace(EMPTY, budget=budget, assumed_usd=assumed))

    assert min(found, default=ZERO) >= 0
    assert sum(found) <= 100
    assert found == [] or limit > 0


def test_what_was_asked_for_is_counted_without_ghost_text() -> None:
    """Answers, their share without a cloud model, and cache hits leave ghost text out, which has a figure of its own."""
    assert tile(BUSY, 0) == "Answers15073 % of 157 attempts needed no cloud model"
    assert tile(BUSY, 1) == "From the cache96 % of the answers, for nothing"
    assert tile(BUSY, 3) == "Ghost text29kshown, 7,204 known to be taken (25 %); it never costs anything"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Saved$11.26137 answers cost $2.95; the same tokens would have cost $14.21 at opus; 4 could not be compared"),
        ({"baseline_usd": Decimal("2.8293"), "compared": 1, "uncompared": 0},
         "Spent, not saved$0.12 morethan at opus: 1 answer cost $2.95; the same tokens would have cost $2.83 there"),
        ({"baseline": ""}, "Saved–no answer of this month can be priced at another model"),
        ({"compared": 0}, "Saved–no answer of this month can be priced at another model"),
    ],
)  # fmt: skip
def test_savings_have_a_sign_and_a_baseline(changes: dict[str, object], words: str) -> None:
    """What was saved names what it is compared with; more spent is said as such, and what cannot be said is a dash."""
    assert tile(replace(BUSY, savings=replace(BUSY.savings, **changes)), 2) == words  # type: ignore[arg-type]


def test_every_day_has_its_place_and_its_words() -> None:
    """All thirty days stand on the axis, with or without rows, and pointing at one tells all that is known of it."""
    tree = shown(BUSY)
    first = tree.all("div", "chart")[0]
    tips = [words(title) for title in first.all("title")]

    assert [words(span) for span in first.all("div", "dates")[0].all("span")][:30] == [
        str((TODAY - timedelta(days=ago)).day) for ago in range(29, -1, -1)
    ]
    assert len(tips) == 30
    assert tips[-1] == "Mon 23 Nov local: 106, on average 2.1 s cloud: 12 cost: $0.15"
    assert tips[-2] == "Sun 22 Nov cache: 9, on average <1 ms cloud: 30, on average 4.1 s cost: $2.80"
    assert (tips[0], tips[1]) == ("Sun 25 Oct local: 5", "Mon 26 Oct nothing")
    assert words(tree.all("div", "chart")[1].all("div", "scale")[0]) == "$3.00$2.00$1.00$0.00"


def test_the_numbers_behind_the_charts() -> None:
    """The days stand in a table, too, and a time that nobody measured is a dash, never 0."""
    rows = shown(BUSY).all("details")[0].all("tr")

    assert [[words(cell) for cell in row.inside] for row in rows] == [
        ["Day", "local", "cache", "cloud", "cost"],
        ["Mon 23 Nov", "1062.1 s", "0", "12–", "$0.15"],
        ["Sun 22 Nov", "0", "9<1 ms", "304.1 s", "$2.80"],
        ["Sun 25 Oct", "5–", "0", "0", "$0.00"],
    ]


def test_what_ghost_text_dwarfs_has_a_scale_of_its_own() -> None:
    """A source that could not be seen beside another one is drawn below, and it is said how much is ghost text."""
    ghostly = replace(BUSY, days=(*BUSY.days, day(3, Origin.EMBEDDED, 9_000)))
    section = shown(ghostly).all("main")[0].all("section")[5]

    assert [words(legend) for legend in section.all("ul")] == ["embedded 9,000", "local 111cache 9cloud 42"]
    assert "Ghost text is among them: 29k of this month's 29.2k. Each part has its own scale." in words(section)
    assert "own scale" not in words(shown(BUSY))


def test_by_task_and_model() -> None:
    """Every line has its attempts, tokens, acceptance and cost; ghost text comes last; what nobody counted is a dash."""
    table = shown(BUSY).all("table", "models")[0]

    assert [[words(cell) for cell in row.inside] for row in table.all("tr")] == [
        ["Model", "Task", "From", "Attempts", "Accepted", "Tokens in", "cached", "Tokens out", "Cost"],
        ["opus", "refactor", "cloud", "40", "31", "98.4k", "4,100", "950", "$2.95$0.12 assumed"],
        ["mini", "explain", "cloud", "2", "–", "98.4k", "4,100", "950", "$0.0039"],
        ["qwen3:8b", "fix", "local", "106", "–", "–", "–", "–", "free"],
        ["mini", "explain", "cache", "9", "–", "–", "–", "–", "free"],
        ["Ghost text"],
        ["the model that ships with hybrid-lsp", "inline", "embedded", "28.2k", "7,204", "–", "–", "–", "free"],
        ["an answer kept from before", "inline", "cache", "811", "–", "–", "–", "–", "free"],
    ]


def test_money_that_is_held_now() -> None:
    """A hold has its model, its amount and its end; one whose lease is over is charged in full; none is said as such."""
    over = replace(BUSY.holds[0], model="", until_ms=NOW_MS)
    rows = shown(replace(BUSY, holds=(*BUSY.holds, over))).all("table")[-1].all("tr")

    assert [[words(cell) for cell in row.inside] for row in rows[1:]] == [
        ["opus", "$0.073", "4.2 s", "in 90.0 s at most"],
        ["–", "$0.073", "4.2 s", "over: charged in full"],
    ]
    assert "no paid call is under way" in words(shown(replace(BUSY, holds=())))


def test_an_empty_ledger_says_what_would_be_there() -> None:
    """Before anything was asked one sentence says how to begin; of a ledger that cannot be read nothing is told."""
    text = words(shown(EMPTY))
    unread = words(shown(replace(EMPTY, budget=replace(EMPTY.budget, blocked="It cannot be read.", is_known=False))))

    assert "run hybrid-lsp ask FILE --task explain, and this page shows who answered" in text
    assert "Nothing has been asked" not in unread
    assert "No row of the ledger can be shown." in unread
    assert "$0" not in unread


def test_an_old_month_beside_a_new_one() -> None:
    """With days but nothing yet this month, nothing is made up for it."""
    text = words(shown(replace(EMPTY, days=(day(29, Origin.LOCAL, 5), day(30, Origin.LOCAL, 7000)))))

    assert "Answers0nothing asked this monthFrom the cache0– of the answers" in text
    assert "local 5" in text
    assert "Nothing was asked this month." in text
    assert "No cloud model was paid in these days." in text


def test_what_is_wrong_comes_first() -> None:
    """Problems with the settings of money stand above everything, their commands in one piece."""
    tree = read(
        page(BUSY, now=NOW, problems=[Problem(sentence="Mend `a <b> c` first."), Problem(sentence="Or ` this.")])
    )

    assert [words(section) for section in tree.all("section")[:2]] == ["Mend a <b> c first.", "Or ` this."]
    assert [words(code) for code in tree.all("section")[0].all("code")] == ["a <b> c"]


@pytest.mark.parametrize("summary", [BUSY, EMPTY], ids=["busy", "empty"])
def test_nothing_is_loaded_and_nothing_runs(summary: Summary) -> None:
    """There is no script, no address but the name of SVG, and a policy that forbids both."""
    text = page(summary, now=NOW)
    tree = read(text)

    assert re.findall(r"https?://[^'\"\s<]*", text) == [NAMESPACE]
    assert "url(" not in text
    assert "@import" not in text
    assert [e for tag in ("script", "img", "iframe", "object", "form", "a", "base") for e in tree.all(tag)] == []
    assert (
        tree.all("meta")[1]
        .attributes["content"]
        .startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    )
    assert [link.attributes["href"][:5] for link in tree.all("link")] == ["data:"]
    assert (tree.all("html")[0].attributes, words(tree.all("title")[0])) == (
        {"lang": "en"},
        "hybrid-lsp: November 2026",
    )


def test_everything_can_be_read_without_seeing() -> None:
    """Pictures say what they show, letters in pictures are hidden from readers, and every head names what it heads."""
    tree = shown(BUSY)
    pictures = [*tree.all("svg"), *tree.all("div", "bar")]

    assert [picture.attributes["role"] for picture in pictures] == ["img"] * 3
    assert pictures[0].attributes["aria-label"] == (
        "Attempts by day and source, Sun 25 Oct to Mon 23 Nov: 111 local, 9 cache, 42 cloud"
    )
    assert pictures[1].attributes["aria-label"].endswith("$2.95, at most $2.80 a day")
    assert {head.attributes["scope"] for head in tree.all("th")} == {"col", "row", "rowgroup"}
    assert [e.attributes.get("aria-hidden") for e in (*tree.all("div", "scale"), *tree.all("div", "dates"))] == [
        "true"
    ] * 4


@settings(max_examples=40)
@given(HOSTILE)
def test_nothing_in_the_ledger_becomes_markup(text: str) -> None:
    """Whatever a model is called and a sentence says, the page has the same elements, and the name is read as it is."""

    def named(name: str) -> Summary:
        return replace(
            BUSY,
            groups=(group(Task.FIX, Origin.CLOUD, f"a{name}", 1, "1"),),
            holds=(replace(BUSY.holds[0], model=f"a{name}", job=name),),
            savings=replace(BUSY.savings, baseline=f"a{name}"),
            budget=replace(BUSY.budget, month=f"a{name}", blocked=f"a{name.replace('`', '')}"),
        )

    tree = shown(named(text))
    printable = "".join(char if char.isprintable() or char == "\n" else " " for char in f"a{text}")

    assert shape(tree) == shape(shown(named("")))
    assert tree.all("table", "models")[0].all("th")[-1].text == printable
    assert tree.all("table")[-1].all("th")[-1].text == printable
    assert printable in tree.all("div", "tiles")[0].text


@settings(max_examples=40)
@given(summaries)
def test_any_summary_is_a_well_formed_page(summary: Summary) -> None:
    """Whatever the ledger says, every element is closed, pictures are XML, no number is none, and it can be written."""
    text = page(summary, now=NOW)
    tree = read(text)
    measures = [rect.attributes[name] for rect in tree.all("rect") for name in ("x", "y", "width", "height")]

    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(picture)
    assert [each for each in measures if not re.fullmatch(r"\d+(\.\d+)?", each)] == []
    assert [words(each) for each in tree.all("div", "figure") if not re.fullmatch(FIGURE, words(each))] == []
    assert [words(each) for each in tree.all("small") if not re.fullmatch(SMALL, words(each))] == []
    assert text.encode("utf-8")


def test_the_page_stays_small() -> None:
    """Thirty full days with hundreds of models and holds are less than 100 kB, and what is not shown is summed up."""
    every_day = tuple(day(ago, origin, 123_456_789, "123.456", 1234.5) for ago in range(30) for origin in Origin)
    groups = tuple(group(Task.FIX, Origin.CLOUD, f"model-{number}", 3, "0.5") for number in range(300))
    hold = Hold(job="a", model="model", held_usd=Decimal("0.25"), since_ms=NOW_MS, until_ms=NOW_MS + 1)
    text = page(replace(BUSY, days=every_day, groups=groups, holds=(hold,) * 300), now=NOW)

    assert len(text) < 100_000
    assert "And 260 more: 780 attempts, $130.00." in text
    assert "And 260 more: $65.00." in text


def test_a_moment_without_its_offset() -> None:
    """A page is of one moment, whatever the machine's time zone: without an offset it is refused."""
    for wrong in ("2026-11-23T14:05:00", "2026-11-23", "today"):
        with pytest.raises(ValueError, match=r"offset|isoformat"):
            page(BUSY, now=wrong)
