"""core.history: what became of local answers, and what follows from that."""

from dataclasses import replace
from decimal import Decimal
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.history import (
    ANY,
    ENOUGH,
    Cell,
    Review,
    Share,
    Tally,
    below,
    cell_of,
    cells,
    estimate,
    interval,
    label,
    monthly_review,
    quantile,
    reach,
    size_band,
    thresholds_of,
)
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.profile import BALANCED, PERFORMANCE, Profile
from hybrid_lsp.core.record import Basis, Origin, Record, Status

NOW_MS = 1_795_000_000_000
DAY_MS = 24 * 3600 * 1000
FLOOR = (("applies", True), ("parses", True))
TESTED = (*FLOOR, ("tests", True))
LOCAL = Record(
    job="j", at_ms=NOW_MS, workspace="shop", task=Task.FIX, origin=Origin.LOCAL, backend="ollama", model="qwen:7b",
    language="python", reach="file", size_band="11-40", score=0.2, checks=FLOOR, baseline="big", baseline_usd=Decimal("0.02"),
)  # fmt: skip
CLOUD = replace(
    LOCAL, origin=Origin.CLOUD, backend="openai", model="big", cost_usd=Decimal("0.05"), basis=Basis.REPORTED, checks=()
)


def many(record: Record, count: int, *, prefix: str = "", **changes: object) -> list[Record]:
    """As many jobs that ended alike, the newest first, an hour apart."""
    newest = replace(record, **changes)  # type: ignore[arg-type]
    return [replace(newest, job=f"{prefix}{changes}{i}", at_ms=newest.at_ms - i * 3_600_000) for i in range(count)]


def binomial_tail(x: float, good: int, bad: int) -> float:
    """P(share < x) for whole weights: the chance of at least `good` successes in good + bad - 1 throws."""
    n = good + bad - 1
    return sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(good, n + 1))


@pytest.mark.parametrize(
    ("x", "good", "bad", "known"),
    [
        (0.5, 0.5, 0.5, 0.5),
        (0.25, 0.5, 0.5, 1 / 3),
        (0.3, 1, 1, 0.3),
        (0.6, 3, 1, 0.216),
        (0.5, 2, 3, 0.6875),
        (0.5, 10, 10, 0.5),
        (0.2, 2, 5, 0.34464),
        (0.0, 2, 2, 0.0),
        (1.0, 2, 2, 1.0),
    ],
)
def test_the_beta_distribution_by_known_values(x: float, good: float, bad: float, known: float) -> None:
    """The tail is that of closed forms and of binomial sums."""
    assert below(x, good, bad) == pytest.approx(known, abs=1e-9)


@given(st.floats(0, 1), st.integers(1, 150), st.integers(1, 150))
def test_the_beta_distribution_by_binomial_sums(x: float, good: int, bad: int) -> None:
    """For whole weights the tail is a binomial sum, to 1e-10."""
    assert below(x, good, bad) == pytest.approx(binomial_tail(x, good, bad), abs=1e-10)


@given(st.floats(0.01, 0.99), st.floats(0.5, 200), st.floats(0.5, 200))
def test_a_quantile_is_the_tail_turned_round(probability: float, good: float, bad: float) -> None:
    """What lies below a quantile has its probability, and an interval holds what it says."""
    low, high = interval(good, bad)

    assert below(quantile(probability, good, bad), good, bad) == pytest.approx(probability, abs=1e-8)
    assert below(high, good, bad) - below(low, good, bad) == pytest.approx(0.95, abs=1e-8)


def test_no_distribution_without_weights() -> None:
    """Weights of nothing are refused."""
    with pytest.raises(ValueError, match="above 0"):
        below(0.5, 0, 1)


@pytest.mark.parametrize(
    ("changes", "weight", "share", "is_known"),
    [
        ({"survived": True}, 1, 1, True),
        ({"survived": False, "accepted": True}, 1, 0, True),
        ({"survived": True, "status": Status.UNFIT}, 1, 1, True),
        ({"status": Status.UNFIT}, 1, 0, True),
        ({"status": Status.REFUSED}, 1, 0, True),
        ({"accepted": True}, 0.5, 1, True),
        ({"accepted": False}, 0.5, 0, True),
        ({"accepted": True, "checks": TESTED}, 1, 1, True),
        ({}, 0.5, 0.65, False),
        ({"checks": TESTED}, 1, 0.85, False),
    ],
)
def test_what_an_attempt_says(changes: dict[str, object], weight: float, share: float, is_known: bool) -> None:
    """The last word counts most, a failed check as much, an accept alone half, and silence as its check is worth."""
    said = label(replace(LOCAL, **changes))

    assert said is not None
    assert (said.weight, said.share, said.is_known) == (weight, share, is_known)


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": ()},
        *({"status": status, "accepted": True} for status in (Status.CANCELLED, Status.FAILED, Status.LOST)),
        *({"origin": origin, "survived": True} for origin in (Origin.CLOUD, Origin.CACHE, Origin.EMBEDDED)),
    ],
)
def test_what_says_nothing(changes: dict[str, object]) -> None:
    """What ended early, was never checked nor spoken of, or was not written by a local model just now, counts nothing."""
    assert label(replace(LOCAL, **changes)) is None


def test_the_finest_cell_with_enough_outcomes_is_told() -> None:
    """Twelve outcomes are enough; with fewer the next coarser cell is told, and never that of another task or model."""
    fine = cell_of(LOCAL)
    elsewhere = many(LOCAL, 12, workspace="other", survived=False)
    few = estimate(cells(many(LOCAL, 11, survived=True), NOW_MS), fine)
    enough = estimate(cells(many(LOCAL, 12, survived=True), NOW_MS), fine)
    coarser = estimate(cells([*many(LOCAL, 11, survived=True), *elsewhere], NOW_MS), fine)
    others = [*many(LOCAL, 50, task=Task.REFACTOR, survived=True), *many(LOCAL, 50, model="new", survived=True)]
    strangers = estimate(cells(others, NOW_MS), fine)

    assert (few.is_enough, few.verdict, few.told) == (False, None, "not enough data (11 of 12 outcomes)")
    assert (enough.n, enough.level, enough.verdict) == (12, "fix, python, file, 11-40 lines, shop", True)
    assert (coarser.n, coarser.level) == (23, "fix, python, file")
    assert (strangers.is_enough, strangers.n) == (False, 0)
    assert enough.probability == pytest.approx(0.9, abs=0.01)
    assert enough.told == "90 % good (71 to 99 %, 12 outcomes: fix, python, file, 11-40 lines, shop)"


@pytest.mark.parametrize(
    ("good", "bad", "verdict"), [(12, 0, True), (2, 10, False), (7, 5, None), (12, 8, None), (40, 10, True)]
)
def test_a_decision_needs_to_be_likely(good: int, bad: int, verdict: bool | None) -> None:
    """Below or above the break-even with 80 %, or nothing is decided."""
    records = many(LOCAL, good, survived=True) + many(LOCAL, bad, survived=False)

    assert estimate(cells(records, NOW_MS), cell_of(LOCAL)).verdict is verdict


@pytest.mark.parametrize("checks", [FLOOR, TESTED])
@pytest.mark.parametrize("failed", [4, 7, 0])
def test_silence_decides_nothing_for_an_ordinary_model(checks: tuple[tuple[str, bool], ...], failed: int) -> None:
    """An editor that never says what became of an answer makes no model look hopeless: failed checks are not all there is."""
    if checks is TESTED:
        failed = 34 if failed else 30
    silent = many(LOCAL, 100, checks=checks)
    unfit = {round(i * 100 / failed) for i in range(failed)} if failed else set()
    records = [replace(one, status=Status.UNFIT) if i in unfit else one for i, one in enumerate(silent)]

    assert estimate(cells(records, NOW_MS), cell_of(LOCAL)).verdict is None


def test_what_is_old_counts_less() -> None:
    """A weight is halved after 90 days, and after 100 newer outcomes."""
    old = cells(many(LOCAL, 1, survived=True, at_ms=NOW_MS - 90 * DAY_MS), NOW_MS)[cell_of(LOCAL)]
    newer = [replace(one, at_ms=NOW_MS) for one in many(LOCAL, 100, survived=False)]
    pushed = cells([*newer, *many(LOCAL, 1, survived=True)], NOW_MS)[cell_of(LOCAL)]

    assert old == Tally(good=0.5, bad=0.0, n=1)
    assert pushed.good == pytest.approx(0.5)
    assert pushed.n == 101


def test_a_model_that_got_worse_is_noticed() -> None:
    """A hundred good answers long ago do not hide that the last forty were bad."""
    records = many(LOCAL, 40, survived=False) + many(LOCAL, 100, survived=True, at_ms=NOW_MS - 180 * DAY_MS)

    assert estimate(cells(records, NOW_MS), cell_of(LOCAL)).verdict is False


_OUTCOMES = st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b"]), st.integers(0, 200)), max_size=60)


@given(_OUTCOMES)
def test_an_estimate_is_a_share_in_its_interval(outcomes: list[tuple[bool, str, int]]) -> None:
    """Whatever happened, the estimate is a probability between its bounds; it leaves the break-even only where an outcome moves it."""
    records = sorted(
        (
            replace(LOCAL, survived=good, workspace=where, at_ms=NOW_MS - days * DAY_MS)
            for good, where, days in outcomes
        ),
        key=lambda record: -record.at_ms,
    )
    cell = cell_of(replace(LOCAL, workspace="a"))
    found = estimate(cells(records, NOW_MS), cell)
    known = {good for good, _, _ in outcomes}

    assert 0 < found.low < found.probability < found.high < 1
    assert found.probability >= 0.6 - 1e-9 or False in known
    assert found.probability <= 0.6 + 1e-9 or True in known


def test_the_chain_of_cells_ends_with_the_model() -> None:
    """A cell's chain drops size, workspace, reach, language and task, in that order, and keeps the model."""
    chain = cell_of(LOCAL).coarser

    assert [one.level for one in chain] == [
        "fix, python, file, 11-40 lines, shop",
        "fix, python, file, shop",
        "fix, python, file",
        "fix, python",
        "fix",
        "everything asked of it",
    ]
    assert chain[-1] == Cell(task=ANY, language=ANY, reach=ANY, size_band=ANY, model="qwen:7b", workspace=ANY)


# How far a span reaches

PYTHON = '''import json
from shop.models import Book
TAX = 0.2

class Store:
    limit = 3

    def total(self): return sum(b.price for b in self.books)

    def taxed(self): return self.total() * (1 + TAX)

    def load(self, text): return [Book(**one) for one in json.loads(text)]

    def save(self): return self.commit()

def best(items, *, start=0x1F):
    """Words of a docstring are not names."""
    top = start
    for i, (a, b) in enumerate(items):
        top = max(top, a + b)  # nor are words of a comment
    return f"{top:.2f} of {i}"

def outer(x): return best(x, start=x)

def wrong(x): return best(x, start=begin)
'''
TYPESCRIPT = """import { fetchAll,
  Row } from "./rows";
const base = 2;
class Box {
  constructor(x) { this.x = x; }
  scaled(y) {
    return this.x * y * base;
  }
  rows() {
    return fetchAll(this.x);
  }
}
const pick = ({ p, q }, r) => { const { s, t: u } = r; return p > q ? s + u : [p].map(z => z + q); };
const told = (n: number): string => `n is ${n} of ${base}`;
const made = { key: base, other: missing };
"""
GO = """package shop
import "fmt"
func add(a, b int) int { sum := a + b; return sum }
func twice(n int) int { return add(n, n) }
func hello(name string) { fmt.Println(name) }
"""
RUST = """use std::fs;
struct Point { x: i32 }
fn sum<'a, T: Clone>(v: &'a [i32]) -> i32 { let mut t = 0; for i in v { t += i; } v.iter().map(|a| a + t).sum() }
fn point(x: i32) -> Point { Point { x } }
fn text(p: &str) -> String { fs::read_to_string(p).unwrap() }
"""
JAVA = """import java.util.List;
class Shop { private int limit = 3;
  static int add(int a, int b) { int c = a + b; return c; }
  int capped(int n) { return Math.min(n, limit); }
  Book find(String id) { return store.find(id); }
}"""
C = """#include <stdio.h>
static int limit = 4;
int add(int a, int b) { return a + b; }
int cap(const char *s, size_t n) { int k = add(1, 2); return k > limit ? k : (int)n; }
void out(struct book *b) { printf("%d", price(b)); }
"""


def part(text: str, begins: str, lines: int = 1) -> str:
    """So many lines of a text, from the one that holds `begins`."""
    all_lines = text.split("\n")
    first = next(i for i, line in enumerate(all_lines) if begins in line)
    return "\n".join(all_lines[first : first + lines])


@pytest.mark.parametrize(
    ("language", "text", "begins", "lines", "known"),
    [
        ("python", PYTHON, "def best", 6, "itself"),
        ("python", PYTHON, "def taxed", 1, "file"),
        ("python", PYTHON, "def outer", 1, "file"),
        ("python", PYTHON, "def load", 1, "project"),
        ("python", PYTHON, "def save", 1, "project"),
        ("python", PYTHON, "def wrong", 1, "project"),
        ("typescriptreact", TYPESCRIPT, "const pick", 1, "itself"),
        ("typescript", TYPESCRIPT, "scaled(y)", 3, "file"),
        ("typescript", TYPESCRIPT, "const told", 1, "file"),
        ("typescript", TYPESCRIPT, "rows()", 3, "project"),
        ("typescript", TYPESCRIPT, "const made", 1, "project"),
        ("go", GO, "func add", 1, "itself"),
        ("go", GO, "func twice", 1, "file"),
        ("go", GO, "func hello", 1, "project"),
        ("rust", RUST, "fn sum", 1, "itself"),
        ("rust", RUST, "fn point", 1, "file"),
        ("rust", RUST, "fn text", 1, "project"),
        ("java", JAVA, "static int add", 1, "itself"),
        ("java", JAVA, "int capped", 1, "file"),
        ("java", JAVA, "Book find", 1, "project"),
        ("c", C, "int add", 1, "itself"),
        ("c", C, "int cap", 1, "file"),
        ("c", C, "void out", 1, "project"),
        ("", "x = 1\n", "x = 1", 1, "itself"),
    ],
)
def test_how_far_a_span_reaches(language: str, text: str, begins: str, lines: int, known: str) -> None:
    """Names of its own, of its file, or of the project: six languages, by the same rules."""
    assert reach(part(text, begins, lines), text, language) == known


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(["python", "go", "rust", "java", "", "sql"]))
def test_any_text_has_a_reach(focus: str, rest: str, language: str) -> None:
    """No text makes it fail, and a span without a name reaches no further than itself."""
    assert reach(focus, focus + rest, language) in ("itself", "file", "project")
    assert reach(" 12 + (3) ", rest, language) == "itself"


@pytest.mark.parametrize("evil", ["/*", '"""', "import {\n", "f(x\n", "(((\n", "a,\n", "def f(\n"])
def test_no_text_takes_long(evil: str) -> None:
    """Text that is made to be slow is read to the end; pytest's timeout is the judge."""
    assert reach(evil * 20_000, evil * 20_000, "typescript") in ("itself", "file", "project")


@pytest.mark.parametrize(
    ("lines", "band"), [(1, "1-10"), (10, "1-10"), (11, "11-40"), (40, "11-40"), (150, "41-150"), (151, "151+")]
)
def test_bands_of_size(lines: int, band: str) -> None:
    """Four bands, each with its bounds in its name."""
    assert size_band(lines) == band


# The monthly look


def reviewed(records: list[Record], profile: Profile = BALANCED, **settings: object) -> Review:
    """A review of these records."""
    may_leave = settings.pop("may_leave", frozenset(Task))
    thresholds = thresholds_of(profile, **settings)  # type: ignore[arg-type]
    ordered = sorted(records, key=lambda record: (-record.at_ms, record.origin is Origin.LOCAL))
    return monthly_review(ordered, NOW_MS, thresholds, may_leave=may_leave)  # type: ignore[arg-type]


def test_an_empty_month() -> None:
    """Without a record there is nothing to tell, nothing is proposed, and the reason says so."""
    review = reviewed([])

    assert (review.jobs, review.bands, review.models, review.proposal) == (0, (), (), None)
    assert review.why_none.startswith("No job has")


def test_the_rows_of_a_month() -> None:
    """Each task and band has its jobs, attempts, cost, outcomes and escalations; ghost text and older ones are left out."""
    moved = [replace(LOCAL, job="m", status=Status.UNFIT), replace(CLOUD, job="m", at_ms=NOW_MS + 1)]
    records = [
        *moved,
        *many(LOCAL, 3, survived=True, accepted=True),
        *many(LOCAL, 1, survived=False),
        *many(LOCAL, 2, status=Status.CANCELLED),
        *many(CLOUD, 2, task=Task.REFACTOR, score=0.8, latency_ms=3000),
        *many(LOCAL, 2, task=Task.INLINE),
        *many(LOCAL, 2, at_ms=NOW_MS - 31 * DAY_MS),
        *many(LOCAL, 1, score=None),
    ]
    review = reviewed(records)
    fix, unscored, refactor = review.bands

    assert (review.jobs, review.cost_usd) == (10, Decimal("0.15"))
    assert [(row.task, row.band) for row in review.bands] == [("fix", "< 0.3"), ("fix", "none"), ("refactor", "≥ 0.8")]
    assert fix.attempts == {Origin.LOCAL: 7, Origin.CLOUD: 1}
    assert (fix.jobs, fix.moved_on, fix.cost_usd) == (7, 1, Decimal("0.05"))
    assert (fix.passed, fix.accepted, fix.survived) == (Share(good=4, of=5), Share(good=3, of=3), Share(good=3, of=4))
    assert (unscored.jobs, refactor.cost_usd) == (1, Decimal("0.10"))
    assert [(row.model, row.attempts) for row in review.models] == [("qwen:7b", 8), ("big", 3)]
    assert review.models[1].mean_latency_ms == 3000


def test_a_share_is_told_from_twelve_on() -> None:
    """Below twelve there is no interval; from then on it holds the share."""
    bounds = Share(good=9, of=12).interval

    assert Share(good=9, of=11).interval is None
    assert bounds is not None
    assert bounds[0] < 0.75 < bounds[1]


def shadowed(count: int, *, good: bool, **changes: object) -> list[Record]:
    """Jobs that the cloud answered, and whose local answer was found out later on."""
    outcome: dict[str, object] = {"survived": True} if good else {"status": Status.UNFIT}
    local = many(LOCAL, count, prefix=str(good), **changes)
    return [
        record
        for one in local
        for record in (
            replace(one, **outcome),
            replace(CLOUD, job=one.job, at_ms=one.at_ms - 1, score=one.score, task=one.task),
        )
    ]


def test_a_local_try_first_is_proposed_where_it_saves() -> None:
    """Where the cloud was asked at once and local answers were good, the money of the good ones would have been saved."""
    records = shadowed(14, good=True, score=0.5) + shadowed(2, good=False, score=0.5)
    proposal = reviewed(records, PERFORMANCE).proposal

    assert proposal is not None
    assert (proposal.setting, proposal.value, proposal.n) == ("routing.local_first.fix", True, 16)
    assert proposal.saves_usd == Decimal("0.70")
    assert "good in 14 of 16" in proposal.sentence
    assert "saved $0.70 in 30 days" in proposal.sentence


def test_what_a_cheaper_setting_would_keep_is_told() -> None:
    """A poor answer that passed its check would have stayed: that is said beside what would have been saved."""
    undone = [replace(one, survived=False, status=Status.DONE) if one.origin is Origin.LOCAL else one
              for one in shadowed(2, good=False, score=0.5)]  # fmt: skip
    review = reviewed([*shadowed(14, good=True, score=0.5), *undone], PERFORMANCE)

    assert review.proposal is not None
    assert (
        "; 2 of the others would have stayed the last word, and it would have saved $0.80" in review.proposal.sentence
    )


def test_a_higher_threshold_is_proposed_where_nothing_can_be_checked() -> None:
    """Explanations go straight to the cloud: where local ones were good, the threshold goes up by one step."""
    records = shadowed(13, good=True, score=0.6, task=Task.EXPLAIN)
    review = reviewed(records)

    assert review.proposal is not None
    assert (review.proposal.setting, review.proposal.value) == ("routing.cloud_from.explain", 0.8)
    assert review.proposal.saves_usd == Decimal("0.65")


def test_a_lower_threshold_is_proposed_with_what_it_costs() -> None:
    """Where local answers were poor the cloud is proposed, the money is below zero and the sentence says so."""
    records = many(LOCAL, 12, score=0.3, task=Task.REFACTOR, status=Status.UNFIT)
    review = reviewed([*records, *many(LOCAL, 2, score=0.3, task=Task.REFACTOR, survived=True)])
    proposal = review.proposal

    assert proposal is not None
    assert (proposal.setting, proposal.value, proposal.n) == ("routing.cloud_from.refactor", 0.3, 14)
    assert proposal.saves_usd == Decimal("-0.24")
    assert "it would have cost $0.24 more" in proposal.sentence


def test_a_silent_editor_proposes_nothing() -> None:
    """Where only failed checks are known and most answers passed in silence, no cloud model is proposed for it."""
    failed = many(LOCAL, 14, score=0.3, task=Task.REFACTOR, status=Status.UNFIT)
    silent = many(LOCAL, 200, score=0.3, task=Task.REFACTOR)
    review = reviewed([*failed, *silent])

    assert reviewed(failed).proposal is not None
    assert review.proposal is None
    assert (review.changes[0].n, review.changes[0].silent) == (14, 200)


def test_what_may_not_leave_is_not_proposed_to() -> None:
    """For a task that the policy keeps here, nothing is proposed that asks the cloud more."""
    records = many(LOCAL, 20, score=0.3, task=Task.REFACTOR, status=Status.UNFIT)

    assert reviewed(records, may_leave=frozenset({Task.FIX})).proposal is None
    assert reviewed(records).proposal is not None


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (many(LOCAL, 30, status=Status.UNFIT, baseline_usd=None), "No job has both"),
        (many(LOCAL, 30, survived=False), "mended nothing"),
        (many(LOCAL, ENOUGH - 1, survived=False), "Not enough data: 11 known outcomes"),
        (many(LOCAL, 9, survived=True) + many(LOCAL, 6, survived=False), "do not clearly speak"),
        (
            [replace(one, cost_usd=Decimal(0)) for one in shadowed(20, good=True, score=0.6, task=Task.EXPLAIN)],
            "less than $0.01",
        ),
    ],
)
def test_why_nothing_is_proposed(records: list[Record], reason: str) -> None:
    """No price, too few outcomes, no clear word, or no cent to save: the reason is told."""
    review = reviewed(records)

    assert review.proposal is None
    assert reason in review.why_none


def test_settings_for_one_task_go_before_the_profile() -> None:
    """A task's own threshold and order hold; the others are the profile's."""
    thresholds = thresholds_of(BALANCED, {Task.FIX: 0.9}, {Task.FIX: False})

    assert (thresholds[Task.FIX].cloud_from, thresholds[Task.FIX].local_first) == (0.9, False)
    assert (thresholds[Task.REVIEW].cloud_from, thresholds[Task.REVIEW].local_first) == (0.6, True)
    assert Task.INLINE not in thresholds


_JOBS = st.lists(
    st.tuples(st.sampled_from(list(Task)), st.sampled_from([0.0, 0.2, 0.5, 0.6, 0.7, 0.9, None]), st.sampled_from(list(Status)),
              st.sampled_from([True, False, None]), st.booleans()),
    max_size=40,
)  # fmt: skip


@given(_JOBS, st.sampled_from([BALANCED, PERFORMANCE]))
def test_a_review_adds_up(jobs: list[tuple[Task, float | None, Status, bool | None, bool]], profile: Profile) -> None:
    """Rows add up to the whole; a proposal has at least twelve outcomes and is the only one; else there is a reason."""
    records = []
    for i, (task, score, status, survived, cloud) in enumerate(jobs):
        local = replace(LOCAL, job=str(i), task=task, score=score, status=status, survived=survived)
        records += [local, *([replace(CLOUD, job=str(i), task=task, score=score)] if cloud else [])]
    review = reviewed(records, profile)

    assert sum(row.jobs for row in review.bands) == review.jobs
    assert sum(row.cost_usd for row in review.bands) == sum(row.cost_usd for row in review.models) == review.cost_usd
    assert (review.proposal is None) == bool(review.why_none)
    assert review.proposal is None or review.proposal.n >= ENOUGH
