"""`hybrid-lsp whitelist show`, `add` and `remove`: what may leave this machine, and letting a person change it."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from hybrid_lsp.core.errors import HybridError, Problem
from hybrid_lsp.core.job import POLICY_KEY, Task
from hybrid_lsp.core.policy import Ask, Leave, Policy, Question, Reach, Use, read_host
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, INTERRUPTED, Paper, paper_for, run_to_end
from hybrid_lsp.frontends.terminal.typed import typed

_LISTS = {"cloud_apis": "model vendors", "domains": "web sites", "mcp_servers": "MCP servers"}
_LABEL_CHARS = max(map(len, _LISTS.values()))


class File(Protocol):
    """One whitelist.json, as it was read."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def policy(self) -> Policy:
        """What it says."""
        ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in it; then it allows nothing."""
        ...

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        ...


class Change(Protocol):
    """A change that was proposed."""

    @property
    def is_empty(self) -> bool:
        """Whether the file says it already."""
        ...

    @property
    def widens(self) -> bool:
        """Whether more is allowed afterwards."""
        ...

    @property
    def diff(self) -> str:
        """The difference, line by line."""
        ...


C = TypeVar("C", bound=Change)


def run_show(
    user: File, folder: File, in_force: Policy, *, out: TextIO, as_json: bool,
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show both files and what is in force; return 0, or 1 when one of them has something wrong in it.

    `as_json` writes one JSON object and nothing else.
    """
    paper = paper_for(out, environment)
    return run_to_end(_show(user, folder, in_force, paper, as_json=as_json), paper)


async def _show(user: File, folder: File, in_force: Policy, paper: Paper, *, as_json: bool) -> int:
    if as_json:
        told = {"user": _file_json(user), "folder": _file_json(folder), "in_force": _policy_json(in_force)}
        paper.out.write(json.dumps(told, ensure_ascii=True) + "\n")
    else:
        _show_file(user, "Your whitelist", "There is none, so nothing may leave.", paper)
        _show_file(folder, "This folder's", "There is none, so yours is in force as it is.", paper)
        _show_policy(in_force, paper)
    return FAILED if user.problems or folder.problems else DONE


def run_change(
    propose: Callable[[], C], make: Callable[[C], Sequence[str]], *, wanted: Question | None,
    in_force: Callable[[], Policy], stdin: TextIO, out: TextIO, errors: TextIO,
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show the difference that `propose` finds, ask when it widens, and `make` it; return 0 when the file says it.

    Widening asks a person: "yes", typed out, on a terminal that is both standard input and standard output; anything
    else changes nothing and returns 1. `make` returns remarks. `wanted` is what an addition should allow: where
    `in_force` still refuses it afterwards, that is said. After Ctrl-C 130.
    """
    paper = paper_for(out, environment)
    try:
        change = propose()
        if change.is_empty:
            paper.write("Nothing to do: the file says that already.", mark="•")
        elif not _may_go_on(change, paper, stdin, errors, environment):
            return FAILED
        else:
            remarks = make(change)
            paper.write("Done.", mark="✓", style="good")
            for remark in remarks:
                paper.write(remark, mark="•")
        _still_refused(wanted, in_force(), paper)
    except HybridError as error:
        paper_for(errors, environment).write(str(error), mark="✗", style="bad")
        return FAILED
    except KeyboardInterrupt:
        paper.write()
        paper.write("Stopped. `hybrid-lsp whitelist show` says what is in force.")
        return INTERRUPTED
    return DONE


def question_of(key: str, value: str) -> Question | None:
    """Return what an entry of a whitelist would allow; None where it is no such entry."""
    if key == "allowed_for_cloud":
        return next((Leave(task) for task, name in POLICY_KEY.items() if name == value), None)
    if key == "mcp_servers":
        return Use(value)
    host = read_host(value)
    if not isinstance(host, str):
        return None
    if key == "cloud_apis":
        return Ask(host)
    return Reach(f"https://{host}/") if key == "domains" else None


def _may_go_on(change: Change, paper: Paper, stdin: TextIO, errors: TextIO, environment: Mapping[str, str]) -> bool:
    for line in change.diff.splitlines():
        paper.row(line)
    if not change.widens:
        return True
    if not (stdin.isatty() and paper.out.isatty()):
        sentence = "This would let more leave this machine, and only a person decides that: run it in a terminal."
        paper_for(errors, environment).write(sentence, mark="✗", style="bad")
        return False
    paper.write()
    paper.write("This lets more leave this machine. Type yes to do it; anything else changes nothing.", style="strong")
    paper.out.write("> ")
    paper.out.flush()
    if typed(stdin).strip() == "yes":
        return True
    paper.write("Nothing was changed.")
    return False


def _still_refused(wanted: Question | None, in_force: Policy, paper: Paper) -> None:
    if wanted is not None and not in_force.decide(wanted).allowed:
        sentence = (
            "In this folder it stays refused: the folder's own whitelist.json does not name it, and only narrows."
        )
        paper.write(sentence, mark="•")


def _show_file(file: File, title: str, none: str, paper: Paper) -> None:
    paper.write(title, style="strong")
    paper.row(f"  {file.path}")
    for problem in file.problems:
        paper.write(problem.sentence, indent=2, mark="✗", style="bad")
    if not file.is_there:
        paper.write(none, indent=2)
    elif not file.problems:
        _show_lists(file.policy, paper)
    paper.write()


def _show_lists(policy: Policy, paper: Paper) -> None:
    for key, label in _LISTS.items():
        names = ", ".join(sorted(getattr(policy, key))) or "none"
        paper.write(names, indent=2, mark=f"{label:<{_LABEL_CHARS}}")
    paper.write(", ".join(sorted(policy.tasks)) or "none", indent=2, mark=f"{'may leave':<{_LABEL_CHARS}}")


def _show_policy(policy: Policy, paper: Paper) -> None:
    paper.write("In force here", style="strong")
    by_key: dict[str, list[str]] = {}
    for task, key in POLICY_KEY.items():
        by_key.setdefault(key, []).append(task.value)
    for key, tasks in by_key.items():
        allowed = any(policy.decide(Leave(Task(task))).allowed for task in tasks)
        ends = "may go to a cloud model" if allowed else "stays on this machine"
        ends = "never leaves this machine" if key == POLICY_KEY[Task.INLINE] else ends
        paper.write(f"{key} ({', '.join(tasks)}) {ends}", indent=2, mark="✓" if allowed else "✗")
    for key, label in _LISTS.items():
        paper.write(f"{label}: {', '.join(sorted(getattr(policy, key))) or 'none'}", indent=2, mark="·")
    files = "secrets, what git or a .hybridignore ignores"
    settings = f", {', '.join(policy.excluded)}" if policy.excluded else ""
    paper.write(f"files that never leave: {files}{settings}", indent=2, mark="·")


def _file_json(file: File) -> dict[str, object]:
    problems = [problem.sentence for problem in file.problems]
    told = {"path": str(file.path), "is_there": file.is_there, "problems": problems}
    return {**told, "policy": _policy_json(file.policy)}


def _policy_json(policy: Policy) -> dict[str, object]:
    lists = {key: sorted(getattr(policy, key)) for key in _LISTS}
    return {
        **lists,
        "may_leave": sorted(policy.tasks),
        "excluded": list(policy.excluded),
        "fingerprint": policy.fingerprint,
    }
