"""A job in words for a chat model.

Rules:
1. The system text is the same for all jobs of a kind; what changes least stands first. Caches read from the start.
2. The code stands in fences that are longer than any in it, so that no text of a file can end one.
3. Where an edit is wanted, the model gets one marked part and answers with the whole new text of that part.
4. Nothing is in it but what the Excerpt has: no absolute path, no name of the machine.
"""

import re

from hybrid_lsp.core.job import Excerpt, Job, Task
from hybrid_lsp.core.stream import ChatPrompt

EDITING = frozenset({Task.COMPLETE, Task.FIX, Task.REFACTOR})
"""Tasks whose answer is new text for the marked part."""

_USUAL_TICKS = 3
_TICKS = re.compile(r"`{3,}")
_EDIT_RULES = (
    "You are a careful programmer. You get a part of a file, and some of the text around it."
    " Answer with one fenced code block that holds the whole new text of the part, and nothing after it."
    " Keep its indentation. Do not repeat the text around it. Do not leave anything out, and write no placeholders"
    " such as 'rest unchanged'. Words that begin with REDACTED_ stand for secrets: keep them exactly as they are."
)
_EXPLAIN_RULES = (
    "You explain code to a programmer who reads it for the first time. Say first, in one sentence, what it is for;"
    " then how it works, and what is surprising in it. Be brief, use Markdown, and do not repeat the code."
    " Words that begin with REDACTED_ stand for secrets."
)
_REVIEW_RULES = (
    "You review code for a colleague. Name only what is wrong or risky, the worst first: one finding a line, written"
    " as `LINE: severity: what is wrong and what to do instead`, where LINE is the number that stands before the line"
    " and severity is error, warning or hint. If nothing is wrong, answer with the single word `fine`."
    " Words that begin with REDACTED_ stand for secrets."
)
_NO_PART = "The part is empty yet: it begins where the last line before it ends. Write what comes there."
_AT_ONCE = " Write no word before the code block."
_STEP_BY_STEP = (
    " Think first: write down step by step what the code must do, what is wrong, and what could break;"
    " then write the answer. Only what comes last counts."
)


def chat_prompt(job: Job, *, step_by_step: bool = False) -> ChatPrompt:
    """Return the question that a chat model is asked for a job."""
    system = _rules(job.task)
    if step_by_step:
        system += _STEP_BY_STEP
    elif job.task in EDITING:
        system += _AT_ONCE
    return ChatPrompt(system=system, user=_user(job))


def _rules(task: Task) -> str:
    if task is Task.EXPLAIN:
        return _EXPLAIN_RULES
    return _REVIEW_RULES if task is Task.REVIEW else _EDIT_RULES


def _user(job: Job) -> str:
    excerpt = job.excerpt
    above, below = excerpt.before, excerpt.after
    part = _numbered(excerpt) if job.task is Task.REVIEW else excerpt.focus
    longest = max(map(len, _TICKS.findall("\n".join((above, part, below)))), default=0)
    fence = "`" * max(_USUAL_TICKS, longest + 1)
    blocks = [f"File: {excerpt.path} ({excerpt.language})"]
    if above.strip():
        blocks.append(f"The text before the part:\n{_fenced(above, fence, excerpt.language)}")
    if below.strip():
        blocks.append(f"The text after the part:\n{_fenced(below, fence, excerpt.language)}")
    blocks.append(f"The part:\n{_fenced(part, fence, excerpt.language)}" if part else _NO_PART)
    if excerpt.diagnostics:
        blocks.append("The editor says:\n" + "\n".join(f"- {line}" for line in excerpt.diagnostics))
    blocks.append(job.prompt)
    if job.task in EDITING and len(fence) > _USUAL_TICKS:
        blocks.append(f"Open and close the code block of your answer with {len(fence)} backticks, as above.")
    return "\n\n".join(blocks)


def _fenced(text: str, fence: str, language: str) -> str:
    end = "" if text.endswith("\n") else "\n"
    return f"{fence}{language}\n{text}{end}{fence}"


def _numbered(excerpt: Excerpt) -> str:
    lines = excerpt.focus.removesuffix("\n").split("\n")
    return "\n".join(f"{number}: {line}" for number, line in enumerate(lines, excerpt.line + 1))
