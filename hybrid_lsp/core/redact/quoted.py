r"""Strings that are given to a name, with almost anything between. Pure.

`password = "…"`, `"password": "…"`, `:password => '…'`, `pwd: str = "…"`, `<add key="ApiKey" value="…"/>`,
`setdefault("TOKEN", "…")`, `TOKEN || '…'`, `\"token\": \"…\"`.
"""

import re
from dataclasses import dataclass, field

from hybrid_lsp.core.redact.hits import Crowd, compiled
from hybrid_lsp.core.redact.names import Word
from hybrid_lsp.core.redact.values import is_password, is_strong, is_sure, is_sure_token, is_token, is_varied

TAIL = r"(?P<tail>\w{0,24}+(?:-\w{1,12}){0,3}+)"
"""What follows a keyword in its name."""
_EXACT_TAIL = (
    r"(?i)s?[_-]?(?:[0-9]{0,3}|prod|production|dev|staging|stage|live|value|val|str"
    r"|text|plain|base|raw|b64|old|new|default|id)"
)
_STRINGS = (
    r"(?:\"\"|'')?(?:[brfuBRFULN@$]{1,2})?(?:"
    r"\\\"(?P<e>[^\"\\\n]{4,512}+)\\\"|\"(?P<d>(?:[^\"\\\n]|\\.){4,512}+)\""
    r"|'(?P<s>(?:[^'\\\n]|\\.){4,512}+)'|`(?P<b>[^`\n]{4,512}+)`"
    r"|\[\[(?P<u>[^\s\"'\[\]]{4,512}+)\]\]|%?[qQ]q?[({\[](?P<p>[^\s\"'(){}\[\]]{4,512}+)[)}\]]"
    r"|(?P<q>[\"'])\\?\r?\n[ \t]{0,40}(?P<l>[^\s\"'\\]{4,512}+)\s{0,40}(?P=q))"
)
"""The last of them is a string in quotes of three with one word in it, alone on a line."""
_NEXT_PART = r"\s{0,40}(?:[+.&]|\.\.|\\)?\s{0,40}" + _STRINGS.replace("{4,512}", "{3,512}")
_MOST_PARTS = 8
_NAME_END = TAIL + r"(?:\\?[\"'`])?(?:\[[0-9]{0,4}\]|[\])]{0,2})(?:[ \t]{5,60}+(?=[:=|?+])|\s{0,4})"
"""The rest of a name; what is given to it may stand in a column of its own."""
_TYPE = (
    r"(?:(?:[:?!]|[?!]:)\s?[A-Za-z&'][\w\[\]<>&|.?' ]{0,40}?\s?"
    r"|[ ]?(?:(?:As|as|AS) )?(?:[Ss]tring|&str)\s{1,4}|\{[ \w;]{3,30}\}\s?)?"
)
_GIVES = r"(?:(?:\|\||\?\?|[?:+])?:?=|===?|!==?|=>|->|<-|<<<|:)"
_WRAPPED = (
    r"(?:[(\[{]\s{0,40}|(?:new |pydantic\.)?(?:Secret(?:Str|Bytes|String)?|String::from|Some|\[\]byte|Buffer\.from"
    r"|(?:bytes\.)?fromhex|(?:base64\.)?b64decode|(?:ConvertTo-SecureString|PASSWORD)(?=[ (])[ ]?)"
    r"(?:\(\s{0,40}|(?<=[ ])))?"
)
_QUOTED = (
    _NAME_END
    + r"(?:(?P<odd>,\s{0,20}|(?:::(?:new|from))?\([\"'\w., ]{0,24}?|\|\|\s?|\?\?\s?|[ \t]++(?=[\"'`]))"
    + rf"|{_TYPE}{_GIVES}\s{{0,40}}{_WRAPPED}"
    + r"|value\s?=\s?|\s{0,40}value:\s?|(?P<said>(?<=[ ])(?:to|is)\s|(?<=[\"'] )with\s|\{\s?(?=[\"'])))"
    + _STRINGS
)
_EXPRESSION = rf"{_NAME_END}{_TYPE}{_GIVES}\s{{0,8}}[A-Za-z_$!<({{][^\n;]{{1,120}}?"
_ELSE = (
    _EXPRESSION + r"(?:\bor\b|\|\||\?\?|\?:|\belse\b|[ ][?:](?=[ ])"
    r"|[,(|]\s{0,20}(?:default|fallback)(?:_value)?(?:\s{0,2}[=:]|[ ]))\s{0,8}" + _STRINGS
)
"""What a name stands for where something else is not there: `os.getenv("X") or "…"`, `env("X", default="…")`."""
_ARGUMENT = _EXPRESSION + r"[,(]\s{0,8}" + _STRINGS
_ELSE_REACH = 400
_LONGEST_BEARER = 100
_LONGEST_ROLE = 16
_RECORD = (
    TAIL + r"[\"'`]?[,;]?(?:[ ]?\{)?(?:(?![ \t-]*[\"']?(?:name|key|variable)\b)[^\n}]{0,200}\n){0,6}?"
    r"(?:[^\n}]{0,60}?[ \t{,:\"'])??"
    r"(?:default|value)[\"']?\s{0,20}[:=]\s{0,8}" + _STRINGS
)
"""The value of a record that bears the name: `name = "password"`, and `value = "…"` on a later line."""
_BEARS = r"[\w./:-]{0,60}(?:[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?(?:eman|yek|di|emaN|yeK)\b|[\"'][ ]elbairav\b|--?[\"'])"
"""What stands before the name, read back to front."""


def is_exact(tail: str) -> bool:
    """Say whether a name that goes on like this after its keyword is still that of the secret itself."""
    return compiled(_EXACT_TAIL).fullmatch(tail) is not None


@dataclass(slots=True)
class Strings:
    """The strings of a text; each is put together and judged once, however many names stand before it."""

    text: str
    _parts: dict[int, re.Match[str] | None] = field(default_factory=dict)
    _worth: dict[tuple[int, int, str], bool] = field(default_factory=dict)
    _crowd: Crowd = field(default_factory=Crowd)

    def given(self, word: Word, at: int, after: int) -> tuple[tuple[int, int], ...] | None:
        """Return where the secret parts of the string stand that is given to the name, none where it is no secret.

        None where no string is given to it at all.
        """
        quoted = compiled(_QUOTED).match(self.text, after)
        if quoted is None:
            return self._elsewhere(word, at, after)
        if quoted["b"] is not None and self._is_prose(quoted):
            return ()
        spans = self._joined(quoted)
        odd = quoted["odd"] or quoted["said"]
        judge = _judge(word, quoted["tail"], odd, is_told=_is_told(self.text, at, odd))
        if self._is_worth(spans, judge):
            return spans
        # What follows may be the docstring of the variable, or the next argument.
        if len(spans) > 1 and self._is_worth(spans[:1], judge):
            return spans[:1]
        return self._elsewhere(word, at, after) or ()

    def _elsewhere(self, word: Word, at: int, after: int) -> tuple[tuple[int, int], ...] | None:
        """Return where a string stands that is the name's by default, or in a record that bears the name."""
        ahead = self.text[after : after + _ELSE_REACH]
        if ('"' not in ahead and "'" not in ahead) or not self._crowd.admits(after):
            return None
        sure = "sure password" if word.kind == "PASSWORD" else "sure token"
        ways = [(_ELSE, sure), (_ARGUMENT, "strong")]
        if compiled(_BEARS).match(self.text[max(0, at - _LONGEST_BEARER) : at][::-1]) is not None:
            ways.append((_RECORD, sure))
        for way, judge in ways:
            match = compiled(way).match(self.text, after, after + _ELSE_REACH)
            if match is not None and is_exact(match["tail"]):
                self._crowd.judged(match.end())
                spans = (match.span(match.lastgroup or 0),)
                if self._is_worth(spans, judge):
                    return spans
        return None

    def _is_prose(self, quoted: re.Match[str]) -> bool:
        """Say whether it is how a comment names a thing: set off by a blank, or with the sort of thing before it."""
        before = self.text[max(0, quoted.start("b") - _LONGEST_ROLE) : quoted.start("b") - 1]
        return (quoted["odd"] or "").isspace() or compiled(r":[a-z]+:\Z").search(before) is not None

    def _joined(self, quoted: re.Match[str]) -> tuple[tuple[int, int], ...]:
        """Return where the parts of a string stand that is written as several, by an operator or a line break."""
        spans, end = [quoted.span(quoted.lastgroup or 0)], quoted.end()
        while len(spans) < _MOST_PARTS and (part := self._part(end)) is not None:
            spans.append(part.span(part.lastgroup or 0))
            end = part.end()
        return tuple(spans)

    def _part(self, end: int) -> re.Match[str] | None:
        """Return the string that goes on with one that ends at `end`."""
        if end not in self._parts:
            self._parts[end] = compiled(_NEXT_PART).match(self.text, end)
        return self._parts[end]

    def _is_worth(self, spans: tuple[tuple[int, int], ...], judge: str) -> bool:
        key = (spans[0][0], len(spans), judge)
        if key not in self._worth:
            self._worth[key] = _JUDGES[judge]("".join(self.text[start:end] for start, end in spans))
        return self._worth[key]


_JUDGES = {
    "password": is_password,
    "mixed password": lambda value: is_varied(value) and is_password(value),
    "sure password": is_sure,
    "token": is_token,
    "sure token": is_sure_token,
    "strong": is_strong,
}


_TOLD = r"(?:[\"'`]--?|(?:env|environ\.get|define|put|append|fill|Pair|[sS]et\w{0,20})\(\s?[\"'])[\w.#-]{0,40}\Z"
_SETTERS = ("set", "with", ".")


def _is_told(text: str, at: int, odd: str | None) -> bool:
    """Say whether what follows the name is given to it all the same: to an option or setter, or as a default."""
    if odd is None:
        return False
    if odd.startswith(","):
        return compiled(_TOLD).search(text[max(0, at - 64) : at]) is not None
    return odd.startswith(("||", "??")) or (odd == "(" and text[max(0, at - 4) : at].endswith(_SETTERS))


def _judge(word: Word, tail: str, odd: str | None, *, is_told: bool) -> str:
    """Return how the value of a name is judged: the less the name says, the more the value must."""
    if word.kind == "PASSWORD" and odd is not None and (odd.isspace() or is_told) and not tail:
        return "mixed password"
    if word.kind == "PASSWORD" and odd is not None and not tail:
        return "sure password"
    if (odd is not None and not is_told) or not is_exact(tail):
        return "strong"
    return "password" if word.kind == "PASSWORD" else "token"
