"""Is what stands behind `password =` a password, or only where one would be? Pure."""

from hybrid_lsp.core.redact.hits import compiled, lower_cased
from hybrid_lsp.core.redact.randomness import looks_random

_HOLLOW_WORDS_TEXT = """
    password passwd passphrase passcode pass pwd secret secrets token tokens credential credentials
    apikey api_key api-key key keys auth user username login test testing tests foobar foo bar baz
    qux string str text value values none null nil true false undefined empty unknown default
    required optional invalid missing hidden masked basic bearer oauth oauth2 digest private public
    internal prompt input change changeit type name email field object number integer boolean bytes
    base64 plaintext guest root admin administrator postgres mysql mongo redis rabbitmq minio
    localhost process environ config settings mypassword mysecret mytoken mypass dev
    prod production development staging session cookie access refresh access_token refresh_token
    id_token client_secret client_id identifier literal keyword operator comment whitespace newline
    delimiter separator punctuation passwort kennwort contraseña senha wachtwoord parola hasło heslo lösenord
    adgangskode salasana jelszó пароль
"""
_HOLLOW_WORDS = frozenset(_HOLLOW_WORDS_TEXT.split())
"""Values that say what kind of thing belongs there, and the defaults that everybody knows."""

_HOLLOW_PARTS = r"""(?x)
    example | xxxx | \*\*\*\* | \.\.\. | … | change[-_]?me | placeholder | dummy | redacted | your[-_ ]
  | replace[-_ ]?me | insert[-_ ] | t(?<!\wt)o-?do\b | fixme | not[-_]?a?[-_]?real | super.?secret | \$\{ | \{\{ | \$\(
  | <% | %\(\w*\)[sdr] | %s | \{[\w.!:()\[\] ]*\} | a-z | 0-9] | \[\^
"""
"""In lower case, and each begins with a letter that is always the same: a search skips to those."""
_HOLLOW_STARTS = r"your|sample|fake|mock|<[^<>]*>$|\$\w+$|%\w+%$|@\w+@$"
_SLUG = r"(?:[A-Za-z]+|[0-9]{1,4}|[vV][0-9]+)(?:[-_./: @]+(?:[A-Za-z]+|[0-9]{1,4}|[vV][0-9]+))*"
_WORD_AND_NUMBER = r"[A-Za-z]{3,}[0-9]{0,4}"
_PATH_OR_URL = r"(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://|\.{0,2}/|~/|[A-Za-z]:\\|\\\\)[\w./\\ ~%@:?=&#-]*"
_NUMBER = r"0[xX][0-9A-Fa-f_]{1,18}[uUlL]{0,3}|[0-9]+[a-zA-Z]{1,3}"
_RULE = r"[a-z_]+(?::[\w,.]+)?"
_NAME = rf"{_RULE}(?:\|{_RULE})+|" r"[A-Za-z]+(?:[._:][A-Za-z]+)+|[A-Z]+|[\W_]+|[0-9]+(?:\.[0-9]+)+"
_WORDLIKE = r"[a-z]{6}"
_LETTER, _DIGIT, _BLANK, _THREE_DIGITS = r"[A-Za-z]", r"[0-9]", r"\s", r"(?:[^0-9]*+[0-9]){3}"
_CHANGE = r"[a-z](?=[A-Z])|[A-Z](?=[a-z])"
_MIN_DISTINCT = 5


def is_hollow(value: str) -> bool:
    """Say whether a value only stands in for a secret: a template, a word for it, dots, a known default."""
    bare = lower_cased(value.strip())
    return (
        len(set(value.strip())) < _MIN_DISTINCT
        or bare in _HOLLOW_WORDS
        or compiled(_HOLLOW_STARTS).match(bare) is not None
        or compiled(_HOLLOW_PARTS).search(bare) is not None
    )


def is_password(value: str) -> bool:
    """Say whether a value that is called a password may be one: anything without a blank that is not hollow."""
    return not (len(value) < 6 or _has_blank(value) or is_hollow(value) or _is_name(value))


def is_token(value: str) -> bool:
    """Say whether a value that is called a key or token may be one: letters and digits, no words, no path."""
    if len(value) < 8 or _has_blank(value) or not (is_mixed(value) or _is_jumbled(value, 16)) or is_hollow(value):
        return False
    return not (_matches(_NUMBER, value) or _matches(_SLUG, value) or _is_path(value))


def is_strong(value: str) -> bool:
    """Say whether a value would be taken for a key even where its name says little."""
    if len(value) < 16 or len(set(value)) < 10 or compiled(_THREE_DIGITS).match(value) is None or not is_token(value):
        return False
    return not _is_spelt(value)


def is_mixed(value: str) -> bool:
    """Say whether a value has an ASCII letter and a digit."""
    return compiled(_LETTER).search(value) is not None and compiled(_DIGIT).search(value) is not None


def is_sure(value: str) -> bool:
    """Say whether a value is a password even where it may as well be a name or a title: no words make it up."""
    if not is_varied(value) or not is_password(value) or _is_spelt(value):
        return False
    return not (is_plain_name(value) or _matches(_SLUG, value))


def is_sure_token(value: str) -> bool:
    """Say whether a value is a token even where it may as well be a name."""
    return is_token(value) and not is_plain_name(value) and not _is_spelt(value)


def is_varied(value: str) -> bool:
    """Say whether a value has a letter and a digit, or capitals where no name has them."""
    return is_mixed(value) or _is_jumbled(value, 10)


def is_plain_name(value: str) -> bool:
    """Say whether a value could as well be the name of a variable, with a number at its end or not."""
    return _matches(_WORD_AND_NUMBER, value) or (value.isidentifier() and not is_mixed(value))


def _is_spelt(value: str) -> bool:
    """A name of several words, such as `utf8_decoder`."""
    return value.isidentifier() and "_" in value and compiled(_WORDLIKE).search(value) is not None


def _is_jumbled(value: str, least: int) -> bool:
    """Letters only, that change their size too often for words written together."""
    if len(value) < least or value.islower() or not value.isalpha():
        return False
    return len(compiled(_CHANGE).findall(value)) >= 0.4 * (len(value) - 1)


def _is_name(value: str) -> bool:
    """A dotted, underscored or upper-case name: where the password is, not what it is.

    Or signs only, or a version, or how it is checked: `required|min:8`.
    """
    return _matches(_NAME, value) or _is_path(value)


def _is_path(value: str) -> bool:
    """A path or URL. A slash alone does not make one: base64 may begin with it."""
    return _matches(_PATH_OR_URL, value) and not looks_random(value)


def _has_blank(value: str) -> bool:
    return compiled(_BLANK).search(value) is not None


def _matches(pattern: str, value: str) -> bool:
    return compiled(pattern).fullmatch(value) is not None
