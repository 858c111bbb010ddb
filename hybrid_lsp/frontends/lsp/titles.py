"""Where something would go and what it costs at most, in a few words of a menu."""

from typing import TYPE_CHECKING

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import told_at_most, told_left

if TYPE_CHECKING:
    from hybrid_lsp.core.router import Plan, Step

NAMES = {
    Task.REFACTOR: "Refactor",
    Task.EXPLAIN: "Explain",
    Task.FIX: "Fix",
    Task.REVIEW: "Review",
    Task.COMPLETE: "Complete",
}
_MOST_QUOTED_CHARS = 48


def title(what: str, plan: "Plan") -> str:
    """Return an action's title: what it does, who is asked, and the most that it can cost.

    `Refactor — small · free`, or `Refactor — small, then big if that is not good · ≤ $0.012 · $46.80 left`.
    """
    if not plan.steps:
        return what
    first, cloud = plan.steps[0], next((step for step in plan.steps if not step.model.is_local), None)
    who = first.model.id
    if first.model.is_local and cloud is not None:
        who = f"{who}, then {cloud.model.id} if that is not good"
    return f"{what} — {who} · {cost(plan)}"


def better_title(what: str, plan: "Plan") -> str:
    """Return the title of the same action with a better model than the one of this machine."""
    return f"{what} — ask the better model ({plan.steps[0].model.id}) · {cost(plan)}"


def title_to_come(what: str, plan: "Plan") -> str:
    """Return the title of an action whose price depends on words that are still to be said."""
    told = "free" if not plan.worst_usd else "asks before it costs anything"
    return f"{what} — {plan.steps[0].model.id} · {told}"


def question(what: str, plan: "Plan") -> str:
    """Return what a person is asked before something is done whose price they have not seen."""
    return f"{title(what, plan)}. Ask?"


def cost(plan: "Plan") -> str:
    """Return the most that a plan can cost, with what is left of the month; `free` where nothing is paid."""
    if all(step.model.is_local for step in plan.steps):
        return "free"
    return f"{told_at_most(plan.worst_usd)} · {told_left(plan.budget_left_usd)} left"


def step_cost(step: "Step") -> str:
    """Return the most that a step can cost."""
    return "free" if step.model.is_local else told_at_most(step.worst_usd)


def why_not(plan: "Plan") -> str:
    """Return why nobody can be asked, in sentences."""
    return " ".join(dict.fromkeys(refusal.sentence for refusal in plan.refusals)) or "Nobody can be asked."


def plain(text: str) -> str:
    """Return a text that others wrote on one line, without what an editor would obey: some turn what follows round."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def quoted(message: str) -> str:
    """Return the beginning of a diagnostic, on one line, for a title."""
    words = plain(message)
    return f"“{words}”" if len(words) <= _MOST_QUOTED_CHARS else f"“{words[: _MOST_QUOTED_CHARS - 1].rstrip()}…”"


def lines_told(first: int, last: int) -> str:
    """Return 0-based lines as people count them."""
    return f"line {first + 1}" if first == last else f"lines {first + 1}–{last + 1}"
