"""The words of a job as they may leave: without what is secret, and with every line where it was."""

from dataclasses import replace

from hybrid_lsp.core.chat import chat_prompt
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.redact import Redacted, Rules, redact
from hybrid_lsp.core.stream import ChatPrompt


def words_to_leave(job: Job, rules: Rules, *, step_by_step: bool) -> tuple[ChatPrompt, Redacted]:
    """Return the question for a cloud model, and what puts its secrets back. Raises `Unscannable`. Takes time.

    The part of a review is searched before its lines are numbered: a number within a secret of several lines would
    hide it. What such a secret took of lines stays empty, so that the numbers are those of the editor.
    """
    known = None
    if job.task is Task.REVIEW:
        known = redact(job.excerpt.focus, rules)
        job = replace(job, excerpt=replace(job.excerpt, focus=_with_lines(known)))
    asked = chat_prompt(job, step_by_step=step_by_step)
    redacted = redact(asked.user, rules, known=known)
    if known is not None:
        redacted = replace(redacted, found=(*known.found, *redacted.found))
    return ChatPrompt(system=asked.system, user=redacted.text), redacted


def _with_lines(redacted: Redacted) -> str:
    long = {name: secret.count("\n") for name, secret in redacted.originals.items() if "\n" in secret}
    lines: list[str] = []
    for line in redacted.text.split("\n"):
        lost = sum(count * line.count(name) for name, count in long.items())
        lines += [line, *[""] * lost]
    return "\n".join(lines)
