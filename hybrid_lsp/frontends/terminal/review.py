"""`hybrid-lsp review`: the monthly look at routing, with one change at most to accept or to leave."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TextIO

from hybrid_lsp.core.errors import HybridError
from hybrid_lsp.core.history import (
    ASSUMPTION,
    DAYS,
    ENOUGH,
    BandRow,
    Change,
    CheckRecord,
    ModelRow,
    Proposal,
    Review,
    Share,
)
from hybrid_lsp.core.money import told
from hybrid_lsp.core.record import Origin
from hybrid_lsp.frontends.terminal.paper import (
    DONE,
    FAILED,
    INTERRUPTED,
    Paper,
    paper_for,
    run_to_end,
    seconds_told,
)
from hybrid_lsp.frontends.terminal.table import Column, amounts, count, number, table

_LEGEND = (
    "Local answers that passed their check, were accepted, and were still there later; from"
    f" {ENOUGH} on with the bounds that hold the true share with 95 %, below that there is not enough data."
    " on: jobs that went on to a cloud model after a failed check."
)
_QUESTION = "Accept? [yes/no] "
_LEFT = "Left as it is."
_TRIES = 3
_HEADS = ("jobs", "local", "cloud", "passed", "accepted", "still there", "on", "cost")
_YES, _NO = ("yes", "y"), ("no", "n", "")


def run(
    read: Callable[[], Review], accept: Callable[[Proposal], str], *, out: TextIO, errors: TextIO, answers: TextIO,
    as_json: bool, environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show the last month's routing, ask whether to take the proposed change, and return the exit status.

    Args:
        read: Returns the review. May raise `HybridError`: then its sentence is all there is.
        accept: Takes a proposal over into the settings and returns a sentence that says where. May raise `HybridError`.
            Only called after a person has typed yes on a terminal.
        out: Where the review is written.
        errors: Where a sentence is written when there is none.
        answers: Where the person answers; asked only where this and `out` are a terminal.
        as_json: Whether to write one JSON object and nothing else; then nobody is asked.
        environment: Variables of the process.

    Returns 0, also where the change was left; 1 when nothing can be said or the change could not be made; 130 after
    Ctrl-C, with nothing changed.
    """
    paper, wrong = paper_for(out, environment), paper_for(errors, environment)
    try:
        review = read()
    except HybridError as error:
        wrong.write(str(error), mark="✗", style="bad")
        return FAILED
    asks = review.proposal is not None and not as_json and out.isatty() and answers.isatty()
    status = run_to_end(_show(review, paper, as_json=as_json, asks=asks), paper)
    if not asks or review.proposal is None or status != DONE:
        return status
    return _ask(review.proposal, accept, paper, wrong, answers)


async def _show(review: Review, paper: Paper, *, as_json: bool, asks: bool) -> int:
    if as_json:
        paper.out.write(json.dumps(told_as_json(review), ensure_ascii=True) + "\n")
        return DONE
    print_review(review, paper)
    if review.proposal is not None and not asks:
        _how(review.proposal, paper)
    return DONE


def _ask(
    proposal: Proposal, accept: Callable[[Proposal], str], paper: Paper, wrong: Paper, answers: TextIO
) -> int:  # fmt: skip
    # Not inside `run_to_end`: there the first Ctrl-C would not get through to a wait for a line.
    try:
        if not _agreed(paper, answers):
            paper.write(_LEFT)
            return DONE
        paper.write(accept(proposal), mark="✓", style="good")
    except HybridError as error:
        wrong.write(str(error), mark="✗", style="bad")
        return FAILED
    except KeyboardInterrupt:
        paper.write()
        paper.write(_LEFT)
        return INTERRUPTED
    return DONE


def _agreed(paper: Paper, answers: TextIO) -> bool:
    """Ask for yes or no, three times at most; whatever else is said, or nothing more, is no."""
    for _ in range(_TRIES):
        paper.out.write(_QUESTION)
        paper.out.flush()
        line = answers.readline()
        said = line.strip().lower()
        if said in _YES:
            return True
        if not line:
            paper.write()
        if said in _NO:
            return False
        paper.write("Write yes or no.")
    return False


def print_review(review: Review, paper: Paper) -> None:
    """Write a review: tasks by score, models, what other thresholds would have meant, and the one proposal."""
    jobs = "1 job" if review.jobs == 1 else f"{review.jobs} jobs"
    paper.write(f"Routing in the last {DAYS} days: {jobs}, {told(review.cost_usd)}", style="strong")
    if not review.jobs:
        paper.write()
        paper.write("Nothing was asked for; ghost text is free and is not reviewed here.")
        return
    _bands(review, paper)
    paper.write(_LEGEND, style="dim")
    _models(review, paper)
    _checks(review, paper)
    _changes(review, paper)
    paper.write()
    if review.proposal is None:
        paper.write(f"Nothing is proposed. {review.why_none}")
        return
    paper.write("Proposed", style="strong")
    paper.write(review.proposal.sentence, indent=2)


def _bands(review: Review, paper: Paper) -> None:
    columns = [
        Column(head="task"), Column(head="score"),
        *(Column(head=head, right=True) for head in _HEADS),
    ]  # fmt: skip
    costs = amounts([row.cost_usd for row in review.bands])
    rows = [_band(row, cost) for row, cost in zip(review.bands, costs, strict=True)]
    paper.write()
    table(paper, columns, rows)


def _band(row: BandRow, cost: str) -> list[str]:
    local = row.attempts.get(Origin.LOCAL, 0)
    return [
        row.task.value, row.band, count(row.jobs), count(local), count(row.attempts.get(Origin.CLOUD, 0)),
        _of(row.passed), _of(row.accepted), _with_bounds(row.survived), count(row.moved_on), cost,
    ]  # fmt: skip


def _of(share: Share) -> str:
    return f"{share.good}/{share.of}" if share.of else ""


def _with_bounds(share: Share) -> str:
    bounds = share.interval
    if bounds is None:
        return _of(share)
    return f"{_of(share)} {bounds[0] * 100:.0f}-{bounds[1] * 100:.0f}"


def _models(review: Review, paper: Paper) -> None:
    columns = [
        Column(head="model", gives_way=True), Column(head="from"),
        *(Column(head=head, right=True) for head in ("calls", "accepted", "still there", "mean time", "cost")),
    ]  # fmt: skip
    costs = amounts([row.cost_usd for row in review.models], zero="free")
    rows = [_model(row, cost) for row, cost in zip(review.models, costs, strict=True)]
    paper.write()
    table(paper, columns, rows)


def _model(row: ModelRow, cost: str) -> list[str]:
    mean = seconds_told(row.mean_latency_ms / 1000) if row.mean_latency_ms is not None else ""
    return [
        row.model, row.origin.value, count(row.attempts), _of(row.accepted), _with_bounds(row.survived), mean, cost
    ]  # fmt: skip


def _checks(review: Review, paper: Paper) -> None:
    told = [one for one in review.checks if one.refused]
    if not told:
        return
    columns = [
        Column(head="check"), *(Column(head=head, right=True) for head in ("ran", "refused", "refused and kept")),
        Column(head="now", gives_way=True),
    ]  # fmt: skip
    rows = [[one.name, count(one.ran), count(one.refused), count(one.good_refused), _now(one)] for one in told]
    paper.write()
    table(paper, columns, rows)


def _now(check: CheckRecord) -> str:
    return "advice: it refused good answers too often" if check.is_advice else "obeyed"


def _changes(review: Review, paper: Paper) -> None:
    known = [change for change in review.changes if change.n >= ENOUGH]
    if not known:
        return
    columns = [Column(head="another setting", gives_way=True), Column(head="value", right=True),
               Column(head="local good", right=True), Column(head="would have saved", right=True)]  # fmt: skip
    saved = amounts([change.saves_usd for change in known], zero="nothing")
    rows = [
        [change.setting, _value(change.value), f"{change.good}/{change.n}, likely {change.estimate.bounds}", usd]
        for change, usd in zip(known, saved, strict=True)
    ]
    paper.write()
    table(paper, columns, rows)
    paper.write(ASSUMPTION, style="dim")


def _how(proposal: Proposal, paper: Paper) -> None:
    section, _, key = proposal.setting.rpartition(".")
    paper.write("Accept it with `hybrid-lsp review` in a terminal, or write into config.toml:", indent=2)
    paper.copy(f"[{section}]", indent=6)
    paper.copy(f"{key} = {_value(proposal.value)}", indent=6)


def _value(value: float | bool) -> str:
    """Return a value as TOML has it."""
    return str(value).lower() if isinstance(value, bool) else str(float(value))


def told_as_json(review: Review) -> dict[str, object]:
    """Return a review for a program; amounts are US dollars, intervals hold the true share with 95 %."""
    proposal = review.proposal
    return {
        "since_ms": review.since_ms,
        "until_ms": review.until_ms,
        "jobs": review.jobs,
        "cost_usd": number(review.cost_usd),
        "bands": [
            {"task": row.task.value, "score": row.band, "jobs": row.jobs,
             "attempts": {origin.value: attempts for origin, attempts in row.attempts.items()},
             "moved_on": row.moved_on, "cost_usd": number(row.cost_usd), **_shares(row)}
            for row in review.bands
        ],
        "models": [
            {"origin": row.origin.value, "model": row.model, "attempts": row.attempts,
             "cost_usd": number(row.cost_usd), "mean_latency_ms": row.mean_latency_ms, **_shares(row)}
            for row in review.models
        ],
        "checks": [
            {"name": one.name, "ran": one.ran, "refused": one.refused, "good_refused": one.good_refused,
             "good_passed": one.good_passed, "is_advice": one.is_advice}
            for one in review.checks
        ],
        "changes": [_change_as_json(change) for change in review.changes],
        "assumption": ASSUMPTION,
        "proposal": {**asdict(proposal), "saves_usd": number(proposal.saves_usd)} if proposal is not None else None,
        "why_none": review.why_none,
    }  # fmt: skip


def _shares(row: BandRow | ModelRow) -> dict[str, object]:
    shares = {"passed": row.passed, "accepted": row.accepted, "survived": row.survived}
    return {name: {"good": share.good, "of": share.of, "interval": share.interval} for name, share in shares.items()}


def _change_as_json(change: Change) -> dict[str, object]:
    return {
        "setting": change.setting, "now": change.now, "value": change.value, "good": change.good, "n": change.n,
        "interval": [change.estimate.low, change.estimate.high], "saves_usd": number(change.saves_usd),
        "mends": change.mends, "keeps": change.keeps, "silent": change.silent, "is_clear": change.is_clear,
    }  # fmt: skip
