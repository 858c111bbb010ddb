"""The ledger's sums, made into what the editor shows: a few lines of Markdown, and the dashboard's page."""

from collections.abc import Sequence
from datetime import datetime

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.money import told, told_left
from hybrid_lsp.core.summary import Summary
from hybrid_lsp.ledger import Ledger


def dashboard_page(ledger: Ledger, now: datetime, problems: Sequence[Problem]) -> str:
    """Return the month and the last thirty days as one page of HTML. Reads the ledger."""
    from hybrid_lsp.frontends.dashboard import page

    return page(ledger.summary(), now=now.isoformat(), problems=problems)


def spent_markdown(summary: Summary) -> str:
    """Return this month's money as Markdown."""
    budget = summary.budget
    if not budget.is_known:
        return f"## {budget.month}: what was spent is not known\n\n{budget.blocked}\n"
    lines = [
        f"## {budget.month}: {told_left(budget.left_usd)} of {told(budget.limit_usd)} left",
        "",
        f"{told(budget.settled_usd)} spent, {told(budget.held_usd)} held.",
    ]
    if summary.assumed_usd:
        assumed = told(summary.assumed_usd)
        lines.append(f"\n{assumed} of it is assumed, not reported: calls that were cancelled, cut off or lost.")
    if budget.blocked:
        lines.append(f"\n{budget.blocked}")
    if summary.groups:
        lines += ["", "| task | model | from | calls | cost |", "|---|---|---|---:|---:|"]
        lines += [
            f"| {group.task} | {group.model} | {group.origin} | {group.attempts} | {told(group.cost_usd)} |"
            for group in summary.groups
        ]
    savings = summary.savings
    if savings.compared:
        kind = "saved" if savings.saved_usd >= 0 else "more was spent"
        answers = f"{savings.compared} {'answer' if savings.compared == 1 else 'answers'}"
        lines.append(
            f"\n{told(abs(savings.saved_usd))} {kind}, beside the same tokens at {savings.baseline} ({answers})."
        )
    return "\n".join(lines) + "\n"
