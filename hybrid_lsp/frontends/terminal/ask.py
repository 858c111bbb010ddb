"""`hybrid-lsp ask FILE[:FROM[-TO]]`: a question from a terminal, watched, paid for by a yes, and its answer.

Rules:
1. Where it goes and what it costs at most stands there first, and more than that is never asked for. A first step that
   costs money needs a yes; where nobody can give one, nothing that may cost money is asked without `--yes`.
2. The answer is all there is on standard output, so that a diff can be piped into `git apply`.
3. Ctrl-C closes what is under way, waits until it is settled, and says what it cost.
4. A file is only replaced where it is still as it was read; else the change is shown, and nothing is lost.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from hybrid_lsp.assistant import Failure, Outcome, Whole
from hybrid_lsp.assistant.events import Event
from hybrid_lsp.core.chat import EDITING
from hybrid_lsp.core.errors import HybridError, Refused
from hybrid_lsp.core.job import Job, Task, Wish
from hybrid_lsp.core.money import ZERO, told_at_most
from hybrid_lsp.core.money import told as dollars
from hybrid_lsp.core.reply import Reply
from hybrid_lsp.core.router import Plan
from hybrid_lsp.frontends.terminal.asked import Telling
from hybrid_lsp.frontends.terminal.original import Original, Replace, read_original
from hybrid_lsp.frontends.terminal.paper import DONE, FAILED, INTERRUPTED, paper_for
from hybrid_lsp.frontends.terminal.span import parse_span, read_span
from hybrid_lsp.frontends.terminal.table import number
from hybrid_lsp.frontends.terminal.typed import typed

T = TypeVar("T")

WRONG_USE = 2
_QUESTION = "Ask? [yes/no] "
_TRIES = 3
_YES, _NO = ("yes", "y"), ("no", "n", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for, as it was said on the command line."""

    where: str
    """The span, as `src/a.py:10-20`."""
    task: Task
    instruction: str = ""
    wish: Wish = Wish.ANY
    cost_cap_usd: Decimal | None = None
    fresh: bool = False
    """Whether an answer that was given before does not count."""
    yes: bool = False
    """Whether a step that costs money may be asked without a question."""
    diff: bool = False
    apply: bool = False
    as_json: bool = False


class Answering(Protocol):
    """Who answers; see `frontends.lsp.asking.Asking`."""

    def plan(self, job: Job) -> Plan:
        """Return what would be tried for a job."""
        ...

    async def run(
        self, job: Job, whole: Whole, *, tell: Callable[[Event], None] | None = None, fresh: bool = False
    ) -> Outcome:
        """Ask."""
        ...

    def marked(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """Remember what became of an answer."""
        ...

    async def close(self) -> None:
        """End what is under way, and settle it."""
        ...


Open = Callable[[Callable[[str], None]], Awaitable[Answering]]
"""Returns who answers, ready to be asked; what a person should know besides is told to the function."""


def run(
    wanted: Wanted, open_answering: Open, *, job: str, folder: Path, language_of: Callable[[str], str],
    replace_file: Replace, cost_of: Callable[[str], Decimal], out: TextIO, errors: TextIO, answers: TextIO,
    environment: Mapping[str, str] = os.environ,
) -> int:  # fmt: skip
    """Ask, and return the exit status.

    Args:
        wanted: What is asked for.
        open_answering: Returns who answers. May raise `HybridError`.
        job: The job's id.
        folder: The workspace folder; the span's path is relative to it.
        language_of: Returns the editor's language id of a path.
        replace_file: Puts bytes in the place of a file; only called with `apply`.
        cost_of: Returns what a job was charged, once whoever answered is closed. May raise `HybridError`.
        out: Where the answer is written, and nothing else.
        errors: Where everything else is written: the plan, how it goes on, and what is wrong.
        answers: Where the person says yes; asked only where this and `errors` are a terminal.
        environment: Variables of the process.

    Returns 0 with an answer (and the file written, where that was wanted), 1 without, 2 for a command line that makes
    no sense, and 130 after Ctrl-C.
    """
    # What is told in sentences here need not come a second time, as a warning, on standard error.
    logging.getLogger("hybrid_lsp").addHandler(logging.NullHandler())
    telling = Telling(paper_for(out, environment), paper_for(errors, environment), task=wanted.task,
                      is_quiet=wanted.as_json)  # fmt: skip
    try:
        asked, original = _read(wanted, job, folder, language_of)
    except HybridError as error:
        telling.wrong(str(error))
        return WRONG_USE
    asking = _Asking(
        wanted=wanted, job=asked, original=original, telling=telling, answers=answers, replace_file=replace_file,
        cost_of=cost_of,
    )  # fmt: skip
    with asyncio.Runner() as runner:
        return asking.run(runner, open_answering)


def _read(wanted: Wanted, job: str, folder: Path, language_of: Callable[[str], str]) -> tuple[Job, Original]:
    if wanted.task not in EDITING and (wanted.apply or wanted.diff):
        flag = "--apply" if wanted.apply else "--diff"
        raise Refused(f"{flag} is for tasks that change code, and {wanted.task} changes none; leave it out.")
    span = parse_span(wanted.where)
    excerpt = read_span(span, task=wanted.task, folder=folder, language_of=language_of)
    if wanted.task is not Task.COMPLETE and not excerpt.focus.strip():
        raise Refused(f"{Path(span.path).name} has nothing but blanks there; name lines that say something.")
    asked = Job(
        id=job, task=wanted.task, excerpt=excerpt, instruction=wanted.instruction, deliberate=True, wish=wanted.wish,
        cost_cap_usd=wanted.cost_cap_usd,
    )  # fmt: skip
    return asked, read_original(folder / Path(span.path).expanduser(), excerpt)


@dataclass(slots=True, kw_only=True)
class _Asking:
    """One question, from its plan to its end."""

    wanted: Wanted
    job: Job
    original: Original
    telling: Telling
    answers: TextIO
    replace_file: Replace
    cost_of: Callable[[str], Decimal]
    answering: Answering | None = None
    is_written: bool = False
    """Whether the file has its change."""

    def run(self, runner: asyncio.Runner, open_answering: Open) -> int:
        """Return the exit status. Whoever answers is closed, and all money settled, whatever happens."""
        try:
            return self._to_end(runner, open_answering)
        except KeyboardInterrupt:
            return self._interrupted(runner)
        except HybridError as error:
            return self._failed(str(error))
        except BrokenPipeError:
            self._let_go()
            return FAILED
        finally:
            self._close(runner)

    def _to_end(self, runner: asyncio.Runner, open_answering: Open) -> int:
        self.answering = runner.run(_awaited(open_answering(self.telling.remark)))
        plan = self.answering.plan(self.job)
        self.telling.plan(plan, self.job)
        if not plan.steps:
            return self._failed(*dict.fromkeys(no.sentence for no in plan.refusals))
        # Not on the event loop: there the first Ctrl-C would not get through to a wait for a line.
        if not self._agreed(plan):
            return self._failed("Nothing was asked.")
        self.job = replace(self.job, cost_cap_usd=plan.worst_usd)  # what was shown is the most that it may cost
        whole = Whole(text=self.original.text)
        outcome = runner.run(
            _awaited(self.answering.run(self.job, whole, tell=self.telling.hear, fresh=self.wanted.fresh))
        )
        self.telling.rest()
        if isinstance(outcome, Failure):
            self._close(runner)
            return self._failed(self.telling.unsaid(outcome.sentence), told=outcome.told, charged_usd=outcome.cost_usd)
        return self._delivered(outcome, whole)

    def _agreed(self, plan: Plan) -> bool:
        """Say whether it may be asked. Raises `Refused` where nobody is there to say so."""
        paid = [step for step in plan.steps if not step.model.is_local]
        if self.wanted.yes or not paid:
            return True
        errors = self.telling.errors
        if self.wanted.as_json or not (self.answers.isatty() and errors.out.isatty()):
            raise Refused(
                f"This may cost {told_at_most(plan.worst_usd)}, and nobody is asked here; say so with --yes, or keep it"
                " on this machine with --wish local."
            )
        if plan.steps[0].model.is_local:
            return True
        for _ in range(_TRIES):
            errors.out.write(_QUESTION)
            errors.out.flush()
            line = typed(self.answers)
            said = line.strip().lower()
            if not line:
                errors.write()
            if said in _YES or said in _NO:
                return said in _YES
            errors.write("Write yes or no.")
        return False

    def _delivered(self, reply: Reply, whole: Whole) -> int:
        """Hand over an answer. What may have been paid for is not lost without a word."""
        try:
            status = self._edited(reply, whole) if self.job.task in EDITING else self._explained(reply)
            self.telling.paper.out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._let_go()
            full = f"standard output takes no more ({error.strerror})"
            self.telling.wrong(
                f"{self.job.excerpt.path} is written, but {full}." if self.is_written else
                f"The answer is not shown: {full}. Ask again once it does; an answer that is kept costs nothing."
            )  # fmt: skip
            return FAILED
        return status

    def _let_go(self) -> None:
        """Write nowhere from now on: Python would complain once more when it flushes the stream at its end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.telling.paper.out.fileno())

    def _explained(self, reply: Reply) -> int:
        if self.wanted.as_json:
            self._json(reply, "text", reply.text)
        else:
            self.telling.prose(reply)
        return DONE

    def _edited(self, reply: Reply, whole: Whole) -> int:
        data = self.original.changed_to(whole.with_focus(self.job, reply.text))
        diff = self.original.diff(data, self.job.excerpt.path)
        fault = self._applied(data) if self.wanted.apply else ""
        if self.wanted.as_json:
            told = (*reply.told, fault) if fault else reply.told
            self._json(replace(reply, told=told), "diff", diff, applied=self.wanted.apply and not fault)
        elif self.wanted.apply and not fault:
            self.telling.written(self.job, diff)
        else:
            self.telling.diff(diff)
        if fault and not self.wanted.as_json:
            self.telling.wrong(fault)
        self.telling.footer(reply)
        return FAILED if fault else DONE

    def _applied(self, data: bytes) -> str:
        """Write the file; return why not, in one sentence."""
        try:
            self.original.put(data, self.replace_file)
        except Refused as refused:
            return str(refused)
        self.is_written = True
        if self.answering is not None:
            self.answering.marked(self.job.id, accepted=True)
        return ""

    def _json(self, reply: Reply, name: str, text: str, *, applied: bool = False) -> None:
        self._write_json({
            name: text, "model": reply.model, "origin": reply.origin.value, "cost_usd": number(reply.cost_usd),
            "basis": reply.basis.value, "told": list(reply.told), "applied": applied, "job": self.job.id,
        })  # fmt: skip

    def _failed(self, *sentences: str, told: tuple[str, ...] = (), charged_usd: Decimal = ZERO) -> int:
        if self.wanted.as_json:
            self._write_json({
                "error": " ".join(sentences), "told": list(told), "cost_usd": number(charged_usd), "job": self.job.id,
            })  # fmt: skip
            return FAILED
        for sentence in sentences:
            self.telling.wrong(sentence)
        return FAILED

    def _write_json(self, content: Mapping[str, object]) -> None:
        self.telling.paper.out.write(json.dumps(content, ensure_ascii=True) + "\n")
        self.telling.paper.out.flush()

    def _interrupted(self, runner: asyncio.Runner) -> int:
        try:
            self.telling.rest()
            self._close(runner)
            charged_usd = self.cost_of(self.job.id)
            cost = f"{dollars(charged_usd)} was charged" if charged_usd else "nothing was charged"
            self.telling.remark(f"Stopped; {cost}.")
        except HybridError as error:
            self.telling.remark(f"Stopped. {error}")
        except KeyboardInterrupt:
            self.telling.remark("Stopped at once; what was held for it counts as spent until it is settled.")
        return INTERRUPTED

    def _close(self, runner: asyncio.Runner) -> None:
        answering, self.answering = self.answering, None
        if answering is not None:
            runner.run(_awaited(answering.close()))


async def _awaited(waited: Awaitable[T]) -> T:
    return await waited
