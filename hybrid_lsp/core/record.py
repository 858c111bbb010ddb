"""What the ledger remembers of one attempt at a job: no code, no prompt, no key."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.price import Price, Usage


class Origin(StrEnum):
    """Where an answer came from."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    CLOUD = "cloud"
    CACHE = "cache"


class Basis(StrEnum):
    """How sure a cost is."""

    FREE = "free"
    """Nothing that costs was asked."""
    REPORTED = "reported"
    """By the usage that the vendor sent."""
    ASSUMED = "assumed"
    """By what is known, rounded against us: cancelled, cut off, or the process died."""


class Status(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """The backend could not."""
    REFUSED = "refused"
    """The model would not, or a safety filter stopped it."""
    UNFIT = "unfit"
    """The answer did not pass its check."""
    LOST = "lost"
    """Its process went away; charged in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One attempt. What is not known is None, never 0."""

    job: str
    """The job's id: the same for all attempts at it, and for its lines in the log."""
    at_ms: int
    """When it was asked, milliseconds since 1970, UTC."""
    workspace: str
    """The folder's own name, or a name that stands for it; never its path."""
    task: Task
    origin: Origin
    backend: str
    model: str
    """As it was asked for."""
    answered_by: str = ""
    """As the answer names itself."""
    usage: Usage | None = None
    price: Price | None = None
    cost_usd: Decimal = ZERO
    basis: Basis = Basis.FREE
    status: Status = Status.DONE
    latency_ms: int | None = None
    first_token_ms: int | None = None
    score: float | None = None
    reasons: tuple[str, ...] = ()
    """Names of the complexity's addends."""
    rule: str = ""
    """The policy rule that let it leave, or kept it here."""
    baseline: str = ""
    """The model that savings are told against; empty where its price was unknown."""
    baseline_usd: Decimal | None = None
    """What the same tokens would have cost there; None where that cannot be said."""
    language: str = ""
    reach: str = ""
    """Of the span: `itself`, `file` or `project`."""
    size_band: str = ""
    bytes_out: int = 0
    """Of what was sent, each attempt counted as it left this machine."""
    host: str = ""
    """Where it went, if it left this machine."""
    redactions: int = 0
    taken: tuple[tuple[str, int], ...] = ()
    """What was taken out before: kinds, as `GITHUB_TOKEN`, and how often each stood there."""
    checks: tuple[tuple[str, bool], ...] = ()
    """Which checks ran, and whether the answer passed."""
    mean_logprob: float | None = None
    lowest_logprob: float | None = None
    accepted: bool | None = None
    survived: bool | None = None
    """Whether it was still there later; False when it was undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Money that is held for one paid attempt. Ends settled, or, after a crash, charged in full."""

    id: str
    job: str
    month: str
    """The month that it is charged to, whenever it ends."""
    held_usd: Decimal
    until_ms: int
    """When its lease ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No money can be held."""

    rule: str
    """`budget.limit`, `budget.blocked` or `ledger`."""
    sentence: str
