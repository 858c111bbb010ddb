"""The floor: what every edit must pass before it is shown, in a millisecond and without running anything. Pure.

Rules:
1. A check refuses only what is mechanically wrong. Whether an edit is good is for evidence, or for a person, to say.
2. What was wrong before may stay wrong: each check compares with the part as it was.
3. Each check tells what it saw in one sentence, without text of the file.
"""

import re
from dataclasses import dataclass, field

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
_PROSE = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|here(?:'s| is| are)|below is|i(?:'ve| have| will|'ll)"
    r"|this (?:code|function|version|change|part|method|class)"
    r"|the (?:code|function|following|above|part|changes?|method)"
    r"|note(?: that)?|let me|to (?:fix|refactor|do)|explanation|changes made|in this|as an ai|i'm sorry|i cannot|sorry)"
    r"\b[^={};()\[\]]*$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:[-*] \*\*|[-*] [A-Z][a-z]+ed\b|\d+\. [A-Z`*]|#{2,} [A-Z])")
_LAST_WORD = re.compile(r"\w+$")
_DIFF = re.compile(r"(?:@@ -\d|--- a/|\+\+\+ b/|diff --git |<{7}|>{7}|={7}$)")
_NUMBERED = re.compile(r"\s*\d+\s*[:|]\s")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")
_STRANGE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufffd\r]")
_LEAST_NAMES = 6
_LEAST_OVERLAP = 0.15
_ECHO_LINES = 2
_MOST_ECHO_LINES = 4
_ECHO_CHARS = 12
_LEAST_MOVED = 3
_LEAST_LOST = 3
_LEAST_CUT = 3
_LOST_SHARE = 0.25
_LEAST_SHARED = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check says."""

    name: str
    passed: bool
    sentence: str = ""
    """What it saw, where it did not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """An answer, with all that the floor looks at. Lines end in one line feed."""

    part: str
    """The text that is to be replaced."""
    text: str
    """What shall stand there."""
    above: str = ""
    below: str = ""
    ended: EndReason = EndReason.DONE
    fenced: bool = True
    closed: bool = True
    blocks: int = 1
    last: bool = False
    """Whether the model was asked to reason first, so that several blocks are right."""
    faults_before: int | None = None
    """Syntax errors in the whole file as it was; None where no grammar can say."""
    faults_after: int | None = None
    """And with the edit in it."""
    new_names: tuple[str, ...] = field(default=())
    """Names that are used with the edit and defined nowhere, and stood nowhere before."""
    lost_names: tuple[str, ...] = field(default=())
    """Names that stood in the file, and that the edit leaves without a definition, or uses out of its reach."""


def floor(edit: Edit) -> tuple[Verdict, ...]:
    """Return what each check says of an edit, in the order in which they matter."""
    return tuple(
        Verdict(name=name, passed=not fault, sentence=fault)
        for name, fault in (
            ("complete", _incomplete(edit)),
            ("chatter", _chatter(edit)),
            ("changed", _unchanged(edit)),
            ("place", _misplaced(edit)),
            ("indentation", _misindented(edit)),
            ("characters", _strange(edit)),
            ("syntax", _worse_syntax(edit)),
            ("names", _undefined(edit)),
        )
    )


def _incomplete(edit: Edit) -> str:
    if edit.ended is EndReason.LIMIT:
        return "The answer was cut off at its length limit."
    if edit.ended is not EndReason.DONE:
        return "The answer broke off."
    if not edit.closed:
        return "The answer's code block was never closed."
    if not edit.text.strip():
        return "The answer holds no code."
    if edit.blocks > 1 and not edit.last:
        return "The answer holds several code blocks, and which one is meant is not clear."
    known = _placeholders(edit.part)
    if _placeholders(edit.text) - known or _stops_short(_lines(edit.text), _lines(edit.part)):
        return "The answer leaves code out."
    return ""


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
    word = _LAST_WORD.search(last)
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
    return {line.strip() for line in text.split("\n") if _PLACEHOLDER.search(line)}


def _chatter(edit: Edit) -> str:
    """Prose where code should be; around a code block it is harmless and was left away.

    Where a grammar finds no new fault, prose stands in a text or a comment, and there it belongs.
    """
    lines, known = _lines(edit.text), edit.part + edit.above + edit.below
    if _is_diff(lines, known):
        return "The answer is a list of changes, not the new text."
    if not edit.fenced and any(_LISTED.match(line) and line not in known for line in lines[-1:]):
        return "The answer talks where code should be."
    if edit.faults_after is not None and not _worse_syntax(edit):
        return ""
    ends = lines if not edit.fenced else lines[:1]
    said = any(_PROSE.match(line) and " " in line and line not in known for line in ends)
    said = said or any(line.startswith("```") and "```" not in known for line in lines)
    return "The answer talks where code should be." if said else ""


def _is_diff(lines: list[str], known: str) -> bool:
    if any(_DIFF.match(line) and line not in known for line in lines):
        return True
    return len(lines) > 1 and all(map(_NUMBERED.match, lines)) and not all(map(_NUMBERED.match, _lines(known)))


def _unchanged(edit: Edit) -> str:
    same = [line.rstrip() for line in edit.text.rstrip().split("\n")]
    return "The answer changes nothing." if same == [line.rstrip() for line in edit.part.rstrip().split("\n")] else ""


def _misplaced(edit: Edit) -> str:
    text, part, above, below = (_lines(lines) for lines in (edit.text, edit.part, edit.above, edit.below))
    if any(
        _repeats(around, text, part)
        for lines in range(_ECHO_LINES, _MOST_ECHO_LINES + 1)
        for around in (above[-lines:], below[:lines])
    ):
        return "The answer repeats the text around the part."
    if above and text and _echoes_line(above[-1], text[0], part[:1]):
        return "The answer repeats the text around the part."
    if below and text and _echoes_line(below[0], text[-1], part[-1:]):
        return "The answer repeats the text around the part."
    if len(text) >= _LEAST_MOVED and (_is_other(text, above, part) or _is_other(text, below, part)):
        return "The answer is another part of the file."
    names = set(_IDENTIFIER.findall(edit.part))
    kept = names & set(_IDENTIFIER.findall(edit.text))
    if len(names) >= _LEAST_NAMES and len(kept) < _LEAST_OVERLAP * len(names):
        return "The answer has next to nothing in common with the part."
    return ""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _repeats(around: list[str], text: list[str], part: list[str]) -> bool:
    """Say whether lines next to the part stand in the answer, and not in the part."""
    return (
        len(around) >= _ECHO_LINES
        and sum(map(len, around)) >= _ECHO_CHARS
        and _stands_in(around, text)
        and not _stands_in(around, part)
    )


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
    first = few[0]
    return any(line == first and many[at : at + len(few)] == few for at, line in enumerate(many))


def _misindented(edit: Edit) -> str:
    whole = "\n".join((edit.above, edit.part, edit.below))
    before, after = _leading(whole), _leading(edit.text)
    tabs_are_new = before == {" "} and "\t" in after
    if tabs_are_new or (before == {"\t"} and after == {" "}):
        return "The answer is indented with tabs where the file has spaces, or the other way round."
    return ""


def _leading(text: str) -> set[str]:
    """Return the characters that lines begin with; a single space, as before the star of a comment, is none."""
    starts = (line[: len(line) - len(line.lstrip(" \t"))] for line in text.split("\n") if line.strip())
    return set("".join(start for start in starts if start != " "))


def _strange(edit: Edit) -> str:
    new = set(_STRANGE.findall(edit.text)) - set(_STRANGE.findall(edit.part))
    return "The answer holds control characters." if new else ""


def _worse_syntax(edit: Edit) -> str:
    if edit.faults_before is None or edit.faults_after is None or edit.faults_after <= edit.faults_before:
        return ""
    return "With the answer, the file no longer parses."


def _undefined(edit: Edit) -> str:
    count = len(edit.new_names) + len(edit.lost_names)
    return f"The answer uses {count} name{'s' if count > 1 else ''} that nothing defines." if count else ""
