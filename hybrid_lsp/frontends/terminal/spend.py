"""`hybrid-lsp spend`: the month's money, where it went, what is held, and what it would have cost elsewhere."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import TextIO

from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.errors import HybridError, Problem
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.money import ZERO, told, told_left
from hybrid_lsp.core.record import Origin
from hybrid_lsp.core.summary import DayTotal, Savings, Summary
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, paper_for, run_to_end, seconds_told
from hybrid_lsp.frontends.terminal.table import Column, amounts, count, number, table

_BAR = 40
_DAY_BAR = 24
_OUTSIDE = 40
"""What stands beside the bars of the days."""


def run(
    read: Callable[[], Summary], *, now_ms: int, out: TextIO, errors: TextIO, as_json: bool,
    problems: Sequence[Problem] = (), confirm: Callable[[], str] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show what the ledger says of the month and return the exit status.

    Args:
        read: Returns the summary. May raise `HybridError`: then its sentence is all there is.
        now_ms: Milliseconds since 1970, UTC.
        out: Where the summary is written.
        errors: Where a sentence is written when there is none.
        as_json: Whether to write one JSON object and nothing else.
        problems: What is wrong with the settings that govern money, or with the ledger.
        confirm: For `--confirm`: lets paid calls be made again after a ledger was set aside, and returns a sentence
            that says what was done; called before `read`. May raise `HybridError`.
        environment: Variables of the process.

    Returns 0, 1 when paid calls are blocked or nothing can be said, and 130 after Ctrl-C.
    """
    paper = paper_for(out, environment)
    return run_to_end(_run(read, confirm, now_ms, paper, paper_for(errors, environment), as_json, problems), paper)


async def _run(
    read: Callable[[], Summary], confirm: Callable[[], str] | None, now_ms: int, paper: Paper, wrong: Paper,
    as_json: bool, problems: Sequence[Problem],
) -> int:  # fmt: skip
    try:
        confirmed = confirm() if confirm is not None else ""
        summary = read()
    except HybridError as error:
        wrong.write(str(error), mark="✗", style="bad")
        return FAILED
    if as_json:
        paper.out.write(json.dumps(told_as_json(summary, problems, confirmed), ensure_ascii=True) + "\n")
    else:
        if confirmed:
            paper.write(confirmed, mark="✓", style="good")
            paper.write()
        print_summary(summary, now_ms, paper, problems)
    return FAILED if summary.budget.blocked else DONE


def print_summary(summary: Summary, now_ms: int, paper: Paper, problems: Sequence[Problem] = ()) -> None:
    """Write a summary: the budget, what is wrong, the days, tasks and models, open holds, and what was saved."""
    _budget(summary, paper)
    for sentence in (*filter(None, [summary.budget.blocked]), *(problem.sentence for problem in problems)):
        paper.write(sentence, mark="✗", style="bad")
    if not summary.budget.is_known:
        return
    if not (summary.days or summary.groups or summary.holds):
        paper.write()
        paper.write("Nothing was asked for yet, and no ghost text was shown.")
        return
    _days(summary, paper)
    _groups(summary, paper)
    _holds(summary, now_ms, paper)
    paper.write()
    _savings(summary.savings, paper)
    if summary.cache_hits:
        answers = "answer" if summary.cache_hits == 1 else "answers"
        paper.write(f"{summary.cache_hits} {answers} came from the cache, for nothing.")
    if summary.assumed_usd:
        paper.write(f"{told(summary.assumed_usd)} of the month's cost is assumed, not reported: calls that were"
                    " cancelled, cut off or lost, charged at the most that they can have cost.")  # fmt: skip


def _budget(summary: Summary, paper: Paper) -> None:
    budget = summary.budget
    if not budget.is_known:
        paper.write(f"{budget.month}: what was spent is not known; paid calls are blocked", style="bad")
        return
    style = "bad" if budget.blocked or budget.left_usd == 0 else "strong"
    blocked = "; paid calls are blocked" if budget.blocked else ""
    left = f"{told_left(budget.left_usd)} of {told(budget.limit_usd)} left"
    paper.write(f"{budget.month}: {left}{blocked}", style=style)
    settled = _blocks(budget.settled_usd, budget.limit_usd)
    held = min(_BAR - settled, _blocks(budget.held_usd, budget.limit_usd))
    bar = "█" * settled + "▒" * held + "░" * (_BAR - settled - held)
    if budget.limit_usd > 0:
        paper.row(f"{_spelled_bar(bar, paper)}  {budget.used_percent} %")
    held_told = f", {told(budget.held_usd)} held for calls under way" if budget.held_usd else ""
    paper.write(f"{told(budget.settled_usd)} spent{held_told}")


def _blocks(usd: Decimal, limit: Decimal) -> int:
    """As many blocks as it fills, and one for anything at all."""
    if limit <= 0 or usd <= 0:
        return 0
    return min(_BAR, max(1, int(usd * _BAR / limit)))


def _spelled_bar(bar: str, paper: Paper) -> str:
    return bar.replace("▒", "+") if paper.spelled("█") != "█" else bar


def _days(summary: Summary, paper: Paper) -> None:
    if not summary.days:
        return
    newest_first = sorted(summary.days, key=_day, reverse=True)
    by_day = [(day, list(totals)) for day, totals in groupby(newest_first, key=_day)]
    costs = [sum((total.cost_usd for total in totals), ZERO) for _, totals in by_day]
    most, room = max(costs), max(0, min(_DAY_BAR, paper.columns - _OUTSIDE - 8))
    columns = [Column(head="day"), *(Column(head=head, right=True) for head in ("local", "cloud", "cache", "cost")),
               Column(head="")]  # fmt: skip
    rows = []
    for (day, totals), cost, amount in zip(by_day, costs, amounts(costs), strict=True):
        bar = "█" * max(1, int(cost * room / most)) if cost > 0 and room else ""
        rows.append([day, *(_answers(totals, *origins) for origins in _ORIGINS), amount, bar])
    paper.write()
    table(paper, columns, rows)
    if ghost := sum(group.attempts for group in summary.groups if group.task is Task.INLINE):
        # By day the two cannot be told apart.
        attempts = sum(group.attempts for group in summary.groups)
        paper.write(f"Ghost text is among them: {count(ghost)} of this month's {count(attempts)}.", style="dim")


_ORIGINS = ((Origin.LOCAL, Origin.EMBEDDED), (Origin.CLOUD,), (Origin.CACHE,))


def _day(total: DayTotal) -> str:
    return total.day


def _answers(totals: Sequence[DayTotal], *origins: Origin) -> str:
    return count(sum(total.attempts for total in totals if total.origin in origins))


def _groups(summary: Summary, paper: Paper) -> None:
    if not summary.groups:
        return
    columns = [
        Column(head="task"), Column(head="model", gives_way=True), Column(head="from"),
        *(Column(head=head, right=True) for head in ("calls", "read", "cached", "written", "cost")),
    ]  # fmt: skip
    costs = amounts([group.cost_usd for group in summary.groups], zero="free")
    rows = [
        [group.task.value, group.model, group.origin.value, count(group.attempts), count(group.input_tokens),
         count(group.cached_tokens), count(group.output_tokens), cost]
        for group, cost in zip(summary.groups, costs, strict=True)
    ]  # fmt: skip
    paper.write()
    table(paper, columns, rows)


def _holds(summary: Summary, now_ms: int, paper: Paper) -> None:
    if not summary.holds:
        return
    columns = [Column(head="held", right=True), Column(head="for", gives_way=True), Column(head="since", right=True),
               Column(head="at most for", right=True)]  # fmt: skip
    rows = [
        [amount, hold.model, seconds_told(max(0, now_ms - hold.since_ms) / 1000), _until(hold.until_ms - now_ms)]
        for hold, amount in zip(summary.holds, amounts([hold.held_usd for hold in summary.holds]), strict=True)
    ]
    paper.write()
    table(paper, columns, rows)


def _until(left_ms: int) -> str:
    return seconds_told(left_ms / 1000) if left_ms > 0 else "over: charged in full"


def _savings(savings: Savings, paper: Paper) -> None:
    if not savings.baseline or not savings.compared:
        paper.write("What was saved cannot be said: no answer of this month could be priced at another model.")
        return
    others = f"; {savings.uncompared} could not be priced and count for nothing" if savings.uncompared else ""
    answers = "answer" if savings.compared == 1 else "answers"
    kind = "saved" if savings.saved_usd >= 0 else "more was spent"
    there = f"would have cost {told(savings.baseline_usd)} at {savings.baseline}"
    spent = f"{savings.compared} {answers} cost {told(savings.spent_usd)}"
    paper.write(f"{told(abs(savings.saved_usd))} {kind}: {spent}, and {there}{others}.")


def told_as_json(summary: Summary, problems: Sequence[Problem] = (), confirmed: str = "") -> dict[str, object]:
    """Return a summary for a program; amounts are US dollars, what cannot be said is null."""
    known = summary.budget.is_known
    return {
        **_budget_as_json(summary.budget),
        "assumed_usd": number(summary.assumed_usd) if known else None,
        "cache_hits": summary.cache_hits if known else None,
        "savings": _savings_as_json(summary.savings),
        "days": [
            {"day": day.day, "origin": day.origin.value, "attempts": day.attempts, "cost_usd": number(day.cost_usd),
             "mean_latency_ms": day.mean_latency_ms}
            for day in summary.days
        ],
        "groups": [
            {"task": group.task.value, "origin": group.origin.value, "model": group.model, "attempts": group.attempts,
             "input_tokens": group.input_tokens, "output_tokens": group.output_tokens,
             "cached_tokens": group.cached_tokens, "cost_usd": number(group.cost_usd),
             "assumed_usd": number(group.assumed_usd), "accepted": group.accepted, "rejected": group.rejected}
            for group in summary.groups
        ],
        "holds": [
            {"job": hold.job, "model": hold.model, "held_usd": number(hold.held_usd), "since_ms": hold.since_ms,
             "until_ms": hold.until_ms}
            for hold in summary.holds
        ],
        "problems": [problem.sentence for problem in problems],
        "confirmed": confirmed,
    }  # fmt: skip


def _budget_as_json(budget: Budget) -> dict[str, object]:
    return {
        "month": budget.month,
        "limit_usd": number(budget.limit_usd),
        "settled_usd": number(budget.settled_usd) if budget.is_known else None,
        "held_usd": number(budget.held_usd) if budget.is_known else None,
        "left_usd": number(budget.left_usd) if budget.is_known else None,
        "used_percent": budget.used_percent if budget.is_known else None,
        "blocked": budget.blocked,
    }


def _savings_as_json(savings: Savings) -> dict[str, object]:
    known = bool(savings.baseline and savings.compared)
    return {
        "baseline": savings.baseline,
        "baseline_usd": number(savings.baseline_usd) if known else None,
        "spent_usd": number(savings.spent_usd) if known else None,
        "saved_usd": number(savings.saved_usd) if known else None,
        "compared": savings.compared,
        "uncompared": savings.uncompared,
    }
