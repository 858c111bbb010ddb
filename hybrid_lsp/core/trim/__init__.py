r"""Make what a model wrote fit where it goes. Pure; only ever inserts at the cursor.

What a model streams is read in this order, and each step is a rule with a name (`RULES`):
1. *Openings* are taken off its front: thoughts, special tokens, prose, a fence, the line's own prefix said again.
2. Each line is *rewritten* into the indentation of the file.
3. Each line is *cut* where it runs away, closes what others opened, gives away a secret, or grows too long.
4. A line *stops* the text: it belongs to another block, or repeats what stands below, above, or in the text itself.

A rule sees the lines up to the one it judges and none after it. So text that has been shown is only ever added to,
and a line that may turn out to be the start of a repetition is held back until that is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim.answer import Answer, begin
from hybrid_lsp.core.trim.openings import unwrapped
from hybrid_lsp.core.trim.repeats import MAX_CHARS, is_endless
from hybrid_lsp.core.trim.rules import MAX_LINES, RULES, same_as_suffix, takes

__all__ = ["CLOSERS", "MAX_CHARS", "MAX_LINES", "RULES", "Shape", "Trimmed", "fit_suffix", "only_closers", "trim"]

CLOSERS = frozenset(" \t)]}>\"'`;,:")
"""What an editor may have put right of the cursor on its own, and what commonly follows such closers."""


class Shape(StrEnum):
    """How much may be shown."""

    SINGLE = "single"
    """The rest of the cursor's line."""
    MULTI = "multi"
    """The cursor's line and the block that goes on from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """What may be shown of an answer so far."""

    text: str
    r"""What accepting inserts at the cursor; empty for nothing, lines end in `\n`, no blank at its end."""
    is_finished: bool
    """Nothing that may still come can change `text`: the stream can be closed."""


def only_closers(suffix: str) -> bool:
    """Say whether everything right of the cursor could have been put there by the editor."""
    return CLOSERS.issuperset(suffix)


def fit_suffix(rest: str, suffix: str) -> tuple[str, int]:
    """Return `(text, replaces)` such that accepting leaves `rest` behind the cursor and doubles no closer of `suffix`.

    `rest` is what the line should read from the cursor on. Where it ends in `suffix`, the suffix stays and is not
    repeated; where the suffix's closers occur in it in order, they are replaced; else the text goes in before them.
    """
    tail = suffix.rstrip()
    if not tail:
        return rest, 0
    if rest.endswith(tail):
        return rest[: len(rest) - len(tail)], 0
    remaining = iter(rest)
    if all(closer in remaining for closer in tail):
        return rest, len(suffix)
    return rest, 0


def trim(
    generated: str, excerpt: Excerpt, shape: Shape, *, is_secret: Callable[[str], bool], is_complete: bool
) -> Trimmed:
    """Return what may be shown of `generated`, all that has come so far; with `is_complete`, all that will come.

    While more may come only whole lines count. As long as there is none, a part of the first is shown, and may be
    withdrawn; from then on each `text` starts with the one before it. Once `is_finished`, more changes nothing.
    Trimming a complete text again changes nothing. Never raises; takes time in proportion to the length of the text.
    """
    answer = begin(excerpt, is_secret)
    text = generated.replace("\r\n", "\n").replace("\r", "\n")
    body = unwrapped(text + "\n" if is_complete else text, excerpt)
    if body is None:
        return Trimmed(text="", is_finished=is_complete)
    *whole, partial = body.text.split("\n")
    for row in [*whole, partial] if body.is_closed else whole:
        if takes(answer, row) or shape is Shape.SINGLE:
            return Trimmed(text=_shown(answer), is_finished=True)
    if is_complete or body.is_closed:
        return Trimmed(text=_shown(answer), is_finished=True)
    if is_endless(partial):
        takes(answer, partial)
        return Trimmed(text=_shown(answer), is_finished=True)
    return Trimmed(text=_so_far(answer, partial), is_finished=False)


def _so_far(answer: Answer, partial: str) -> str:
    """Return the settled lines; where there is none, the beginning of the first."""
    kept = len(answer.rows) - answer.withheld()
    settled = _shown(answer, kept)
    if settled or kept < len(answer.rows):
        return settled
    said = partial.strip()
    if answer.below and answer.below[0].strip().startswith(said):
        return ""
    takes(answer, partial)
    return _shown(answer)


def _shown(answer: Answer, count: int = MAX_LINES) -> str:
    text = "\n".join(answer.rows[:count]).rstrip()
    return "" if same_as_suffix(text, answer.excerpt) else text
