"""Whether an answer talks, where code should be."""

import re

from hybrid_lsp.core.check.edit import Edit, lines_of

_PROSE = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|here(?:'s| is| are)|below is|i(?:'ve| have| will|'ll)"
    r"|this (?:code|function|version|change|part|method|class)"
    r"|the (?:code|function|following|above|part|changes?|method)"
    r"|note(?: that)?|let me|to (?:fix|refactor|do)|explanation|changes made|in this|as an ai|i'm sorry|i cannot|sorry)"
    r"\b[^={};()\[\]]*$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:[-*] \*\*|[-*] [A-Z][a-z]+ed\b|\d+\. [A-Z`*]|#{2,} [A-Z])")
_DIFF = re.compile(r"(?:@@ -\d|--- a/|\+\+\+ b/|diff --git |<{7} |>{7} )")
_NUMBERED = re.compile(r"\s*\d+\s*[:|]\s")
_TALKS = "The answer talks where code should be."


def chatter(edit: Edit) -> str:
    """Prose where code should be; around a code block it is harmless and was left away.

    Where a grammar finds no new fault, prose stands in a text or a comment, and there it belongs.
    """
    lines, known = lines_of(edit.text), edit.part + edit.above + edit.below
    if _is_diff(lines, known):
        return "The answer is a list of changes, not the new text."
    if edit.prose:  # there only what stands in front of an answer without a fence can be told from it
        return _TALKS if not edit.fenced and any(_PROSE.match(line) and line not in known for line in lines[:1]) else ""
    if not edit.fenced and lines and lines[0].startswith("```") and "```" not in known:
        return _TALKS
    if not edit.fenced and any(_LISTED.match(line) and line not in known for line in lines[-1:]):
        return _TALKS
    if edit.faults_after is not None and not worse_syntax(edit):
        return ""
    ends = lines if not edit.fenced else lines[:1]
    said = any(_PROSE.match(line) and " " in line and line not in known for line in ends)
    said = said or any(line.startswith("```") and "```" not in known for line in lines)
    return _TALKS if said else ""


def _is_diff(lines: list[str], known: str) -> bool:
    if any(_DIFF.match(line) and line not in known for line in lines):
        return True
    return len(lines) > 1 and all(map(_NUMBERED.match, lines)) and not all(map(_NUMBERED.match, lines_of(known)))


def worse_syntax(edit: Edit) -> str:
    """Return that the file has more syntax errors than before; empty where it has not, or nobody can say."""
    if edit.faults_before is None or edit.faults_after is None or edit.faults_after <= edit.faults_before:
        return ""
    return "With the answer, the file no longer parses."
