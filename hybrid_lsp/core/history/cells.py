"""How often a local answer was good, by what was asked where: decayed counts that back off to coarser ones.

What an attempt is worth as evidence (`label`):

| what is known | weight | as good |
|---|---|---|
| the answer survived, or was undone | 1 | 1, or 0 |
| its check failed, or the model would not | 1 | 0 |
| accepted, or turned down, and no later word | 1 after a test or an example passed, else ½ | 1, or 0 |
| its check passed and nobody said a word | 1 after a test or an example passed, else ½ | 0.85, or 0.65 |
| no check and no word; cancelled, failed, lost; from the cache | none | |

Silence has to count. Failed checks are always seen, and good answers only where an editor tells what became of them:
left out, a silent editor would make every local model look hopeless. The shares are what a passed check is worth by
Bayes' rule where 6 of 10 answers are good, for the measured checks: tests and examples catch 64 to 86 % of the bad
ones, the floor about 10 %. So the floor and silence alone decide nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hybrid_lsp.core.history.beta import below, interval
from hybrid_lsp.core.record import Origin, Record, Status

ENOUGH = 12
"""Outcomes that somebody or some check gave; with fewer there is not enough data."""
BREAK_EVEN = 0.6
"""The share of good answers from which a local model is worth asking first."""
SURE = 0.8
"""How likely a share has to be on one side of `BREAK_EVEN` before anything is decided."""
EVIDENCE_CHECKS = frozenset({"examples", "tests"})
"""Names of the checks that run code; all others are the floor."""
ANY = "*"
"""Stands in a coarser cell for what it does not tell apart."""

_PRIOR_WEIGHT = 4.0
_HALF_LIFE_JOBS = 100
_HALF_LIFE_MS = 90 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Which local answers are counted together."""

    task: str
    language: str
    reach: str
    size_band: str
    model: str
    """As it was asked for; counts of one model say nothing of another."""
    workspace: str

    @property
    def coarser(self) -> "tuple[Cell, ...]":
        """This cell, then ever coarser ones; the last one is the model alone."""
        sizes = replace(self, size_band=ANY)
        workspaces = replace(sizes, workspace=ANY)
        reaches = replace(workspaces, reach=ANY)
        languages = replace(reaches, language=ANY)
        return self, sizes, workspaces, reaches, languages, replace(languages, task=ANY)

    @property
    def level(self) -> str:
        """What it tells apart, in words: `fix, python, project, 11-40 lines, bookshop`."""
        size = f"{self.size_band} lines" if self.size_band != ANY else ANY
        parts = (self.task, self.language, self.reach, size, self.workspace)
        return ", ".join(part for part in parts if part and part != ANY) or "everything asked of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Decayed weights of one cell, and how many outcomes are known."""

    good: float = 0.0
    bad: float = 0.0
    n: int = 0
    """Outcomes that somebody or some check gave; not decayed, without the silent ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one attempt says of the local model."""

    weight: float
    share: float
    """Between 0 for a bad and 1 for a good answer."""
    is_known: bool
    """False where nobody said a word and only a check has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How often the local answer is good."""

    probability: float
    n: int
    """Known outcomes of the cell that it is from."""
    low: float
    """With `high`: holds the true share with 95 %."""
    high: float
    level: str
    """The cell that it is from, in words."""
    below_break_even: float
    """How likely the true share is under `BREAK_EVEN`."""

    @property
    def is_enough(self) -> bool:
        """Whether there is enough data to say anything."""
        return self.n >= ENOUGH

    @property
    def verdict(self) -> bool | None:
        """True: the local model is worth asking first. False: it is not. None: not known."""
        if not self.is_enough or 1 - SURE <= self.below_break_even <= SURE:
            return None
        return self.below_break_even < 1 - SURE

    @property
    def told(self) -> str:
        """The estimate as people read it, with its number of outcomes and its interval."""
        if not self.is_enough:
            return f"not enough data ({self.n} of {ENOUGH} outcomes)"
        return f"{percent(self.probability)} good ({self.bounds}, {self.n} outcomes: {self.level})"

    @property
    def bounds(self) -> str:
        """The interval as people read it: `42 to 71 %`."""
        return f"{self.low * 100:.0f} to {percent(self.high)}"


def percent(share: float) -> str:
    """Return a share as people read it: `42 %`."""
    return f"{share * 100:.0f} %"


def cell_of(record: Record) -> Cell:
    """Return the finest cell of an attempt."""
    return Cell(
        task=record.task.value, language=record.language, reach=record.reach, size_band=record.size_band,
        model=record.model, workspace=record.workspace,
    )  # fmt: skip


def label(record: Record) -> Label | None:
    """Return what an attempt says of the local model; None where it says nothing, or where no local model wrote it."""
    if record.origin is not Origin.LOCAL:
        return None
    if record.survived is not None:
        return Label(weight=1.0, share=float(record.survived), is_known=True)
    if record.status in (Status.UNFIT, Status.REFUSED):
        return Label(weight=1.0, share=0.0, is_known=True)
    if record.status is not Status.DONE:
        return None
    tested = any(name in EVIDENCE_CHECKS and passed for name, passed in record.checks)
    weight = 1.0 if tested else 0.5
    if record.accepted is not None:
        return Label(weight=weight, share=float(record.accepted), is_known=True)
    return Label(weight=weight, share=0.85 if tested else 0.65, is_known=False) if record.checks else None


def cells(records: Iterable[Record], now_ms: int) -> Mapping[Cell, Tally]:
    """Count attempts, the newest first, into their cells and all coarser ones.

    An outcome's weight is halved by each 90 days, or by each 100 newer outcomes of the same cell, whichever is more.
    """
    found: dict[Cell, Tally] = {}
    newer: Counter[Cell] = Counter()
    for record, said in labelled(records):
        for cell in cell_of(record).coarser:
            age = max(newer[cell] / _HALF_LIFE_JOBS, (now_ms - record.at_ms) / _HALF_LIFE_MS, 0.0)
            found[cell] = _with(found.get(cell, Tally()), said, 0.5**age)
            newer[cell] += 1
    return found


def labelled(records: Iterable[Record]) -> Iterator[tuple[Record, Label]]:
    """Return the attempts that say something of a local model, and what."""
    return ((record, said) for record in records if (said := label(record)) is not None)


def estimate(cells: Mapping[Cell, Tally], cell: Cell) -> Estimate:
    """Return how often the local answer is good there, by the finest cell of the same task that has enough outcomes.

    Each cell begins with what is known of the others in the next coarser one, as if that were 4 outcomes; the coarsest
    of them, the model at every task, only serves for that. Where none has enough, `is_enough` is False, and the cell of
    the task is told.
    """
    chain = cell.coarser[::-1]
    tallies = [cells.get(one, Tally()) for one in chain]
    finest = max((i for i in range(1, len(chain)) if tallies[i].n >= ENOUGH), default=1)
    prior = BREAK_EVEN
    for i in range(1, finest + 1):
        prior = _mean_of_others(tallies[i - 1], tallies[i], prior)
    return estimate_of(tallies[finest], chain[finest].level, prior)


def _mean_of_others(coarse: Tally, fine: Tally, prior: float) -> float:
    good, bad = max(0.0, coarse.good - fine.good), max(0.0, coarse.bad - fine.bad)
    return (good + _PRIOR_WEIGHT * prior) / (good + bad + _PRIOR_WEIGHT)


def estimate_of(tally: Tally, level: str, prior: float = BREAK_EVEN) -> Estimate:
    """Return what these outcomes say, beginning with 4 of which a share of `prior` was good."""
    good, bad = tally.good + _PRIOR_WEIGHT * prior, tally.bad + _PRIOR_WEIGHT * (1 - prior)
    low, high = interval(good, bad)
    return Estimate(
        probability=good / (good + bad), n=tally.n, low=low, high=high, level=level,
        below_break_even=below(BREAK_EVEN, good, bad),
    )  # fmt: skip


def tally_of(labels: Iterable[Label]) -> Tally:
    """Add up what attempts say, without decay."""
    total = Tally()
    for said in labels:
        total = _with(total, said, 1.0)
    return total


def _with(tally: Tally, said: Label, decay: float) -> Tally:
    weight = said.weight * decay
    return Tally(
        good=tally.good + weight * said.share, bad=tally.bad + weight * (1 - said.share), n=tally.n + said.is_known
    )
