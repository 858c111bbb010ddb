"""`hybrid-lsp audit`: everything that left this machine, from the ledger's own rows."""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TextIO

from hybrid_lsp.core.errors import HybridError, Problem
from hybrid_lsp.core.record import Origin, Record, Status
from hybrid_lsp.core.summary import Hold
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, paper_for, run_to_end, seconds_told
from hybrid_lsp.frontends.terminal.table import Column, amounts, count, number, table

_NOTHING = "Nothing has left this machine in {days} days."
_SHOWN = 100
"""Rows on paper; as JSON there are all."""


def run(
    read: Callable[[], tuple[Sequence[Record], Sequence[Hold]]], *, now_ms: int, zone: tzinfo, days: int, out: TextIO,
    errors: TextIO, as_json: bool, problems: Sequence[Problem] = (), own_hosts: Collection[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show what left, the newest first, and return the exit status.

    Args:
        read: Returns attempts, the newest first, and what is held for calls whose end is not known yet; attempts that
            stayed here are passed over. May raise `HybridError`.
        now_ms: Milliseconds since 1970, UTC.
        zone: Whose time is shown.
        days: How far `read` looks back, for the sentence that says there was nothing.
        out: Where it is written.
        errors: Where a sentence is written when nothing can be said.
        as_json: Whether to write one JSON object and nothing else.
        problems: What keeps the ledger from knowing everything, once it was read.
        own_hosts: Hosts beyond this machine that the settings call the person's own. What is asked there counts as
            local, so it is no row, and that is said.
        environment: Variables of the process.
    """
    paper, wrong = paper_for(out, environment), paper_for(errors, environment)

    async def show() -> int:
        try:
            records, holds = read()
        except HybridError as error:
            wrong.write(str(error), mark="✗", style="bad")
            return FAILED
        left = [record for record in records if _left(record)]
        if as_json:
            told = {
                "left": [_as_json(record, zone) for record in left],
                "under_way": [
                    {"at": _when(hold.since_ms, zone), "job": hold.job, "model": hold.model} for hold in holds
                ],
                "problems": [problem.sentence for problem in problems],
                "own_hosts": sorted(own_hosts),
            }
            paper.out.write(json.dumps(told, ensure_ascii=True) + "\n")
            return DONE
        for problem in problems:
            paper.write(problem.sentence, mark="✗", style="bad")
        _print_holds(holds, paper, now_ms)
        if left or not (holds or problems):
            _print(left, paper, zone, days)
        if own_hosts:
            hosts = ", ".join(sorted(own_hosts))
            paper.write(f"What was asked at {hosts} is not listed: your settings call it your own.", style="dim")
        return DONE

    return run_to_end(show(), paper)


def _print(left: Sequence[Record], paper: Paper, zone: tzinfo, days: int) -> None:
    if not left:
        paper.write(_NOTHING.format(days=days))
        return
    shown = left[:_SHOWN]
    columns = [
        Column(head="when"), Column(head="task"), Column(head="to", gives_way=True), Column(head="bytes", right=True),
        Column(head="taken out", gives_way=True), Column(head="cost", right=True), Column(head="became"),
    ]  # fmt: skip
    costs = amounts([record.cost_usd for record in shown])
    rows = [
        [_when(record.at_ms, zone)[:16].replace("T", " "), record.task.value, record.host or record.model,
         count(record.bytes_out), _taken(record), cost, record.status.value]
        for record, cost in zip(shown, costs, strict=True)
    ]  # fmt: skip
    table(paper, columns, rows)
    if len(left) > _SHOWN:
        paper.write(f"{len(left) - _SHOWN} more; `hybrid-lsp audit --json` has them all.", style="dim")


def _print_holds(holds: Sequence[Hold], paper: Paper, now_ms: int) -> None:
    for hold in holds:
        paper.write(f"{hold.model} has been asked for {seconds_told(max(0, now_ms - hold.since_ms) / 1000)}, or whoever"
                    " asked it was ended; what left is listed once its money is settled.")  # fmt: skip


def _left(record: Record) -> bool:
    """Whether something of it left this machine, or may have: nobody saw the end of a lost one."""
    return bool(record.bytes_out) or (record.origin is Origin.CLOUD and record.status is Status.LOST)


def _when(at_ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).isoformat(timespec="seconds")


def _taken(record: Record) -> str:
    return ", ".join(f"{times} {kind}" for kind, times in record.taken) or ("" if not record.redactions else "secrets")


def _as_json(record: Record, zone: tzinfo) -> dict[str, object]:
    return {
        "at": _when(record.at_ms, zone), "job": record.job, "workspace": record.workspace, "task": record.task.value,
        "model": record.model, "host": record.host, "rule": record.rule, "bytes": record.bytes_out,
        "taken_out": [{"kind": kind, "times": times} for kind, times in record.taken],
        "status": record.status.value, "cost_usd": number(record.cost_usd), "basis": record.basis.value,
    }  # fmt: skip
