"""Whether an answer belongs where it shall stand."""

import re

from hybrid_lsp.core.check.edit import Edit, lines_of

_IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")
_LEAST_NAMES = 6
_LEAST_OVERLAP = 0.15
_ECHO_LINES = 2
_NEAR_LINES = 4
_ECHO_CHARS = 12
_LEAST_MOVED = 3
_LEAST_SHARED = 0.2


def misplaced(edit: Edit) -> str:
    """Return what shows that the answer is for another place; empty where nothing does."""
    text, part, above, below = (lines_of(lines) for lines in (edit.text, edit.part, edit.above, edit.below))
    from_below = _repeats(below[::-1], text[::-1], part[::-1])
    if from_below or _repeats(above, text, part) or _surrounds(above, text, below):
        return "The answer repeats the text around the part."
    if above and text and _echoes_line(above[-1], text[0], part[:1]):
        return "The answer repeats the text around the part."
    if below and text and _echoes_line(below[0], text[-1], part[-1:]):
        return "The answer repeats the text around the part."
    if len(text) >= _LEAST_MOVED and (_is_other(text, above, part) or _is_other(text, below, part)):
        return "The answer is another part of the file."
    names = set(_IDENTIFIER.findall(edit.part))
    kept = names & set(_IDENTIFIER.findall(edit.text))
    if text and len(names) >= _LEAST_NAMES and len(kept) < _LEAST_OVERLAP * len(names):
        return "The answer has next to nothing in common with the part."
    return ""


def _repeats(above: list[str], text: list[str], part: list[str]) -> bool:
    """Say whether the answer begins with lines that stand above the part. Upside down, it says the same of below."""
    above = above[-len(text) :] if text else []  # more of them than it has cannot begin it
    for at in (at for at, line in enumerate(above) if line == text[0]):
        run = above[at:]
        if (
            len(run) >= _ECHO_LINES
            and sum(map(len, run)) >= _ECHO_CHARS
            and run == text[: len(run)] != part[: len(run)]
        ):
            return True
    return False


def _surrounds(above: list[str], text: list[str], below: list[str]) -> bool:
    """Say whether what stands next to the part, on both sides, stands in the answer: it is the whole file."""
    near = above[-_NEAR_LINES:], below[:_NEAR_LINES]
    return all(len(lines) == _NEAR_LINES and _stands_in(lines, text) for lines in near)


def _is_other(text: list[str], around: list[str], part: list[str]) -> bool:
    """Say whether the answer stands elsewhere in the file, as it is or under the same first line."""
    if text[0] not in around or text[0] in part:
        return False
    shared = sum(line in part for line in text)
    return _stands_in(text, around) or shared < _LEAST_SHARED * len(text)


def _echoes_line(around: str, edge: str, before: list[str]) -> bool:
    return len(around) >= _ECHO_CHARS and around == edge and before != [around]


def _stands_in(few: list[str], many: list[str]) -> bool:
    """Say whether lines stand in others, one right after another."""
    places = (at for at in range(len(many) - len(few) + 1) if many[at] == few[0] and many[at + len(few) - 1] == few[-1])
    return any(all(many[at + n] == line for n, line in enumerate(few)) for at in places)
