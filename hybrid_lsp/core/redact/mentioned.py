"""What looks random and stands on one line behind a word for a secret, as in a comment or a message. Pure."""

from collections.abc import Iterator

from hybrid_lsp.core.redact.hits import Hit, compiled, places
from hybrid_lsp.core.redact.placeholders import LOOK_ALIKE
from hybrid_lsp.core.redact.randomness import looks_random
from hybrid_lsp.core.redact.values import is_strong

_WORDS = ("secret", "passw", "token", "credential", "bearer")
_KEYS = ("api", "private", "access")
_SIGN = r"[A-Za-z0-9+/=_-]"
_LONGEST = 128
_RUN = rf"{_SIGN}{{20,{_LONGEST}}}"
_REACH = 100


def mentioned_hits(text: str, lowered: str) -> Iterator[Hit]:
    """Yield what looks random near a mention; `lowered` is the text in lower case, place for place."""
    done = 0
    for mention, end in _mentions(lowered):
        line_end = text.find("\n", end, mention + _REACH)
        last = line_end if line_end >= 0 else mention + _REACH
        for match in compiled(_RUN).finditer(text, _run_start(text, end, done), last + _LONGEST):
            if match.start() > last:
                break
            done = match.end()
            if match.start() >= end and _is_worth(match[0].rstrip("=")):
                yield Hit(match.start(), match.end(), "MENTIONED", match.start())
        done = max(done, last + 1)


def _mentions(lowered: str) -> list[tuple[int, int]]:
    """Return where secrets are spoken of: one of the words, or a kind of key."""
    found = [(at, at + len(word)) for word in _WORDS for at in places(lowered, word)]
    for at in places(lowered, "key"):
        for gap in (0, 1):
            before = lowered[max(0, at - gap - 7) : at - gap]
            kind = next((kind for kind in _KEYS if before.endswith(kind)), "")
            if kind and (not gap or lowered[at - 1] != "\n"):
                found.append((at - gap - len(kind), at + 3))
    return sorted(found)


def _run_start(text: str, at: int, least: int) -> int:
    """Return where the run of signs begins that reaches up to `at`; a long one is read in parts, counted from there."""
    while at > least:
        before = text[max(least, at - _LONGEST) : at]
        signs = compiled(_SIGN + "*+").match(before[::-1])
        at -= signs.end() if signs is not None else 0
        if signs is None or signs.end() < len(before):
            break
    return max(at, least)


def _is_worth(run: str) -> bool:
    if "/" in run or ("REDACTED_" in run and compiled(LOOK_ALIKE).search(run) is not None):
        return False
    return looks_random(run) or _is_dense(run)


def _is_dense(run: str) -> bool:
    """Letters of both sizes and digits, without a separator: no name is written so, even if a word happens in it."""
    return run.isalnum() and not run.isupper() and not run.islower() and is_strong(run)
