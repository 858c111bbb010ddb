"""Find the secrets of a text, give each its name, and write the text without them. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.redact.comments import Comments
from hybrid_lsp.core.redact.hits import Hit
from hybrid_lsp.core.redact.placeholders import Found, LookAlikes, Namer, Redacted, kind_of
from hybrid_lsp.core.redact.rules import Rules
from hybrid_lsp.core.redact.spans import Span, standing_elsewhere, united

MAX_CHARS = 4 * 1024 * 1024
"""A longer text is not scanned, and so must not leave."""
_MOST_LOOKS = 8
_REACH = 600
"""How far from what was taken out something may be found because of it: no rule that reads a line looks further."""
_LONGEST_LINE = 5000
_EDGE = 120
"""Where a long line is cut, how far from the cut a secret has to be that is not an effect of it."""


class Unscannable(Refused):
    """A text cannot be searched for secrets, so it stays here."""


class _Look(NamedTuple):
    """What a look at the text has come to, and which stretches of its text are new names."""

    redacted: Redacted
    names: list[tuple[int, int]]


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
    looks = [_first_look(text, rules, known)]
    # A shorter text may bring a name and a value within reach of each other: look until there is nothing more.
    while looks[-1].names and len(looks) <= _MOST_LOOKS:
        looks.append(_next_look(looks[-1], rules))
    counts: Counter[str] = Counter()
    for look in looks:
        counts.update({found.placeholder: found.count for found in look.redacted.found})
    found = (Found(kind=kind_of(name), placeholder=name, count=count) for name, count in counts.items())
    return replace(looks[-1].redacted, found=tuple(found))


def _first_look(text: str, rules: Rules, known: Redacted | None) -> _Look:
    taken = LookAlikes(text)
    spans = _spans(rules.hits(text, taken), taken)
    secrets = {text[span.start : span.end]: span.kind for span in spans}
    if known is not None:
        secrets |= {secret: kind_of(name) for name, secret in known.originals.items()}
    return _replaced(text, united([*spans, *standing_elsewhere(text, secrets, spans, taken)]), known)


def _next_look(look: _Look, rules: Rules) -> _Look:
    """Look again where something has changed; what was known before has been looked for everywhere."""
    text = look.redacted.text
    taken = LookAlikes(text)
    spans = _spans(_hits_near(text, look.names, rules, taken), taken)
    secrets = {text[span.start : span.end]: span.kind for span in spans}
    return _replaced(text, united([*spans, *standing_elsewhere(text, secrets, spans, taken)]), look.redacted)


def _spans(hits: Iterable[Hit], taken: LookAlikes) -> list[Span]:
    ranked = enumerate(hits)
    return united(Span(at, end, rank, kind) for rank, (at, end, kind, since) in ranked if taken.leave(since, end))


def _hits_near(text: str, names: list[tuple[int, int]], rules: Rules, taken: LookAlikes) -> Iterator[Hit]:
    windows = _windows(text, names)
    if sum(end - start for start, end in windows) > len(text) // 2:
        yield from rules.hits(text, taken)
        return
    yield from rules.far_hits(text, Comments(text))
    for start, end in windows:
        part = text[start:end]
        least = 0 if not start or text[start - 1] == "\n" else _EDGE
        most = len(part) - (0 if end == len(text) or part.endswith("\n") else _EDGE)
        for hit in rules.near_hits(part, LookAlikes(part), Comments(part)):
            if least <= hit.since and hit.end <= most:
                yield Hit(hit.start + start, hit.end + start, hit.kind, hit.since + start)


def _windows(text: str, names: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lines around the names, in order and without overlaps; of long lines only the part that is near."""
    windows: list[tuple[int, int]] = []
    for start, end in names:
        since, until = max(0, start - _REACH), min(len(text), end + _REACH)
        since = max(text.rfind("\n", 0, since) + 1, since - _LONGEST_LINE)
        line_end = text.find("\n", until, until + _LONGEST_LINE)
        until = line_end + 1 if line_end >= 0 else min(len(text), until + _LONGEST_LINE)
        if windows and since <= windows[-1][1]:
            since = windows.pop()[0]
        windows.append((since, until))
    return windows


def _replaced(text: str, spans: Iterable[Span], known: Redacted | None) -> _Look:
    namer = Namer(text, known)
    pieces: list[str] = []
    counts: Counter[str] = Counter()
    names: list[tuple[int, int]] = []
    at = length = 0
    for span in spans:
        name = namer.name(text[span.start : span.end], span.kind)
        counts[name] += 1
        pieces += (text[at : span.start], name)
        length += span.start - at + len(name)
        names.append((length - len(name), length))
        at = span.end
    found = tuple(Found(kind=kind_of(name), placeholder=name, count=count) for name, count in counts.items())
    written = "".join((*pieces, text[at:]))
    return _Look(Redacted(text=written, found=found, salt=namer.salt, originals=namer.originals), names)
