"""The words of a decision: who could be asked, what will be tried, and what will not."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hybrid_lsp.core.catalog import Model, Role
from hybrid_lsp.core.complexity import Complexity
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.price import Price


class When(StrEnum):
    """When a step is tried. `Plan.after` walks by it."""

    FIRST = "first"
    CHECK_FAILED = "check_failed"
    """After the steps before it, where an answer did not pass the check, or where none of them could answer."""
    UNAVAILABLE = "unavailable"
    """After the step before it, where that could not answer and nothing was billed for it, or its money ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that could be asked, with what is known of it now."""

    model: Model
    price: Price | None = None
    """None: unknown, which keeps a cloud model from being asked. A local one costs nothing."""
    missing: str = ""
    """Why it cannot be asked now (no key, circuit open), in one sentence with its way out; else empty."""
    missing_rule: str = ""
    """The rule's name for that: `key` or `circuit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model to be asked."""

    model: Model
    role: Role
    when: When
    reason: str
    """Why it is in the plan, in one sentence."""
    output_cap_tokens: int
    """What is sent as the cap, thoughts included."""
    estimated_usd: Decimal = ZERO
    worst_usd: Decimal = ZERO
    checked: bool = False
    """Whether its answer has to pass the evidence or floor checks before it is taken, with a later step to go to."""
    step_by_step: bool = False
    """Whether it is asked to reason step by step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing that will not be done, by which rule."""

    rule: str
    sentence: str
    model: str = ""
    """The model it is about; empty when it is about all cloud models, or about all local ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be tried, and what will not. A plan without a step has a refusal that says why."""

    complexity: Complexity
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]
    policy_allowed: bool
    """Whether the policy lets this kind of job, and the text of this file, leave."""
    policy_rule: str
    """The rule that keeps it here, or the one that lets this kind of job leave."""
    estimated_usd: Decimal = ZERO
    """What it will likely cost: the first step's estimate."""
    worst_usd: Decimal = ZERO
    """The most it can cost: at most one paid step is ever billed."""
    budget_left_usd: Decimal = ZERO

    def after(self, at: int, outcome: When) -> int | None:
        """Return which step follows the step `at` once that has ended so; None when the plan is at its end.

        `UNAVAILABLE`: it could not answer, and nothing was billed. `CHECK_FAILED`: its answer did not pass.
        """
        if outcome is When.CHECK_FAILED:
            later = range(at + 1, len(self.steps))
            return next((i for i in later if self.steps[i].when is When.CHECK_FAILED), None)
        return at + 1 if at + 1 < len(self.steps) else None
