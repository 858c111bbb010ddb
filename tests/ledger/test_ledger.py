"""ledger: what one or some windows see of the month's money, on both databases; and servers that are away."""

import threading
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Denied, Reservation, Status
from hybrid_lsp.ledger import Ledger, migrations
from tests.ledger.cluster import Cluster
from tests.ledger.opened import DAY, HOUR, SECOND, WAIT_S, Clock, Opened, at, denied, hold, record_for, written


def test_what_is_held_is_not_there_for_others(opened: Opened) -> None:
    """Two windows share one budget; what one holds, the other cannot."""
    one, other = opened.window("1.00"), opened.window("1.00")

    hold(one, "0.70")

    answer = denied(other, "0.31")
    assert answer.rule == "budget.limit"
    assert "$0.30 of the $1.00 for 2026-11 is left" in answer.sentence
    assert hold(other, "0.30").month == "2026-11"
    assert one.budget() == other.budget()
    assert (one.budget().held_usd, one.budget().left_usd) == (Decimal("1.00"), 0)


def test_a_settlement_gives_back_what_was_not_needed_once(opened: Opened) -> None:
    """The cost takes the place of the hold; a second settlement of the same hold changes nothing."""
    ledger = opened.window("1.00")
    held = hold(ledger, "0.90")

    ledger.settle(held, record_for("job", opened.clock, "0.20"))
    ledger.settle(held, record_for("job", opened.clock, "0.80"))

    budget = ledger.budget()
    assert (budget.settled_usd, budget.held_usd, budget.left_usd) == (Decimal("0.20"), 0, Decimal("0.80"))
    (group,) = ledger.summary().groups
    assert (group.attempts, group.cost_usd, group.assumed_usd) == (1, Decimal("0.20"), 0)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "-Infinity", "1e30"])
def test_what_is_no_amount_is_not_held(amount: str, opened: Opened) -> None:
    """A worst case that is unknown, nothing or endless is a denial, never a hold."""
    ledger = opened.window()

    assert denied(ledger, amount).sentence
    assert ledger.budget().held_usd == 0


@pytest.mark.parametrize("limit", ["NaN", "Infinity", "-0.01"])
def test_a_limit_is_an_amount(limit: str, opened: Opened) -> None:
    """A budget that is no amount of money is refused before anything is opened."""
    with pytest.raises(ValueError, match="finite"):
        opened.window(limit)


def test_fractions_are_rounded_against_us(opened: Opened) -> None:
    """Holds and costs are rounded up, the limit down, so that no sum of fractions gets past it."""
    ledger = opened.window("0.0000000029")
    hold(ledger, "0.0000000011")

    assert ledger.budget().limit_usd == Decimal("0.000000002")
    assert ledger.budget().held_usd == Decimal("0.000000002")
    denied(ledger, "0.0000000001")


def test_a_hold_whose_owner_died_is_charged_in_full(opened: Opened) -> None:
    """When the lease is over the hold counts as spent, at once in the view and for good with the next hold."""
    ledger = opened.window("1.00")
    hold(ledger, "0.60", job="lost", lease_s=60, task=Task.REVIEW, workspace="shop", backend="openai")
    opened.clock.now_ms += 60 * SECOND

    assert (ledger.budget().settled_usd, ledger.budget().held_usd) == (Decimal("0.60"), 0)
    assert ledger.summary().holds == ()
    denied(ledger, "0.41")
    (lost,) = ledger.recent(since_ms=0)
    assert (lost.status, lost.basis, lost.cost_usd) == (Status.LOST, Basis.ASSUMED, Decimal("0.60"))
    assert (lost.task, lost.workspace, lost.backend, lost.model) == (Task.REVIEW, "shop", "openai", "m-1")
    assert ledger.summary().assumed_usd == Decimal("0.60")


def test_a_lost_call_has_its_row_for_whoever_looks_first(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """A look at what was asked, or at the month, charges it: its cost never stands in a sum without its row."""
    for look in (lambda ledger: ledger.recent(since_ms=0), lambda ledger: ledger.summary()):
        ledger = opened.window()
        hold(ledger, "0.60", job="lost", lease_s=60)
        opened.clock.now_ms += 60 * SECOND
        look(ledger)
    (first, second), summary = ledger.recent(since_ms=0), ledger.summary()
    assert caplog.messages == ["calls that nobody settled: 1; the $0.60 that was held for them is charged"] * 2
    assert first.status is second.status is Status.LOST
    assert summary.budget.settled_usd == sum(group.cost_usd for group in summary.groups) == Decimal("1.20")


def test_an_owner_that_was_only_slow_corrects_the_charge(opened: Opened) -> None:
    """A settlement after the lease puts the truth in the place of the assumption, in all sums."""
    ledger = opened.window("1.00")
    held = hold(ledger, "0.60", lease_s=60)
    opened.clock.now_ms += 2 * HOUR
    hold(ledger, "0.40")

    ledger.settle(held, record_for("job", opened.clock, "0.10"))

    assert ledger.budget().settled_usd == Decimal("0.10")
    summary = ledger.summary()
    assert summary.assumed_usd == 0
    assert [(group.attempts, group.cost_usd) for group in summary.groups] == [(1, Decimal("0.10"))]


def test_a_cost_above_its_hold_is_told(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """It is charged as it was, and logged as a fault with the job's id."""
    ledger = opened.window("1.00")

    ledger.settle(hold(ledger, "0.10"), record_for("job-7", opened.clock, "1.50"))

    assert ledger.budget().settled_usd == Decimal("1.50")
    assert ledger.budget().left_usd == 0
    assert [record.levelname for record in caplog.records if "job-7" in record.getMessage()] == ["ERROR"]


def test_a_cost_that_is_no_amount_is_charged_as_held(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """Nonsense in place of a cost neither frees the money nor stops the ledger."""
    ledger = opened.window("1.00")

    ledger.settle(hold(ledger, "0.10"), record_for("job-8", opened.clock, cost_usd=Decimal("NaN"), basis=Basis.ASSUMED))

    assert ledger.budget().settled_usd == Decimal("0.10")
    assert "job-8" in caplog.text


def test_money_belongs_to_the_month_in_which_it_was_held(opened: Opened) -> None:
    """A call over midnight of the last day is charged to the old month; the new month begins with all its money."""
    opened.clock.now_ms = at("2026-11-30 23:59")
    ledger = opened.window("1.00")
    held = hold(ledger, "0.90")
    opened.clock.now_ms = at("2026-12-01 00:01")

    fresh = hold(ledger, "1.00")
    ledger.settle(held, record_for("job", opened.clock, "0.80"))

    assert (held.month, fresh.month) == ("2026-11", "2026-12")
    assert (ledger.budget().month, ledger.budget().settled_usd) == ("2026-12", 0)
    opened.clock.now_ms = at("2026-11-30 23:59")


@pytest.mark.parametrize(
    ("zone", "month"),
    [
        ("UTC", "2026-11"),
        ("Asia/Kathmandu", "2026-12"),
        ("America/Los_Angeles", "2026-11"),
        ("Pacific/Kiritimati", "2026-12"),
    ],
)
def test_the_month_is_that_of_the_configured_zone(zone: str, month: str, opened: Opened) -> None:
    """At the same moment it is another month elsewhere."""
    opened.clock.now_ms = at("2026-11-30 20:00")

    assert hold(opened.window(zone=ZoneInfo(zone)), "1").month == month


def test_a_clock_that_was_set_back_takes_the_later_month(opened: Opened) -> None:
    """Less than a day back, as a corrected clock: the later month is charged, and nothing is said."""
    opened.clock.now_ms = at("2026-12-01 00:10")
    ledger = opened.window("1.00")
    hold(ledger, "0.60")
    opened.clock.now_ms = at("2026-11-30 23:50")

    assert denied(ledger, "0.50").rule == "budget.limit"
    assert hold(ledger, "0.40").month == "2026-12"
    assert ledger.problems == ()


def test_a_clock_far_behind_in_the_same_month_is_told(opened: Opened) -> None:
    """The month is the same either way, so paid calls go on; the clock is a problem that is named."""
    opened.clock.now_ms = at("2026-11-20 12:00")
    ledger = opened.window("1.00")
    hold(ledger, "0.60")
    opened.clock.now_ms = at("2026-11-10 12:00")

    assert hold(ledger, "0.40").month == "2026-11"
    assert ledger.budget().blocked == ""
    (problem,) = ledger.problems
    assert "2026-11-10" in problem.sentence
    assert "2026-11-20" in problem.sentence


def test_a_clock_in_another_month_rests_paid_calls_until_a_person_looks(opened: Opened) -> None:
    """Which month's money it is, nobody knows; after the confirmation what was charged to a later month counts now."""
    opened.clock.now_ms = at("2031-05-03 12:00")
    ledger, other = opened.window("1.00"), opened.window("1.00")
    spent = hold(ledger, "0.70")
    ledger.settle(spent, record_for("job", opened.clock, "0.25", task=Task.FIX))
    slow = hold(ledger, "0.30", job="slow")
    opened.clock.now_ms = at("2026-11-23 12:00")

    answer = denied(ledger, "0.10")
    assert answer.rule == "budget.blocked"
    assert "hybrid-lsp spend --confirm" in answer.sentence
    assert ledger.budget().blocked == answer.sentence
    assert ledger.budget().left_usd == 0
    assert [problem.sentence for problem in ledger.problems] == [answer.sentence]
    other.confirm()

    assert (ledger.budget().month, ledger.budget().blocked) == ("2026-11", "")
    assert ledger.problems == ()
    assert ledger.budget().settled_usd == Decimal("0.55")
    denied(ledger, "0.46")
    ledger.settle(slow, record_for("slow", opened.clock, "0.05"))
    assert ledger.budget().settled_usd == Decimal("0.30")
    assert sum(group.cost_usd for group in ledger.summary().groups) == Decimal("0.30")


def test_a_person_may_change_the_limit(opened: Opened) -> None:
    """Each window goes by the limit that it was started with; one below what is spent leaves nothing."""
    generous, strict = opened.window("10"), opened.window("0.50")
    hold(generous, "2")

    denied(strict, "0.01")
    assert (strict.budget().left_usd, strict.budget().used_percent) == (0, 400)
    hold(generous, "8")


def test_a_cost_that_was_never_held_is_charged(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """A paid attempt that is recorded as a free one is a fault, and counts against the month all the same."""
    ledger = opened.window("1.00")
    ledger.record(record_for("job-9", opened.clock, "0.25"))
    written(ledger)

    assert ledger.budget().settled_usd == Decimal("0.25")
    assert "job-9" in caplog.text


def test_each_alert_is_told_once_a_month_in_one_window(opened: Opened) -> None:
    """Of all windows the first to look says it; the next month begins anew."""
    one, other = opened.window("10"), opened.window("10")
    assert one.claim_alerts() == ()
    one.settle(hold(one, "5"), record_for("a", opened.clock, "5"))

    assert other.claim_alerts() == ("50 % of the month's budget is spent ($5.00 of $10.00 for 2026-11).",)
    assert one.claim_alerts() == other.claim_alerts() == ()
    one.settle(hold(one, "5"), record_for("b", opened.clock, "5"))
    (told,) = one.claim_alerts()
    assert told.startswith("The month's budget is spent")
    assert other.claim_alerts() == ()
    opened.clock.now_ms += 30 * DAY
    one.settle(hold(one, "5"), record_for("c", opened.clock, "5"))
    assert len(other.claim_alerts()) == 1


def test_alerts_are_claimed_by_one_of_many(opened: Opened) -> None:
    """Windows that look at the same moment do not both speak."""
    windows = [opened.window("10") for _ in range(4)]
    windows[0].settle(hold(windows[0], "9"), record_for("a", opened.clock, "9"))
    said: list[str] = []
    threads = [threading.Thread(target=lambda w=w: said.extend(w.claim_alerts())) for w in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    assert len(said) == 1


def test_a_settlement_that_the_ledger_knows_nothing_of_is_kept(opened: Opened) -> None:
    """The ledger that held it may have been set aside since: what was spent is spent, and once."""
    ledger = opened.window("1.00")
    stray = Reservation(id="f" * 32, job="job", month="2026-11", held_usd=Decimal("0.5"), until_ms=opened.clock.now_ms)

    for _ in range(2):
        ledger.settle(stray, record_for("job", opened.clock, "0.30"))

    assert ledger.budget().settled_usd == Decimal("0.30")


def test_what_was_written_is_there_in_the_next_window(opened: Opened) -> None:
    """A window that closes leaves nothing unwritten; another finds it all."""
    first = opened.window("1.00")
    hold(first, "0.40")
    first.record(record_for("job", opened.clock))
    first.close()

    second = opened.window("1.00")
    assert second.budget().held_usd == Decimal("0.40")
    assert len(second.recent(since_ms=0)) == 1


def test_many_windows_open_a_fresh_ledger_at_once(opened: Opened) -> None:
    """One of them makes it; all can use it."""
    windows: list[Ledger] = []
    gate = threading.Barrier(6)

    def start() -> None:
        gate.wait(WAIT_S)
        windows.append(opened.window("1.00"))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    assert len(windows) == 6
    assert [window.problems for window in windows] == [()] * 6
    for window in windows[:5]:
        hold(window, "0.20")
    denied(windows[5], "0.20")


def test_threads_share_a_window(opened: Opened) -> None:
    """From many threads at once, what is granted is never more than there is."""
    ledger = opened.window("1.00")
    answers: list[Reservation | Denied] = []

    def take() -> None:
        for _ in range(5):
            answers.append(ledger.reserve(job="job", model="m", worst_usd=Decimal("0.07")))

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    assert sum(isinstance(answer, Reservation) for answer in answers) == 14
    assert ledger.budget().held_usd == Decimal("0.98")


def test_a_ledger_of_an_older_version_is_brought_up_to_date(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each migration is applied to what the version before it has written; nothing of that is lost."""
    first_only = migrations.steps()[:1]
    monkeypatch.setattr(migrations, "steps", lambda: first_only)
    old = opened.window()
    old._money.write(
        lambda t: t.ask(
            "INSERT INTO attempt (state, job, at_ms, workspace, task, origin, backend, model, basis, status)"
            " VALUES ('settled', 'old', 5, 'w', 'review', 'cloud', 'openai', 'm', 'reported', 'done')"
        )
    )
    old.close()
    monkeypatch.undo()

    (record,) = opened.window().recent(since_ms=0)
    assert (record.job, record.host, record.taken) == ("old", "", ())


def test_a_newer_schema_is_left_alone(opened: Opened) -> None:
    """A ledger of a later version is refused with a sentence, and stays as it is."""
    ledger = opened.window()
    ledger._money.write(lambda t: t.ask("INSERT INTO migration (number, at_ms) VALUES (99, 0)"))
    ledger.close()

    with pytest.raises(Refused, match="newer hybrid-lsp"):
        opened.window()


def test_a_ledger_that_becomes_newer_under_a_window_rests(opened: Opened) -> None:
    """A window that reconnects after another has upgraded the ledger denies with a sentence, and raises nothing."""
    ledger = opened.window()
    ledger._money.write(lambda t: t.ask("INSERT INTO migration (number, at_ms) VALUES (99, 0)"))
    for database in (ledger._money, ledger._views, ledger._rows):
        database.close()

    answer = denied(ledger, "0.10")
    assert (answer.rule, "newer hybrid-lsp" in answer.sentence) == ("ledger", True)
    assert ledger.budget().blocked == answer.sentence


def test_a_server_that_is_not_there_rests_paid_calls_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nobody at the URL: a sentence without the URL, rows that wait, and no exception."""
    pytest.importorskip("psycopg")
    windows = Opened("postgresql://somebody:secret-word@127.0.0.1:9/ledger")
    ledger = windows.window("1.00")
    ledger.record(record_for("job", windows.clock))

    answer = denied(ledger, "0.10")
    assert answer.rule == "ledger"
    assert "does not answer" in answer.sentence
    assert ledger.budget().blocked == answer.sentence
    assert ledger.summary().days == ()
    assert ledger.recent(since_ms=0) == ()
    assert ledger.claim_alerts() == ()
    assert ledger.prune(keep_days=10) == 0
    with pytest.raises(Refused, match="does not answer"):
        ledger.confirm()
    assert [problem.sentence for problem in ledger.problems] == [answer.sentence]
    ledger._writer.close(0.01)
    windows.close()


def test_a_server_that_comes_back_is_used_again(cluster: Cluster, postgres_url: str) -> None:
    """Stopped and started: what was held is held, what waited is written, the same window goes on."""
    windows = Opened(postgres_url)
    ledger = windows.window("1.00")
    held = hold(ledger, "0.40")
    cluster.stop()
    try:
        assert denied(ledger, "0.10").rule == "ledger"
        ledger.settle(held, record_for("job", windows.clock, "0.15"))
    finally:
        cluster.start()
    for database in (ledger._money, ledger._views, ledger._rows):
        database._not_before = 0.0  # type: ignore[attr-defined]

    assert ledger.flush(WAIT_S)
    assert ledger.budget().settled_usd == Decimal("0.15")
    assert ledger.problems == ()
    hold(ledger, "0.85")
    windows.close()


def test_without_psycopg_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL without the extra is refused with the command that mends it."""
    import sys

    from hybrid_lsp.ledger import postgres

    postgres._psycopg.cache_clear()
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Refused, match=r"pip install 'hybrid-lsp\[postgres\]'"):
        Opened("postgresql:///x").window()
    postgres._psycopg.cache_clear()


def test_another_kind_of_url_is_refused() -> None:
    """Only a file or a PostgreSQL server can keep the ledger."""
    with pytest.raises(Refused, match="postgresql://"):
        Ledger.open("mysql://host/x", clock_ms=Clock(), zone=UTC, limit_usd=Decimal(1))
