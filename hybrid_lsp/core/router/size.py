"""How much a job sends, and how long its answer may be.

Rules:
1. No tokenizer makes more tokens of a text than it has bytes: what is held is counted in bytes.
2. What is told as likely, and what has to fit into a window, is estimated in tokens.
3. Every question is sent with an output cap, small enough that one hold does not block the next.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from hybrid_lsp.core.job import Excerpt, Job, Task
from hybrid_lsp.core.tokens import SAFETY, estimate_tokens

OVERHEAD_BYTES = 4096
"""For our instructions, for what a vendor puts around messages, and for names that stand in for secrets."""
OVERHEAD_TOKENS = 256
"""The same, as it is likely to be."""
EDITS = frozenset({Task.COMPLETE, Task.FIX, Task.REFACTOR})
"""Tasks whose answer is the new text of the focus: what of it is good can be checked."""
MOST_OUTPUT_TOKENS = 8192

_ANSWER_TOKENS: dict[Task, int] = {
    Task.INLINE: 64,
    Task.COMPLETE: 512,
    Task.EXPLAIN: 1024,
    Task.FIX: 1024,
    Task.REVIEW: 2048,
    Task.REFACTOR: 1024,
}
_SAMPLES = 8
_SAMPLE_CHARS = 4096
_TICKS = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a job sends. Measured once; the plan for it takes no time for the text."""

    input_bytes: int
    """Never less than the tokens of the question, whatever the tokenizer. What is sent in the end is counted anew."""
    input_tokens: int
    """As it is likely to be; never more than `input_bytes`."""
    focus_tokens: int
    """Of the marked part, as it is likely to be."""


def measure(job: Job) -> Size:
    """Return the size of a job. Of a text over 32,000 characters the tokens are estimated by samples of it."""
    excerpt = job.excerpt
    context, said = job.context, "\n".join((job.prompt, excerpt.path, *excerpt.diagnostics))
    input_bytes = OVERHEAD_BYTES + _bytes(context) + _bytes(said) + _wrapping_bytes(job)
    tokens = OVERHEAD_TOKENS + _tokens(context) + _tokens(said)
    return Size(
        input_bytes=input_bytes,
        input_tokens=min(math.ceil(tokens), input_bytes),
        focus_tokens=math.ceil(_tokens(excerpt.focus)),
    )


def answer_tokens(task: Task, size: Size) -> int:
    """Return how long an answer may be, without thoughts. One that repeats the focus has room for it."""
    room = _ANSWER_TOKENS[task]
    if task is Task.COMPLETE:
        room += size.focus_tokens
    elif task in EDITS:
        room = max(room, 2 * size.focus_tokens)
    return min(room, MOST_OUTPUT_TOKENS)


def question_tokens(size: Size) -> int:
    """Return the tokens of the question, estimated to the safe side: what has to fit into a window with the answer."""
    return math.ceil(size.input_tokens * SAFETY)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _wrapping_bytes(job: Job) -> int:
    """Fences, which outgrow every run of backticks in the text; line numbers, where a review needs them."""
    excerpt = job.excerpt
    fences = 6 * (1 + _longest_ticks(excerpt)) + 4 * _bytes(excerpt.language) + 2 * len(excerpt.diagnostics)
    if job.task is not Task.REVIEW:
        return fences
    lines = excerpt.focus.count("\n") + 1
    return fences + lines * len(f"{excerpt.line + lines}: ")


def _longest_ticks(excerpt: Excerpt) -> int:
    parts = (excerpt.before, excerpt.focus, excerpt.after)
    return max((len(run) for part in parts if "```" in part for run in _TICKS.findall(part)), default=2)


@lru_cache(maxsize=16)  # one text is measured for each plan of a menu
def _tokens(text: str) -> float:
    if len(text) <= _SAMPLES * _SAMPLE_CHARS:
        return estimate_tokens(text)
    apart = len(text) // _SAMPLES
    sampled = sum(estimate_tokens(text[i * apart : i * apart + _SAMPLE_CHARS]) for i in range(_SAMPLES))
    return sampled * len(text) / (_SAMPLES * _SAMPLE_CHARS)
