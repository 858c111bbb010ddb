"""What is commented out, read as if it were not: a manifest, a key or a value may stand in several lines. Pure.

What stands on one line is found behind a sign of a comment as anywhere else. Only what goes over several lines is
hidden by the signs between, so a comment of one line is not looked at again.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hybrid_lsp.core.redact.hits import Hit, compiled, matches

_SIGN = (
    r"(?:#{1,80}+!?|/{2,80}+!?|/?\*{1,80}+/?|-{2,80}+|;{1,80}+|<!--+|%{1,80}+|!{1,80}+|>{1,80}+|::|\(\*"
    r"|\+|-(?!-)|[\"'](?=[ \t])|(?:@?(?:REM|rem|Rem)|dnl)(?![A-Za-z0-9_]))"
)
_OUTER = r"(?:(?:#{1,80}+|/{2,80}+|\*|>{1,80}+|--)[ \t]{1,8}+){0,3}"
"""What is commented out may have been a comment before, and the signs of a patch stand before a line like those."""
_BEGIN = rf"[ \t]{{0,80}}+[+-]?[ \t]{{0,80}}(?=[#/*;<%!>:(\"'@Rrd+-]){_OUTER}{_SIGN}[ \t]?"
_LONGEST_BEGIN = 500
_NONE = -2
"""Where a line ends that is not there; the one before the first ends at -1."""
_CLOSINGS = ("-->", "*/", "*)")
_BREAK = "\n---\0\n"
"""Between comments that have code between them: no rule reads across it."""


@dataclass(slots=True)
class _Line:
    """A line of a comment: where its content stands in the whole text, and what leads to it from the line before."""

    start: int
    end: int
    joint: str


@dataclass(slots=True)
class Comments:
    """The comments of a text that go over several lines, as a text of their own; looked for when it is first read."""

    text: str
    _lines: list[_Line] | None = None
    _starts: list[int] = field(default_factory=list)
    """Where each line begins among the comments."""

    def hits(self, rule: Callable[..., Iterator[Hit]], *texts: str) -> Iterator[Hit]:
        """Yield what a rule finds in the comments, as it stands in the whole text.

        Args:
            rule: is given the comments out of each of the texts.
            texts: the text, or such as have the same characters in the same places.
        """
        if self._lines is None:
            self._lines = _several(self.text)
            self._starts = _starts(self._lines)
        lines = self._lines
        if not lines:
            return
        for hit in rule(*("".join([line.joint + text[line.start : line.end] for line in lines]) for text in texts)):
            start, last, since = (self._place(lines, at) for at in (hit.start, hit.end - 1, hit.since))
            yield Hit(start, last + 1, hit.kind, since)

    def _place(self, lines: list[_Line], at: int) -> int:
        """Return where something stands in the whole text; what stands in a joint is at the end of the line before."""
        number = max(0, bisect_right(self._starts, at) - 1)
        return min(lines[number].start + max(0, at - self._starts[number]), lines[number].end)


def _several(text: str) -> list[_Line]:
    """Return the lines of all comments that have more than one; blank lines may stand between them."""
    found: list[_Line] = []
    alone, last = True, _NONE
    for before, start in _begun(text):
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        goes_on = last == before or (last >= 0 and text[last:before].isspace())
        if not goes_on and alone and found:
            found.pop()
        joint = ("\n" if last == before else "\n\n") if goes_on else _BREAK
        alone, last = not goes_on, line_end
        found.append(_Line(start, start + _length(text[start:line_end]), joint))
    return found[:-1] if alone else found


def _starts(lines: list[_Line]) -> list[int]:
    starts, length = [0], 0
    for line in lines:
        length += len(line.joint)
        starts.append(length)
        length += line.end - line.start
    return starts[1:]


def _begun(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the line before each line of a comment ends, and where its content begins."""
    first = compiled(_BEGIN).match(text)
    if first is not None:
        yield -1, first.end()
    for match in matches(compiled("\n" + _BEGIN), text, _LONGEST_BEGIN):
        yield match.start(), match.end()


def _length(line: str) -> int:
    """Return how long a line is without blanks and a closing sign at its end."""
    content = line.rstrip()
    closing = next(filter(content.endswith, _CLOSINGS), "")
    return len(content.removesuffix(closing).rstrip())
