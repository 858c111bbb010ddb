"""The text of a document as the specification describes it: slow, whole-string, and plain enough to be read as correct.

Works on UTF-16, UTF-8 or UTF-32 *units* as LSP 3.18 §Position counts them, with no regard for cost.
"""

from collections.abc import Iterable

from hybrid_lsp.frontends.lsp.documents import Change

TERMINATORS = ("\r\n", "\n", "\r")


def lines_of(text: str) -> list[tuple[str, str]]:
    """Return each line's content and terminator (LSP 3.18 §Text Documents), the last with an empty one."""
    lines, content, at = [], "", 0
    while at < len(text):
        for terminator in TERMINATORS:
            if text.startswith(terminator, at):
                lines.append((content, terminator))
                content, at = "", at + len(terminator)
                break
        else:
            content, at = content + text[at], at + 1
    return [*lines, (content, "")]


def width(character: str, encoding: str) -> int:
    """Return the units that one character takes."""
    if encoding == "utf-32":
        return 1
    if encoding == "utf-16":
        return 2 if ord(character) > 0xFFFF else 1
    return next(
        bytes_ for bytes_, limit in ((1, 0x7F), (2, 0x7FF), (3, 0xFFFF), (4, 0x10FFFF)) if ord(character) <= limit
    )


def column_of(content: str, character: int, encoding: str) -> int:
    """Return the code point at which a number of units falls: never past the end, never within a character."""
    used = 0
    for column, each in enumerate(content):
        used += width(each, encoding)
        if used > character:
            return column
    return len(content)


def locate(text: str, line: int, character: int, encoding: str) -> tuple[int, int]:
    """Return the line and code point of a position."""
    lines = lines_of(text)
    if line < 0:
        return 0, 0
    if line >= len(lines):
        return len(lines) - 1, len(lines[-1][0])
    return line, column_of(lines[line][0], character, encoding)


def offset(text: str, place: tuple[int, int]) -> int:
    """Return the code point in the text of a line and code point."""
    return sum(len(content) + len(terminator) for content, terminator in lines_of(text)[: place[0]]) + place[1]


def joined(text: str) -> str:
    """Return the text with each high surrogate and the low one after it made into one character."""
    out = ""
    for each in text:
        if out and "\ud800" <= out[-1] <= "\udbff" and "\udc00" <= each <= "\udfff":
            out = out[:-1] + chr(0x10000 + ((ord(out[-1]) - 0xD800) << 10) + ord(each) - 0xDC00)
        else:
            out += each
    return out


def applied(text: str, changes: Iterable[Change], encoding: str) -> str:
    """Return the text after the changes, one after the other."""
    for change in changes:
        if change.span is None:
            text = joined(change.text)
        else:
            places = (locate(text, *change.span[:2], encoding), locate(text, *change.span[2:], encoding))
            start, end = sorted(offset(text, place) for place in places)
            text = joined(text[:start] + change.text + text[end:])
    return text


def window(text: str, line: int, above_chars: int, below_chars: int) -> tuple[str, str]:
    """Return the whole lines around a line that fit, the nearest first, their terminators made LF."""
    lines = lines_of(text)
    above: list[str] = []
    for content, terminator in reversed(lines[: max(line, 0)]):
        if (above_chars := above_chars - len(content) - len(terminator)) < 0:
            break
        above.insert(0, content + ("\n" if terminator else ""))
    below: list[str] = []
    for content, terminator in lines[max(line + 1, 0) :]:
        if (below_chars := below_chars - len(content) - len(terminator)) < 0:
            break
        below.append(content)
    return "".join(above), "\n".join(below)
