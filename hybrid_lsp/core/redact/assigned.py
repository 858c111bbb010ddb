"""Values that are given to a name such as `password`, `client_secret` or `api_key`, however a language writes it. Pure.

Three ways of writing are read, each where a keyword stands in a name (`names`): a string, with almost anything between
(`quoted`); without quotes, alone on its line or in passing (`bare`).

What counts as a secret depends on the name. A password may be nearly anything, a token has letters and digits.
"""

from collections.abc import Iterable, Iterator

from hybrid_lsp.core.redact.bare import unquoted
from hybrid_lsp.core.redact.hits import Crowd, Hit
from hybrid_lsp.core.redact.names import WORDS, Word, named
from hybrid_lsp.core.redact.quoted import Strings


def assigned_hits(text: str, lowered: str) -> Iterator[Hit]:
    """Yield what is given to names that hold a keyword. `lowered` is the text in lower case, place for place."""
    strings = Strings(text)
    for word in WORDS:
        crowd = Crowd()
        for at, after in named(lowered, word):
            spans: Iterable[tuple[int, int]] | None = strings.given(word, at, after)
            for start, end in unquoted(text, word, at, after, crowd) if spans is None else spans:
                yield Hit(start, end, _kind(text, word, at), at)


def _kind(text: str, word: Word, at: int) -> str:
    is_aws = word.kind in {"API_KEY", "SECRET"} and "aws" in text[max(0, at - 24) : at].lower()
    return "AWS_SECRET" if is_aws else word.kind
