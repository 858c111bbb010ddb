"""`hybrid-lsp route`, `spend` and `review`: where a job would go, what was spent, and how routing has done."""

import argparse
import os
import sys
import uuid
from contextlib import closing
from decimal import Decimal, InvalidOperation
from pathlib import Path

from hybrid_lsp.cli.clock import now_ms
from hybrid_lsp.cli.desk import Desk
from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.errors import Problem, Refused
from hybrid_lsp.core.history import Proposal, Review, monthly_review, thresholds_of
from hybrid_lsp.core.job import Job, Task, Wish
from hybrid_lsp.core.policy import Leave
from hybrid_lsp.core.record import Record
from hybrid_lsp.core.router import Plan
from hybrid_lsp.core.summary import Hold, Summary
from hybrid_lsp.settings import config_path, read_config

WRONG_USE = 2
_DAY_MS = 24 * 3600 * 1000
_MONTH_MS = 31 * _DAY_MS
_MOST_DAYS = 36_500
_MOST_ROWS = 100_000


def run_route(arguments: argparse.Namespace) -> int:
    """Show where a job would go. Sends nothing."""
    from hybrid_lsp.demo.languages import language_of
    from hybrid_lsp.frontends.terminal import route
    from hybrid_lsp.settings.folder import folder_of

    where = os.path.join(Path.cwd(), arguments.span)  # not a Path: it may end in `:10-20`
    folder = folder_of(Path(where))
    try:
        cap_usd = amount_of(arguments.max_cost)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return WRONG_USE

    async def plan(job: Job) -> tuple[Plan, Budget]:
        desk = _desk()
        with closing(desk.ledger()) as ledger:
            return await desk.plan(job, folder, ledger), ledger.budget()

    return route.run(
        where,
        plan,
        task=Task(arguments.task),
        instruction=arguments.prompt,
        wish=Wish(arguments.wish),
        cost_cap_usd=cap_usd,
        job=uuid.uuid4().hex,
        folder=folder,
        language_of=language_of,
        out=sys.stdout,
        errors=sys.stderr,
        as_json=arguments.json,
    )


def run_spend(arguments: argparse.Namespace) -> int:
    """Show this month's money."""
    from hybrid_lsp.frontends.terminal import spend

    desk = _desk()
    problems = list(desk.problems)

    def read() -> Summary:
        with closing(desk.ledger()) as ledger:
            summary = ledger.summary()
            problems.extend(ledger.problems)
            return summary

    def confirm() -> str:
        with closing(desk.ledger()) as ledger:
            ledger.confirm()
        return "Paid calls may be made again; what the lost ledger knew of this month is not counted."

    return spend.run(
        read,
        now_ms=now_ms(),
        out=sys.stdout,
        errors=sys.stderr,
        as_json=arguments.json,
        problems=problems,
        confirm=confirm if arguments.confirm else None,
    )


def run_audit(arguments: argparse.Namespace) -> int:
    """Show what left this machine."""
    from hybrid_lsp.frontends.terminal import audit

    if not 1 <= arguments.days <= _MOST_DAYS:
        print(f"--days takes a whole number from 1 to {_MOST_DAYS}.", file=sys.stderr)
        return WRONG_USE
    desk = _desk()
    problems: list[Problem] = []

    def read() -> tuple[tuple[Record, ...], tuple[Hold, ...]]:
        with closing(desk.ledger()) as ledger:
            records = ledger.attempts(since_ms=now_ms() - arguments.days * _DAY_MS, most=_MOST_ROWS)
            summary = ledger.summary(days=1)
            said = (summary.budget.blocked, *(problem.sentence for problem in ledger.problems))
            problems.extend(Problem(sentence=sentence) for sentence in dict.fromkeys(filter(None, said)))
            return records, summary.holds

    return audit.run(
        read, now_ms=now_ms(), zone=desk.config.asking.zone, days=arguments.days, out=sys.stdout, errors=sys.stderr,
        as_json=arguments.json, problems=problems, own_hosts=desk.config.own_hosts,
    )  # fmt: skip


def run_review(arguments: argparse.Namespace) -> int:
    """Show how the last month's routing has done, and propose one change."""
    from hybrid_lsp.frontends.terminal import review

    desk = _desk()

    def read() -> Review:
        with closing(desk.ledger()) as ledger:
            records = ledger.attempts(since_ms=now_ms() - _MONTH_MS)
        policy, asking = desk.policy(Path.cwd()), desk.config.asking
        return monthly_review(
            records,
            now_ms(),
            thresholds_of(asking.profile, asking.thresholds, asking.local_first),
            may_leave=frozenset(task for task in Task if policy.decide(Leave(task)).allowed),
        )

    def accept(proposal: Proposal) -> str:
        from hybrid_lsp.settings.accept import set_in_config

        set_in_config(config_path(), proposal.setting, proposal.value)
        return f"{config_path().name} now says {proposal.setting} = {proposal.value}."

    return review.run(read, accept, out=sys.stdout, errors=sys.stderr, answers=sys.stdin, as_json=arguments.json)


def _desk() -> Desk:
    return Desk(read_config(config_path(), os.environ))


def amount_of(text: str | None) -> Decimal | None:
    """Return the dollars that a command line names; None for none. Raises `Refused` for what is no amount."""
    if text is None:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise Refused("--max-cost takes an amount in dollars, as 0.05.")
    return amount
