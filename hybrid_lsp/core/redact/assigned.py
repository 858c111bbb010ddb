r"""Values that are given to a name such as `password`, `client_secret` or `api_key`, however a language writes it.

Three ways of writing are read, each where a keyword stands in a name:
1. *Quoted*, with almost anything between: `password = "…"`, `"password": "…"`, `:password => '…'`, `pwd: str = "…"`,
   `<add key="ApiKey" value="…"/>`, `setdefault("TOKEN", "…")`, `TOKEN || '…'`, `\"token\": \"…\"`.
2. *Bare*, alone on its line: `.env`, YAML, properties, INI.
3. *In passing*: a query string, a connection string, a command line, the text of an XML element.

What counts as a secret depends on the name. A password may be nearly anything, a token has letters and digits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hybrid_lsp.core.redact.hits import Hit, compiled, places
from hybrid_lsp.core.redact.randomness import looks_random
from hybrid_lsp.core.redact.values import is_hollow, is_mixed, is_password, is_plain_name, is_strong, is_token


@dataclass(frozen=True, slots=True)
class Word:
    """A keyword: what is written in a name, and what its value is then called."""

    needle: str
    """In lower case."""
    kind: str
    left: str = ""
    """What must stand before it in the name, as a pattern that ends at the keyword."""
    tail: str = ""
    """What may follow it and still be the same word."""


_KEY_LEFT = (
    r"(?:api|access|account|private|secret|encryption|encrypt|signing|sign|auth|license|master|shared|storage"
    r"|subscription|service|application|app|admin|session|webhook|deploy|write|read|client|consumer|hmac|aes|jwt|root"
    r"|app_?secret|registration|ingest|tracking|functions?|primary|secondary|openai|anthropic|gemini|mistral|stripe"
    r"|sendgrid|groq|deepseek|cohere)[_\-. ]?\Z"
)
WORDS: tuple[Word, ...] = (
    Word("password", "PASSWORD", tail="s?"),
    Word("passwd", "PASSWORD"),
    Word("passphrase", "PASSWORD"),
    Word("passcode", "PASSWORD"),
    Word("pass", "PASSWORD", left=r"(?:\A|[^a-z]|db|smtp|user|my|sudo|root|admin|ftp|ssh|mysql|redis|key)\Z"),
    Word("pwd", "PASSWORD"),
    Word("pw", "PASSWORD", left=r"(?:\A|[^a-z])\Z"),
    Word("secret", "SECRET", tail="s?"),
    Word("token", "TOKEN", tail="s?"),
    Word("credential", "CREDENTIAL", tail="s?"),
    Word("key", "API_KEY", left=_KEY_LEFT, tail="s?"),
    Word("sessionid", "SESSION"),
    Word("session_id", "SESSION"),
    Word("sessid", "SESSION"),
    Word("bearer", "TOKEN"),
)

_TAIL = r"(?P<tail>\w{0,24}+(?:-\w{1,12}){0,3}+)"
_EXACT_TAIL = (
    r"(?i)s?[_-]?(?:[0-9]{0,3}|prod|production|dev|staging|stage|live|value|val|str"
    r"|text|plain|base|raw|b64|old|new|default|id)"
)
_STRINGS = (
    r"(?:\"\"|'')?(?:[brfuBRFUL@$]{1,2})?(?:"
    r"\\\"(?P<e>[^\"\\\n]{4,512}+)\\\"|\"(?P<d>(?:[^\"\\\n]|\\.){4,512}+)\""
    r"|'(?P<s>(?:[^'\\\n]|\\.){4,512}+)'|`(?P<b>[^`\n]{4,512}+)`)"
)
_NEXT_PART = r"\s{0,40}(?:[+.&]|\.\.|\\)?\s{0,40}" + _STRINGS.replace("{4,512}", "{3,512}")
_MOST_PARTS = 8
_QUOTED = (
    _TAIL
    + r"(?:\\?[\"'`])?[\])]{0,2}\s{0,4}"
    + r"(?:(?P<odd>,\s{0,20}|\([\"'\w., ]{0,24}?|\|\|\s?|\?\?\s?|[ \t]+(?=[\"'`]))"
    + r"|(?:[:?!]\s?[A-Za-z&'][\w\[\]<>&|.?' ]{0,40}?\s?)?(?::=|===?|!==?|=>|->|=|:)\s{0,40}[(\[]?"
    + r"|value\s?=\s?|\s{0,40}value:\s?)"
    + _STRINGS
)
_BARE_LEFT = (
    r"[ \t]*(?:[-+>#*/]{1,3}[ \t]*)?(?:(?:export|set|ENV|ARG|env|-e|-D)[ \t]+|\$env:|-D)?[\"']?(?P<name>[\w.-]{0,60})\Z"
)
_BARE = (
    _TAIL
    + r"[\"']?(?P<gap>[ \t]{0,12})(?P<sep>=|:)(?P<after>[ \t]{0,12})(?P<value>[^\s\"'`]{6,512})"
    + r"[ \t]*(?:[#;].{0,200})?(?=\r?$)"
)
_CODE = r"[()\[\]{}<>;,]|::|->|\$[A-Za-z{(]"
_TYPES = r"(?i)(?:u|i|f|int|uint|float|bytes|string|str|char|varchar|vec|utf)_?[0-9]{1,4}[?]?"
_CONNECTION = r"(?P<tail>)[ ]?=[ ]?(?P<value>[^;\"'\s&]{4,128})(?=;|[\"']|[ ]\w+=)"
_QUERY = r"(?P<tail>)=(?P<value>[A-Za-z0-9%._~+/-]{8,1000})"
_OPTION = r"(?P<tail>)(?:=|[ \t]{1,3})(?P<value>[^\s\"'`<>\[\]{}$-][^\s\"'`<>\[\]{}$]{5,200})"
_BELOW = r"(?P<tail>)[\"']?[ \t]{0,8}\r?\n[ \t]{0,40}value:[ \t]{1,8}(?P<value>[^\s\"'#{}$]{6,512})[ \t]*(?=\r?\n|\Z)"
_ENV = r"(?P<tail>\w{0,12})[ \t]{1,4}(?P<value>[^\s\"'`=]{6,512})[ \t]*(?=\r?\n|\Z)"
_ELEMENT = r"(?P<tail>[\w-]{0,12})(?:[ ][^<>\n]{0,80})?>\s{0,8}(?P<value>[^<>\s]{6,400})\s{0,8}</"
_NAME_REACH = 64
_LINE_REACH = 120


def assigned_hits(text: str, lowered: str) -> Iterator[Hit]:
    """Yield what is given to names that hold a keyword. `lowered` is the text in lower case, place for place."""
    for word in WORDS:
        tail = compiled(word.tail)
        for at in places(lowered, word.needle):
            if word.left and compiled(word.left).search(lowered, max(0, at - 16), at) is None:
                continue
            after = at + len(word.needle)
            more = tail.match(lowered, after)
            yield from _given(text, word, at, more.end() if more is not None else after)


def _given(text: str, word: Word, at: int, after: int) -> Iterator[Hit]:
    if after >= len(text):
        return
    quoted = compiled(_QUOTED).match(text, after)
    if quoted is not None:
        spans = _joined(text, quoted)
        value = "".join(text[start:end] for start, end in spans)
        is_prose = quoted["b"] is not None and (quoted["odd"] or "").isspace()
        if not is_prose and _is_worth(word, quoted["tail"], value, odd=quoted["odd"]):
            for start, end in spans:
                yield Hit(start, end, _kind(text, word, at), at)
        return
    yield from _in_passing(text, word, at, after)
    yield from _bare(text, word, at, after)


def _joined(text: str, quoted: re.Match[str]) -> list[tuple[int, int]]:
    """Return where the parts of a string stand that is written as several, joined by an operator or a line break."""
    spans = [_span_of(quoted)]
    following = compiled(_NEXT_PART).match(text, quoted.end())
    while following is not None and len(spans) < _MOST_PARTS:
        spans.append(_span_of(following))
        following = compiled(_NEXT_PART).match(text, following.end())
    return spans


def _span_of(match: re.Match[str]) -> tuple[int, int]:
    return next(match.span(name) for name in "edsb" if match[name] is not None)


def _is_worth(word: Word, tail: str, value: str, *, odd: str | None) -> bool:
    if word.kind == "PASSWORD" and odd is not None and odd.isspace() and not tail:
        return is_password(value) and is_mixed(value)
    if odd is not None or compiled(_EXACT_TAIL).fullmatch(tail) is None:
        return is_strong(value)
    return is_password(value) if word.kind == "PASSWORD" else is_token(value)


def _kind(text: str, word: Word, at: int) -> str:
    is_aws = word.kind in {"API_KEY", "SECRET"} and "aws" in text[max(0, at - 24) : at].lower()
    return "AWS_SECRET" if is_aws else word.kind


def _in_passing(text: str, word: Word, at: int, after: int) -> Iterator[Hit]:
    for pattern, allowed in ((_QUERY, _follows_query), (_CONNECTION, _follows_pair), (_OPTION, _follows_dashes),
                             (_ELEMENT, _follows_tag), (_BELOW, _follows_name), (_ENV, _follows_env)):  # fmt: skip
        match = compiled(pattern).match(text, after)
        if match is None or not allowed(text, at):
            continue
        value = match["value"]
        if is_password(value) if word.kind == "PASSWORD" else is_token(value):
            yield Hit(*match.span("value"), _kind(text, word, at), at)


def _follows_query(text: str, at: int) -> bool:
    return compiled(r"[?&;][\w.-]{0,40}\Z").search(text, max(0, at - _NAME_REACH), at) is not None


def _follows_pair(text: str, at: int) -> bool:
    return compiled(r"(?:;[ ]?|\w=[^\s\"']{1,60} )[\w. -]{0,20}\Z").search(text, max(0, at - 100), at) is not None


def _follows_dashes(text: str, at: int) -> bool:
    return compiled(r"(?:^|[\s\"'`,(\[])--?[\w-]{0,40}\Z").search(text, max(0, at - _NAME_REACH), at) is not None


def _follows_tag(text: str, at: int) -> bool:
    return compiled(r"<[\w:.-]{0,40}\Z").search(text, max(0, at - _NAME_REACH), at) is not None


def _follows_name(text: str, at: int) -> bool:
    return compiled(r"name:[ ]{1,4}[\"']?[\w.-]{0,40}\Z").search(text, max(0, at - _NAME_REACH), at) is not None


def _follows_env(text: str, at: int) -> bool:
    return (
        compiled(r"(?:^|\n)[ \t]{0,8}(?:ENV|ARG|setenv)[ \t]{1,4}\w{0,40}\Z").search(text, max(0, at - 70), at)
        is not None
    )


def _bare(text: str, word: Word, at: int, after: int) -> Iterator[Hit]:
    match = compiled(_BARE, re.MULTILINE).match(text, after)
    if match is None or compiled(_EXACT_TAIL).fullmatch(match["tail"]) is None:
        return
    start = text.rfind("\n", max(0, at - _LINE_REACH), at) + 1
    left = compiled(_BARE_LEFT).match(text, start, at) if start or at < _LINE_REACH else None
    if left is None:
        return
    value = match["value"]
    tight = match["sep"] == "=" and not match["gap"] and not match["after"]
    shouted = tight and (left["name"] + text[at:after]).isupper()
    is_tight = tight and not left[0].startswith((" ", "\t"))
    is_yaml = match["sep"] == ":" and match["after"] == " "
    if _is_worth_bare(word, value, is_shouted=shouted, is_tight=is_tight, is_yaml=is_yaml):
        yield Hit(*match.span("value"), _kind(text, word, at), at)


def _is_worth_bare(word: Word, value: str, *, is_shouted: bool, is_tight: bool, is_yaml: bool) -> bool:
    """What has no quotes around it may as well be code: a call, a type, another name."""
    if is_hollow(value) or compiled(_TYPES).fullmatch(value):
        return False
    worth = is_password(value) if word.kind == "PASSWORD" else is_token(value)
    if is_shouted:
        return worth and not compiled(r"\$[({A-Za-z]").match(value)
    if not worth or compiled(_CODE).search(value) or value.endswith((":", "\\", ".")):
        return False
    if is_tight:
        return not is_plain_name(value) or not value.isalpha()
    if word.kind == "PASSWORD" and is_mixed(value) and is_yaml:
        return True
    return is_strong(value) or (not value.isidentifier() and is_token(value) and "." not in value)


_MENTION = r"(?i)secret|passw|api.?key|token|credential|bearer|private.?key|access.?key"
_RUN = r"[A-Za-z0-9+/=_-]{20,128}"


def _is_dense(run: str) -> bool:
    """Letters of both sizes and digits, without a separator: no name is written so, even if a word happens in it."""
    return run.isalnum() and not run.isupper() and not run.islower() and is_strong(run)


def mentioned_hits(text: str) -> Iterator[Hit]:
    """Yield what looks random and stands on one line behind a word for a secret, as in a comment or a message."""
    for match in compiled(_RUN).finditer(text):
        run = match[0].rstrip("=")
        if "/" in run or not (looks_random(run) or _is_dense(run)):
            continue
        since = max(text.rfind("\n", max(0, match.start() - 100), match.start()), match.start() - 100, 0)
        if compiled(_MENTION).search(text, since, match.start()) is not None:
            yield Hit(match.start(), match.end(), "MENTIONED", match.start())
