"""Text as tokens and tokens as code points, so that search, compare and slice over a whole file run in C.

A text is encoded twice, one code point a token. `emit` keeps the blank in front of a token: joined again it gives the
stripped line back, character for character. `match` is without that blank, because a habit does not depend on spacing.
Blank lines and indentation are dropped; every line ends in `LINE_END`.
"""

import re
from typing import NamedTuple

from hybrid_lsp.embedded.discretion import keys_in

LINE_END = "\n"
FILE_EDGE = "\x01"
"""Stands before every file of a segment; nothing is matched or emitted across it."""
FIRST_CODE = 0x21
_SURROGATES = range(0xD800, 0xE000)
CAPACITY = 0x110000 - FIRST_CODE - len(_SURROGATES)
"""How many distinct tokens have a code point. Further ones are encoded as `FILE_EDGE`."""

_TOKEN = re.compile(r"[ \t]?\w+|[ \t]?[^\w\s]|\s+")
_GROWING = re.compile(r"[\w \t]")
_MAX_CACHED_LINES = 50_000


class Encoded(NamedTuple):
    """One text in both alphabets; position i of one is the same token as position i of the other."""

    match: str
    emit: str


def split_tokens(line: str) -> list[str]:
    """Return the tokens of one line; joined they are the line."""
    return _TOKEN.findall(line)


def split_typed(prefix: str) -> tuple[list[str], str]:
    """Return the finished tokens left of the cursor, and the last one where it may still grow (a word or a blank)."""
    tokens = _TOKEN.findall(prefix)
    if tokens and _GROWING.match(tokens[-1][-1]):
        return tokens, tokens.pop()
    return tokens, ""


def code_at(index: int) -> str:
    """Return the code point number `index`, counted over those that stand for tokens."""
    code = FIRST_CODE + index
    return chr(code if code < _SURROGATES.start else code + len(_SURROGATES))


def index_of(code: str) -> int:
    """Undo `code_at`. Negative for `LINE_END` and `FILE_EDGE`."""
    number = ord(code)
    return number - FIRST_CODE if number < _SURROGATES.start else number - FIRST_CODE - len(_SURROGATES)


class Vocabulary(dict[str, str]):
    """Maps each token to its code point; asking for a new token gives it the next free one. Nothing is ever removed.

    It is a dict, and not something that has one, because it is asked once for every token of every line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = {LINE_END: LINE_END, FILE_EDGE: ""}
        """From code point to token."""
        self.bare = {LINE_END: LINE_END, FILE_EDGE: FILE_EDGE}
        """From code point to the code point of the same token without the blank in front of it."""

    def __missing__(self, token: str) -> str:
        if len(self) >= CAPACITY:
            return FILE_EDGE
        code = self[token] = code_at(len(self))
        self.text[code] = token
        bare = token.lstrip()
        self.bare[code] = code if not bare or bare == token else self[bare]
        return code


class Encoder:
    """Encodes texts with one vocabulary and remembers the lines it has seen, so that an edit costs the changed line."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self._lines: dict[str, tuple[str, str]] = {}
        self._private: set[str] = set()

    def encode(self, text: str) -> Encoded:
        """Encode whole lines."""
        return self._join(self._known(text.split("\n")))

    def encode_public(self, text: str) -> Encoded:
        """Encode whole lines, without those that have something in them that looks like a key."""
        lines = text.split("\n")
        pairs = self._known(lines)
        return self._join([pair for pair, line in zip(pairs, lines, strict=True) if line not in self._private])

    def encode_tokens(self, tokens: list[str]) -> Encoded:
        """Encode part of a line, without a line end."""
        vocabulary, bare = self.vocabulary, self.vocabulary.bare
        emit = [vocabulary[token] for token in tokens]
        return Encoded("".join([bare[code] for code in emit]), "".join(emit))

    def _known(self, lines: list[str]) -> list[tuple[str, str]]:
        known = self._lines
        if len(known) > _MAX_CACHED_LINES:
            known.clear()
            self._private.clear()
        try:
            return [known[line] for line in lines]
        except KeyError:
            return [known[line] if line in known else self._learn(line) for line in lines]

    def _learn(self, line: str) -> tuple[str, str]:
        stripped = line.strip()
        pair = ("", "")
        if stripped:
            match, emit = self.encode_tokens(_TOKEN.findall(stripped))
            pair = (match + LINE_END, emit + LINE_END)
        if keys_in(line):
            self._private.add(line)
        self._lines[line] = pair
        return pair

    @staticmethod
    def _join(pairs: list[tuple[str, str]]) -> Encoded:
        return Encoded("".join([pair[0] for pair in pairs]), "".join([pair[1] for pair in pairs]))
