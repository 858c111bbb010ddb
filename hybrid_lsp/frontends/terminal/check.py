"""`hybrid-lsp whitelist check`: whether something is allowed, and by which rule."""

import json
import os
from collections.abc import Callable, Mapping
from typing import TextIO

from hybrid_lsp.core.job import POLICY_KEY, Task
from hybrid_lsp.core.policy import Ask, Decision, Leave, Policy, Question, Reach, Send, Use
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, paper_for, run_to_end

_UNKNOWN = (
    "That is no kind of task, host, address or file in this folder; put task:, host:, url:, path: or mcp: in front of"
    " it to say what it is."
)


def run_check(
    thing: str, in_force: Policy, *, send: Callable[[str], Send], is_file: Callable[[str], bool], out: TextIO,
    as_json: bool, environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Say whether a task, host, address, file or `mcp:NAME` is allowed and by which rule; return 0 if it is, else 1.

    `send` makes the question about a file in the folder, `is_file` says whether there is one. What could be read in two
    ways is told as what it was taken for; `task:`, `host:`, `url:`, `path:` and `mcp:` in front decide it.
    """
    paper = paper_for(out, environment)
    return run_to_end(_check(_questions(thing, send, is_file), in_force, paper, as_json=as_json), paper)


async def _check(questions: list[tuple[str, Question]], in_force: Policy, paper: Paper, *, as_json: bool) -> int:
    answers = [(what, question, in_force.decide(question)) for what, question in questions]
    allowed = any(decision.allowed for _, _, decision in answers)
    if as_json:
        told = [_decision_json(what, question, decision) for what, question, decision in answers]
        answer = {"allowed": allowed, "policy": in_force.fingerprint, "answers": told}
        paper.out.write(json.dumps(answer, ensure_ascii=True) + "\n")
    elif not answers:
        paper.write(_UNKNOWN, mark="✗", style="bad")
    for what, question, decision in answers if not as_json else ():
        _show_decision(what, question, decision, paper)
    return DONE if allowed else FAILED


def _questions(thing: str, send: Callable[[str], Send], is_file: Callable[[str], bool]) -> list[tuple[str, Question]]:
    """Return what is asked, and what `thing` was taken for."""
    makers: dict[str, Callable[[str], list[tuple[str, Question]]]] = {
        "task": lambda text: [("task", Leave(_tasks()[text]))] if text in _tasks() else [],
        "host": lambda text: [("model vendor", Ask(text)), ("web site", Reach(f"https://{text}/"))],
        "url": lambda text: [("address", Reach(text))],
        "path": lambda text: [("file", send(text))],
        "mcp": lambda text: [("MCP server", Use(text))],
    }
    kind, colon, rest = thing.partition(":")
    if colon and kind in makers:
        return makers[kind](rest)
    if thing in _tasks():
        return makers["task"](thing)
    if "://" in thing:
        return makers["url"](thing)
    if set(thing) & set("/\\") or thing.startswith(".") or is_file(thing):
        return makers["path"](thing)
    return makers["host"](thing) if set(thing) & set(".:") else []


def _tasks() -> dict[str, Task]:
    """Return every name that a task goes by: its own, and its key in whitelist.json."""
    by_key = {key: task for task, key in reversed(POLICY_KEY.items())}
    return by_key | {task.value: task for task in Task}


def _show_decision(what: str, question: Question, decision: Decision, paper: Paper) -> None:
    verdict = "allowed" if decision.allowed else "refused"
    style = "good" if decision.allowed else "bad"
    paper.write(f"{verdict} as {what}, by {decision.rule}", mark="✓" if decision.allowed else "✗", style=style)
    paper.write(decision.sentence, indent=2)
    if isinstance(question, Send) and question.ignored_by:
        paper.write(f"The rule stands in {question.ignored_by}.", indent=2)


def _decision_json(what: str, question: Question, decision: Decision) -> dict[str, object]:
    told = {"as": what, "allowed": decision.allowed, "rule": decision.rule, "sentence": decision.sentence}
    return told | ({"ignored_by": question.ignored_by} if isinstance(question, Send) else {})
