"""One job with all its attempts, as a look back at a month needs it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from hybrid_lsp.core.history.beta import interval
from hybrid_lsp.core.history.cells import ENOUGH, Label, label
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.record import Origin, Record, Status

BANDS = ((0.3, "< 0.3"), (0.6, "< 0.6"), (0.8, "< 0.8"))
TOP_BAND = "≥ 0.8"
NO_BAND = "none"
"""For jobs without a score."""
MOVES_ON = (Status.UNFIT, Status.REFUSED)
"""How a local attempt ends that has the next model asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    good: int
    of: int

    @property
    def is_enough(self) -> bool:
        """Whether there are enough for a share to be told."""
        return self.of >= ENOUGH

    @property
    def interval(self) -> tuple[float, float] | None:
        """What holds the true share with 95 % (Jeffreys); None where there is not enough data."""
        return interval(self.good + 0.5, self.of - self.good + 0.5) if self.is_enough else None


@dataclass(frozen=True)
class Asked:
    """A job and its attempts, the oldest first; never empty."""

    attempts: tuple[Record, ...]

    @property
    def task(self) -> Task:
        """What was asked."""
        return self.attempts[0].task

    @cached_property
    def score(self) -> float | None:
        """What the job was scored; None where no attempt says it."""
        return next((attempt.score for attempt in self.attempts if attempt.score is not None), None)

    @property
    def band(self) -> str:
        """Its band of scores: `< 0.3`, `< 0.6`, `< 0.8`, `≥ 0.8` or `none`."""
        return band_of(self.score)

    @cached_property
    def local(self) -> Record | None:
        """The attempt of a local model that says most: the last whose worth is known, else the last that passed."""
        said = [(label(attempt), attempt) for attempt in reversed(self.attempts)]
        known = (attempt for says, attempt in said if says is not None and says.is_known)
        return next(known, next((attempt for says, attempt in said if says is not None), None))

    @property
    def label(self) -> Label | None:
        """What `local` says of its model; None where there is none."""
        return label(self.local) if self.local is not None else None

    @property
    def is_known(self) -> bool:
        """Whether it is known that the local answer was good or poor."""
        return self.label is not None and self.label.is_known

    @property
    def cost_usd(self) -> Decimal:
        """What all attempts cost."""
        return sum((attempt.cost_usd for attempt in self.attempts), ZERO)

    @property
    def cloud_usd(self) -> Decimal | None:
        """What the cloud cost, or would have cost at the baseline's price for the same tokens; None: not known."""
        asked = [attempt.cost_usd for attempt in self.attempts if attempt.origin is Origin.CLOUD]
        if asked:
            return sum(asked, ZERO)
        return self.local.baseline_usd if self.local is not None else None

    @property
    def has_moved_on(self) -> bool:
        """Whether a cloud model was asked because a local answer did not pass."""
        origins = [attempt.origin for attempt in self.attempts]
        failed = (a.origin is Origin.LOCAL and a.status in MOVES_ON for a in self.attempts)
        first = next((i for i, has_failed in enumerate(failed) if has_failed), len(origins))
        return Origin.CLOUD in origins[first:]


def band_of(score: float | None) -> str:
    """Return the band of a score."""
    if score is None:
        return NO_BAND
    return next((band for below, band in BANDS if score < below), TOP_BAND)


def jobs_of(records: Iterable[Record]) -> tuple[Asked, ...]:
    """Gather attempts, the newest first, into jobs; the newest job first."""
    by_job: dict[str, list[Record]] = {}
    for record in records:
        by_job.setdefault(record.job, []).append(record)
    return tuple(Asked(tuple(reversed(attempts))) for attempts in by_job.values())


def passed(records: Sequence[Record]) -> Share:
    """Return how many answers that were checked have passed."""
    checked = [r for r in records if r.status is Status.UNFIT or (r.status is Status.DONE and r.checks)]
    return Share(good=sum(record.status is Status.DONE for record in checked), of=len(checked))


def accepted(records: Sequence[Record]) -> Share:
    """Return how many answers were accepted, of those of which it is known."""
    return _share([record.accepted for record in records])


def survived(records: Sequence[Record]) -> Share:
    """Return how many answers were still there later, of those of which it is known."""
    return _share([record.survived for record in records])


def _share(said: Sequence[bool | None]) -> Share:
    known = [one for one in said if one is not None]
    return Share(good=sum(known), of=len(known))
