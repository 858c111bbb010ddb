"""What a job tells while it is under way, and how it ends."""

from dataclasses import dataclass, field
from decimal import Decimal

from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.reply import Reply
from hybrid_lsp.core.router import Plan, Refusal, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A step is being asked."""

    step: Step
    at: int
    """Which step of the plan, from 0."""
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """More of an answer has come."""

    text: str
    tokens: int
    """Of the answer so far, about: nobody counts them before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A step did not give the answer; the next one is asked, or there is none."""

    step: Step
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An answer was checked."""

    verdicts: tuple[Verdict, ...]


Event = Begun | Said | Left | Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A whole answer that no check let through. Its person may look at it all the same."""

    text: str = field(repr=False)
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No answer that could be shown: one sentence for a person, and what stood in the way."""

    sentence: str
    refusals: tuple[Refusal, ...] = ()
    told: tuple[str, ...] = ()
    """What each step that was tried came to."""
    cost_usd: Decimal = ZERO
    """What was paid all the same."""
    unfit: Unfit | None = None
    """The last answer, where there was one that could be looked at."""


Outcome = Reply | Failure
