"""Stretches of a text: what hits come to together, and where else the same secrets stand. Pure."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hybrid_lsp.core.redact.hits import is_open_left, is_open_right, places
from hybrid_lsp.core.redact.placeholders import LookAlikes
from hybrid_lsp.core.redact.values import is_mixed

_TAIL_CHARS = 6
_MOST_SINGLE_SEARCHES = 24
_MOST_ALIKE = 8
_LATER = 1 << 32
"""A rank behind all that the rules find."""


class Span(NamedTuple):
    """A stretch that must not leave."""

    start: int
    end: int
    rank: int
    """Of two stretches that overlap, the lower says what it is."""
    kind: str


def united(spans: Iterable[Span]) -> list[Span]:
    """Return stretches that do not overlap, in order; a stretch is of the kind that was found first in it."""
    done: list[Span] = []
    since, until, first, kind = 0, 0, 0, ""
    for start, end, rank, its_kind in sorted(spans):
        if start >= until:
            done += [Span(since, until, first, kind)] if kind else []
            since, until, first, kind = start, end, rank, its_kind
            continue
        until = max(until, end)
        if rank < first:
            first, kind = rank, its_kind
    return [*done, Span(since, until, first, kind)] if kind else done


def standing_elsewhere(
    text: str, secrets: Mapping[str, str], spans: Sequence[Span], taken: LookAlikes
) -> Iterator[Span]:
    """Yield every other place of the secrets: what is a secret in one line is none the less one in another."""
    telling = {secret: len(secret) >= 16 and is_mixed(secret) for secret in secrets if len(secret) >= _TAIL_CHARS}
    starts = [span.start for span in spans]
    since, until, rank, kind = 0, 0, _LATER, ""
    for secret, at in _occurrences(text, telling):
        end = at + len(secret)
        place = bisect_right(starts, at) - 1
        if (place >= 0 and end <= spans[place].end) or since <= at < end <= until or not taken.leave(at, end):
            continue
        if not telling[secret] and not (is_open_left(text, at) and is_open_right(text, end)):
            continue
        # Of a text in which one follows on the other in every place, one stretch is made rather than a million.
        if since <= at < until:
            until = end
            continue
        if kind:
            yield Span(since, until, rank, kind)
        since, until, rank, kind = at, end, rank + 1, secrets[secret]
    if kind:
        yield Span(since, until, rank, kind)


def _occurrences(text: str, secrets: Collection[str]) -> Iterator[tuple[str, int]]:
    if len(secrets) <= _MOST_SINGLE_SEARCHES:
        for secret in secrets:
            for at in places(text, secret):
                yield secret, at
        return
    # Many secrets are looked for at once, by their last characters: one pass, however many there are.
    by_tail: dict[str, list[str]] = {}
    for secret in secrets:
        alike = by_tail.setdefault(secret[-_TAIL_CHARS:], [])
        if len(alike) < _MOST_ALIKE:
            alike.append(secret)
    for end in range(_TAIL_CHARS, len(text) + 1):
        for secret in by_tail.get(text[end - _TAIL_CHARS : end], ()):
            if text.endswith(secret, 0, end):
                yield secret, end - len(secret)
