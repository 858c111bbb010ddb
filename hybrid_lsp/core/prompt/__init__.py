"""Builds the question to a model so that a keystroke leaves nearly all of it as it was. Pure.

A server keeps what it has computed for the start of a prompt. So what changes rarely stands in front: chunks of other
files, in the order in which they were first seen; lines from an anchored start; lines below; last the line being typed.

Rules:
1. The anchor stays while what lies between it and the cursor fits. Then it moves on by half of that at once. It moves,
   too, when the cursor comes above it and when the document changes; never for a keystroke as such.
2. Lines below are taken whole, and kept while they fit. Closers right of the cursor are left out: editors put them
   there and take them away again, and each time all the lines below would be computed anew.
3. What does not fit is given up in this order: chunks, lines below, lines above. The typed line is cut last.
4. Text with the look of a key, and files that are never to be read, are not in it.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass, replace

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.fim import Family
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.core.prompt.chunks import Chunk, Why, chunk_at, chunk_tokens, introduced, taken_in, within
from hybrid_lsp.core.prompt.clean import HIDDEN, IsSecret, clean_lines, clean_run
from hybrid_lsp.core.stream import FimPrompt
from hybrid_lsp.core.tokens import UNIVERSAL, Coefficients, Room, Scale, estimate_tokens, line_tokens, split_lines

__all__ = ["EMPTY", "HIDDEN", "Chunk", "Front", "IsSecret", "Part", "PromptState", "Why", "build", "chunk_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What became of the lines above or below, kept for as long as they are the same."""

    source: str = ""
    text: str = ""
    tokens: float = 0.0
    """Before scaling."""
    first_line: int = 0
    """0-based line of the document where `text` begins: the anchor. Unused for lines below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The chunks as they stand in the prompt."""

    placed: tuple[str, str] = ("", "")
    """In front of everything, and inside the prefix; see `Family.placed`."""
    pasted: str = ""
    """For a server that builds the prompt itself: every chunk under a comment."""
    tokens: float = 0.0
    """Before scaling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptState:
    """What the last prompt was made of: one for each model, handed in again with the next excerpt of any document."""

    made_for: tuple[object, ...] = ()
    """Model family and room; with others, nothing but the chunks is kept."""
    workspace: int = -1
    document: int = -1
    offered: tuple[Chunk, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    """Those in the prompt, cleaned, the oldest first."""
    front: Front = Front()
    above: Part = Part()
    below: Part = Part()


EMPTY = PromptState()
"""Before the first prompt."""

_FIXED_TOKENS = 8
"""The marks, the token that begins every text, and the line ends that stand in for empty text."""
_LINE_ROOM_TOKENS = 64
"""Kept free for the typed line, so that typing it does not move the anchor."""
_CHUNKS_FROM_TOKENS = 512
_FILLED = 0.85
"""How full the room for lines below is made, so that they still fit once the scale has learned a little."""
_CLOSERS = frozenset(" \t)]}>\"'`;,:")
_LONG_LINE_CHARS = 4096


def build(
    excerpt: Excerpt, state: PromptState = EMPTY, *, family: Family | None, room: Room, is_secret: IsSecret,
    single_line: bool = True, chunks: tuple[Chunk, ...] = (),
) -> tuple[FimPrompt, PromptState]:  # fmt: skip
    """Return the prompt for the cursor and the state for the next one; the same for the same arguments.

    Without a family the server has to put the parts together: `raw` is empty, `before` and `after` never are. The
    estimate is within `room.budget_tokens`. `chunks` are those on offer now; new ones cost everything behind them to be
    computed anew, so offer them while nobody types. Raises `Refused` for a file that is never to be read.
    """
    if is_secret_path(excerpt.path):
        raise Refused("Nothing is completed in a file whose name says that it holds secrets; rename it if it does not.")
    weights = family.coefficients if family else UNIVERSAL
    budget = room.budget_tokens / room.scale.factor
    state = _carried_over(excerpt, state, family, room)
    state = _with_chunks(excerpt, state, chunks, family, is_secret, weights, budget)
    cutter = _Cutter(excerpt=excerpt, is_secret=is_secret, weights=weights)
    line, rest = cutter.line(budget / 3), cutter.rest(budget / 8)
    typed = estimate_tokens(line, weights) + estimate_tokens(rest, weights)
    below_cap = min(room.suffix_tokens / room.scale.factor, budget / 8)
    reserved = max(typed, min(_LINE_ROOM_TOKENS, budget / 8))
    below = cutter.below(state.below, below_cap)
    above = cutter.above(state, budget - _FIXED_TOKENS - state.front.tokens - below_cap - reserved)
    state = replace(state, workspace=excerpt.workspace, document=excerpt.document, above=above, below=below)
    used = _FIXED_TOKENS + state.front.tokens + above.tokens + below.tokens + typed
    after = f"{rest}\n{below.text}"
    prompt = FimPrompt(
        raw=family.raw(placed=state.front.placed, above=above.text, after=after, line=line) if family else "",
        before=state.front.pasted + above.text + line or "\n",
        after=after,
        stop=(*(family.stop if family else ()), *(("\n",) if single_line else ())),
        estimated_tokens=math.ceil(room.scale.scaled(used) - 1e-6),
    )
    return prompt, state


def _carried_over(excerpt: Excerpt, state: PromptState, family: Family | None, room: Room) -> PromptState:
    """What is still good of the state: chunks within one workspace, the rest for the same model."""
    made_for = (family.name if family else "", replace(room, scale=Scale()))
    chunks = state.chunks if excerpt.workspace == state.workspace else ()
    if made_for != state.made_for or chunks is not state.chunks:
        return PromptState(made_for=made_for, chunks=chunks, workspace=excerpt.workspace)
    return state


def _with_chunks(
    excerpt: Excerpt, state: PromptState, offered: tuple[Chunk, ...], family: Family | None, is_secret: IsSecret,
    weights: Coefficients, budget: float,
) -> PromptState:  # fmt: skip
    moved = excerpt.document != state.document
    is_new = bool(offered) and (moved or offered != state.offered)
    own_tokens = estimate_tokens(f"<!-- workspace {excerpt.path} -->\n\n", weights) + 3
    cap = budget / 3 - own_tokens if budget >= _CHUNKS_FROM_TOKENS else 0.0
    if not moved and not is_new and state.front.tokens <= max(cap, 0) + own_tokens:
        return state
    chunks = tuple(chunk for chunk in state.chunks if chunk.path != excerpt.path)
    if is_new and cap > 0:
        chunks = taken_in(chunks, offered, excerpt, is_secret=is_secret, weights=weights, cap=cap)
    chunks = within(chunks, cap, weights)
    front = _front(chunks, excerpt, family, sum(chunk_tokens(chunk, weights) for chunk in chunks) + own_tokens)
    return replace(state, chunks=chunks, front=front, offered=offered or state.offered)


def _front(chunks: tuple[Chunk, ...], excerpt: Excerpt, family: Family | None, tokens: float) -> Front:
    if not chunks:
        return Front()
    pasted = "".join(introduced(chunks, excerpt, None))
    placed = family.placed(*introduced(chunks, excerpt, family)) if family else ("", "")
    return Front(placed=placed, pasted=pasted, tokens=tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cutter:
    """Cuts what fits out of one excerpt. Caps are in tokens before scaling."""

    excerpt: Excerpt
    is_secret: IsSecret
    weights: Coefficients

    def line(self, cap: float) -> str:
        """The typed line; of one that is too long the end, cut in big steps so that not every key cuts it anew."""
        # What half a key leaves at the first cut, the second takes away.
        start = max(0, len(self.excerpt.prefix) // _LONG_LINE_CHARS - 2) * _LONG_LINE_CHARS
        text = clean_run(self.excerpt.prefix[start:], self.is_secret)
        if not start and len(text) <= _LONG_LINE_CHARS and self._weigh(text) <= cap:
            return text
        step = min(1024, 1 << (max(16, int(cap) // 2).bit_length() - 1))
        cuts = range(max(0, (len(text) - _LONG_LINE_CHARS) // step * step), len(text) + step, step)

        def fits(cut: int) -> bool:
            return self._weigh(text[cut:]) <= cap

        return text[cuts[bisect_left(cuts, True, hi=len(cuts) - 1, key=fits)] :]

    def rest(self, cap: float) -> str:
        """What stands right of the cursor on its line, if it is more than an editor's own closers."""
        if _CLOSERS.issuperset(self.excerpt.suffix):
            return ""
        text = clean_run(self.excerpt.suffix[: 2 * _LONG_LINE_CHARS], self.is_secret)[:_LONG_LINE_CHARS]
        while self._weigh(text) > cap:
            text = text[: len(text) // 2]
        return text

    def below(self, old: Part, cap: float) -> Part:
        if old.source == self.excerpt.below and old.tokens <= cap:
            return old
        lines, used = [], 0.0
        for line in split_lines(self.excerpt.below):
            used += line_tokens(line, self.weights)
            if used > cap * _FILLED:
                break
            lines.append(line)
        return self._part(self.excerpt.below, lines, cap, keep=slice(0, -1))

    def above(self, state: PromptState, cap: float) -> Part:
        """The lines above from the anchor on; the anchor moves only when it must."""
        old, same = state.above, state.document == self.excerpt.document
        if same and old.source == self.excerpt.above and old.tokens <= cap and self._anchored(old):
            return old
        lines = split_lines(self.excerpt.above)
        start = old.first_line - (self.excerpt.line - len(lines))
        if not (same and self._fitting(lines, cap) <= start <= len(lines)):
            start = self._fitting(lines, cap)
            start = self._fitting(lines, cap / 2) if start else 0
        part = self._part(self.excerpt.above, lines[start:], cap, keep=slice(1, None))
        return replace(part, first_line=self.excerpt.line - part.text.count("\n"))

    def _anchored(self, part: Part) -> bool:
        """Whether the cursor is still on the line that `part` ends at: equal texts may stand at two places."""
        return part.first_line + part.text.count("\n") == self.excerpt.line

    def _fitting(self, lines: list[str], cap: float) -> int:
        """The first line from which on everything fits."""
        used = 0.0
        for at in range(len(lines) - 1, -1, -1):
            used += line_tokens(lines[at], self.weights)
            if used > cap:
                return at + 1
        return 0

    def _part(self, source: str, lines: list[str], cap: float, *, keep: slice) -> Part:
        """Clean and weigh whole lines; cleaning may lengthen them, and then fewer are kept."""
        while self._weigh(text := clean_lines("".join(lines), self.is_secret)) > cap and lines:
            lines = lines[keep]
        return Part(source=source, text=text, tokens=self._weigh(text))

    def _weigh(self, text: str) -> float:
        return estimate_tokens(text, self.weights)
