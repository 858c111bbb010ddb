"""`hybrid-lsp doctor`: shows what an examination found, one block a server."""

import json
import os
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TextIO

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, bytes_told, paper_for, run_to_end, seconds_told
from hybrid_lsp.frontends.terminal.ports import Examined, Findings, Model, Said, Tried

_WRONG = "wrong"
_LISTED = 8
"""Of more models the rest is counted; `hybrid-lsp models list` has them all."""


def run(
    examination: Coroutine[Any, Any, Findings], *, out: TextIO, as_json: bool, problems: Sequence[Problem] = (),
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Examine, show what was found and return the exit status: 0 when ghost text comes from a model, else 1.

    `problems` are those of config.toml. `as_json` writes one JSON object and nothing else. 130 after Ctrl-C.
    """
    paper = paper_for(out, environment)
    return run_to_end(_run(examination, paper, as_json=as_json, problems=problems), paper)


async def _run(
    examination: Coroutine[Any, Any, Findings], paper: Paper, *, as_json: bool, problems: Sequence[Problem]
) -> int:
    if paper.redraws and not as_json:
        paper.redraw("Looking at the models of this machine; this takes half a minute at most.")
    findings = await examination
    if paper.redraws and not as_json:
        paper.redraw("")
        paper.out.write("\r")
    if as_json:
        told = {**findings.as_json(), "config_problems": [problem.sentence for problem in problems]}
        paper.out.write(json.dumps(told, ensure_ascii=True) + "\n")
    else:
        print_report(findings, paper, problems)
    return DONE if findings.is_ready else FAILED


def print_report(findings: Findings, paper: Paper, problems: Sequence[Problem] = ()) -> None:
    """Write the report: what ghost text comes from, then one block a server, then what concerns the whole machine."""
    _verdict(findings, paper)
    for server in findings.servers:
        paper.write()
        _server(server, paper)
    if findings.remarks or problems:
        paper.write()
    for problem in problems:
        paper.write(problem.sentence, mark="✗")
    for remark in findings.remarks:
        _remark(remark, paper, indent=0)


def _verdict(findings: Findings, paper: Paper) -> None:
    used = next((server for server in findings.servers if server.is_in_use), None)
    if used is None:
        paper.write("No model writes ghost text now; it comes from your own files.", style="strong")
    else:
        paper.write(f"Ghost text comes from {used.used_model} ({used.server}).", style="strong")


def _server(server: Examined, paper: Paper) -> None:
    fine = bool(server.used_model) and not any(remark.grade == _WRONG for remark in server.remarks)
    version = f", version {server.version}" if server.version else ""
    in_use = " · in use" if server.is_in_use else ""
    paper.write(f"{server.server}{version}{in_use}", mark="✓" if fine else "✗", style="good" if fine else "bad")
    if server.used_model:
        paper.write(f"model: {server.used_model}, because {server.why}", indent=2)
        paper.write(f"fills in the middle {server.fim}; window {server.window_tokens} tokens", indent=2)
    if server.trial is not None:
        paper.write(trial_told(server.trial), indent=2)
    others = [model for model in server.models if not model.is_used]
    if others:
        more = f", and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
        label = "also there" if server.used_model else "models"
        paper.write(f"{label}: {', '.join(model_told(model) for model in others[:_LISTED])}{more}", indent=2)
    for remark in server.remarks:
        _remark(remark, paper, indent=2)


def trial_told(trial: Tried) -> str:
    """Return how a trial went, in one line."""
    if trial.first_text_s is None:
        return f"trial: no text, after {seconds_told(trial.total_s)}"
    speed = f", {trial.tokens_per_s:.0f} tokens a second" if trial.tokens_per_s is not None else ""
    count = f" ({trial.output_tokens} tokens{speed})" if trial.output_tokens is not None else ""
    loading = f"; ready after {seconds_told(trial.loading_s)}" if trial.loading_s >= 1 else ""
    first, total = seconds_told(trial.first_text_s), seconds_told(trial.total_s)
    return f"trial: first text after {first}, all after {total}{count}{loading}"


def model_told(model: Model) -> str:
    """Return a model's name, with what there is to know of it in brackets."""
    marks = [bytes_told(model.size_bytes)] if model.size_bytes else []
    if model.refusal:
        marks.append("refused: not run on this machine")
    elif model.can_fim is False:
        marks.append("not for filling in")
    if model.is_loaded:
        marks.append("loaded")
    return f"{model.name} ({', '.join(marks)})" if marks else model.name


def _remark(remark: Said, paper: Paper, *, indent: int) -> None:
    wrong = remark.grade == _WRONG
    paper.write(remark.sentence, indent=indent, mark="✗" if wrong else "•", style="" if wrong else "dim")
    if remark.command and f"`{remark.command}`" not in remark.sentence:
        paper.copy(remark.command, indent=indent + 6)
