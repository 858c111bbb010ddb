"""Whether an answer is fit to be shown."""

import asyncio
from dataclasses import dataclass

from hybrid_lsp.assistant.ports import Checks, Standing, Whole
from hybrid_lsp.core.chat import EDITING
from hybrid_lsp.core.check import Edit, Verdict, floor
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.redact import Redacted, strays
from hybrid_lsp.core.reply import after_thoughts, answer_in
from hybrid_lsp.core.stream import EndReason

PROSE = frozenset({
    "asciidoc", "git-commit", "gitcommit", "latex", "mail", "markdown", "mdx", "org", "plaintext", "quarto",
    "restructuredtext", "rst", "tex", "text", "typst",
})  # fmt: skip
"""Languages, as editors call them, in which people write to people."""
_AROUND_LINES = 100
CUT_OFF = "The answer was cut off at its length limit."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A model's words, made into what is shown, with what the checks said."""

    text: str
    verdicts: tuple[Verdict, ...]
    remark: str = ""
    """What the asker should know although the answer is shown."""
    advice: frozenset[str] = frozenset()
    """Checks that refuse nothing."""

    @property
    def faults(self) -> tuple[Verdict, ...]:
        """What keeps it from being shown."""
        return tuple(verdict for verdict in self.verdicts if not verdict.passed and verdict.name not in self.advice)

    @property
    def fault(self) -> str:
        """The first thing that keeps it from being shown, in one sentence; empty when it is fit."""
        return next((verdict.sentence for verdict in self.faults), "")


async def judge(
    job: Job, words: str, ended: EndReason, redacted: Redacted, *, whole: Whole, standing: Standing, checks: Checks,
    last: bool,
) -> Judged:  # fmt: skip
    """Return what a model's words come to, in which what was redacted is put back.

    `last`: it was asked to reason before it answered.
    """
    words = after_thoughts(words)
    if job.task not in EDITING:
        return _prose(words, ended)
    language = job.excerpt.language
    answer = answer_in(words, job.excerpt.focus, prefix=job.excerpt.prefix, language=language, last=last)
    before = whole.text
    after = whole.with_focus(job, answer.text)
    new, lost = await checks.names(before, after, language)
    above, below = whole.around(job)
    edit = Edit(
        part=job.excerpt.focus,
        text=answer.text,
        above=above,
        below=below,
        ended=ended,
        fenced=answer.fenced,
        closed=answer.closed,
        blocks=answer.blocks,
        last=answer.last,
        prose=language in PROSE,
        may_vanish=job.task is Task.FIX and bool(job.excerpt.diagnostics),
        strays=await asyncio.to_thread(strays, answer.text, before, redacted),
        faults_before=await checks.faults(before, language, lines_judged(above, job.excerpt.focus)),
        faults_after=await checks.faults(after, language, lines_judged(above, answer.text)),
        new_names=tuple(name for name in new if not whole.is_named_elsewhere(name)),
        lost_names=lost,
    )
    verdicts, advice = await asyncio.to_thread(floor, edit), standing.advice
    if (
        standing.evidence
        and not whole.is_cell
        and all(verdict.passed or verdict.name in advice for verdict in verdicts)
    ):
        verdicts += await checks.evidence(job, before, after)
    return Judged(text=answer.text, verdicts=verdicts, advice=advice, remark=_objections(verdicts, advice))


def lines_judged(above: str, part: str) -> range:
    """Return the lines of a part, with those around it that it may belong to, or make belong to something."""
    first = above.count("\n")
    return range(max(0, first - _AROUND_LINES), first + part.count("\n") + 1 + _AROUND_LINES)


def _objections(verdicts: tuple[Verdict, ...], advice: frozenset[str]) -> str:
    """What the checks say that are only heard."""
    return " ".join(
        f"{verdict.sentence} (The check “{verdict.name}” has refused good answers before, so it only says so.)"
        for verdict in verdicts
        if not verdict.passed and verdict.name in advice
    )


def _prose(words: str, ended: EndReason) -> Judged:
    """For an explanation or a review there is no honest check but that something was said to its end."""
    fault = ""
    if ended in (EndReason.REFUSED, EndReason.BROKEN_OFF):
        fault = "The model would not answer." if ended is EndReason.REFUSED else "The answer broke off."
    elif not words.strip():
        fault = "The answer is empty."
    verdict = Verdict(name="complete", passed=not fault, sentence=fault)
    return Judged(text=words.strip(), verdicts=(verdict,), remark=CUT_OFF if ended is EndReason.LIMIT else "")
