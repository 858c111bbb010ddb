"""Orders to the child process and its answers, as bytes.

Everything is a part: its length in eight bytes, then its content. A reader turns bytes into text in pieces small enough
that no other thread of its process waits for more than some milliseconds, and believes nothing it has not checked.
"""

import json
import struct
from array import array
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hybrid_lsp.embedded.segment import FileStamp, Segment

Read = Callable[[int], bytes]
"""Returns as many bytes as asked for; fewer only at the end."""
Write = Callable[[bytes], object]

_LENGTH = struct.Struct("<Q")
_PIECE_BYTES = 256 * 1024
_TOKENS_PIECE_BYTES = 64 * 1024
_MAX_PART_BYTES = 1 << 32


class ParcelError(Exception):
    """The other side ended too early or sent something else than it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a child process is to learn."""

    root: str
    """The workspace folder."""
    near: str = ""
    """The file in hand, relative to `root`; what is near it comes first."""
    language: str = ""
    """Its family of languages."""
    budget_bytes: int
    """How much source is learned at most."""
    scan_seconds: float
    """How long the walk over the folder may take."""
    paths: tuple[str, ...] | None = None
    """The files to learn; None for the whole folder."""
    known: tuple[FileStamp, ...] | None = None
    """Files of the base; when given, only what differs from them is learned."""
    accept_new: bool = True
    """Whether files beyond `known` are learned too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child process has learned."""

    segment: Segment
    overtaken: tuple[str, ...] = ()
    """Files that are not as they were in the base, whether or not they were learned again."""
    is_too_much: bool = False
    """What differs is more than the budget: `segment` does not hold all of it."""


def write_order(order: Order, write: Write) -> None:
    """Send an order."""
    _write_part(write, json.dumps(asdict(order)).encode())


def read_order(read: Read) -> Order:
    """Receive an order. Raises ParcelError."""
    content = _json_part(read)
    try:
        known, paths = content.pop("known"), content.pop("paths")
        return Order(
            **content,
            known=None if known is None else tuple(FileStamp(**stamp) for stamp in known),
            paths=None if paths is None else tuple(paths),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ParcelError("not an order") from error


def write_answer(answer: Answer, write: Write) -> None:
    """Send an answer."""
    segment = answer.segment
    header = {
        "overtaken": answer.overtaken,
        "is_too_much": answer.is_too_much,
        "stamps": [asdict(stamp) for stamp in segment.stamps],
        "source_bytes": segment.source_bytes,
    }
    _write_part(write, json.dumps(header).encode())
    _write_part(write, "\n".join(segment.tokens).encode("utf-8", "surrogatepass"))
    _write_part(write, segment.emit.encode())
    _write_part(write, segment.backwards.encode())
    _write_part(write, segment.starts.tobytes())
    _write_part(write, segment.order.tobytes())


def read_answer(read: Read) -> Answer:
    """Receive an answer. Raises ParcelError."""
    header = _json_part(read)
    tokens = _read_tokens(read)
    emit, backwards = ("".join(_read_text(read, _PIECE_BYTES)) for _ in range(2))
    starts, order = _read_numbers(read), _read_numbers(read)
    try:
        stamps = tuple(FileStamp(**stamp) for stamp in header["stamps"])
        segment = Segment(
            stamps=stamps,
            starts=starts,
            tokens=tokens,
            emit=emit,
            backwards=backwards,
            order=order,
            source_bytes=header["source_bytes"],
        )
        answer = Answer(segment=segment, overtaken=tuple(header["overtaken"]), is_too_much=header["is_too_much"])
    except (KeyError, TypeError) as error:
        raise ParcelError("not an answer") from error
    if not len(emit) == len(backwards) == len(order) or len(starts) != len(stamps):
        raise ParcelError("an answer that does not agree with itself")
    return answer


def _write_part(write: Write, content: bytes) -> None:
    write(_LENGTH.pack(len(content)))
    write(content)


def _pieces(read: Read, size: int) -> Iterator[bytes]:
    head = read(_LENGTH.size)
    left = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else -1
    if not 0 <= left <= _MAX_PART_BYTES:
        raise ParcelError("ended too early, or is not a parcel")
    while left:
        piece = read(min(left, size))
        if not piece:
            raise ParcelError("ended too early")
        left -= len(piece)
        yield piece


def _json_part(read: Read) -> dict[str, Any]:
    try:
        content = json.loads(b"".join(_pieces(read, _PIECE_BYTES)))
    except ValueError as error:
        raise ParcelError("not JSON") from error
    if not isinstance(content, dict):
        raise ParcelError("not an object")
    return content


def _read_text(read: Read, size: int) -> Iterator[str]:
    decoder = getincrementaldecoder("utf-8")("surrogatepass")
    try:
        for piece in _pieces(read, size):
            yield decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ParcelError("not text") from error


def _read_tokens(read: Read) -> list[str]:
    tokens: list[str] = []
    begun = ""
    for piece in _read_text(read, _TOKENS_PIECE_BYTES):
        *whole, begun = (begun + piece).split("\n")
        tokens += whole
    return [*tokens, begun] if begun else tokens


def _read_numbers(read: Read) -> "array[int]":
    numbers, begun = array("I"), b""
    for piece in _pieces(read, _PIECE_BYTES):
        begun += piece
        whole = len(begun) - len(begun) % numbers.itemsize
        numbers.frombytes(begun[:whole])
        begun = begun[whole:]
    if begun:
        raise ParcelError("half a number")
    return numbers
