"""An immutable piece of index: the tokens of some files, and every place of them sorted by what stands to its left.

A segment has a vocabulary of its own, with code points in the order of the tokens, so it can be built in another
process and adopted as it comes: a token is found by bisection, and tokens that begin alike are one range of codes.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from hybrid_lsp.embedded.discretion import keys_in
from hybrid_lsp.embedded.tokens import FILE_EDGE, LINE_END, Vocabulary, code_at, index_of, split_tokens

ORDER = 12
"""How many tokens to the left a place is known by."""
_LINEAR_BELOW = 9
_VOCABULARY_LIMIT = 500_000
_AFTER_EVERY_TOKEN = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """A file as it was when it was learned."""

    path: str
    """Relative to the workspace folder, with `/`."""
    size_bytes: int
    mtime_ns: int


class Reach(NamedTuple):
    """The places whose left side agrees with a context in its last `matched` tokens: `order[low:high]`."""

    matched: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Files as searchable strings. `emit[p]` is a token; place p is the point just left of it."""

    stamps: tuple[FileStamp, ...] = ()
    starts: "array[int]" = field(default_factory=lambda: array("I"))
    """Where each file begins in `emit`: the index of its `FILE_EDGE`."""
    tokens: list[str] = field(default_factory=list)
    """Sorted and distinct; token number i is written as `code_at(i)`."""
    emit: str = ""
    backwards: str = ""
    """The tokens without their leading blanks, last first: `backwards[j]` stands left of place `len(backwards) - j`."""
    order: "array[int]" = field(default_factory=lambda: array("I"))
    """Every j, sorted by `backwards[j : j + ORDER]`."""
    source_bytes: int = 0

    def code_of(self, token: str) -> str:
        """Return the code point of a token, empty when no file of this segment has it."""
        index = bisect_left(self.tokens, token)
        return code_at(index) if index < len(self.tokens) and self.tokens[index] == token else ""

    def text_of(self, code: str) -> str:
        """Return the token that a code point stands for."""
        index = index_of(code)
        return self.tokens[index] if index >= 0 else (LINE_END if code == LINE_END else "")

    def codes_starting_with(self, part: str) -> tuple[str, str]:
        """Return `(low, high)` such that the tokens that start with `part` are those with `low <= code < high`."""
        low = bisect_left(self.tokens, part)
        return code_at(low), code_at(bisect_left(self.tokens, part + _AFTER_EVERY_TOKEN, low))

    def reaches(self, context_backwards: str) -> list[Reach]:
        """Return what agrees with 1, 2, 3 ... tokens of a context, given last token first, while anything does."""
        backwards, order = self.backwards, self.order
        low, high, found = 0, len(order), []
        for matched in range(1, min(len(context_backwards), ORDER) + 1):
            wanted = context_backwards[:matched]

            def key(j: int, matched: int = matched) -> str:
                return backwards[j : j + matched]

            low = bisect_left(order, wanted, low, high, key=key)
            if low >= high or key(order[low]) != wanted:
                break
            if high - low < _LINEAR_BELOW:
                high = next((at for at in range(low + 1, high) if key(order[at]) != wanted), high)
            else:
                high = bisect_right(order, wanted, low, high, key=key)
            found.append(Reach(matched, low, high))
        return found

    def file_at(self, place: int) -> int:
        """Return the index in `stamps` of the file that a place lies in."""
        return bisect_right(self.starts, place) - 1


def build_segment(files: Iterable[tuple[FileStamp, str]]) -> Segment:
    """Learn some files. Takes seconds at 10 MB, so call it in a process of its own.

    A line in which something looks like a key is not learned. Ends early when there are too many distinct tokens.
    """
    vocabulary = Vocabulary()
    stamps, starts, pieces, length, source_bytes = [], array("I"), [], 0, 0
    for stamp, text in files:
        if len(vocabulary) > _VOCABULARY_LIMIT:
            break
        piece = FILE_EDGE + _encode_file(vocabulary, text)
        stamps.append(stamp)
        starts.append(length)
        pieces.append(piece)
        length += len(piece)
        source_bytes += stamp.size_bytes
    tokens, emit, match = _in_token_order(vocabulary, "".join(pieces))
    backwards = match[::-1]
    return Segment(
        stamps=tuple(stamps),
        starts=starts,
        tokens=tokens,
        emit=emit,
        backwards=backwards,
        order=_sorted_places(backwards),
        source_bytes=source_bytes,
    )


def _encode_file(vocabulary: Vocabulary, text: str) -> str:
    lines = []
    for line in text.split("\n"):
        tokens = split_tokens(line.strip())
        if tokens and not keys_in(line):
            lines.append("".join([vocabulary[token] for token in tokens]) + LINE_END)
    return "".join(lines)


def _in_token_order(vocabulary: Vocabulary, emit: str) -> tuple[list[str], str, str]:
    """Return the sorted tokens and the text, as emitted and as matched, written in code points of that order."""
    tokens = sorted(vocabulary)
    code = {token: code_at(index) for index, token in enumerate(tokens)}
    to_emit, to_match = {}, {}
    for token, old in vocabulary.items():
        to_emit[ord(old)] = code[token]
        to_match[ord(old)] = code[vocabulary.text[vocabulary.bare[old]]]
    return tokens, emit.translate(to_emit), emit.translate(to_match)


def _sorted_places(backwards: str) -> "array[int]":
    """Sort one bucket of equal first tokens after another: the keys of all places at once take 200 bytes each."""
    buckets: dict[str, array[int]] = {}
    for place, code in enumerate(backwards):
        bucket = buckets.get(code)
        if bucket is None:
            bucket = buckets[code] = array("I")
        bucket.append(place)
    order = array("I")
    for code in sorted(buckets):
        order.extend(sorted(buckets.pop(code), key=lambda j: backwards[j + 1 : j + ORDER]))
    return order
