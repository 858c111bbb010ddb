"""From a job to its plan."""

from collections.abc import Sequence
from functools import lru_cache

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.complexity import Complexity
from hybrid_lsp.core.job import Job, Task, Wish
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.policy import Decision, Leave, Policy, Send
from hybrid_lsp.core.profile import Profile
from hybrid_lsp.core.router import refusals
from hybrid_lsp.core.router.desk import Desk, Fit
from hybrid_lsp.core.router.order import Question, local_role, plan_steps
from hybrid_lsp.core.router.plan import Candidate, Plan, Refusal
from hybrid_lsp.core.router.size import Size

_LEAVE = {task: Leave(task) for task in Task}
_send = lru_cache(maxsize=256)(Send)


def decide(
    job: Job,
    complexity: Complexity,
    *,
    size: Size,
    policy: Policy,
    profile: Profile,
    budget: Budget,
    local: Sequence[Candidate],
    cloud: Sequence[Candidate],
    ignored_by: str = "",
) -> Plan:
    """Return what will be tried for a job. Total: whatever cannot be done is a refusal, never an error.

    Args:
        job: What is asked.
        complexity: What it needs, by `core.complexity.assess`.
        size: What it sends, by `measure`.
        policy: What may leave.
        profile: What is preferred.
        budget: What is left of the month's money.
        local: Models on this machine, the preferred ones first.
        cloud: Models elsewhere, the preferred ones first.
        ignored_by: The ignore file that names the excerpt's file, as `core.policy.Send` has it.
    """
    leave = policy.decide(_LEAVE[job.task])
    send = policy.decide(_send(job.excerpt.path, ignored_by=ignored_by))
    desk = Desk(job=job, size=size, policy=policy, left_usd=budget.left_usd)
    wanted = local_role(job.task, complexity.score)
    here = [] if job.wish is Wish.CLOUD else desk.local(wanted, local)
    ask = Question(job=job, score=complexity.score, profile=profile, alone=not here)
    there: list[Fit] = []
    if ask.is_for_cloud:
        bars = _bars(job, leave, send, budget)
        desk.refused += bars
        there = [] if bars else _there(ask, desk, cloud)
    steps = plan_steps(ask, wanted, here, there)
    return Plan(
        complexity=complexity,
        steps=steps,
        refusals=tuple(desk.refused),
        policy_allowed=leave.allowed and send.allowed,
        policy_rule=send.rule if leave.allowed and not send.allowed else leave.rule,
        estimated_usd=steps[0].estimated_usd if steps else ZERO,
        worst_usd=max([fit.worst_usd for fit in there], default=ZERO),
        budget_left_usd=desk.left_usd,
    )


def _bars(job: Job, leave: Decision, send: Decision, budget: Budget) -> list[Refusal]:
    """Every rule that keeps the whole job from all cloud models."""
    if job.wish is Wish.LOCAL:
        return [refusals.WISH]
    bars = [] if job.deliberate else [refusals.DELIBERATE]
    if not leave.allowed:
        bars.append(refusals.by_policy(leave))
    elif job.task is Task.INLINE:  # no policy says so; if one ever does, it is not listened to
        bars.append(refusals.GHOST_TEXT)
    if not send.allowed:
        bars.append(refusals.by_policy(send))
    if budget.blocked:
        bars.append(refusals.blocked(budget.blocked))
    return bars


def _there(ask: Question, desk: Desk, candidates: Sequence[Candidate]) -> list[Fit]:
    """The cloud models that will be asked; where there is none, the refusals say why."""
    known = len(desk.refused)
    if not ask.asks_cloud:
        desk.refused.append(refusals.below_threshold(ask.score, ask.profile))
        return []
    if ask.cloud_role not in ask.profile.cloud_roles:
        desk.refused.append(refusals.role_not_used(ask.cloud_role, ask.profile))
    there = desk.cloud(ask.cloud_roles, candidates)
    if ask.alone and not there and len(desk.refused) == known:
        desk.refused.append(refusals.no_cloud_model(ask.cloud_roles))
    return there
