"""What need not be asked: a suggestion on screen that is being typed along. Pure.

Rules:
1. While what is typed is the start of what was shown, the rest of it stays on screen, unchanged.
2. Once it is not, the suggestion was *typed against*: it does not come back, and the next on that line must be surer.
3. Any other change of the document, or another line, forgets what was shown.
"""

from dataclasses import dataclass, replace

from hybrid_lsp.core.job import Excerpt, Suggestion

DOUBT_STEP = 0.1
DOUBT_LIMIT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A suggestion on screen and the line it would leave."""

    id: int
    excerpt: Excerpt
    suggestion: Suggestion

    @property
    def line(self) -> str:
        """The cursor's line as it would stand after accepting."""
        kept = self.excerpt.suffix[self.suggestion.replaces :]
        return self.excerpt.prefix + self.suggestion.text + kept


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHistory:
    """What was shown on the line that is being typed, and how often it was typed against."""

    document: int = 0
    line: int = -1
    shown: Shown | None = None
    rejections: int = 0

    @property
    def doubt(self) -> float:
        """What the next suggestion on this line must be surer by."""
        return min(self.rejections * DOUBT_STEP, DOUBT_LIMIT)


def advance(history: LineHistory, excerpt: Excerpt) -> LineHistory:
    """Return the history as it stands once the user has come to `excerpt`; `shown` stays only if it is typed along."""
    same_line = (history.document, history.line) == (excerpt.document, excerpt.line)
    if not same_line:
        return LineHistory(document=excerpt.document, line=excerpt.line)
    shown = history.shown
    if shown is None or rest_of(shown, excerpt) is not None:
        return history
    typed_against = len(excerpt.prefix) > len(shown.excerpt.prefix) and _same_surroundings(shown.excerpt, excerpt)
    return replace(history, shown=None, rejections=history.rejections + typed_against)


def rest_of(shown: Shown, excerpt: Excerpt) -> str | None:
    """Return what the line should still read from the cursor on, or None when the suggestion is not being typed along.

    Empty when nothing is left of it.
    """
    was = shown.excerpt
    if not _same_surroundings(was, excerpt) or not excerpt.prefix.startswith(was.prefix):
        return None
    line = shown.line
    return line[len(excerpt.prefix) :] if line.startswith(excerpt.prefix) else None


def _same_surroundings(was: Excerpt, now: Excerpt) -> bool:
    same_place = (was.document, was.line, was.focus) == (now.document, now.line, now.focus)
    return same_place and was.above == now.above and was.below == now.below
