"""Which side, which role, and in which order: what the score and the profile say of a job."""

from dataclasses import dataclass

from hybrid_lsp.core.catalog import Role
from hybrid_lsp.core.job import Job, Task, Wish
from hybrid_lsp.core.profile import Fallback, Profile
from hybrid_lsp.core.router.desk import Fit
from hybrid_lsp.core.router.plan import Step, When
from hybrid_lsp.core.router.size import EDITS

FAST_BELOW = 0.3
QUALITY_BELOW = 0.6
"""From here on the sketch asks the cloud."""
STANDARD_BELOW = 0.8
"""From here on a job counts as explicitly complex: no local attempt before its step, and local models think first."""


def local_role(task: Task, score: float) -> Role:
    """Return the local role of a band. Ghost text has to be fast, whatever stands around it."""
    if score < FAST_BELOW or task is Task.INLINE:
        return Role.FAST
    return Role.QUALITY if score < QUALITY_BELOW else Role.BEST


@dataclass(slots=True, kw_only=True)
class Question:
    """What a plan is ordered by. Neither policy nor money is in it: they can only take steps out."""

    job: Job
    score: float
    profile: Profile
    alone: bool
    """Nothing local can take the job, or a cloud model was asked for."""

    @property
    def asks_cloud(self) -> bool:
        """Whether a cloud model is thought of."""
        return self.alone or (self.score >= self.profile.cloud_from and self.job.task is not Task.INLINE)

    @property
    def is_for_cloud(self) -> bool:
        """Whether the sketch or the profile thinks of one, so that it is worth saying why there is none."""
        return self.asks_cloud or (self.score >= QUALITY_BELOW and self.job.task is not Task.INLINE)

    @property
    def cloud_role(self) -> Role:
        """The cloud role of the band."""
        return Role.STANDARD if self.score < STANDARD_BELOW else Role.PREMIUM

    @property
    def cloud_roles(self) -> tuple[Role, ...]:
        """The cloud roles that are asked, in order.

        A profile that puts premium first has its own order; the others ask the band's role, or their first where they
        do without that. Where nothing local follows, standard models follow the premium ones; never the other way
        round, for nobody is to pay more than for the step that they saw.
        """
        offered, wanted = self.profile.cloud_roles, self.cloud_role
        if offered[:1] == (Role.PREMIUM,) and self.score >= self.profile.cloud_from:
            return offered
        if wanted not in offered:
            return offered[:1]
        follows = self.alone and wanted is Role.PREMIUM and Role.STANDARD in offered
        return (wanted, Role.STANDARD) if follows else (wanted,)

    @property
    def verifies(self) -> bool:
        """Whether a local answer is tried first: there is an honest check, and the job is not explicitly complex."""
        return self.profile.local_first and self.job.task in EDITS and self.score < STANDARD_BELOW

    @property
    def thinks(self) -> bool:
        """Whether a local model in the place of a cloud model reasons step by step."""
        if self.job.task is Task.INLINE:
            return False
        by_profile = self.profile.fallback is Fallback.STEP_BY_STEP and self.score >= self.profile.cloud_from
        return by_profile or self.score >= STANDARD_BELOW


def plan_steps(ask: Question, wanted: Role, here: list[Fit], there: list[Fit]) -> tuple[Step, ...]:
    """Return the steps: a checked local attempt where there is one, the cloud, then this machine in its place."""
    steps: list[Step] = []
    thinks = ask.thinks
    tried = bool(here and there and ask.verifies)
    if tried:
        steps += _run(here, When.FIRST, _TRIED, checked=True)
    if there:
        steps += _run(there, When.CHECK_FAILED if tried else When.FIRST, _cloud_reason(ask, tried=tried))
    if here and (thinks or not tried):
        reason = _INSTEAD if there else _local_reason(ask, wanted, here[0].role)
        steps += _run(here, When.UNAVAILABLE if steps else When.FIRST, reason, thinks=thinks)
    return tuple(steps)


def _run(fits: list[Fit], when: When, reason: str, *, checked: bool = False, thinks: bool = False) -> list[Step]:
    """Models of one side: the first for its own reason, the others where the one before cannot answer."""
    later = When.UNAVAILABLE
    return [
        Step(
            model=fit.model,
            role=fit.role,
            when=later if i else when,
            reason=_NEXT if i else reason,
            output_cap_tokens=fit.cap_tokens,
            estimated_usd=fit.estimated_usd,
            worst_usd=fit.worst_usd,
            checked=checked,
            step_by_step=thinks,
        )
        for i, fit in enumerate(fits)
    ]


_TRIED = "A local answer is tried first, and has to pass its check."
_INSTEAD = "It answers on this machine where the cloud cannot."
_NEXT = "It is asked where the model before it cannot answer."
_LOCAL_TOLD = {Role.FAST: "a fast local model", Role.QUALITY: "a good local model", Role.BEST: "the best local model"}


def _cloud_reason(ask: Question, *, tried: bool) -> str:
    if ask.job.wish is Wish.CLOUD:
        return "A cloud model was asked for."
    if ask.alone:
        return "No model on this machine can take this job, so a cloud model is asked."
    if tried:
        return "It is asked where the local answer does not pass its check, or does not come."
    return f"A job of score {ask.score:g} is for a {ask.cloud_roles[0]} cloud model in the profile {ask.profile.name}."


def _local_reason(ask: Question, wanted: Role, role: Role) -> str:
    if ask.asks_cloud:
        return f"No cloud model may be asked for this job, so {_LOCAL_TOLD[role]} answers."
    stands_in = "" if role is wanted else f"; without one, {_LOCAL_TOLD[role]} answers"
    return f"A job of score {ask.score:g} is for {_LOCAL_TOLD[wanted]}{stands_in}."
