"""What need not be asked: what is on screen and typed along, and what was answered here before. Pure.

Rules:
1. While what is typed is the start of what was shown, the rest of it stays on screen, unchanged: on the same line, and
   on the next ones when the suggestion has several.
2. Once it is not, the suggestion was *typed against*: it does not come back, and the next on that line must be surer.
3. Any other change of the document forgets what was shown.
4. An answer is kept for a while, and found again wherever typing has led along it: also after a deletion, and for
   a client that had given up on it.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import StrEnum

from hybrid_lsp.core.job import Excerpt, Suggestion

DOUBT_STEP = 0.1
DOUBT_LIMIT = 0.3
_TAIL_CHARS = 400
"""How much of the text around the cursor's line must be the same for two cursors to be at the same place."""


class Fate(StrEnum):
    """What became of a suggestion."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    """Several characters of it at once, but not all: a word, a line."""
    TYPED = "typed"
    """Typed out by hand, to its end."""
    REJECTED = "rejected"
    """Something else was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A suggestion on screen and the text it would leave."""

    id: int
    excerpt: Excerpt
    suggestion: Suggestion

    @property
    def line(self) -> str:
        """The cursor's line, and those that follow it in the suggestion, as they would stand after accepting."""
        kept = self.excerpt.suffix[self.suggestion.replaces :]
        return self.excerpt.prefix + self.suggestion.text + kept


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHistory:
    """What was shown on the line that is being typed, and how often it was typed against."""

    document: int = 0
    line: int = -1
    shown: Shown | None = None
    seen: Excerpt | None = None
    """The cursor for which the rest of `shown` was offered last."""
    rejections: int = 0
    fate: Fate | None = None
    """What became of the suggestion by the step that led here."""

    @property
    def doubt(self) -> float:
        """What the next suggestion on this line must be surer by."""
        return min(self.rejections * DOUBT_STEP, DOUBT_LIMIT)


def advance(history: LineHistory, excerpt: Excerpt) -> LineHistory:
    """Return the history as it stands once the user has come to `excerpt`; `shown` stays only if it is typed along."""
    shown = history.shown
    rest = rest_of(shown, excerpt) if shown is not None else None
    same_line = (history.document, history.line) == (excerpt.document, excerpt.line)
    rejections = history.rejections if same_line else 0
    if shown is not None and rest is not None:
        fate = _fate_along(shown, history.seen or shown.excerpt, excerpt, rest)
        return replace(history, line=excerpt.line, rejections=rejections, seen=excerpt, fate=fate)
    fresh = LineHistory(document=excerpt.document, line=excerpt.line, rejections=rejections)
    if shown is None or not same_line:
        return fresh
    typed_against = len(excerpt.prefix) > len(shown.excerpt.prefix) and _same_surroundings(shown.excerpt, excerpt)
    if not typed_against:
        return fresh
    return replace(fresh, rejections=rejections + 1, fate=Fate.REJECTED)


def _fate_along(shown: Shown, seen: Excerpt, now: Excerpt, rest: str) -> Fate | None:
    was_left = rest_of(shown, seen)
    if was_left is None or rest == was_left:
        return None
    step = len(was_left) - len(rest)
    gone = not rest.removesuffix(now.suffix).strip()
    if gone:
        return Fate.ACCEPTED if step > 1 else Fate.TYPED
    return Fate.PARTLY if step > 1 and was_left[:step].strip() not in {"", "\n"} else None


def rest_of(shown: Shown, excerpt: Excerpt) -> str | None:
    """Return what should still follow the cursor, or None when the suggestion is not being typed along.

    Empty when nothing is left of it. Has line ends where the suggestion has more lines than were typed.
    """
    was = shown.excerpt
    if was.document != excerpt.document or was.focus != excerpt.focus or not _same_end(was.below, excerpt.below):
        return None
    typed_lines = excerpt.line - was.line
    if typed_lines < 0:
        return None
    promised = shown.line
    if typed_lines:
        end = _after_lines(promised, typed_lines)
        if end < 0 or not excerpt.above.endswith(was.above[-_TAIL_CHARS:] + promised[:end]):
            return None
        promised = promised[end:]
    elif not _same_start(was.above, excerpt.above) or not excerpt.prefix.startswith(was.prefix):
        return None
    return promised[len(excerpt.prefix) :] if promised.startswith(excerpt.prefix) else None


def leads_along(was: Excerpt, said: str, now: Excerpt) -> bool:
    """Say whether a model that was asked at `was` and has `said` so much may be on the way to what is typed `now`."""
    if (was.document, was.line, was.focus) != (now.document, now.line, now.focus):
        return False
    if not _same_start(was.above, now.above) or not _same_end(was.below, now.below):
        return False
    promised = was.prefix + said
    return promised.startswith(now.prefix) or now.prefix.startswith(promised)


def after_accepting(excerpt: Excerpt, suggestion: Suggestion) -> Excerpt:
    """Return the cursor as it would stand if the suggestion were accepted."""
    *lines, last = (excerpt.prefix + suggestion.text).split("\n")
    above = excerpt.above + "".join(f"{line}\n" for line in lines)
    return replace(
        excerpt,
        version=excerpt.version + 1,
        line=excerpt.line + len(lines),
        above=above,
        prefix=last,
        suffix=excerpt.suffix[suggestion.replaces :],
    )


def _after_lines(text: str, count: int) -> int:
    """Return where the line after the first `count` begins; -1 if there are not so many."""
    at = 0
    for _ in range(count):
        at = text.find("\n", at) + 1
        if at == 0:
            return -1
    return at


def _same_surroundings(was: Excerpt, now: Excerpt) -> bool:
    same_place = (was.document, was.line, was.focus) == (now.document, now.line, now.focus)
    return same_place and _same_start(was.above, now.above) and _same_end(was.below, now.below)


def _same_start(was: str, now: str) -> bool:
    return was is now or was[-_TAIL_CHARS:] == now[-_TAIL_CHARS:]


def _same_end(was: str, now: str) -> bool:
    return was is now or was[:_TAIL_CHARS] == now[:_TAIL_CHARS]


class Answers:
    """The answers of a while, found again by where the cursor is. The least recently used go first."""

    def __init__(self, *, most: int = 250, lifetime_s: float = 300.0) -> None:
        self._most = most
        self._lifetime_s = lifetime_s
        self._by_place: OrderedDict[tuple[int, str, str], list[tuple[Shown, float]]] = OrderedDict()

    def keep(self, answer: Shown, now_s: float) -> None:
        """Remember an answer for the place that it was made for."""
        place = _place(answer.excerpt)
        kept = self._by_place.setdefault(place, [])
        self._by_place.move_to_end(place)
        kept[:] = [(one, at_s) for one, at_s in kept if one.excerpt.prefix != answer.excerpt.prefix]
        kept.append((answer, now_s))
        while len(self._by_place) > self._most:
            self._by_place.popitem(last=False)

    def find(self, excerpt: Excerpt, now_s: float) -> Shown | None:
        """Return the newest answer along which the line has been typed and of which something is left."""
        for answer, at_s in reversed(self._by_place.get(_place(excerpt), ())):
            if now_s - at_s <= self._lifetime_s and (rest_of(answer, excerpt) or "").strip():
                return answer
        return None

    def forget(self, document: int) -> None:
        """Drop every answer for a document."""
        for place in [place for place in self._by_place if place[0] == document]:
            del self._by_place[place]


def _place(excerpt: Excerpt) -> tuple[int, str, str]:
    return excerpt.document, excerpt.above[-_TAIL_CHARS:], excerpt.below[:_TAIL_CHARS]
