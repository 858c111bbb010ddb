"""What can go wrong, as values.

`HybridError`
└── `Refused`   a rule of ours said no; the sentence names the thing, the rule and the way out

Anything else that is raised is a fault of ours and is logged where it is caught.
"""

from dataclasses import dataclass


class HybridError(Exception):
    """Base of every error that hybrid-lsp raises on purpose."""


class Refused(HybridError):
    """A rule said no. Its text is one sentence for a person, without a path of the machine and without user text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file that a person wrote, in one sentence that says how to mend it."""

    sentence: str
    key: str = ""
    """The JSON key it is about, as `allowed_for_cloud.code_review`; empty when it is the whole file."""
    line: int = 0
    """0-based line of the file where it was found."""
    column: int = 0
    """0-based code point in that line."""
