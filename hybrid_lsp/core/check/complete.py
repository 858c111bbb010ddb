"""Whether an answer is all there."""

import re

from hybrid_lsp.core.check.edit import Edit, lines_of
from hybrid_lsp.core.stream import EndReason

_MARK = r"(?:#|//|/\*|--|;|<!--|\*)"
_DOTS = r"(?:\.{3}|…)"
_PLACEHOLDER = re.compile(
    "|".join(
        (
            # `... rest of the code`, with or without a comment's mark
            rf"^\s*(?:{_MARK}\s*)?{_DOTS}\s*(?:{_MARK}\s*)?\(?\s*(?:the\s+)?(?:rest|remain|existing|previous|other|same|unchanged|your|more"
            r"|implementation|code|as before|omitted|snip|continue)\b",
            rf"^\s*{_MARK}\s*\(?\s*(?:{_DOTS}\s*)?(?:the\s+)?(?:rest|remainder)\s+"
            r"(?:of (?:the|this|your) (?:code|function|file|class|method|implementation|module|body|part)"
            r"|(?:is |are )?unchanged"
            r"|remains|stays|as (?:before|is))\b",
            rf"^\s*{_MARK}\s*\(?\s*(?:existing|remaining|previous|other|original|unchanged)\s+"
            r"(?:code|implementation|methods?|functions?|logic|lines?|body)\b",
            rf"^\s*{_MARK}\s*\(?\s*(?:code|implementation|body|everything else|all else)\s+"
            r"(?:unchanged|omitted|as before|goes here|here|remains)\b",
            rf"^\s*{_MARK}\s*\(?\s*(?:unchanged\s*\)?\s*$|omitted for brevity|as before\b|same as (?:before|above)\b)",
            rf"^\s*{_MARK}\s*\(?\s*(?:your|add|insert|put)\s+(?:own\s+|the\s+)?(?:code|logic|implementation)\s+here\b",
            rf"^\s*{_MARK}\s*{_DOTS}\s*(?:\*/|-->)?\s*$",
        )
    ),
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"\w+$")
_MOST_VANISHING = 5
_LEAST_LOST = 3
_LEAST_CUT = 3
_LONGEST_PLACEHOLDER = 300
_LONGEST_WORD = 200
_LOST_SHARE = 0.25


def incomplete(edit: Edit) -> str:
    """Return what shows that something is missing; empty where nothing does."""
    if edit.ended is EndReason.LIMIT:
        return "The answer was cut off at its length limit."
    if edit.ended is EndReason.REFUSED:
        return "The model would not answer."
    if edit.ended is not EndReason.DONE:
        return "The answer broke off."
    if not edit.closed:
        return "The answer's code block was never closed."
    if not edit.text.strip():
        return "" if _vanishes(edit) else "The answer holds no code."
    if edit.blocks > 1 and not edit.last:
        return "The answer holds several code blocks, and which one is meant is not clear."
    if edit.strays:
        return "The answer changes the name under which a secret was taken out, so the secret cannot be put back."
    known = _placeholders(edit.part)
    if _placeholders(edit.text) - known or _stops_short(lines_of(edit.text), lines_of(edit.part)):
        return "The answer leaves code out."
    return ""


def _vanishes(edit: Edit) -> bool:
    """Say whether it was meant that nothing stays of a few lines: a block was given, and there is nothing in it."""
    return edit.may_vanish and edit.fenced and len(lines_of(edit.part)) <= _MOST_VANISHING


def _stops_short(text: list[str], part: list[str]) -> bool:
    """Say whether the answer ends in the midst of the part, or of a line of it, and has nothing of what follows."""
    if not text or text[-1:] == part[-1:]:
        return False
    return _ends_in_a_line(text, part) or _ends_at_a_line(text, part)


def _ends_in_a_line(text: list[str], part: list[str]) -> bool:
    last = text[-1]
    at = next((at for at, line in enumerate(part) if line.startswith(last) and line != last), None)
    if at is None or last in part or len(last) < _LEAST_CUT:
        return False
    word = _LAST_WORD.search(last[-_LONGEST_WORD:])
    in_a_word = word is not None and re.match(r"\w", part[at][len(last) :]) is not None
    if word is not None and in_a_word:
        return len(re.findall(rf"\b{re.escape(word[0])}\b", "\n".join(text))) == 1
    return _is_gone(part[at + 1 :], part[: at + 1], text, least=1)


def _ends_at_a_line(text: list[str], part: list[str]) -> bool:
    ends = [at for at, line in enumerate(part) if line == text[-1]]
    if not ends or len(text[-1]) < _LEAST_CUT:
        return False
    before = [at for at in ends if at and len(text) > 1 and part[at - 1] == text[-2]]
    at = (before or ends)[-1]
    least = max(_LEAST_LOST, _LOST_SHARE * len(part))
    if _gives(part[-1]) and not any(map(_gives, text)):
        least = 1
    return _is_gone(part[at + 1 :], part[: at + 1], text, least=least)


def _gives(line: str) -> bool:
    return line.startswith(("return ", "yield "))


def _is_gone(lost: list[str], kept: list[str], text: list[str], *, least: float) -> bool:
    """Say whether lines that stood in one place only are all absent from the answer."""
    own = set(lost) - set(kept)
    return len(lost) >= least and bool(own) and not own & set(text)


def _placeholders(text: str) -> set[str]:
    """Return the lines that stand for code. Only beginnings are looked at, without gaps: some have no end."""
    return {
        line.strip() for line in text.split("\n") if _PLACEHOLDER.search(" ".join(line.split())[:_LONGEST_PLACEHOLDER])
    }
