"""Values without quotes: alone on their line as in `.env`, YAML, properties and INI, or given in passing. Pure.

In passing means a query string, a connection string, a command line, the text of an XML element. What stands before the
name is looked at first: hardly any name stands so, and only then is a value read.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from hybrid_lsp.core.redact.hits import Crowd, compiled
from hybrid_lsp.core.redact.names import Word
from hybrid_lsp.core.redact.quoted import TAIL, is_exact
from hybrid_lsp.core.redact.values import (
    is_hollow,
    is_mixed,
    is_password,
    is_plain_name,
    is_strong,
    is_sure,
    is_token,
    is_varied,
)

_LEFT = (
    r"[ \t]*(?:[-+>#*/]{1,3}[ \t]*)?"
    r"(?P<shell>(?:(?:export|set|local|readonly|declare|typeset)(?:[ ]-\w{1,3})?|ENV|ARG|env|-e|-D)[ \t]+|\$env:|-D)?"
    r"[\"':]?(?P<name>[\w.-]{0,60})\Z"
)
_GIVEN = TAIL + r"[\"']?(?P<gap>[ \t]{0,60}+)(?P<sep>[?:+]?:?=|:)(?P<after>[ \t]{0,40}+)"
_TO_THE_END = (
    r"(?P<value>[^\s\"'`]{6,512}+)[ \t]*+(?:[#;].{0,200}+)?(?=\r?$)"
    r"|(?>(?P<cut>[^\s\"'`]{6,512})(?=[#;])).{0,201}+(?=\r?$)"
)
_BELOW_IT = (
    r"(?:[|>][+-]?[0-9]?[+-]?|(?:[\"']?\$\(cat[ \t]{0,4})?<<[-~]?[ \t]{0,4}[\"']?\w{1,20}[\"']?)?+"
    r"[ \t]*+(?:#.{0,200}+)?\r?\n[ \t]*+(?P<value>[^\s\"'`]{6,512}+)[ \t]*+(?=\r?$)"
)
"""The value stands alone on the next line, as in YAML, or where a shell reads a document."""
_CODE = r"[()\[\]{}<>;,]|::|->|\$[A-Za-z{(]"
_TYPES = r"(?i)(?:u|i|f|int|uint|float|bytes|string|str|char|varchar|vec|utf)_?[0-9]{1,4}[?]?"
_TWO_NUMBERS = r"[A-Za-z0-9]*?[0-9]+[A-Za-z]+[0-9][A-Za-z0-9]*"
"""Names of variables hardly ever have two."""
_LINE_REACH = 120


class _Way(NamedTuple):
    """How a value is given in passing."""

    left: str
    """What stands before the name, read back to front."""
    given: str
    """How the value follows the keyword."""
    must_be_mixed: bool = False
    """Whether a password must have a letter and a digit: it may as well be another word."""
    must_be_sure: bool = False
    """Whether it must be nothing that code could be: it may as well be the name of a variable."""


_QUERY = _Way(r"[\w.-]{0,40}[?&;]", r"=(?P<value>[A-Za-z0-9%._~+/-]{8,1000})")
_CONNECTION = _Way(
    r"[\w. -]{0,20}(?:[ ]?;|[ ][^\s\"']{1,60}=\w)", r"[ ]?=[ ]?(?P<value>[^;\"'\s&]{4,128}+)(?=;|[\"']|[ ]\w+=)"
)
_FIRST_OF_CONNECTION = _Way(
    r"[\w.]{0,20}(?:[\"'`]|[ \t#/*>+;-]{0,8}\Z)",
    r"=(?P<value>[^;\"'\s&]{4,128}+)(?=;[A-Za-z][\w ]{1,30}=)",
    must_be_mixed=True,
)
_OPTION = _Way(
    r"[\w-]{0,40}--?(?:[\s\"'`,(\[]|\Z)", r"(?:=|[ \t]{1,3})(?P<value>[^\s\"'`<>\[\]{}$-][^\s\"'`<>\[\]{}$]{5,200})"
)
_ELEMENT = _Way(r"[\w:.-]{0,40}<", r"[\w-]{0,12}(?:[ ][^<>\n]{0,80})?>\s{0,8}(?P<value>[^<>\s]{6,400}+)\s{0,8}</")
_BELOW = _Way(
    r"[\w.-]{0,40}[\"']?[ ]{1,4}:eman",
    r"[\"']?[ \t]{0,8}(?:\r?\n[ \t]{0,40}#[^\n]{0,200}){0,3}"
    r"\r?\n[ \t]{0,40}value:[ \t]{1,8}(?P<value>[^\s\"'#{}$]{6,512}+)[ \t]*+(?=\r?\n|\Z)",
)
_ENV = _Way(
    r"[\w-]{0,40}\$?[ \t]{1,4}"
    r"(?:VNE|GRA|vnetes|xtes|vnEteS|(?:[a-z]{1,2}-[ \t]{1,4})?tes|redaeh_[a-z_]{3,16}|marap_[a-z_]{4,8})"
    r"[ \t#/*>+;-]{0,40}\Z",
    r"\w{0,12}[ \t]{1,4}(?P<value>[^\s\"'`=;$]{6,512}+={0,2}+);?[ \t]*+(?=\r?\n|\Z)",
)
_SHELL = _Way(
    r"[A-Z0-9_]{0,40}(?:[ \t\"'`;]|\Z)",
    r"(?<=[A-Z])[A-Z0-9_]{0,16}=(?P<value>[^\s\"'`;&|<>(){}$\\,]{6,512}+)(?=[\s\"'`;&|]|\\[nr]|\Z)",
    must_be_mixed=True,
)  # fmt: skip
"""Before a command, or behind `-e`: `DB_PASSWORD=… python manage.py`."""
_IN_STRING = _Way(
    r"[\w.-]{0,40}(?:[ \t]{1,4}(?:tropxe|tes))?[ \t#/*>+-]{0,20}(?:[nr]\\|[\"'`])",
    r"(?:_?[0-9]{1,3})?(?:=|:[ ]{1,4})(?P<value>[^\s\"'`;&<>(){}$\\,]{6,512}+)(?=\\{1,4}[nr\"']|[\"'`])",
    must_be_mixed=True,
)  # fmt: skip
r"""A line of a file that stands in a string, as `"A=1\nDB_PASSWORD=…\n"`."""
_PAIR = _Way(
    r"[\w.-]{0,40}(?:[ \t,=]|\Z)",
    r"=(?P<value>[^\s\"'`;&|<>(){}\[\]$\\,]{6,512}+)(?=[ \t\r\n]|\Z|,\w)",
    must_be_sure=True,
)
"""Among others on one line: `user=bob token=… id=7`, `x.example.org,password=…,ssl=True`."""
_LOGGED = _Way(
    r"[\w.-]{0,20}[ ]", r":[ ](?P<value>[^\s\"'`;&|<>(){}\[\]$\\,]{16,512}+)(?=[ \t\r\n]|\Z)", must_be_sure=True
)
"""In a line of a log: `Using token: …`."""
_MARKED = _Way(
    r"[\w.:/-]{0,60}(?:[\"']=(?:eman|yek)|>yek<)",
    r"[\w.]{0,12}(?:[\"'][^<>\n]{0,60}>|</key>)\s{0,40}(?:<(?:value|string)>)?"
    r"\s{0,8}(?P<value>[^<>\s]{6,400}+)\s{0,8}</",
)
"""In an element that is told from others by an attribute, or follows on its name."""
_DEFAULT = _Way(r"[\w.-]{0,40}\{\$", r":[-=]?(?P<value>[^\s\"'`{}$]{6,256}+)(?=\})", must_be_mixed=True)
"""What a variable is where nothing sets it: `${DB_PASSWORD:-…}`."""
_ANY_WAYS = (_ELEMENT, _ENV, _MARKED)
_WAYS: dict[str, tuple[_Way, ...]] = {
    "=": (_QUERY, _CONNECTION, _FIRST_OF_CONNECTION, _OPTION, _SHELL, _IN_STRING, _PAIR),
    "_": (_ELEMENT, _ENV, _SHELL, _IN_STRING),
    ":": (_ELEMENT, _ENV, _IN_STRING, _DEFAULT, _LOGGED),
    " ": (_CONNECTION, _OPTION, _ELEMENT, _BELOW, _ENV),
    "\t": (_OPTION, _ELEMENT, _BELOW, _ENV),
    **dict.fromkeys("\r\n\"'", (_ELEMENT, _BELOW, _ENV, _MARKED)),
}
"""By the character behind a keyword."""


def unquoted(text: str, word: Word, at: int, after: int, crowd: Crowd) -> Iterator[tuple[int, int]]:
    """Yield where values stand that are given to the name at `at`, in passing or by its line."""
    start = text.rfind("\n", max(0, at - _LINE_REACH), at) + 1
    is_whole = start > 0 or at < _LINE_REACH
    line = text[start if is_whole else at - _LINE_REACH : at]
    yield from _in_passing(text, word, after, line[::-1], crowd)
    bare = _on_its_line(text, word, line, text[at:after], after) if is_whole else None
    if bare is not None:
        yield bare


def _in_passing(text: str, word: Word, after: int, before: str, crowd: Crowd) -> Iterator[tuple[int, int]]:
    for way in _WAYS.get(text[after : after + 1], _ANY_WAYS):
        if compiled(way.left).match(before) is None or (way is _OPTION and not crowd.admits(after)):
            continue
        match = compiled(way.given).match(text, after)
        if match is None:
            continue
        if way is _OPTION:
            crowd.judged(match.end())
        if _is_worth_in_passing(word, match["value"], way):
            yield match.span("value")


def _is_worth_in_passing(word: Word, value: str, way: _Way) -> bool:
    if way.must_be_sure:
        is_code = value.isidentifier() and compiled(_TWO_NUMBERS).fullmatch(value) is None
        return is_strong(value) or (word.kind == "PASSWORD" and is_sure(value) and not is_code)
    if word.kind != "PASSWORD":
        return is_token(value)
    return is_password(value) and (is_varied(value) or not way.must_be_mixed)


def _on_its_line(text: str, word: Word, line: str, keyword: str, after: int) -> tuple[int, int] | None:
    """Return where the value stands that the rest of the line is, if it is worth taking out."""
    given = compiled(_GIVEN).match(text, after)
    left = compiled(_LEFT).match(line) if given is not None and is_exact(given["tail"]) else None
    if given is None or left is None:
        return None
    match = compiled(_TO_THE_END, re.MULTILINE).match(text, given.end())
    if match is None or text.startswith("<<", given.end()):
        return _on_the_next_line(text, word, given, left["name"] + keyword)
    span = match.span("value" if match["cut"] is None else "cut")
    tight = given["sep"].endswith("=") and not given["gap"] and not given["after"]
    is_worth = _is_worth(
        word,
        text[slice(*span)],
        is_shouted=tight and (left["name"] + keyword).isupper(),
        is_tight=tight and (left["shell"] is not None or not line.startswith((" ", "\t"))),
        is_yaml=given["sep"] == ":" and given["after"] == " ",
    )
    return span if is_worth else None


def _on_the_next_line(text: str, word: Word, given: re.Match[str], name: str) -> tuple[int, int] | None:
    match = compiled(_BELOW_IT, re.MULTILINE).match(text, given.end())
    if match is None or (given["sep"].endswith("=")) != (text[given.end() : match.start("value")].find("<<") >= 0):
        return None
    is_yaml = given["sep"] == ":"
    is_worth = _is_worth(
        word, match["value"], is_shouted=not is_yaml and name.isupper(), is_tight=not is_yaml, is_yaml=is_yaml
    )
    return match.span("value") if is_worth else None


def _is_worth(word: Word, value: str, *, is_shouted: bool, is_tight: bool, is_yaml: bool) -> bool:
    """What has no quotes around it may as well be code: a call, a type, another name."""
    if is_hollow(value) or compiled(_TYPES).fullmatch(value):
        return False
    worth = is_password(value) if word.kind == "PASSWORD" else is_token(value)
    if is_shouted:
        return worth and not compiled(r"\$[({A-Za-z]").match(value)
    if (
        not worth
        or compiled(_CODE).search(value)
        or value.endswith((":", "\\"))
        or (value.endswith(".") and not is_mixed(value))
    ):
        return False
    if is_tight:
        return not is_plain_name(value) or not value.isalpha()
    if word.kind == "PASSWORD" and is_mixed(value) and (is_yaml or compiled(_TWO_NUMBERS).fullmatch(value)):
        return True
    return is_strong(value) or (not value.isidentifier() and is_token(value) and "." not in value)
