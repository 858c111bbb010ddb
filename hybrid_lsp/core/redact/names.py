"""Names that say that a secret is given to them, such as `password`, `client_secret` or `api_key`. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from hybrid_lsp.core.redact.hits import places


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword: what is written in a name, and what its value is then called."""

    needle: str
    """In lower case."""
    kind: str
    left: tuple[str, ...] = ()
    """What stands before it in the name, a sign between them or not."""
    apart: bool = False
    """Whether it is also one where no letter stands before it."""
    plural: bool = False
    longer: tuple[str, ...] = ()
    """How a longer keyword goes on that begins with this one: it says all that this one would say."""


_KEY_LEFT = """
    api access account private secret encryption encrypt signing sign auth license master shared storage subscription
    service application app admin session webhook deploy write read client consumer hmac aes jwt enc fernet crypto
    cipher decryption validation root registration ingest tracking function functions primary secondary
    openai anthropic gemini mistral stripe sendgrid groq deepseek cohere
"""
_PASS_LEFT = "db smtp user my sudo root admin ftp ssh mysql redis key require"
WORDS: tuple[Word, ...] = (
    Word("password", "PASSWORD", plural=True),
    Word("passwd", "PASSWORD"),
    Word("passphrase", "PASSWORD"),
    Word("passcode", "PASSWORD"),
    Word("pass", "PASSWORD", left=tuple(_PASS_LEFT.split()), apart=True, longer=("word", "wd", "phrase", "code")),
    Word("pwd", "PASSWORD"),
    Word("pw", "PASSWORD", apart=True, longer=("d",)),
    Word("secret", "SECRET", plural=True),
    Word("token", "TOKEN", plural=True),
    Word("credential", "CREDENTIAL", plural=True),
    Word("key", "API_KEY", left=tuple(_KEY_LEFT.split()), plural=True),
    Word("sessionid", "SESSION"),
    Word("session_id", "SESSION"),
    Word("sessid", "SESSION"),
    Word("bearer", "TOKEN"),
)
_LONGEST_LEFT = 24
_BLANKS = " \t\r\n\"'"
_SIGNS = ("_", "-", ".", " ")


def named(lowered: str, word: Word) -> Iterator[tuple[int, int]]:
    """Yield where a keyword begins and ends; `lowered` is the text in lower case, place for place."""
    for at in places(lowered, word.needle):
        after = at + len(word.needle)
        if not lowered.startswith(word.longer, after) and _may_stand(lowered, at, word):
            yield at, after + (word.plural and lowered.startswith("s", after))


def _may_stand(lowered: str, at: int, word: Word) -> bool:
    if not word.left and not word.apart:
        return True
    before = lowered[max(0, at - _LONGEST_LEFT) : at]
    if word.apart and not "a" <= before[-1:] <= "z":
        return True
    if before.removesuffix(before[-1:] if before.endswith(_SIGNS) else "").endswith(word.left):
        return True
    # A section may say what kind of a key it is that stands first in it.
    return before[-1:] in _BLANKS and before.rstrip(_BLANKS).removesuffix("{").rstrip(_BLANKS + ":").endswith(word.left)
