"""`hybrid-lsp models`: what is installed, what would suit this machine, and having a model fetched."""

import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TextIO

from hybrid_lsp.core.errors import HybridError
from hybrid_lsp.core.fim import why_not
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, Paper, bytes_told, paper_for, run_to_end, seconds_told
from hybrid_lsp.frontends.terminal.ports import Examined, Findings, Model, Progress, Suggestion

KEPT = "Stopped. What has come so far is kept; the same command goes on from there."
_RATE_OVER_S = 5.0
_BAR = 24
"""How wide the bar is, where there is room."""
_PLAIN_STEP = 10
"""Per cent, after which a plain line is written where no line can be drawn again."""


def run_list(
    examination: Coroutine[Any, Any, Findings], suggestions: Sequence[Suggestion], *, as_of: str, out: TextIO,
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Show what is installed and what else would suit this machine; return 0, or 1 when no model is installed."""
    paper = paper_for(out, environment)
    return run_to_end(_list(examination, suggestions, as_of, paper), paper)


def run_pull(
    steps: AsyncGenerator[Progress, None], name: str, *, out: TextIO, errors: TextIO,
    environment: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic,
) -> int:  # fmt: skip
    """Have a model fetched, showing how far it is; return 0 when it is there, 1 with a sentence when it failed.

    After Ctrl-C 130: what has come is kept, and the next time goes on from there.
    """
    paper = paper_for(out, environment)
    command = _pull(steps, name, paper, paper_for(errors, environment), clock)
    return run_to_end(command, paper, on_interrupt=KEPT)


async def _list(
    examination: Coroutine[Any, Any, Findings], suggestions: Sequence[Suggestion], as_of: str, paper: Paper
) -> int:
    findings = await examination
    with_models = [server for server in findings.servers if server.models]
    for server in with_models:
        paper.write(server.server, style="strong")
        _table(server, paper)
        paper.write()
    if not with_models:
        paper.write("No model is installed where it can be found; `hybrid-lsp doctor` says more.", style="strong")
        paper.write()
    _suggest(_not_yet(suggestions, with_models), as_of, paper)
    return DONE if with_models else FAILED


def _table(server: Examined, paper: Paper) -> None:
    width = max(len(model.name) for model in server.models)
    for model in server.models:
        size = bytes_told(model.size_bytes) if model.size_bytes else ""
        mark = "✓" if model.is_used else "✗" if model.refusal or model.can_fim is False else "·"
        paper.row(f"  {mark} {model.name:<{width}}  {size:>7}  {', '.join(_marks(model, server))}".rstrip())


def _marks(model: Model, server: Examined) -> list[str]:
    if model.refusal:
        return ["refused: not run on this machine"]
    fills = {True: "fills in the middle", False: "not for filling in", None: "may fill in the middle"}[model.can_fim]
    used = ["in use"] if model.is_used and server.is_in_use else []
    return [fills, *(["loaded"] if model.is_loaded else []), *used]


def _not_yet(suggestions: Sequence[Suggestion], servers: Sequence[Examined]) -> list[Suggestion]:
    names = {model.name for server in servers for model in server.models}
    return [suggestion for suggestion in suggestions if suggestion.name not in names]


def _suggest(suggestions: Sequence[Suggestion], as_of: str, paper: Paper) -> None:
    if not suggestions:
        return
    paper.write(f"Not installed, and suits this machine, best first (as of {as_of}):",
                style="strong")  # fmt: skip
    for one in suggestions:
        paper.write(f"{one.name}, {bytes_told(one.size_bytes)}: {one.reason}", indent=2, mark="·")
    paper.write("Get one with:")
    paper.copy(f"hybrid-lsp models pull {suggestions[0].name}", indent=6)


async def _pull(
    steps: AsyncGenerator[Progress, None], name: str, paper: Paper, errors: Paper, clock: Callable[[], float]
) -> int:
    if reason := why_not(name):
        paper.write(f"{reason} It is fetched as you say; ghost text may not be able to use it.", mark="•")
    bar = _Bar(name, paper, clock)
    try:
        async with aclosing(steps):
            async for step in steps:
                bar.show(step)
    except HybridError as error:
        bar.end()
        errors.write(str(error), mark="✗", style="bad")
        return FAILED
    bar.end()
    paper.write(f"{name} is there; `hybrid-lsp doctor` tries it.", mark="✓", style="good")
    return DONE


class _Bar:
    """One line that shows how far it is, or a plain line now and then where a line cannot be drawn again."""

    def __init__(self, name: str, paper: Paper, clock: Callable[[], float]) -> None:
        self._name = name
        self._paper = paper
        self._clock = clock
        self._status = ""
        self._told = ""
        self._seen: deque[tuple[float, int]] = deque()

    def show(self, step: Progress) -> None:
        if step.status != self._status:
            self._status = step.status
            self._seen.clear()
        self._note(step.completed_bytes)
        if self._paper.redraws:
            self._paper.redraw(self._line(step))
        elif (plain := self._plain(step)) != self._told:
            self._told = plain
            self._paper.write(plain)
            self._paper.out.flush()

    def end(self) -> None:
        if self._paper.redraws and self._status:
            self._paper.write()

    def _note(self, completed: int) -> None:
        now_s = self._clock()
        self._seen.append((now_s, completed))
        while len(self._seen) > 2 and now_s - self._seen[0][0] > _RATE_OVER_S:
            self._seen.popleft()

    def _rate(self) -> float:
        (begun_s, first), (now_s, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now_s - begun_s) if now_s > begun_s else 0.0

    def _line(self, step: Progress) -> str:
        if not step.total_bytes:
            return f"{self._name}  {step.status}"
        share = min(1.0, step.completed_bytes / step.total_bytes)
        told = f"{share:4.0%}  {bytes_told(step.completed_bytes)} of {bytes_told(step.total_bytes)}"
        told += self._pace(step.total_bytes - step.completed_bytes)
        width = max(0, min(_BAR, self._paper.columns - len(self._name) - len(told) - 5))
        return f"{self._name}  {'█' * int(share * width):░<{width}} {told}"

    def _pace(self, left: int) -> str:
        rate = self._rate()
        return f" · {bytes_told(int(rate))}/s · {seconds_told(left / rate)} left" if rate >= 1 and left > 0 else ""

    def _plain(self, step: Progress) -> str:
        if not step.total_bytes:
            return f"{self._name}: {step.status}"
        percent = int(100 * step.completed_bytes / step.total_bytes) // _PLAIN_STEP * _PLAIN_STEP
        return f"{self._name}: {step.status}, {percent} % of {bytes_told(step.total_bytes)}"
