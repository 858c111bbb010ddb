"""What stands in the text where a secret stood, and the way back. Pure.

A placeholder is a name that every language accepts, inside a string and outside: `REDACTED_GITHUB_TOKEN_1_7f3a`. Its
last part is chosen so that it does not occur in the text, so nothing that the user wrote is ever taken for one.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from hybrid_lsp.core.redact.hits import compiled, matches, places

_START = "REDACTED_"
_NAME = r"REDACTED_[A-Z][A-Z_]{0,40}_[0-9]{1,9}_"
LOOK_ALIKE = _NAME + r"[0-9a-f]{4,64}"
"""What a placeholder looks like, ours or not: it is never redacted again."""
_NO_LETTERS = r"[\W_]+"
_LONGEST = 128
_SALT_CHARS = (4, 8, 16, 32, 64)
_SALTS_EACH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One secret that was taken out, without the secret."""

    kind: str
    """As `GITHUB_TOKEN`."""
    placeholder: str
    count: int
    """How often it stood in the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """A text without its secrets, and what brings them back. Printing it shows placeholders only."""

    text: str
    found: tuple[Found, ...] = ()
    """What was taken out of this text, in the order of first appearance."""
    salt: str = field(default="", repr=False)
    originals: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The secret behind each placeholder of the job, this text's and those before it. Never to be logged or kept."""

    def __str__(self) -> str:
        """Return the redacted text."""
        return self.text

    @property
    def count(self) -> int:
        """How many places of this text were changed."""
        return sum(found.count for found in self.found)

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """What was taken out, by kind, and how many places each."""
        counts = Counter[str]()
        for found in self.found:
            counts[found.kind] += found.count
        return tuple(sorted(counts.items()))


class LookAlikes:
    """Where something stands in a text that looks like a placeholder: that is no secret any more."""

    def __init__(self, text: str) -> None:
        pattern = compiled(LOOK_ALIKE)
        found = [match.span() for match in matches(pattern, text, _LONGEST)] if _START in text else []
        self._starts, self._ends = [start for start, _ in found], [end for _, end in found]

    def leave(self, start: int, end: int) -> bool:
        """Say whether a stretch holds none of them."""
        if not self._starts:
            return True
        place = bisect_right(self._ends, start)
        return place >= len(self._starts) or self._starts[place] >= end

    def blanked(self, text: str) -> str:
        """Return the text with blanks over them, but for the number and salt: their kinds are no names of secrets."""
        pieces: list[str] = []
        at = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            kind_end = text.rindex("_", start, text.rindex("_", start, end))
            pieces += (text[at:start], " " * (kind_end - start))
            at = kind_end
        return "".join((*pieces, text[at:])) if pieces else text


def fresh_salt(text: str) -> str:
    """Return the first salt of a fixed row that stands nowhere in the text: the same for nearly all texts.

    Nothing of the text goes into it, so it tells nothing about a secret, and the same code gives the same prompt.
    """
    for length in _SALT_CHARS:
        for number in range(_SALTS_EACH):
            salt = sha256(f"hybrid-lsp {length} {number}".encode()).hexdigest()[:length]
            if f"_{salt}" not in text:
                return salt
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def kind_of(placeholder: str) -> str:
    """Return the kind that a placeholder names."""
    return placeholder.removeprefix(_START).rsplit("_", 2)[0]


class Namer:
    """Gives each secret of a job its placeholder: the same secret the same one."""

    def __init__(self, text: str, known: Redacted | None) -> None:
        self.salt = (known.salt if known is not None else "") or fresh_salt(text)
        self.originals: dict[str, str] = dict(known.originals) if known is not None else {}
        self._names = {secret: name for name, secret in self.originals.items()}
        self._last: dict[str, int] = {}
        self._taken = _names_in(text, self.salt)

    def name(self, secret: str, kind: str) -> str:
        """Return the placeholder of a secret, a new one where it has none yet."""
        if secret not in self._names:
            name = self._new_name(kind)
            self._names[secret] = name
            self.originals[name] = secret
        return self._names[secret]

    def _new_name(self, kind: str) -> str:
        while True:
            number = self._last[kind] = self._last.get(kind, 0) + 1
            name = f"{_START}{kind}_{number}_{self.salt}"
            if name not in self.originals and name not in self._taken:
                return name


def _names_in(text: str, salt: str) -> set[str]:
    """Return the names of this salt that the text holds, wherever one may begin."""
    if f"_{salt}" not in text:
        return set()
    name = re.compile(_NAME + salt)
    return {match[0] for at in places(text, _START) if (match := name.match(text, at)) is not None}


def restore(reply: str, redacted: Redacted) -> str:
    """Return a text with every placeholder of the job put back; whatever is not exactly one stays as it is."""
    if not redacted.originals or _START not in reply:
        return reply
    known = redacted.originals
    kinds = "|".join(sorted({kind_of(name) for name in known}))
    pattern = re.compile(f"{_START}(?:{kinds})_[0-9]{{1,9}}_{redacted.salt}")
    return pattern.sub(lambda match: known.get(match[0], match[0]), reply)


def strays(answer: str, before: str, redacted: Redacted) -> int:
    """Return how many names an answer holds that look like placeholders of the job, and for which nothing is put back.

    A model may write one in other letters, cut it, put one together from parts or think one up. Whatever stood in the
    text `before` is none.
    """
    found = _like_placeholders(answer, redacted) if redacted.originals else set()
    return len(found - _like_placeholders(before, redacted)) if found else 0


def _like_placeholders(text: str, redacted: Redacted) -> set[str]:
    if _START.strip("_").lower() not in (joined := compiled(_NO_LETTERS).sub("", text.lower())):
        return set()
    kinds = "|".join(sorted({kind_of(name).replace("_", "").lower() for name in redacted.originals}))
    like = re.compile(f"redacted(?:(?:{kinds})[0-9]|[a-z]{{1,40}}[0-9]{{1,9}}{redacted.salt})")
    return {*like.findall(joined), *compiled(_START + r"\w*").findall(text)}


class Restorer:
    """Puts back the secrets of a text that arrives in pieces, cut anywhere: together the same as `restore` of all."""

    def __init__(self, redacted: Redacted) -> None:
        self._redacted = redacted
        self._names = tuple(redacted.originals)
        self._longest = max(map(len, self._names), default=0)
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take the next piece and return what can be said already; what may be half a placeholder is held back."""
        text = self._held + piece
        cut = self._safe_end(text)
        self._held = text[cut:]
        return restore(text[:cut], self._redacted)

    def end(self) -> str:
        """Return what was still held back."""
        rest, self._held = restore(self._held, self._redacted), ""
        return rest

    def _safe_end(self, text: str) -> int:
        for at in self._starts(text):
            tail = text[at:]
            if (_START.startswith(tail) or tail.startswith(_START)) and any(
                len(tail) < len(name) and name.startswith(tail) for name in self._names
            ):
                return at
        return len(text)

    def _starts(self, text: str) -> Iterator[int]:
        """Yield where in the last characters a placeholder may have begun."""
        at = text.find("R", max(0, len(text) - self._longest + 1))
        while self._names and at >= 0:
            yield at
            at = text.find("R", at + 1)
