"""The monthly look at routing: what went where, what it cost, how good it was, and one change at most."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean

from hybrid_lsp.core.history.asked import (
    BANDS,
    NO_BAND,
    TOP_BAND,
    Asked,
    Share,
    accepted,
    jobs_of,
    passed,
    survived,
)
from hybrid_lsp.core.history.cells import ENOUGH
from hybrid_lsp.core.history.checks import CheckRecord, check_records
from hybrid_lsp.core.history.what_if import LEAST_USD, Change, Thresholds, best, changes
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.profile import Profile
from hybrid_lsp.core.record import Origin, Record

DAYS = 30
_DAY_MS = 24 * 3600 * 1000
_BANDS_IN_ORDER = (*(band for _, band in BANDS), TOP_BAND, NO_BAND)
ASSUMPTION = (
    "Counted are jobs whose local answer is known to be good or poor; a cloud answer is taken to be good, at what it"
    " cost or, where none was asked, at the baseline's price for the same tokens."
)
"""What every counterfactual number here stands on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRow:
    """One task and one band of scores."""

    task: Task
    band: str
    """`< 0.3`, `< 0.6`, `< 0.8`, `≥ 0.8`, or `none` for jobs without a score."""
    jobs: int
    attempts: Mapping[Origin, int]
    moved_on: int
    """Jobs that went to a cloud model because the local answer did not pass."""
    cost_usd: Decimal
    passed: Share
    """Of local answers that were checked."""
    accepted: Share
    """Of local answers of which it is known."""
    survived: Share
    """Of local answers of which it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model."""

    origin: Origin
    model: str
    attempts: int
    cost_usd: Decimal
    mean_latency_ms: float | None
    """Over the attempts whose latency is known."""
    passed: Share
    accepted: Share
    survived: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change that the month's outcomes speak for. Nothing changes until a person says so."""

    sentence: str
    """What, why and what it would have meant, with numbers."""
    setting: str
    """As `routing.cloud_from.fix`."""
    value: float | bool
    saves_usd: Decimal
    """Below zero: it would have cost so much more."""
    n: int
    """Jobs that it is judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The last 30 days of what was asked for."""

    since_ms: int
    until_ms: int
    jobs: int
    cost_usd: Decimal
    bands: tuple[BandRow, ...]
    """By task, then by score."""
    models: tuple[ModelRow, ...]
    """The most used first."""
    checks: tuple[CheckRecord, ...]
    """By name."""
    changes: tuple[Change, ...]
    """All that could be thought of, with their numbers."""
    proposal: Proposal | None
    why_none: str
    """Why nothing is proposed, in one sentence; empty where something is."""


def thresholds_of(
    profile: Profile, cloud_from: Mapping[Task, float] | None = None, local_first: Mapping[Task, bool] | None = None
) -> dict[Task, Thresholds]:
    """Return how each task that can be asked for is routed: as the settings say, else as the profile does."""
    scores, firsts = cloud_from or {}, local_first or {}
    return {
        task: Thresholds(
            cloud_from=scores.get(task, profile.cloud_from), local_first=firsts.get(task, profile.local_first)
        )
        for task in Task
        if task is not Task.INLINE
    }


def monthly_review(
    records: Iterable[Record],
    now_ms: int,
    thresholds: Mapping[Task, Thresholds],
    *,
    may_leave: frozenset[Task] = frozenset(Task),
) -> Review:
    """Look at the attempts, the newest first, of the last 30 days.

    Args:
        records: Attempts at what was asked for; ghost text and older ones are passed over.
        now_ms: Milliseconds since 1970, UTC.
        thresholds: How each task is routed now, by `thresholds_of`.
        may_leave: Tasks that the policy lets leave; for others nothing is proposed that asks the cloud more.
    """
    since_ms = now_ms - DAYS * _DAY_MS
    recent = [record for record in records if record.at_ms >= since_ms and record.task is not Task.INLINE]
    jobs = jobs_of(recent)
    found = changes(jobs, thresholds, may_leave)
    chosen = best(found)
    return Review(
        since_ms=since_ms, until_ms=now_ms, jobs=len(jobs), cost_usd=_cost(recent), bands=_bands(jobs),
        models=_models(recent), checks=check_records(recent), changes=found,
        proposal=_proposal(chosen) if chosen is not None else None,
        why_none="" if chosen is not None else _why_none(found),
    )  # fmt: skip


def _proposal(change: Change) -> Proposal:
    return Proposal(
        sentence=change.sentence, setting=change.setting, value=change.value, saves_usd=change.saves_usd, n=change.n
    )


def _why_none(found: Sequence[Change]) -> str:
    most = max((change.n for change in found), default=0)
    if most == 0:
        return "No job has both a local answer that is known to be good or poor and a price to compare with."
    if most < ENOUGH:
        return f"Not enough data: {most} known outcomes for the best documented change, and it takes {ENOUGH}."
    if any(change.is_clear for change in found):
        return f"What the outcomes speak for would have saved less than ${LEAST_USD}, and mended nothing."
    return "The outcomes do not clearly speak for any change; the thresholds stay as they are."


def _bands(jobs: Sequence[Asked]) -> tuple[BandRow, ...]:
    by_place: dict[tuple[Task, str], list[Asked]] = {}
    for job in jobs:
        by_place.setdefault((job.task, job.band), []).append(job)
    order = [(task, band) for task in Task for band in _BANDS_IN_ORDER]
    return tuple(_band(task, band, by_place[task, band]) for task, band in order if (task, band) in by_place)


def _band(task: Task, band: str, jobs: Sequence[Asked]) -> BandRow:
    records = [attempt for job in jobs for attempt in job.attempts]
    local = [record for record in records if record.origin is Origin.LOCAL]
    origins = [record.origin for record in records]
    return BandRow(
        task=task, band=band, jobs=len(jobs), attempts={o: origins.count(o) for o in Origin if o in origins},
        moved_on=sum(job.has_moved_on for job in jobs), cost_usd=_cost(records), passed=passed(local),
        accepted=accepted(local), survived=survived(local),
    )  # fmt: skip


def _models(records: Sequence[Record]) -> tuple[ModelRow, ...]:
    by_model: dict[tuple[Origin, str], list[Record]] = {}
    for record in records:
        by_model.setdefault((record.origin, record.model), []).append(record)
    rows = (_model(origin, model, attempts) for (origin, model), attempts in by_model.items())
    return tuple(sorted(rows, key=lambda row: (-row.attempts, row.origin, row.model)))


def _model(origin: Origin, model: str, records: Sequence[Record]) -> ModelRow:
    latencies = [record.latency_ms for record in records if record.latency_ms is not None]
    return ModelRow(
        origin=origin, model=model, attempts=len(records), cost_usd=_cost(records),
        mean_latency_ms=fmean(latencies) if latencies else None, passed=passed(records), accepted=accepted(records),
        survived=survived(records),
    )  # fmt: skip


def _cost(records: Iterable[Record]) -> Decimal:
    return sum((record.cost_usd for record in records), ZERO)
