"""From candidates to guesses: whole lines that were seen, and paths that were put together token by token.

A whole line is voted for by the candidates that end in it. A path follows the likeliest next token, with a probability
by prediction from the longest match down (PPM with exclusion); each of its beginnings that is long enough is a guess
as well.
"""

from collections.abc import Callable, Sequence

from hybrid_lsp.embedded.candidates import Candidate
from hybrid_lsp.embedded.tokens import FILE_EDGE, LINE_END, Vocabulary

MIN_CUT_CHARS = 8
"""A guess that stops before the end of the line has to be this long."""
_WHOLE_LINES = 3
_PATHS = 2
_MAX_PATH_TOKENS = 32
_GIVE_UP_BELOW = 0.12
_ESCAPE_DISCOUNT = 0.5
_THIN_COUNT = 4
_LONG_MATCH = 6
_VOTE = tuple(2.0**matched for matched in range(16))

Gather = Callable[[str], list[Candidate]]
"""Finds candidates for a context that goes beyond the cursor."""


class Guess:
    """A way in which the line may go on. Not a dataclass: some ten are made for every key."""

    __slots__ = ("codes", "count", "matched", "probability", "share", "whole")

    def __init__(self, codes: str, *, whole: bool, matched: int) -> None:
        self.codes = codes
        self.whole = whole
        """Does it reach the end of the line?"""
        self.matched = matched
        self.probability: float | None = None
        """Of the path; None for a whole line on which no path ended."""
        self.share = 0.0
        """Its part of the votes; 0 when it was not voted for."""
        self.count = 0
        """How many candidates voted for it."""


def make_guesses(
    candidates: Sequence[Candidate], context: str, part: str, gather: Gather, vocabulary: Vocabulary
) -> list[Guess]:
    """Return every guess worth scoring, none of them twice. `candidates` come longest match first."""
    pool = _whole_lines(candidates)
    chances = _blend(candidates, 0)
    total = sum(chances.values())
    scale = total if part else max(1.0, total)
    likeliest = sorted(chances, key=chances.__getitem__, reverse=True)[:_PATHS]
    for first in likeliest:
        chance = chances[first] / scale
        if first not in (LINE_END, FILE_EDGE) and chance >= _GIVE_UP_BELOW:
            _follow(pool, first, chance, candidates, context, len(part), gather, vocabulary)
    return list(pool.values())


def _whole_lines(candidates: Sequence[Candidate]) -> dict[tuple[str, bool], Guess]:
    votes: dict[str, float] = {}
    matched: dict[str, int] = {}
    count: dict[str, int] = {}
    total = 0.0
    for candidate in candidates:
        rest = candidate.rest
        if rest[-1] == LINE_END and len(rest) > 1:
            vote = candidate.weight * _VOTE[candidate.matched]
            total += vote
            if rest in votes:
                votes[rest] += vote
                count[rest] += candidate.count
            else:
                votes[rest], matched[rest], count[rest] = vote, candidate.matched, candidate.count
    pool = {}
    for rest in sorted(votes, key=votes.__getitem__, reverse=True)[:_WHOLE_LINES]:
        guess = pool[rest[:-1], True] = Guess(rest[:-1], whole=True, matched=matched[rest])
        guess.share, guess.count = votes[rest] / total, count[rest]
    return pool


def _follow(
    pool: dict[tuple[str, bool], Guess],
    first: str,
    probability: float,
    candidates: Sequence[Candidate],
    context: str,
    typed_chars: int,
    gather: Gather,
    vocabulary: Vocabulary,
) -> None:
    """Add to `pool` the path that begins with `first`, and its beginnings."""
    text, bare = vocabulary.text, vocabulary.bare
    alive = [candidate for candidate in candidates if candidate.rest[0] == first and len(candidate.rest) > 1]
    matched = alive[0].matched if alive else 0
    codes, chars, step = first, len(text[first]) - typed_chars, 1
    context += bare[first]
    for _ in range(_MAX_PATH_TOKENS):
        if chars >= MIN_CUT_CHARS:
            cut = pool[codes, False] = Guess(codes, whole=False, matched=matched)
            cut.probability = probability
        if _is_thin(alive, step):
            alive, step = gather(context), 0
        chances = _blend(alive, step)
        if not chances:
            return
        best = max(chances, key=chances.__getitem__)
        probability *= chances[best] / max(1.0, sum(chances.values()))
        if best == FILE_EDGE or probability < _GIVE_UP_BELOW:
            return
        if best == LINE_END:
            pool.pop((codes, False), None)
            whole = pool.get((codes, True))
            if whole is None:
                whole = pool[codes, True] = Guess(codes, whole=True, matched=matched)
            whole.probability = probability
            return
        codes, context, chars, step = codes + best, context + bare[best], chars + len(text[best]), step + 1
        alive = [c for c in alive if c.rest[step - 1] == best and len(c.rest) > step]


def _is_thin(alive: Sequence[Candidate], step: int) -> bool:
    if not alive:
        return True
    few = len(alive) < _THIN_COUNT and sum([candidate.count for candidate in alive]) < _THIN_COUNT
    return few and alive[0].matched + step < _LONG_MATCH


def _blend(candidates: Sequence[Candidate], step: int) -> dict[str, float]:
    """Return the chance of each token at `step`: what longer matches have said, shorter ones do not say again."""
    if not candidates:
        return {}
    if len({candidate.rest[step] for candidate in candidates}) == 1:
        longest = candidates[0]
        weight = sum([candidate.weight for candidate in candidates if candidate.matched == longest.matched])
        return {longest.rest[step]: weight / (weight + _ESCAPE_DISCOUNT)}
    chances: dict[str, float] = {}
    weights: dict[str, float] = {}
    escape, at, end = 1.0, 0, len(candidates)
    while at < end:
        matched = candidates[at].matched
        while at < end and candidates[at].matched == matched:
            code = candidates[at].rest[step]
            weights[code] = weights.get(code, 0.0) + candidates[at].weight
            at += 1
        fresh = [code for code in weights if code not in chances]
        if fresh:
            total = sum([weights[code] for code in fresh])
            scale = total + len(fresh) * _ESCAPE_DISCOUNT
            for code in fresh:
                chances[code] = escape * weights[code] / scale
            escape *= len(fresh) * _ESCAPE_DISCOUNT / scale
    return chances
