"""Find the secrets of a text, give each its name, and write the text without them. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.redact.hits import Hit, compiled, is_open_left, is_open_right, places
from hybrid_lsp.core.redact.placeholders import LOOK_ALIKE, Found, Namer, Redacted, kind_of
from hybrid_lsp.core.redact.rules import Rules
from hybrid_lsp.core.redact.values import is_mixed

MAX_CHARS = 4 * 1024 * 1024
"""A longer text is not scanned, and so must not leave."""
_TAIL_CHARS = 6
_MOST_SINGLE_SEARCHES = 24
_MOST_ALIKE = 8
_MOST_LOOKS = 8


class Unscannable(Refused):
    """A text cannot be searched for secrets, so it stays here."""


class _Span(NamedTuple):
    start: int
    end: int
    rank: int
    kind: str


def redact(text: str, rules: Rules, *, known: Redacted | None = None) -> Redacted:
    """Return the text with every secret replaced by a placeholder.

    Args:
        text: exactly what would leave.
        rules: what to look for.
        known: the result for the text before it in the same job: the same secret then has the same placeholder, a
            secret that was found there is found here, and one `restore` serves both. Placeholders of `known` that
            stand in the text are left, and stand for the same secrets.

    Raises:
        Unscannable: the text is longer than `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS:
        raise Unscannable(
            f"The text has {len(text):,} characters, and only {MAX_CHARS:,} can be searched for secrets, so it stays "
            "on this machine; ask about a smaller part of it."
        )
    redacted = _once(text, rules, known)
    counts = Counter({found.placeholder: found.count for found in redacted.found})
    # A shorter text may bring a name and a value within reach of each other: look until there is nothing more.
    for _ in range(_MOST_LOOKS):
        more = _once(redacted.text, rules, redacted) if counts else redacted
        if not more.found:
            break
        counts.update({found.placeholder: found.count for found in more.found})
        redacted = more
    found = (Found(kind=kind_of(name), placeholder=name, count=count) for name, count in counts.items())
    return replace(redacted, found=tuple(found))


def _once(text: str, rules: Rules, known: Redacted | None) -> Redacted:
    hits = list(rules.hits(text))
    spans = _merged(text, hits)
    secrets = {text[span.start : span.end]: span.kind for span in spans}
    if known is not None:
        secrets |= {secret: kind_of(name) for name, secret in known.originals.items()}
    again = list(_standing_elsewhere(text, secrets))
    return _replaced(text, _merged(text, hits + again) if again else spans, known)


def _merged(text: str, hits: Iterable[Hit]) -> list[_Span]:
    """Return stretches that do not overlap, in order; a stretch is of the kind that was found first in it."""
    kept = _without_look_alikes(text, hits)
    merged: list[_Span] = []
    for span in sorted(_Span(hit.start, hit.end, rank, hit.kind) for rank, hit in enumerate(kept)):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            continue
        before = merged[-1]
        first = min(before, span, key=lambda one: one.rank)
        merged[-1] = _Span(before.start, max(before.end, span.end), first.rank, first.kind)
    return merged


def _without_look_alikes(text: str, hits: Iterable[Hit]) -> Iterator[Hit]:
    """Yield the hits whose evidence holds nothing that looks like a placeholder: that is no secret any more."""
    found = [match.span() for match in compiled(LOOK_ALIKE).finditer(text)] if "REDACTED_" in text else []
    ends = [end for _, end in found]
    for hit in hits:
        place = bisect_left(ends, hit.since + 1)
        if place >= len(found) or found[place][0] >= hit.end:
            yield hit


def _standing_elsewhere(text: str, secrets: Mapping[str, str]) -> Iterator[Hit]:
    """Yield every place of the secrets: what is a secret in one line is none the less one in another."""
    telling = {secret: kind for secret, kind in secrets.items() if len(secret) >= _TAIL_CHARS}
    for secret, at in _occurrences(text, telling):
        end = at + len(secret)
        whole = is_open_left(text, at) and is_open_right(text, end)
        if whole or (len(secret) >= 16 and is_mixed(secret)):
            yield Hit(at, end, telling[secret], at)


def _occurrences(text: str, secrets: Mapping[str, str]) -> Iterator[tuple[str, int]]:
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


def _replaced(text: str, spans: Iterable[_Span], known: Redacted | None) -> Redacted:
    namer = Namer(text, known)
    pieces: list[str] = []
    counts: Counter[str] = Counter()
    at = 0
    for span in spans:
        name = namer.name(text[span.start : span.end], span.kind)
        counts[name] += 1
        pieces += (text[at : span.start], name)
        at = span.end
    found = tuple(Found(kind=kind_of(name), placeholder=name, count=count) for name, count in counts.items())
    return Redacted(text="".join((*pieces, text[at:])), found=found, salt=namer.salt, originals=namer.originals)
