"""Why something went where it went, or would: the score with its reasons, the steps, the refusals, the cost."""

from typing import TYPE_CHECKING, Any

from hybrid_lsp.core.complexity import REASON_TOLD
from hybrid_lsp.core.money import told, told_left
from hybrid_lsp.frontends.lsp.errands import Errand
from hybrid_lsp.frontends.lsp.titles import cost, step_cost

if TYPE_CHECKING:
    from hybrid_lsp.core.router import Plan, Refusal, Step


def why_markdown(errand: Errand) -> str:
    """Return the decision for a question as Markdown, and what came of it."""
    plan = errand.plan
    lines = [f"# {errand.name}", "", *_needs(plan), "", *_steps(plan)]
    if plan.refusals:
        lines += ["", "Not asked:", "", *(f"- {_refusal(refusal)}" for refusal in plan.refusals)]
    lines += ["", f"At most it costs {cost(plan)}." if plan.worst_usd else "It costs nothing.", "", _outcome(errand)]
    return "\n".join(lines) + "\n"


def why_fields(errand: Errand) -> dict[str, Any]:
    """Return the same for a program. Amounts are US dollars, as decimal numbers in texts."""
    plan, reply = errand.plan, errand.reply
    return {
        "job": errand.job.id,
        "task": errand.job.task.value,
        "score": plan.complexity.score,
        "reasons": [{"name": reason.name, "points": reason.points} for reason in plan.complexity.reasons],
        "policy": {"allowed": plan.policy_allowed, "rule": plan.policy_rule},
        "steps": [
            {"model": step.model.id, "where": step.model.where.value, "when": step.when.value, "reason": step.reason,
             "worst_case_usd": str(step.worst_usd)}
            for step in plan.steps
        ],
        "refusals": [{"rule": no.rule, "sentence": no.sentence, "model": no.model} for no in plan.refusals],
        "worst_case_usd": str(plan.worst_usd),
        "left_usd": str(plan.budget_left_usd),
        "told": list(errand.told),
        "answered_by": reply.model if reply else None,
        "cost_usd": str(errand.outcome.cost_usd) if errand.outcome else None,
    }  # fmt: skip


def _needs(plan: "Plan") -> list[str]:
    needs = plan.complexity
    reasons = [f"- +{reason.points:g} {REASON_TOLD.get(reason.name, reason.name)}" for reason in needs.reasons]
    leaves = "It may leave this machine" if plan.policy_allowed else "It stays on this machine"
    rule = f", by {plan.policy_rule}" if plan.policy_rule else ""
    return [
        f"Score {needs.score:g}{':' if reasons else '.'}",
        *([""] if reasons else []),
        *reasons,
        "",
        f"{leaves}{rule}.",
    ]


def _steps(plan: "Plan") -> list[str]:
    return [f"{place}. {_step(step)}" for place, step in enumerate(plan.steps, 1)] or ["Nobody can be asked."]


def _step(step: "Step") -> str:
    return f"**{step.model.id}** ({step.model.where.value}, {step.role.value}, {step_cost(step)}): {step.reason}"


def _refusal(refusal: "Refusal") -> str:
    name = f"{refusal.model}: " if refusal.model and refusal.model not in refusal.sentence else ""
    return f"{name}{refusal.sentence}"


def _outcome(errand: Errand) -> str:
    reply = errand.reply
    if reply is not None:
        spent = told(reply.cost_usd) if reply.cost_usd else "nothing"
        return (
            f"Answered by {reply.footer()} It cost {spent}; {told_left(errand.plan.budget_left_usd)} were left before."
        )
    if not errand.asked:
        return "Nothing was asked."
    if errand.under_way:
        return "It is under way."
    sentence: str = getattr(errand.outcome, "sentence", "")
    return sentence or " ".join(("There is no answer to it.", *errand.told))
