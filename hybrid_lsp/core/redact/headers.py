"""Secrets in what is sent over a wire: URLs, query strings, headers, cookies, connection strings. Pure."""

import binascii
import re
from collections.abc import Iterator

from hybrid_lsp.core.redact.hits import Crowd, Hit, compiled, places
from hybrid_lsp.core.redact.values import is_hollow, is_password, is_strong, is_sure, is_token

_USERINFO = r"://(?P<user>[^\s/:@\"'`<>\\\[\]]{0,128}):(?![0-9]{1,5},)(?P<password>[^\s/@\"'`<>\\\[\]]{3,256})@[A-Za-z0-9_\[{$%-]"
_BEARER = r"(?:earer|EARER)[ \t]{1,4}([A-Za-z0-9._~+/=-]{16,4000})"
_BASIC = r"(?:asic|ASIC)[ \t]{1,4}([A-Za-z0-9+/]{8,400}={0,2})"
_COOKIE = r"(?:ookie|OOKIE)[\"']?\s{0,3}[:,=]\s{0,3}[\"'`]?([^\r\n\"'`]{8,4000})"
_COOKIE_NAME, _COOKIE_VALUE = r"[\w.%-]{1,64}", r"[^;,\s\"']{8,2000}"
_LONGEST_NAME = 64
_SESSION_NAMES = r"(?i)sess|sid$|auth|token|jwt|login|remember|identity|csrf|xsrf|secret"
_NPM_AUTH = r"_auth(?:Token)?[ ]?=[ \t]{0,2}\"?([A-Za-z0-9+/=_.-]{16,1000})"
_NETRC = (
    r"machine[ \t]+\S{1,200}\s+login[ \t]+\S{1,200}\s+password[ \t]+((?:[^\s\\\"']|\\(?![nr\"'])|[\"'](?=\w)){3,256})"
)
_BASIC_AUTH = r"\s{0,20}[\"'][^\"'\n]{0,80}[\"'],\s{0,20}[\"']([^\"'\n]{4,128})[\"']"
_ARGUMENT = r"(?:[^\"'\n()]{1,60}|\s{0,20}[\"'][^\"'\n]{0,120}[\"']),"
_SIGN_INS = {
    "auth=(": _BASIC_AUTH, "auth = (": _BASIC_AUTH, "BasicAuth(": _BASIC_AUTH, "login(": _BASIC_AUTH,
    "NetworkCredential(": _BASIC_AUTH, "getConnection(": _ARGUMENT + _BASIC_AUTH, "PDO(": _ARGUMENT + _BASIC_AUTH,
    "mysqli(": _ARGUMENT + _BASIC_AUTH, "mysqli_connect(": _ARGUMENT + _BASIC_AUTH,
    "mysql.connect(": _ARGUMENT + _BASIC_AUTH,
}  # fmt: skip
"""Calls that are given a user and a password without names, and how those stand in their parentheses."""
_AUTHORIZATION = (
    r"[\"']?\s{0,3}[:,=]\s{0,3}[\"'`]?(?:[A-Za-z][A-Za-z0-9-]{1,20}[ ])?([A-Za-z0-9._~+/=:-]{12,4000}+)(?!\()"
)
_IDENTIFIED = r"identified (?:with [^\s;]{1,60} )?by (?:password )?[\"']([^\"'\n]{4,128})[\"']"
_DEFAULTS = frozenset({"pass", "p", "pw", "pwd", "x", "abc", "foo", "bar", "me", "s3cret", "p4ss", "pass123"})


def header_hits(text: str, lowered: str) -> Iterator[Hit]:
    """Yield the secrets of URLs, headers and cookies."""
    yield from _userinfo(text)
    yield from _bearers(text)
    yield from _basics(text)
    yield from _cookies(text, lowered)
    yield from _authorizations(text, lowered)
    yield from _basic_auths(text)
    for at in places(lowered, "identified "):
        match = compiled(_IDENTIFIED, re.IGNORECASE).match(text, at)
        if match is not None and not is_hollow(match[1]):
            yield Hit(match.start(1), match.end(1), "PASSWORD", at)
    yield from _plain(text, "_auth", _NPM_AUTH, "NPM_TOKEN")
    yield from _plain(text, "machine ", _NETRC, "PASSWORD")


def _userinfo(text: str) -> Iterator[Hit]:
    """Only the password of `scheme://user:password@host`."""
    for at in places(text, "://"):
        match = compiled(_USERINFO).match(text, at)
        if match is None:
            continue
        user, password = match["user"], match["password"]
        if password == user or password.lower() in _DEFAULTS or is_hollow(password) or password.isdigit():
            continue
        yield Hit(match.start("password"), match.end("password"), "URL_PASSWORD", at)


def _bearers(text: str) -> Iterator[Hit]:
    for start in ("Bearer", "bearer", "BEARER"):
        for at in places(text, start):
            match = compiled(_BEARER).match(text, at + 1)
            if match is not None and is_token(match[1]):
                yield Hit(match.start(1), match.end(1), "BEARER_TOKEN", at)


def _basics(text: str) -> Iterator[Hit]:
    for start in ("Basic", "basic", "BASIC"):
        for at in places(text, start):
            match = compiled(_BASIC).match(text, at + 1)
            if match is not None and _is_user_and_password(match[1]):
                yield Hit(match.start(1), match.end(1), "BASIC_AUTH", at)


def _basic_auths(text: str) -> Iterator[Hit]:
    """Yield the password of `auth=("user", "password")`."""
    for start, given in _SIGN_INS.items():
        for at in places(text, start):
            match = compiled(given).match(text, at + len(start))
            if match is not None and is_sure(match[1]):
                yield Hit(match.start(1), match.end(1), "PASSWORD", at)


def _authorizations(text: str, lowered: str) -> Iterator[Hit]:
    crowd = Crowd()
    for at in places(lowered, "authorization"):
        match = compiled(_AUTHORIZATION).match(text, at + len("authorization")) if crowd.admits(at) else None
        if match is None:
            continue
        crowd.judged(match.end())
        if is_token(match[1]):
            yield Hit(match.start(1), match.end(1), "AUTHORIZATION", at)


def _is_user_and_password(encoded: str) -> bool:
    try:
        plain = binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return False
    return ":" in plain and plain.isprintable()


def _cookies(text: str, lowered: str) -> Iterator[Hit]:
    done = 0
    for at in places(lowered, "cookie"):
        header = compiled(_COOKIE).match(text, at + 1) if at >= done else None
        if header is None:
            continue
        done = header.end()
        yield from _cookie_pairs(text, header.start(1), done)


def _cookie_pairs(text: str, at: int, end: int) -> Iterator[Hit]:
    """Yield the values between `at` and `end` that are given to the name of a session, or are strong."""
    equals = text.find("=", at, end)
    while equals >= 0:
        name = compiled(_COOKIE_NAME).match(text[max(at, equals - _LONGEST_NAME) : equals][::-1])
        value = compiled(_COOKIE_VALUE).match(text, equals + 1, end) if name is not None else None
        if name is not None and value is not None:
            at = value.end()
            named = compiled(_SESSION_NAMES).search(name[0][::-1]) is not None
            if (named and is_token(value[0])) or is_strong(value[0]):
                yield Hit(value.start(), at, "COOKIE", equals - name.end())
        equals = text.find("=", max(at, equals + 1), end)


def _plain(text: str, needle: str, pattern: str, kind: str) -> Iterator[Hit]:
    for at in places(text, needle):
        if at and text[at - 1] not in "\n:\"' \t#>+" and not text.endswith("\\n", 0, at):
            continue
        match = compiled(pattern).match(text, at)
        if match is not None and not is_hollow(match[1]) and (is_password(match[1]) or is_token(match[1])):
            yield Hit(match.start(1), match.end(1), kind, at)
