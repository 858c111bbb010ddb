"""What a model says before it says what is meant: taken off the front of its text. Pure."""

import re
from dataclasses import dataclass

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim.lines import PROSE, blanks

_MIN_REPEAT_CHARS = 4
_NO_BLANK_BEHIND = (" ", "\t", ".", "(", "[")
_THOUGHT = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
_SPECIAL = re.compile(
    r"<\|[a-z_]{2,24}\|>|<｜[^｜\n]{1,24}｜>|<fim_(?:prefix|suffix|middle|pad)>|<(?:PRE|SUF|MID|EOT)>|"
    r"\[(?:PREFIX|SUFFIX|MIDDLE)\]"
)
_LEADING_SPECIAL = re.compile(rf"\s*(?:{_SPECIAL.pattern})")
_CHATTER = re.compile(
    r"\s*(?:(?:Sure|Certainly|Of course|Absolutely)[,!.][^\n]*|"
    r"(?:Here(?:['’]s| is| are)|Below is|The (?:completed|missing|updated) code)\b[^\n]*(?::|\bcode\b)[^\n]*)\n"
)
_FENCE = re.compile(r"\s*```[^\n]*\n")
_FENCE_END = re.compile(r"^[ \t]*```", re.MULTILINE)
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)+")
_FIRST_WORDS = ("<think>", "<|", "<｜", "<fim_", "<PRE>", "<MID>", "<EOT>", "```")
_FIRST_PROSE = ("Sure", "Certainly", "Of course", "Absolutely", "Here", "Below is", "The ")


# Openings: `(text, at, excerpt)` -> where the text begins that is meant.


def thinking(text: str, at: int, excerpt: Excerpt) -> int:
    """Skip `<think>…</think>`."""
    return _skip(_THOUGHT, text, at)


def special_tokens(text: str, at: int, excerpt: Excerpt) -> int:
    """Skip tokens of the prompt that come back; later in the text one of them ends it."""
    return _skip(_LEADING_SPECIAL, text, at)


def chatter(text: str, at: int, excerpt: Excerpt) -> int:
    """Skip a line that talks about the code, where the language is not prose itself."""
    return at if excerpt.language in PROSE else _skip(_CHATTER, text, at)


def fences(text: str, at: int, excerpt: Excerpt) -> int:
    """Skip the line that opens a fence; the line that closes it ends the text."""
    return at if excerpt.language in PROSE else _skip(_FENCE, text, at)


def repeated_prefix(text: str, at: int, excerpt: Excerpt) -> int:
    """Skip what is typed left of the cursor, said again; four characters or more."""
    typed = excerpt.prefix.strip()
    said = at + blanks(text[at:])
    return said + len(typed) if len(typed) >= _MIN_REPEAT_CHARS and text.startswith(typed, said) else at


def leading_blank(text: str, at: int, excerpt: Excerpt) -> int:
    """Skip blank lines in front of a new line, and a blank behind a blank or an open bracket."""
    if not excerpt.prefix.strip():
        return _skip(_BLANK_LINES, text, at)
    return at + blanks(text[at:]) if excerpt.prefix.endswith(_NO_BLANK_BEHIND) else at


OPENINGS = (thinking, special_tokens, chatter, fences, repeated_prefix, leading_blank)


@dataclass(frozen=True, slots=True)
class Body:
    """What is meant for the file, and whether the model has said that this is all."""

    text: str
    is_closed: bool


def unwrapped(text: str, excerpt: Excerpt) -> Body | None:
    """Return what is meant for the file, or None while that cannot be told."""
    at, is_fenced, is_moved = 0, False, True
    while is_moved:
        is_moved = False
        for opening in OPENINGS:
            begins = at if is_fenced and opening is fences else opening(text, at, excerpt)
            is_fenced = is_fenced or (opening is fences and begins > at)
            is_moved, at = is_moved or begins > at, begins
    said = text[at:]
    if _is_undecided(said, excerpt):
        return None
    ends = [_SPECIAL.search(said), _FENCE_END.search(said) if is_fenced else None]
    end = min((found.start() for found in ends if found), default=-1)
    return Body(said, False) if end < 0 else Body(said[:end], True)


def _is_undecided(rest: str, excerpt: Excerpt) -> bool:
    """Say whether an opening may have begun that has not ended."""
    head = rest.lstrip()
    if not head or head.startswith("<think>"):
        return True
    words = _FIRST_WORDS if excerpt.language in PROSE else _FIRST_WORDS + _FIRST_PROSE
    is_word = head.startswith(words) or any(word.startswith(head) for word in words)
    return "\n" not in head and (is_word or excerpt.prefix.strip().startswith(head))


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
