"""ledger: what is told from the rows and from their sums, and what stays of them, on both databases."""

from datetime import UTC, date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.price import Price, Rates, Tier, Usage
from hybrid_lsp.core.record import Basis, Origin, Record, Status
from hybrid_lsp.ledger.views import stretches
from tests.ledger.opened import DAY, SECOND, Opened, at, hold, record_for, written

FULL = Record(
    job="job-1",
    at_ms=at("2026-11-23 11:59"),
    workspace="shop",
    task=Task.REVIEW,
    origin=Origin.LOCAL,
    backend="ollama",
    model="qwen3-coder",
    answered_by="qwen3-coder:30b",
    usage=Usage(input_tokens=100, output_tokens=20, cached_tokens=30, cache_write_tokens=10, reasoning_tokens=5),
    price=Price(
        model="qwen3-coder",
        tiers=(
            Tier(above_input_tokens=0, rates=Rates(input_usd=Decimal("0.1"), output_usd=Decimal("0.4"))),
            Tier(
                above_input_tokens=200_000,
                rates=Rates(
                    input_usd=Decimal("0.2"),
                    output_usd=Decimal("0.8"),
                    cached_usd=Decimal("0.02"),
                    cache_write_usd=Decimal("0.25"),
                ),
            ),
        ),
        source="genai-prices 0.2.3",
    ),
    status=Status.DONE,
    latency_ms=1234,
    first_token_ms=200,
    score=0.45,
    reasons=("long prompt", "refactor"),
    rule="code_review",
    baseline="claude-sonnet",
    baseline_usd=Decimal("0.0123"),
    language="python",
    reach="file",
    size_band="10-50",
    bytes_out=4321,
    redactions=2,
    checks=(("complete", True), ("parses", False)),
    mean_logprob=-0.25,
    lowest_logprob=-7.5,
    accepted=True,
    survived=False,
)


def test_a_record_comes_back_as_it_was(opened: Opened) -> None:
    """All that a record says is in its row."""
    ledger = opened.window()
    ledger.record(FULL)
    written(ledger)

    assert ledger.recent(since_ms=0) == (FULL,)


def test_a_record_that_no_database_could_take_is_written_all_the_same(opened: Opened) -> None:
    """What a vendor's answer brings may be anything: halves of characters, nothing-characters, absurd counts."""
    ledger = opened.window()
    ledger.record(
        record_for(
            "job", opened.clock, answered_by="a\0b\ud800" + "x" * 10_000, usage=Usage(input_tokens=10**40, output_tokens=1),
            score=float("nan"), lowest_logprob=float("-inf"), reasons=("\0\udfff",) * 1000, latency_ms=10**30, at_ms=10**40,
        )
    )  # fmt: skip
    written(ledger)

    (record,) = ledger.recent(since_ms=0)
    assert record.answered_by.startswith("ab?xxx")
    assert len(record.answered_by) <= 200
    assert record.usage is not None
    assert record.usage.input_tokens == 10**12
    assert (record.score, record.lowest_logprob) == (None, None)


def test_recent_are_the_asked_for_ones_the_newest_first(opened: Opened) -> None:
    """Ghost text and calls that have not ended are left out."""
    ledger = opened.window()
    for number in range(4):
        ledger.record(record_for(f"job-{number}", opened.clock, task=Task.INLINE if number == 1 else Task.FIX))
        opened.clock.now_ms += SECOND
    written(ledger)
    hold(ledger, "1")

    since = opened.clock.now_ms
    assert [record.job for record in ledger.recent(since_ms=0)] == ["job-3", "job-2", "job-0"]
    assert [record.job for record in ledger.recent(since_ms=0, most=1)] == ["job-3"]
    assert [record.job for record in ledger.recent(since_ms=since - SECOND)] == ["job-3"]


def test_marks_are_kept_with_the_answer(opened: Opened) -> None:
    """What became of a job's answer stands with it, and not with the attempts that came to nothing."""
    ledger = opened.window()
    ledger.record(record_for("job", opened.clock, status=Status.UNFIT))
    ledger.record(record_for("job", opened.clock, model="m-2"))
    ledger.mark("job", accepted=True)
    ledger.mark("job", survived=False)
    ledger.mark("nobody", accepted=True)
    written(ledger)

    marks = {record.model: (record.accepted, record.survived) for record in ledger.recent(since_ms=0)}
    assert marks == {"m-1": (None, None), "m-2": (True, False)}
    assert sum(group.accepted for group in ledger.summary().groups) == 1
    ledger.mark("job", accepted=False)
    written(ledger)
    assert [(group.accepted, group.rejected) for group in ledger.summary().groups if group.model == "m-2"] == [(0, 1)]


def test_a_refused_answer_that_was_taken_all_the_same_is_marked(opened: Opened) -> None:
    """Where no answer of a job came through, the word is about the last one that was refused."""
    ledger = opened.window()
    ledger.record(record_for("job", opened.clock, status=Status.UNFIT))
    ledger.record(record_for("job", opened.clock, model="m-2", status=Status.UNFIT))
    ledger.mark("job", survived=True)
    written(ledger)

    assert {record.model: record.survived for record in ledger.recent(since_ms=0)} == {"m-1": None, "m-2": True}


def test_the_days_are_those_of_the_zone(opened: Opened) -> None:
    """An attempt late in the evening of one zone is in the next day of another."""
    kathmandu = opened.window(zone=ZoneInfo("Asia/Kathmandu"))
    opened.clock.now_ms = at("2026-11-23 18:14")
    kathmandu.record(record_for("a", opened.clock, latency_ms=100))
    opened.clock.now_ms = at("2026-11-23 18:16")
    kathmandu.record(record_for("b", opened.clock, latency_ms=200))
    kathmandu.record(record_for("c", opened.clock))
    kathmandu.record(record_for("d", opened.clock, origin=Origin.CACHE))
    written(kathmandu)

    days = [(day.day, str(day.origin), day.attempts, day.mean_latency_ms) for day in kathmandu.summary().days]
    assert days == [
        ("2026-11-24", "cache", 1, None),
        ("2026-11-24", "local", 2, 200.0),
        ("2026-11-23", "local", 1, 100.0),
    ]
    assert [day.day for day in opened.window(zone=UTC).summary().days] == ["2026-11-23", "2026-11-23"]
    assert {day.day for day in kathmandu.summary(days=1).days} == {"2026-11-24"}


def test_the_groups_are_this_months(opened: Opened) -> None:
    """One line for each task, origin and model, the dearest first, then the most frequent."""
    ledger = opened.window()
    opened.clock.now_ms = at("2026-10-31 23:59")
    ledger.record(record_for("old", opened.clock))
    opened.clock.now_ms = at("2026-11-23 12:00")
    usage = Usage(input_tokens=10, output_tokens=5, cached_tokens=2)
    ledger.record(record_for("a", opened.clock, usage=usage))
    for number in range(2):
        ledger.record(record_for(f"b{number}", opened.clock, task=Task.INLINE, usage=usage, origin=Origin.EMBEDDED))
    ledger.record(record_for("c", opened.clock, origin=Origin.CACHE))
    ledger.settle(hold(ledger, "2"), record_for("d", opened.clock, "1.5", usage=usage, basis=Basis.ASSUMED))
    written(ledger)

    summary = ledger.summary()
    assert [(str(group.task), str(group.origin), group.attempts) for group in summary.groups] == [
        ("fix", "cloud", 1), ("inline", "embedded", 2), ("fix", "cache", 1), ("fix", "local", 1),
    ]  # fmt: skip
    assert [(g.input_tokens, g.output_tokens, g.cached_tokens) for g in summary.groups[:2]] == [(10, 5, 2), (20, 10, 4)]
    assert (summary.cache_hits, summary.assumed_usd) == (1, Decimal("1.5"))


def test_a_hold_is_shown_while_it_lasts(opened: Opened) -> None:
    """With its job, its model, its amount and its time."""
    ledger = opened.window()
    held = hold(ledger, "0.50", job="slow", lease_s=90)

    (shown,) = ledger.summary().holds
    assert (shown.job, shown.model, shown.held_usd) == ("slow", "m-1", Decimal("0.50"))
    assert (shown.since_ms, shown.until_ms) == (opened.clock.now_ms, held.until_ms)
    assert held.until_ms == opened.clock.now_ms + 90 * SECOND


def test_savings_are_signed_and_name_their_baseline(opened: Opened) -> None:
    """Answers that were asked for, beside the same tokens elsewhere; what cannot be compared counts for nothing."""
    ledger = opened.window()
    same = {"baseline": "big", "baseline_usd": Decimal("0.10")}
    ledger.record(record_for("free", opened.clock, **same))
    ledger.record(record_for("ghost", opened.clock, task=Task.INLINE, **same))
    ledger.record(record_for("again", opened.clock, origin=Origin.CACHE, **same))
    ledger.record(record_for("failed", opened.clock, status=Status.FAILED, **same))
    ledger.settle(hold(ledger, "1"), record_for("paid", opened.clock, "0.35", **same))
    ledger.settle(hold(ledger, "1"), record_for("cancelled", opened.clock, "0.02", status=Status.CANCELLED))
    ledger.settle(hold(ledger, "1"), record_for("unpriced", opened.clock, "0.50"))
    written(ledger)

    savings = ledger.summary().savings
    assert (savings.baseline, savings.baseline_usd, savings.spent_usd) == ("big", Decimal("0.20"), Decimal("0.37"))
    assert savings.saved_usd == Decimal("-0.17")
    assert (savings.compared, savings.uncompared) == (2, 1)


def test_old_rows_go_and_their_sums_stay(opened: Opened) -> None:
    """Old rows are let go of in small steps; the days that they were counted in can still be told."""
    ledger = opened.window()
    for number in range(600):
        ledger.record(record_for(f"job-{number}", opened.clock, latency_ms=10))
    written(ledger)
    before = ledger.summary(days=60).days
    opened.clock.now_ms += 40 * DAY
    ledger.record(record_for("new", opened.clock))
    written(ledger)

    assert ledger.prune(keep_days=30) == 600
    assert [record.job for record in ledger.recent(since_ms=0)] == ["new"]
    assert ledger.summary(days=60).days[1:] == before
    opened.clock.now_ms += 900 * DAY
    assert ledger.prune(keep_days=30) == 1
    assert ledger.summary(days=1000).days == ()


def test_this_months_money_is_never_pruned(opened: Opened) -> None:
    """However few days are kept, paid rows of this month and holds stay, for the budget is made of them."""
    ledger = opened.window("1.00")
    opened.clock.now_ms = at("2026-11-01 12:00")
    ledger.settle(hold(ledger, "0.30"), record_for("a", opened.clock, "0.30"))
    ledger.record(record_for("b", opened.clock))
    hold(ledger, "0.20", lease_s=60 * 86400)
    written(ledger)
    opened.clock.now_ms = at("2026-11-29 12:00")

    assert ledger.prune(keep_days=1) == 1
    assert (ledger.budget().settled_usd, ledger.budget().held_usd) == (Decimal("0.30"), Decimal("0.20"))
    opened.clock.now_ms = at("2026-12-15 12:00")
    assert ledger.prune(keep_days=1) == 1
    assert len(ledger.summary().holds) == 1


def test_a_row_that_cannot_be_written_is_left_out_alone(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """A fault with one row does not take the others with it."""
    ledger = opened.window()
    ledger.record(record_for("good", opened.clock))
    ledger.record(record_for("bad", opened.clock, usage="no usage"))
    ledger.record(record_for("better", opened.clock))
    written(ledger)

    assert sorted(record.job for record in ledger.recent(since_ms=0)) == ["better", "good"]
    assert "left out" in caplog.text


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"]
)
def test_stretches_are_the_days_of_the_zone(zone: str) -> None:
    """Over a whole year, each quarter of an hour is in exactly one stretch, with its own offset."""
    from datetime import datetime

    found = stretches(date(2026, 1, 1), date(2026, 12, 31), ZoneInfo(zone))

    assert datetime.fromtimestamp(found[0][0] / 1000, ZoneInfo(zone)).isoformat()[:19] == "2026-01-01T00:00:00"
    assert datetime.fromtimestamp(found[-1][1] / 1000, ZoneInfo(zone)).isoformat()[:19] == "2027-01-01T00:00:00"
    assert [one[1] for one in found[:-1]] == [two[0] for two in found[1:]]
    for begin, end, offset in found:
        for moment in range(begin, end, 900_000):
            real = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone)).utcoffset()
            assert real == timedelta(milliseconds=offset)
