"""What another threshold would have cost or saved, by jobs whose local answer is known to be good or poor.

Rules:
1. Only the last month's jobs with a known local outcome and a known price are counted and summed; the rest is left out,
   not guessed. Answers that passed their check in silence only weigh in the estimate, as `cells` has it: without them
   an editor that never tells what was kept would speak for the cloud.
2. A cloud answer is taken to be good. It costs what it did or, where none was asked, the baseline's price for the
   same tokens.
3. A change that asks the cloud less is spoken for by local answers that are likely good, one that asks it more by
   local answers that are likely poor (`Estimate.verdict`), and by nothing else.
4. Where an answer can be checked, raising the threshold is no change to propose: a local try first saves as much, and
   what does not pass its check still moves on.
5. A change that asks the cloud more has to mend something: poor answers that would not have ended at a local model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hybrid_lsp.core.history.asked import MOVES_ON, Asked
from hybrid_lsp.core.history.cells import ENOUGH, Estimate, estimate_of, tally_of
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO, told

CHECKED = frozenset((Task.COMPLETE, Task.FIX, Task.REFACTOR))
"""Tasks whose answers have an honest check, so that a local one can be tried first."""
STRAIGHT_FROM = 0.8
"""From this score on a job goes straight to its step."""
EDGES = (0.0, 0.2, 0.3, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Thresholds worth having: scores are sums of a few addends, and between these lie few."""
LEAST_USD = Decimal("0.01")
"""Less is not worth a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How jobs of one task are routed."""

    cloud_from: float
    local_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that could be another, with what that would have meant for last month's jobs."""

    task: Task
    setting: str
    """As `routing.cloud_from.fix`."""
    value: float | bool
    now: float | bool
    asks_less: bool
    """Whether it asks the cloud less than now."""
    estimate: Estimate
    """How often the local answer was good, over the jobs that it would have routed otherwise."""
    good: int
    n: int
    """Of these jobs, those that are counted here."""
    saves_usd: Decimal
    """Below zero: it would have cost so much more."""
    mends: int = 0
    """Jobs whose poor local answer would have gone on to a cloud model, and as things are does not."""
    silent: int = 0
    """Jobs besides, whose local answer passed its check and was never spoken of."""
    keeps: int = 0
    """Jobs whose poor local answer would have been the last word, and as things are is not."""

    @property
    def is_clear(self) -> bool:
        """Whether there are enough outcomes, and they point its way."""
        return self.n >= ENOUGH and self.estimate.verdict is self.asks_less

    @property
    def is_worth_it(self) -> bool:
        """Whether it would have saved a cent, or mended something."""
        return self.saves_usd >= LEAST_USD if self.asks_less else self.mends > 0

    @property
    def sentence(self) -> str:
        """What it is, why, and what it would have meant, with numbers."""
        silent = f" and passed its check in {self.silent} more" if self.silent else ""
        outcome = f"there the local answer was good in {self.good} of {self.n}{silent} (likely {self.estimate.bounds})"
        mended = f"; {self.mends} of the others would have gone on to a cloud model" if self.mends else ""
        kept = f"; {self.keeps} of the others would have stayed the last word" if self.keeps else ""
        return f"{self._change}: {outcome}{mended}{kept}, and {self._money}."

    @property
    def _change(self) -> str:
        if self.value is True:
            return f"Try a local model first for {self.task} jobs"
        if self.value is False:
            return f"Ask the cloud at once for {self.task} jobs, without a local try"
        return f"Ask the cloud for {self.task} jobs from a score of {self.value:g}, not {self.now:g}"

    @property
    def _money(self) -> str:
        if self.saves_usd >= 0:
            return f"it would have saved {told(self.saves_usd)} in 30 days"
        return f"it would have cost {told(-self.saves_usd)} more in 30 days"


def changes(
    jobs: Sequence[Asked], thresholds: Mapping[Task, Thresholds], may_leave: frozenset[Task]
) -> tuple[Change, ...]:
    """Return the changes that could be thought of, each with its numbers; those with more outcomes first.

    Of each direction there is one a task: the nearest threshold with enough outcomes, else the one with the most.
    What asks the cloud more is left out for tasks that may not leave.
    """
    found: list[Change] = []
    for task, now in thresholds.items():
        told = [job for job in jobs if job.task is task and job.label is not None and job.score is not None]
        for tried in _tries(task, now):
            weighed = [change for other in tried if (change := _weigh(task, told, now, other)) is not None]
            enough = [change for change in weighed if change.n >= ENOUGH]
            found += enough[:1] or sorted(weighed, key=lambda change: -change.n)[:1]
    allowed = (change for change in found if change.asks_less or change.task in may_leave)
    return tuple(sorted(allowed, key=lambda change: (-change.n, change.setting)))


def best(found: Iterable[Change]) -> Change | None:
    """Return the change to propose: what saves most, else what mends most poor answers; None where none is clear."""
    worth = [change for change in found if change.is_clear and change.is_worth_it]
    saving = [change for change in worth if change.asks_less]
    if saving:
        return max(saving, key=lambda change: change.saves_usd)
    return max(worth, key=lambda change: change.mends, default=None)


def _tries(task: Task, now: Thresholds) -> Iterator[list[Thresholds]]:
    """Other thresholds, in groups of which one may be proposed; the nearest first."""
    higher = [edge for edge in EDGES if edge > now.cloud_from]
    lower = [edge for edge in reversed(EDGES) if edge < now.cloud_from]
    for edges in (higher, lower):
        yield [Thresholds(cloud_from=edge, local_first=now.local_first) for edge in edges]
    if task in CHECKED:
        yield [Thresholds(cloud_from=now.cloud_from, local_first=not now.local_first)]


def _weigh(task: Task, told: Sequence[Asked], now: Thresholds, other: Thresholds) -> Change | None:
    moved = [job for job in told if _treatment(job, now) != _treatment(job, other)]
    asks_less = other.cloud_from > now.cloud_from or (other.local_first and not now.local_first)
    if asks_less and other.cloud_from != now.cloud_from and any(_can_be_checked(job) for job in moved):
        return None
    priced = [(job, cost) for job in moved if job.is_known and (cost := _cost(job, other)) is not None]
    if not priced:
        return None
    name = "cloud_from" if other.cloud_from != now.cloud_from else "local_first"
    weighed = [*(job for job, _ in priced), *(job for job in moved if not job.is_known)]
    poor = [job for job, _ in priced if job.label is not None and job.label.share < 1]
    return Change(
        task=task, setting=f"routing.{name}.{task}", value=getattr(other, name), now=getattr(now, name),
        asks_less=asks_less, good=len(priced) - len(poor), n=len(priced), silent=len(weighed) - len(priced),
        estimate=estimate_of(tally_of(job.label for job in weighed if job.label is not None), f"{task}, 30 days"),
        saves_usd=sum((job.cost_usd - cost for job, cost in priced), ZERO),
        mends=sum(_ends_here(job, now) and not _ends_here(job, other) for job in poor),
        keeps=sum(_ends_here(job, other) and not _ends_here(job, now) for job in poor),
    )  # fmt: skip


def _can_be_checked(job: Asked) -> bool:
    return job.task in CHECKED and (job.score or 0.0) < STRAIGHT_FROM


def _treatment(job: Asked, by: Thresholds) -> str:
    if (job.score or 0.0) < by.cloud_from:
        return "local"
    return "checked" if by.local_first and _can_be_checked(job) else "cloud"


def _ends_here(job: Asked, by: Thresholds) -> bool:
    """Whether the local answer would have been the last word."""
    treatment = _treatment(job, by)
    has_passed = job.local is not None and job.local.status not in MOVES_ON
    return treatment == "local" or (treatment == "checked" and has_passed)


def _cost(job: Asked, by: Thresholds) -> Decimal | None:
    return ZERO if _ends_here(job, by) else job.cloud_usd
