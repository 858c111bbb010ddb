"""`hybrid-lsp route FILE[:FROM[-TO]]`: where a job would go, why, and what it would cost. Nothing is sent."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import TextIO

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.complexity import REASON_TOLD
from hybrid_lsp.core.errors import HybridError
from hybrid_lsp.core.job import POLICY_KEY, Excerpt, Job, Task, Wish
from hybrid_lsp.core.money import told as dollars
from hybrid_lsp.core.money import told_at_most, told_left
from hybrid_lsp.core.router import Plan, Refusal, Step
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, paper_for, run_to_end
from hybrid_lsp.frontends.terminal.span import parse_span, read_span
from hybrid_lsp.frontends.terminal.table import number

WRONG_USE = 2
TASKS = tuple(task.value for task in Task if task is not Task.INLINE)
"""What can be asked for. Ghost text is not routed: it never leaves this machine."""

_LABEL = 11
"""How wide the names of the facts are."""


def run(
    where: str, decide: Callable[[Job], Awaitable[tuple[Plan, Budget]]], *, task: Task, instruction: str = "",
    wish: Wish = Wish.ANY, cost_cap_usd: Decimal | None = None, job: str, folder: Path,
    language_of: Callable[[str], str], out: TextIO, errors: TextIO, as_json: bool,
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show the decision for a span and return the exit status.

    Args:
        where: The span, as `src/a.py:10-20`.
        decide: Returns the plan of a job, and the budget that it was made with. May raise `HybridError`.
        task: What is asked.
        instruction: In the asker's own words; may be empty.
        wish: Where the asker wants it to go.
        cost_cap_usd: The most that it may cost; None for no cap but the month's.
        job: The job's id.
        folder: The workspace folder; the span's path is relative to it.
        language_of: Returns the editor's language id of a path.
        out: Where the decision is written.
        errors: Where a sentence is written when there is none.
        as_json: Whether to write one JSON object and nothing else.
        environment: Variables of the process.

    Returns 0 when there is a step, 1 when there is none or it cannot be said, 2 for a span that is none, and 130 after
    Ctrl-C.
    """
    paper, wrong = paper_for(out, environment), paper_for(errors, environment)
    try:
        excerpt = read_span(parse_span(where), task=task, folder=folder, language_of=language_of)
    except HybridError as error:
        wrong.write(str(error), mark="✗", style="bad")
        return WRONG_USE
    asked = Job(
        id=job, task=task, excerpt=excerpt, instruction=instruction, deliberate=True, wish=wish,
        cost_cap_usd=cost_cap_usd,
    )  # fmt: skip
    return run_to_end(_run(asked, decide, paper, wrong, as_json), paper)


async def _run(
    job: Job, decide: Callable[[Job], Awaitable[tuple[Plan, Budget]]], paper: Paper, wrong: Paper, as_json: bool
) -> int:
    try:
        plan, budget = await decide(job)
    except HybridError as error:
        wrong.write(str(error), mark="✗", style="bad")
        return FAILED
    if as_json:
        paper.out.write(json.dumps(told_as_json(plan, job), ensure_ascii=True) + "\n")
    else:
        told(plan, job, budget, paper)
    return DONE if plan.steps else FAILED


def told(plan: Plan, job: Job, budget: Budget, paper: Paper) -> None:
    """Write a decision: what it is about, what it needs, what may leave, who is asked, who is not, and the money."""
    _heading(plan, job, paper)
    paper.write()
    _complexity(plan, paper)
    _policy(plan, job, paper)
    paper.write()
    for place, step in enumerate(plan.steps, 1):
        _step(place, step, paper)
    if plan.refusals:
        if plan.steps:
            paper.write()
        paper.write("Not asked", style="strong")
        for refusal in plan.refusals:
            _refusal(refusal, paper)
    paper.write()
    _money(plan, budget, paper)


def told_as_json(plan: Plan, job: Job) -> dict[str, object]:
    """Return a decision for a program; amounts are US dollars, to the nano-dollar."""
    needs = plan.complexity
    return {
        "task": job.task.value,
        "complexity": {
            "score": needs.score,
            "reasons": [{"name": reason.name, "points": reason.points} for reason in needs.reasons],
            "requires_large_context": needs.requires_large_context,
            "is_complex_reasoning": needs.is_complex_reasoning,
        },
        "policy": {"allowed": plan.policy_allowed, "rule": plan.policy_rule},
        "steps": [_step_as_json(step) for step in plan.steps],
        "refusals": [{"rule": no.rule, "sentence": no.sentence, "model": no.model} for no in plan.refusals],
        "estimated_usd": number(plan.estimated_usd),
        "worst_case_usd": number(plan.worst_usd, ROUND_CEILING),
        "budget_left_usd": number(plan.budget_left_usd, ROUND_FLOOR),
    }


def _step_as_json(step: Step) -> dict[str, object]:
    return {
        "model": step.model.id,
        "where": step.model.where.value,
        "reason": step.reason,
        "worst_case_usd": number(step.worst_usd, ROUND_CEILING),
        "role": step.role.value,
        "when": step.when.value,
        "estimated_usd": number(step.estimated_usd),
        "output_cap_tokens": step.output_cap_tokens,
    }


def _heading(plan: Plan, job: Job, paper: Paper) -> None:
    where = f"{job.task.value.capitalize()} {job.excerpt.path}, {_lines(job.excerpt)}"
    if plan.steps:
        first = plan.steps[0]
        place = "on this machine" if first.model.is_local else f"at {first.model.host or 'a cloud vendor'}"
        paper.write(f"{where}: {first.model.id}, {place}.", style="strong")
    else:
        paper.write(f"{where}: nobody can be asked.", style="strong")
    paper.write("Nothing was sent.", style="dim")


def _lines(excerpt: Excerpt) -> str:
    if not excerpt.focus:
        return f"line {excerpt.line + 1}"
    last = excerpt.line + excerpt.focus.count("\n") + 1
    return f"line {last}" if last == excerpt.line + 1 else f"lines {excerpt.line + 1}-{last}"


def _complexity(plan: Plan, paper: Paper) -> None:
    needs = plan.complexity
    marks = (("complex reasoning", needs.is_complex_reasoning), ("more than 8000 tokens", needs.requires_large_context))
    _fact("complexity", f"{needs.score:.2f}{''.join(f' · {mark}' for mark, holds in marks if holds)}", paper)
    for reason in needs.reasons:
        sentence = REASON_TOLD.get(reason.name, reason.name)
        paper.write(sentence, indent=_LABEL + 1, mark=f"+{reason.points:.2f} ")


def _policy(plan: Plan, job: Job, paper: Paper) -> None:
    verdict = "may leave" if plan.policy_allowed else "stays on this machine"
    _fact("policy", f"{verdict}, by {plan.policy_rule or POLICY_KEY[job.task]}", paper)


def _step(place: int, step: Step, paper: Paper) -> None:
    cost = "free" if step.model.is_local else told_at_most(step.worst_usd)
    head = f"{step.model.id} · {step.model.where.value} {step.role.value} · {cost}"
    paper.write(head, mark=f"{place}.", style="strong")
    paper.write(step.reason, indent=3)


def _refusal(refusal: Refusal, paper: Paper) -> None:
    name = f"{refusal.model}: " if refusal.model and refusal.model not in refusal.sentence else ""
    paper.write(f"{name}{refusal.sentence}", indent=2, mark="✗")


def _money(plan: Plan, budget: Budget, paper: Paper) -> None:
    most = told_at_most(plan.worst_usd).removeprefix("≤ ")
    if not any(not step.model.is_local for step in plan.steps):
        cost = "nothing"
    elif plan.estimated_usd:
        cost = f"about {dollars(plan.estimated_usd)}, by estimate; at most {most}"
    else:
        cost = f"nothing, unless a cloud model has to be asked: then at most {most}"
    _fact("it costs", cost, paper)
    _fact("left", f"{told_left(plan.budget_left_usd)} of {dollars(budget.limit_usd)} for {budget.month}", paper)
    if budget.blocked and all(refusal.sentence != budget.blocked for refusal in plan.refusals):
        paper.write(budget.blocked, mark="✗", style="bad")


def _fact(name: str, told: str, paper: Paper) -> None:
    paper.write(told, mark=f"{name:<{_LABEL}}")
