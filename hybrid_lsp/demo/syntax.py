"""Light colour for code: words in, kinds out. Good enough to look at; it does not parse."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

from hybrid_lsp.demo.languages import DEFINES, KEYWORDS, look_of


class Kind(StrEnum):
    """What a piece of the screen is. The terminal and the picture each have one colour for it."""

    PLAIN = "plain"
    KEYWORD = "keyword"
    STRING = "string"
    COMMENT = "comment"
    NUMBER = "number"
    NAME = "name"
    """A name that is being defined here, or a decorator."""
    GHOST = "ghost"
    TAKEN = "taken"
    """Ghost text in the moment after it was accepted."""
    CURSOR = "cursor"
    DIM = "dim"
    STRONG = "strong"
    GOOD = "good"


Piece = tuple[str, Kind]


def colour(lines: Sequence[str], first: int, stop: int, language: str) -> Iterator[list[Piece]]:
    """Yield the pieces of each line from `first` up to `stop`. Joined, they are the line."""
    quote = look_of(language).block_quote
    inside = bool(quote) and sum(line.count(quote) for line in lines[:first]) % 2 == 1
    for line in lines[first:stop]:
        yield list(_pieces(line, language, inside))
        if quote and line.count(quote) % 2 == 1:
            inside = not inside


def _pieces(line: str, language: str, inside: bool) -> Iterator[Piece]:
    quote = look_of(language).block_quote
    if inside:
        text, closing, line = line.partition(quote)
        yield text + closing, Kind.STRING
    at = 0
    for match in _pattern(language).finditer(line):
        if match.start() > at:
            yield line[at : match.start()], Kind.PLAIN
        yield match[0], _kind(line, match)
        at = match.end()
    if at < len(line):
        yield line[at:], Kind.PLAIN


@lru_cache
def _pattern(language: str) -> re.Pattern[str]:
    look = look_of(language)
    block = f"{look.block_quote}.*?(?:{look.block_quote}|$)|" if look.block_quote else ""
    string = r"\"(?:[^\"\\]|\\.)*(?:\"|$)|(?<!\w)'(?:[^'\\]|\\.)*'|`[^`]*`"
    return re.compile(
        rf"(?P<string>{block}{string})|(?P<comment>{look.comment})"
        r"|(?P<number>(?<!\w)\d[\w.]*)|(?P<decorator>^\s*@[\w.]+)|(?P<word>[^\W\d]\w*)"
    )


def _kind(line: str, match: re.Match[str]) -> Kind:
    if match.lastgroup != "word":
        return {"string": Kind.STRING, "comment": Kind.COMMENT, "number": Kind.NUMBER}.get(
            match.lastgroup or "", Kind.NAME
        )
    if match[0] in KEYWORDS and not line[: match.start()].endswith("."):
        return Kind.KEYWORD
    return Kind.NAME if DEFINES.search(line, 0, match.start()) else Kind.PLAIN
