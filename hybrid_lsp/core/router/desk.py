"""Who of the models can take a job now: what is known of each is held against the rules, one rule after the other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from hybrid_lsp.core.catalog import Model, Role, Where
from hybrid_lsp.core.job import Job
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.policy import Ask, Policy
from hybrid_lsp.core.price import Price, Usage
from hybrid_lsp.core.router import refusals
from hybrid_lsp.core.router.plan import Candidate, Refusal
from hybrid_lsp.core.router.size import EDITS, Size, answer_tokens, question_tokens

FLOOR_USD: dict[Role, Decimal] = {Role.STANDARD: Decimal(1), Role.PREMIUM: Decimal(5)}
"""A cloud model of the role is asked only while more than this is left."""

FALLS_TO: dict[Role, tuple[Role, ...]] = {
    Role.FAST: (Role.FAST, Role.QUALITY, Role.BEST),
    Role.QUALITY: (Role.QUALITY, Role.BEST, Role.FAST),
    Role.BEST: (Role.BEST, Role.QUALITY, Role.FAST),
}
"""Which local role stands in for which, the nearest first."""

_question = lru_cache(maxsize=256)(Ask)


@dataclass(slots=True)
class Fit:
    """A model that can take the job, with what that costs.

    Not frozen: it lives for one decision, and a frozen one takes three times as long to make.
    """

    model: Model
    role: Role
    cap_tokens: int
    estimated_usd: Decimal = ZERO
    worst_usd: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class Desk:
    """One job on the desk, and the refusals that were written for it."""

    job: Job
    size: Size
    policy: Policy
    left_usd: Decimal
    refused: list[Refusal] = field(default_factory=list)
    _taken: set[tuple[str, str, str]] = field(default_factory=set)
    _usages: dict[int, Usage] = field(default_factory=dict)
    _answer_tokens: int = field(init=False)
    _question_tokens: int = field(init=False)

    def __post_init__(self) -> None:
        self._answer_tokens = answer_tokens(self.job.task, self.size)
        self._question_tokens = question_tokens(self.size)

    def local(self, role: Role, candidates: Sequence[Candidate]) -> list[Fit]:
        """Return the local models for a role: all that play it or else the next one, and one to stand in for them."""
        here = _on(Where.LOCAL, candidates)
        if not here:
            self.refused.append(refusals.NO_LOCAL_MODEL)
        fits: list[Fit] = []
        for next_role in FALLS_TO[role]:
            more = self._judged(next_role, here, self._fits_here, quiet=bool(fits))
            if fits and more:
                return [*fits, more[0]]
            fits += more
        return fits

    def cloud(self, roles: Iterable[Role], candidates: Sequence[Candidate]) -> list[Fit]:
        """Return the cloud models that may be asked and paid for, in the order of the roles."""
        away = _on(Where.CLOUD, candidates)
        fits: list[Fit] = []
        for role in roles:
            fits += self._judged(role, away, self._fits_there, quiet=False)
        if fits and self.refused:  # what may not be asked in one role may be asked in another
            taken = {fit.model.id for fit in fits}
            self.refused = [refusal for refusal in self.refused if refusal.model not in taken]
        return fits

    def _judged(
        self,
        role: Role,
        candidates: list[Candidate],
        judge: Callable[[Model, Role, Candidate], Fit | Refusal],
        *,
        quiet: bool,
    ) -> list[Fit]:
        """Models of a role that were not taken before; what is refused is written down, where it is not a stand-in."""
        fits: list[Fit] = []
        for candidate in candidates:
            model = candidate.model
            if role not in model.roles or (name := (model.id, model.backend, model.host)) in self._taken:
                continue
            verdict = judge(model, role, candidate)
            if isinstance(verdict, Fit):
                self._taken.add(name)
                fits.append(verdict)
            elif not quiet and verdict not in self.refused:
                self.refused.append(verdict)
        return fits

    def _fits_here(self, model: Model, role: Role, candidate: Candidate) -> Fit | Refusal:
        if candidate.missing:
            return refusals.missing(candidate)
        cap_tokens = self._cap_tokens(model)
        return self._too_long(model, cap_tokens) or Fit(model, role, cap_tokens)

    def _fits_there(self, model: Model, role: Role, candidate: Candidate) -> Fit | Refusal:
        decision = self.policy.decide(_question(model.host))
        if not decision.allowed:
            return refusals.by_policy(decision, model.id)
        if candidate.missing:
            return refusals.missing(candidate)
        if candidate.price is None:
            return refusals.unpriced(model)
        if self.left_usd <= (floor_usd := FLOOR_USD[role]):
            return refusals.floor(model, role, floor_usd, self.left_usd)
        cap_tokens = self._cap_tokens(model)
        return self._too_long(model, cap_tokens) or self._afforded(model, role, cap_tokens, candidate.price)

    def _cap_tokens(self, model: Model) -> int:
        """What is sent as the output cap: the answer and its thoughts, never more than the model writes."""
        return min(self._answer_tokens + model.thinking_tokens, model.max_output_tokens)

    def _too_long(self, model: Model, cap_tokens: int) -> Refusal | None:
        room_tokens, needed_tokens = cap_tokens - model.thinking_tokens, self._question_tokens + cap_tokens
        if self.size.focus_tokens > room_tokens and self.job.task in EDITS:
            return refusals.over_output(model, max(room_tokens, 0), self.size.focus_tokens)
        return refusals.over_window(model, needed_tokens) if needed_tokens > model.window_tokens else None

    def _afforded(self, model: Model, role: Role, cap_tokens: int, price: Price) -> Fit | Refusal:
        worst_usd, cap_usd = price.worst_usd(self.size.input_bytes, cap_tokens), self.job.cost_cap_usd
        if cap_usd is not None and worst_usd > cap_usd:
            return refusals.over_cap(model, worst_usd, cap_usd)
        if worst_usd > self.left_usd:
            return refusals.too_dear(model, worst_usd, self.left_usd)
        return Fit(model, role, cap_tokens, price.cost_usd(self._likely(cap_tokens)), worst_usd)

    def _likely(self, cap_tokens: int) -> Usage:
        """The usage that is told as an estimate: half of what may be written."""
        usage = self._usages.get(cap_tokens)
        if usage is None:
            usage = Usage(input_tokens=self.size.input_tokens, output_tokens=cap_tokens // 2)
            self._usages[cap_tokens] = usage
        return usage


def _on(side: Where, candidates: Sequence[Candidate]) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.model.where is side]
