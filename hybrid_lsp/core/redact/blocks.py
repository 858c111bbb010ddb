r"""Private keys that stand in the text as a block: PEM, OpenPGP, SSH, PuTTY, JWK, JWT, and Kubernetes secrets. Pure.

A block may be cut off where the excerpt ends, at either end, and its lines may be folded into one with `\n` between
them. What makes it a key is the marker; which lines belong to it is told from their letters.
"""

import binascii
import json
import re
from collections.abc import Iterator

from hybrid_lsp.core.redact.hits import Crowd, Hit, compiled, is_open_left, places
from hybrid_lsp.core.redact.manifests import manifest_hits

_BEGIN = r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_END = r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_EDGE = r"(?:\\[nrt]|[ \t\r\"'`+#/*>,;|\\-])*+"
"""What code puts around a line of a key: quotes, signs of a comment, an operator, half of a line break of Windows."""
_LETTERS = r"(?:[A-Za-z0-9+/]{40,4000}+ )*[A-Za-z0-9+/]{0,4000}+={0,2}+"
_LINE = _EDGE + rf"({_LETTERS}|[A-Z][A-Za-z-]{{2,16}}: ?[^\r\n\\]{{0,200}})" + _EDGE
_MIN_KEY_CHARS = 32
_FULL_LINE_CHARS = 40
_MOST_LINES = 400
_LONGEST_LINE = 4096
_LONGEST_BLOCK = 20_000


_MARKS = ("PRIVATE KEY", "Private-Lines:", '"kty', "kind: Secret", '"Secret', "'Secret")
"""One of them stands in every block that goes over several lines."""


def may_hold_blocks(text: str) -> bool:
    """Say whether it is worth looking for a block of several lines."""
    return any(mark in text for mark in _MARKS)


def block_hits(text: str) -> Iterator[Hit]:
    """Yield every private key that stands as a block, and every signed token."""
    yield from _begun_blocks(text)
    yield from _ended_blocks(text)
    yield from _putty_keys(text)
    yield from _jwks(text)
    yield from _jwts(text)
    yield from manifest_hits(text)


def _begun_blocks(text: str) -> Iterator[Hit]:
    done = 0
    for at in places(text, "BEGIN "):
        since = at
        while since > done and at - since < 6 and text[since - 1] in "- ":
            since -= 1
        begin = next(filter(None, (compiled(_BEGIN).match(text, start) for start in range(since, at))), None)
        end = _end_of_body(text, begin.end()) if begin is not None else 0
        if begin is not None and end:
            done = end
            yield Hit(begin.start(), end, "PRIVATE_KEY", begin.start())


def _end_of_body(text: str, at: int) -> int:
    """Return where the lines of a key end that begin at `at`; 0 if no key follows."""
    letters, end = 0, at
    for _ in range(_MOST_LINES):
        until, following = _line_end(text, at)
        line = compiled(_LINE).match(text, at, until)
        if line is None or (line.end() < until and len(line[1]) < _FULL_LINE_CHARS):
            break
        # A second beginning is no line of this block: else each of a row of them would be read with all before it.
        if ":" in line[1] and "BEGIN " in line[1]:
            break
        if line[1] and ":" not in line[1]:
            letters, end = letters + len(line[1]), line.end(1)
        at = following
        if line.end() < until or at >= len(text):
            break
    return end if letters >= _MIN_KEY_CHARS else 0


def _line_end(text: str, at: int) -> tuple[int, int]:
    r"""Return where the line at `at` ends and the next begins; a line ends at a line break or a literal `\n`."""
    limit = min(len(text), at + _LONGEST_LINE)
    real = text.find("\n", at, limit)
    folded = text.find("\\n", at, limit if real < 0 else real)
    if folded >= 0:
        return folded, folded + 2
    return (real, real + 1) if real >= 0 else (limit, limit)


def _ended_blocks(text: str) -> Iterator[Hit]:
    """Blocks whose beginning the excerpt has cut off: the lines above an end marker, as far as they are full."""
    done = 0
    for at in places(text, "-----END"):
        end = compiled(_END).match(text, at)
        since = max(done, at - _LONGEST_BLOCK)
        done = at
        if end is None:
            continue
        start, letters = at, 0
        for line in _lines_above(text, since, at):
            start, letters = line.start(1), letters + len(line[1])
        if letters >= _MIN_KEY_CHARS:
            yield Hit(start, end.end(), "PRIVATE_KEY", start)


def _lines_above(text: str, since: int, at: int) -> Iterator[re.Match[str]]:
    """Yield the lines of a key that lead down to `at`, from the lowest up; only the lowest may be short."""
    spans = []
    while since < at:
        until, following = _line_end(text, since)
        spans.append((since, min(until, at)))
        since = following
    lowest = True
    for begin, until in reversed(spans):
        line = compiled(_LINE).fullmatch(text, begin, until)
        if line is None or ":" in line[1] or (not lowest and len(line[1]) < _FULL_LINE_CHARS):
            return
        lowest = lowest and not line[1]
        yield line


_PUTTY = (
    r"Private-Lines: ?[0-9]{1,3}(?:\r?\n|(?:\\r)?\\n)"
    r"([A-Za-z0-9+/=]{8,80}(?:(?:\r?\n|(?:\\r)?\\n)?[A-Za-z0-9+/=]{1,80}){0,79})"
)


def _putty_keys(text: str) -> Iterator[Hit]:
    for at in places(text, "Private-Lines:"):
        match = compiled(_PUTTY).match(text, at)
        if match is not None:
            yield Hit(match.start(1), match.end(1), "PRIVATE_KEY", at)


_JWK_SECRETS = r"\"(?:d|p|q|dp|dq|qi|k)\\{0,3}\"\s{0,8}:\s{0,8}\\{0,3}\"([A-Za-z0-9_-]{20,1400})\\{0,3}\""
_JWK_REACH = 4000


def _jwks(text: str) -> Iterator[Hit]:
    done = 0
    for at in places(text, '"kty'):
        since = max(done, at - _JWK_REACH)
        for match in compiled(_JWK_SECRETS).finditer(text, since, at + _JWK_REACH):
            yield Hit(match.start(1), match.end(1), "JWK", match.start())
        done = min(len(text), at + _JWK_REACH)


_JWT = (
    r"([A-Za-z0-9_-]{8,600}+)\.[A-Za-z0-9_-]{4,6000}+\.[A-Za-z0-9_-]{0,2000}+"
    r"(?:\.[A-Za-z0-9_-]{1,6000}\.[A-Za-z0-9_-]{1,200})?"
)


def _jwts(text: str) -> Iterator[Hit]:
    crowd = Crowd()
    at = text.find("eyJ")
    while at >= 0:
        after = at + 3
        match = compiled(_JWT).match(text, at) if is_open_left(text, at) and crowd.admits(at) else None
        if match is not None and _is_header(match[1]):
            after = match.end()
            yield Hit(at, after, "JWT", at)
        elif match is not None:
            crowd.judged(match.end(1))
        at = text.find("eyJ", after)


def _is_header(part: str) -> bool:
    try:
        header = json.loads(binascii.a2b_base64(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and ("alg" in header or "typ" in header)
