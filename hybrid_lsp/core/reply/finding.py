"""What a review found, line by line."""

import re
from dataclasses import dataclass
from enum import StrEnum

_FINDING = re.compile(
    r"\s*(?:[-*]\s+)?(?:\**L?(?:ine)?\s*)?(?P<line>\d{1,7})(?:\s*[-–]\s*\d{1,7})?\**\s*:\s*"
    r"\**(?P<severity>error|warning|hint|info|note)\**\s*:\s*(?P<text>\S.*)",
    re.IGNORECASE,
)
_MOST = 100
_MOST_CHARS = 1000
_LONGEST = 1100
"""Of a line: what is before the words is short, or it is no finding."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a review says of one line."""

    line: int
    """0-based line of the document."""
    severity: Severity
    text: str


def findings_in(words: str, first: int, last: int) -> tuple[Finding, ...]:
    """Return what was found on the lines `first` to `last` (0-based, inclusive), in the model's order, none twice.

    Words that are no finding, and lines outside, are passed over: the whole review is shown beside it.
    """
    found: dict[tuple[int, str], Finding] = {}
    lines = (line.strip()[:_LONGEST] for line in words.splitlines())
    for match in filter(None, map(_FINDING.fullmatch, lines)):
        line = int(match["line"]) - 1
        if first <= line <= last:
            text = match["text"].strip()[:_MOST_CHARS]
            finding = Finding(line=line, severity=_severity(match["severity"]), text=text)
            found.setdefault((line, text), finding)
    return tuple(found.values())[:_MOST]


def _severity(word: str) -> Severity:
    word = word.lower()
    return Severity(word) if word in tuple(Severity) else Severity.HINT
