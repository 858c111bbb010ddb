"""Lines and columns as LSP counts them (LSP 3.18 §Text Documents, §Position).

A line ends at LF, CR LF or CR and at nothing else: a form feed, U+0085 or U+2028 are characters like any other, which
is why `str.splitlines` has no place here. A column is a number of *units* of the encoding that client and server agreed
on; inside the house it is a number of code points.
"""

import re
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_TERMINATOR = re.compile(r"\r\n?|\n")
_SURROGATE = re.compile("[\ud800-\udfff]")


def split_lines(text: str) -> list[str]:
    """Return the lines of `text` with their terminators; never empty, and only the last line has no terminator."""
    if "\r" not in text:
        lines = [f"{line}\n" for line in text.split("\n")]
        lines[-1] = lines[-1][:-1]
        return lines
    lines, start = [], 0
    for terminator in _TERMINATOR.finditer(text):
        lines.append(text[start : terminator.end()])
        start = terminator.end()
    lines.append(text[start:])
    return lines


def content_length(line: str) -> int:
    """Return how many code points of `line` stand before its terminator."""
    if line.endswith("\n"):
        return len(line) - (2 if line.endswith("\r\n") else 1)
    return len(line) - (1 if line.endswith("\r") else 0)


def pairs_joined(text: str) -> str:
    """Return `text` with every high and low surrogate that stand side by side made into the one character they mean.

    A client that counts UTF-16 units may insert the two halves of a character in two edits, and JSON can carry each
    alone. A half that stays alone is kept, so that later positions still fit.
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def to_column(content: str, units: int, encoding: Encoding) -> int:
    """Return the code point at which `units` fall in a line's content, between 0 and its length.

    More units than the line has mean its end (LSP 3.18 §Position). Units that fall inside a character mean its start.
    """
    if units <= 0:
        return 0
    # A code point is at least one unit long, so the units end within the first `units` code points.
    head = content[:units]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    if encoding == "utf-16":
        return _column_utf16(head.encode("utf-16-le", "surrogatepass"), units)
    return _column_utf8(head.encode("utf-8", "surrogatepass"), units)


def to_units(content: str, column: int, encoding: Encoding) -> int:
    """Return the units that the first `column` code points of a line take; a column past the end means the end."""
    head = content[: max(column, 0)]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    if encoding == "utf-16":
        return len(head.encode("utf-16-le", "surrogatepass")) // 2
    return len(head.encode("utf-8", "surrogatepass"))


def _column_utf16(encoded: bytes, units: int) -> int:
    end = min(2 * units, len(encoded))
    splits_a_pair = (
        end < len(encoded) and 0xD8 <= encoded[end - 1] <= 0xDB and 0xDC <= encoded[end + 1] <= 0xDF
    )  # the second byte of a little-endian unit is its high one
    return len(encoded[: end - 2 if splits_a_pair else end].decode("utf-16-le", "surrogatepass"))


def _column_utf8(encoded: bytes, units: int) -> int:
    end = min(units, len(encoded))
    while end < len(encoded) and encoded[end] & 0xC0 == 0x80:  # a continuation byte
        end -= 1
    return len(encoded[:end].decode("utf-8", "surrogatepass"))
