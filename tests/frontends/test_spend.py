"""frontends.terminal.spend: the month's money as a person and a program read it."""

import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.errors import HybridError, Problem
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import DayTotal, GroupTotal, Hold, Savings, Summary
from hybrid_lsp.frontends.terminal import spend
from hybrid_lsp.frontends.terminal.paper import Paper
from hybrid_lsp.frontends.terminal.table import Column, amounts, count, number, table

NOW_MS = 1_795_000_000_000
ZERO = Decimal(0)
EMPTY = Summary(
    budget=Budget(month="2026-11", limit_usd=Decimal(50)), days=(), groups=(), holds=(), cache_hits=0,
    savings=Savings(baseline="", baseline_usd=ZERO, spent_usd=ZERO, compared=0, uncompared=0),
)  # fmt: skip


def day(number_of_it: int, origin: Origin, attempts: int, cost: str = "0") -> DayTotal:
    """One line of a day."""
    name = f"2026-11-{number_of_it:02}"
    return DayTotal(day=name, origin=origin, attempts=attempts, cost_usd=Decimal(cost), mean_latency_ms=800.0)


def group(task: Task, origin: Origin, model: str, attempts: int, cost: str) -> GroupTotal:
    """One line of a task and a model."""
    return GroupTotal(
        task=task, origin=origin, model=model, attempts=attempts, input_tokens=98_400, output_tokens=950,
        cached_tokens=0, cost_usd=Decimal(cost), assumed_usd=ZERO, accepted=3, rejected=1,
    )  # fmt: skip


BUSY = replace(
    EMPTY,
    budget=Budget(month="2026-11", limit_usd=Decimal(50), settled_usd=Decimal("2.9493"), held_usd=Decimal("0.0732")),
    days=(day(23, Origin.LOCAL, 6), day(23, Origin.CLOUD, 2, "0.1"), day(22, Origin.CLOUD, 3, "2.8"),
          day(22, Origin.CACHE, 9), day(20, Origin.LOCAL, 5)),
    groups=(group(Task.REFACTOR, Origin.CLOUD, "opus", 9, "2.1043"), group(Task.EXPLAIN, Origin.CLOUD, "mini", 2, "0.0039"),
            group(Task.FIX, Origin.LOCAL, "hf.co/somebody/A-Very-Long-Name-Of-A-Model-14B-GGUF:Q4_K_M", 1200, "0")),
    holds=(Hold(job="a", model="opus", held_usd=Decimal("0.0732"), since_ms=NOW_MS - 4200, until_ms=NOW_MS + 90_000),),
    savings=Savings(baseline="opus", baseline_usd=Decimal("14.21"), spent_usd=Decimal("2.9493"), compared=171, uncompared=4),
    cache_hits=9,
    assumed_usd=Decimal("0.12"),
)  # fmt: skip


class Screen(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, *, tty: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self._tty = tty
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As it was made."""
        return self._encoding

    def isatty(self) -> bool:
        """Return what it was made as."""
        return self._tty


def spent(
    summary: Summary | HybridError, *, as_json: bool = False, problems: Sequence[Problem] = (), tty: bool = False,
    confirm: Callable[[], str] | None = None, encoding: str = "utf-8", environment: dict[str, str] | None = None,
) -> tuple[int, str, str]:  # fmt: skip
    """The exit status, what was written, and what was written as an error."""
    out, errors = Screen(tty=tty, encoding=encoding), Screen()

    def read() -> Summary:
        if isinstance(summary, HybridError):
            raise summary
        return summary

    status = spend.run(
        read, now_ms=NOW_MS, out=out, errors=errors, as_json=as_json, problems=problems, confirm=confirm,
        environment=environment or {},
    )  # fmt: skip
    return status, out.getvalue(), errors.getvalue()


def test_an_empty_month() -> None:
    """Before anything was asked one reads the budget, and that nothing is missing."""
    status, out, _ = spent(EMPTY)

    assert status == 0
    assert out.splitlines() == [
        "2026-11: $50.00 of $50.00 left",
        "░" * 40 + "  0 %",
        "$0.00 spent",
        "",
        "Nothing was asked for yet, and no ghost text was shown.",
    ]


def test_a_busy_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budget, days, tasks and models, holds, savings, cache and assumed costs, in 80 columns."""
    monkeypatch.setitem(os.environ, "COLUMNS", "80")
    status, out, _ = spent(BUSY, tty=True, environment={"NO_COLOR": "1"})

    assert status == 0
    assert out.splitlines() == [
        "2026-11: $46.97 of $50.00 left",
        "██▒" + "░" * 37 + "  6 %",
        "$2.95 spent, $0.073 held for calls under way",
        "",
        "day         local  cloud  cache   cost",
        "2026-11-23      6      2         $0.10  █",
        "2026-11-22             3      9  $2.80  ████████████████████████",
        "2026-11-20      5                    -",
        "",
        "task      model                            from   calls   read  written     cost",
        "refactor  opus                             cloud      9  98.4k      950  $2.1043",
        "explain   mini                             cloud      2  98.4k      950  $0.0039",
        "fix       hf.co/somebody/A-Very-Long-Na..  local   1.2k  98.4k      950     free",
        "",
        "   held  for   since  at most for",
        "$0.0732  opus  4.2 s       90.0 s",
        "",
        "$11.26 saved: 171 answers cost $2.95, and would have cost $14.21 at opus; 4",
        "could not be priced and count for nothing.",
        "9 answers came from the cache, for nothing.",
        "$0.12 of the month's cost is assumed, not reported: calls that were cancelled,",
        "cut off or lost, charged at the most that they can have cost.",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_stream_that_cannot_draw(encoding: str) -> None:
    """Where blocks cannot be written the bars are ASCII, and columns still line up."""
    _, out, _ = spent(BUSY, encoding=encoding)

    assert out.isascii()
    assert "##+" + "." * 37 + "  6 %" in out
    assert "2026-11-22             3      9  $2.80  ########" in out


def test_money_that_is_blocked() -> None:
    """Blocked paid calls are said on top with their way out, problems beside them, and the status is 1."""
    blocked = replace(
        BUSY, budget=replace(BUSY.budget, blocked="The ledger was set aside; run `hybrid-lsp spend --confirm`.")
    )
    status, out, _ = spent(blocked, problems=[Problem(sentence="Mend config.toml.")])

    assert status == 1
    assert out.splitlines()[0] == "2026-11: $0.00 of $50.00 left; paid calls are blocked"
    assert out.splitlines()[3:5] == [
        "✗ The ledger was set aside; run `hybrid-lsp spend --confirm`.",
        "✗ Mend config.toml.",
    ]


def test_money_that_nobody_knows_is_no_nought() -> None:
    """Of a ledger that cannot be read no amount is shown, on paper or as JSON; its sentence is, and the status is 1."""
    away = "The ledger cannot be read; see to its folder."
    unknown = replace(EMPTY, budget=replace(EMPTY.budget, blocked=away, is_known=False))
    status, out, _ = spent(unknown)
    told = json.loads(spent(unknown, as_json=True)[1])

    assert (status, out) == (1, f"2026-11: what was spent is not known; paid calls are blocked\n✗ {away}\n")
    names = ("settled_usd", "held_usd", "left_usd", "used_percent", "assumed_usd", "cache_hits")
    assert [told[name] for name in names] == [None] * len(names)
    assert (told["limit_usd"], told["blocked"]) == (50, away)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"baseline_usd": Decimal("1.50")},
            "$1.45 more was spent: 171 answers cost $2.95, and would have cost $1.50 at opus",
        ),
        ({"compared": 1, "uncompared": 0}, "$11.26 saved: 1 answer cost $2.95, and would have cost $14.21 at opus."),
        ({"compared": 0}, "What was saved cannot be said"),
        ({"baseline": ""}, "What was saved cannot be said"),
    ],
)
def test_savings_are_signed_and_named(changes: dict[str, object], sentence: str) -> None:
    """What was saved names its baseline and how many were compared; more spent is said as such, and nothing is guessed."""
    summary = replace(BUSY, savings=replace(BUSY.savings, **changes))  # type: ignore[arg-type]

    assert sentence in " ".join(spent(summary)[1].split())
    saved = json.loads(spent(summary, as_json=True)[1])["savings"]["saved_usd"]
    assert (saved is None) == ("cannot" in sentence)
    assert saved is None or (saved < 0) == ("more" in sentence)


def test_ghost_text_among_the_days_is_told() -> None:
    """By day it cannot be told from what was asked for, so its share of the month is said; where there is none, nothing."""
    typed = replace(BUSY, groups=(*BUSY.groups, group(Task.INLINE, Origin.EMBEDDED, "embedded", 4100, "0")))
    assert "Ghost text is among them: 4.1k of this month's 5.3k." in " ".join(spent(typed)[1].split())
    assert "Ghost text" not in spent(BUSY)[1]


def test_a_hold_whose_lease_is_over() -> None:
    """A call whose process went away is charged in full, and one reads that."""
    over = replace(BUSY, holds=(replace(BUSY.holds[0], until_ms=NOW_MS - 1),))

    assert "over: charged in full" in spent(over)[1]


def test_confirming_comes_before_reading() -> None:
    """`--confirm` lets paid calls go on, says so, and what is shown is what holds then."""
    done: list[str] = []

    def confirm() -> str:
        done.append("confirmed")
        return "Paid calls may be made again."

    status, out, _ = spent(EMPTY, confirm=confirm)

    assert (status, done) == (0, ["confirmed"])
    assert out.startswith("✓ Paid calls may be made again.\n\n2026-11: $50.00")
    assert json.loads(spent(EMPTY, confirm=confirm, as_json=True)[1])["confirmed"] == "Paid calls may be made again."


def test_what_cannot_be_confirmed_or_read() -> None:
    """A refusal is one sentence on standard error and 1, and nothing else is shown."""

    def refusing() -> str:
        raise HybridError("There is nothing to confirm.")

    assert spent(EMPTY, confirm=refusing) == (1, "", "✗ There is nothing to confirm.\n")
    assert spent(HybridError("The ledger cannot be read.")) == (1, "", "✗ The ledger cannot be read.\n")


def test_one_json_object_and_nothing_else() -> None:
    """With --json there is one object whose amounts are exact."""
    status, out, _ = spent(BUSY, as_json=True, problems=[Problem(sentence="Mend it.")])
    told = json.loads(out, parse_float=Decimal)

    assert (status, out.count("\n"), out.isascii()) == (0, 1, True)
    assert {key: told[key] for key in ("month", "settled_usd", "held_usd", "left_usd", "used_percent")} == {
        "month": "2026-11", "settled_usd": Decimal("2.9493"), "held_usd": Decimal("0.0732"),
        "left_usd": Decimal("46.9775"), "used_percent": 6,
    }  # fmt: skip
    assert [each["cost_usd"] for each in told["groups"]] == [Decimal("2.1043"), Decimal("0.0039"), 0]
    assert (len(told["days"]), told["cache_hits"], told["problems"]) == (5, 9, ["Mend it."])


def test_colour_only_on_a_terminal() -> None:
    """Colour is for terminals, and never swallows a column's head."""
    _, coloured, _ = spent(BUSY, tty=True)

    assert "\x1b[2mday " in coloured
    assert "\x1b" not in spent(BUSY)[1]


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["12.345", "0.5", "0"], ["$12.34", "$0.50", "-"]),
        (["1234.5", "0.0123"], ["$1,234.5000", "$0.0123"]),
        (["0.000001", "-0.000001"], ["<$0.0001", "-<$0.0001"]),
        (["-1.5", "2"], ["-$1.50", "$2.00"]),
        ([], []),
    ],
)
def test_amounts_stand_under_one_another(values: list[str], written: list[str]) -> None:
    """All amounts of a column have as many digits, and a little is never told as nothing."""
    assert amounts([Decimal(value) for value in values]) == written


@given(st.decimals(-1_000_000, 1_000_000, places=9))
def test_json_numbers_are_exact_to_the_nano_dollar(usd: Decimal) -> None:
    """What is written as a JSON number is read back as the same amount."""
    assert json.loads(json.dumps(number(usd)), parse_float=Decimal) == usd


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, ""), (7, "7"), (999, "999"), (1000, "1.0k"), (98_400, "98.4k"), (140_000, "140k"), (4_100_000, "4.1M")],
)
def test_counts_as_people_say_them(value: int, told: str) -> None:
    """A count has no more digits than it is worth, and nothing is left blank."""
    assert count(value) == told


@given(st.lists(st.tuples(st.text("ab…≤", max_size=60), st.text("0123", max_size=9)), min_size=1, max_size=5))
def test_a_table_is_as_wide_as_its_paper(rows: list[tuple[str, str]]) -> None:
    """Whatever is in a column that gives way, no line is too wide, numbers end at one place, empty columns are gone."""
    screen = Screen(encoding="ascii")
    paper = Paper(out=screen, columns=50, colour=False)
    table(paper, [Column(head="name", gives_way=True), Column(head="n", right=True)], [(a.strip(), b) for a, b in rows])
    lines = screen.getvalue().splitlines()

    assert max(map(len, lines)) <= 50
    assert len({len(line) for line, (_, n) in zip(lines[1:], rows, strict=True) if n}) <= 1
    assert ("name" in lines[0]) == any(name.strip() for name, _ in rows)
