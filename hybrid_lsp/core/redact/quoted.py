r"""Strings that are given to a name, with almost anything between. Pure.

`password = "…"`, `"password": "…"`, `:password => '…'`, `pwd: str = "…"`, `<add key="ApiKey" value="…"/>`,
`setdefault("TOKEN", "…")`, `TOKEN || '…'`, `\"token\": \"…\"`.
"""

import re
from dataclasses import dataclass, field

from hybrid_lsp.core.redact.hits import compiled
from hybrid_lsp.core.redact.names import Word
from hybrid_lsp.core.redact.values import is_mixed, is_password, is_strong, is_token

TAIL = r"(?P<tail>\w{0,24}+(?:-\w{1,12}){0,3}+)"
"""What follows a keyword in its name."""
_EXACT_TAIL = (
    r"(?i)s?[_-]?(?:[0-9]{0,3}|prod|production|dev|staging|stage|live|value|val|str"
    r"|text|plain|base|raw|b64|old|new|default|id)"
)
_STRINGS = (
    r"(?:\"\"|'')?(?:[brfuBRFUL@$]{1,2})?(?:"
    r"\\\"(?P<e>[^\"\\\n]{4,512}+)\\\"|\"(?P<d>(?:[^\"\\\n]|\\.){4,512}+)\""
    r"|'(?P<s>(?:[^'\\\n]|\\.){4,512}+)'|`(?P<b>[^`\n]{4,512}+)`"
    r"|(?P<q>[\"'])\\?\r?\n[ \t]{0,40}(?P<l>[^\s\"'\\]{4,512}+)\s{0,40}(?P=q))"
)
"""The last of them is a string in quotes of three with one word in it, alone on a line."""
_NEXT_PART = r"\s{0,40}(?:[+.&]|\.\.|\\)?\s{0,40}" + _STRINGS.replace("{4,512}", "{3,512}")
_MOST_PARTS = 8
_QUOTED = (
    TAIL
    + r"(?:\\?[\"'`])?[\])]{0,2}\s{0,4}"
    + r"(?:(?P<odd>,\s{0,20}|\([\"'\w., ]{0,24}?|\|\|\s?|\?\?\s?|[ \t]++(?=[\"'`]))"
    + r"|(?:[:?!]\s?[A-Za-z&'][\w\[\]<>&|.?' ]{0,40}?\s?)?(?::=|===?|!==?|=>|->|<-|=|:)\s{0,40}"
    + r"(?:[(\[]\s{0,40}|(?:new |pydantic\.)?(?:Secret(?:Str|Bytes|String)?|String::from|Some)\(\s{0,40})?"
    + r"|value\s?=\s?|\s{0,40}value:\s?)"
    + _STRINGS
)


def is_exact(tail: str) -> bool:
    """Say whether a name that goes on like this after its keyword is still that of the secret itself."""
    return compiled(_EXACT_TAIL).fullmatch(tail) is not None


@dataclass(slots=True)
class Strings:
    """The strings of a text; each is put together and judged once, however many names stand before it."""

    text: str
    _parts: dict[int, re.Match[str] | None] = field(default_factory=dict)
    _worth: dict[tuple[int, int, str], bool] = field(default_factory=dict)

    def given(self, word: Word, at: int, after: int) -> tuple[tuple[int, int], ...] | None:
        """Return where the secret parts of the string stand that is given to the name, none where it is no secret.

        None where no string is given to it at all.
        """
        quoted = compiled(_QUOTED).match(self.text, after)
        if quoted is None:
            return None
        if quoted["b"] is not None and (quoted["odd"] or "").isspace():
            return ()
        spans = self._joined(quoted)
        judge = _judge(word, quoted["tail"], quoted["odd"], is_told=_is_told(self.text, at, quoted["odd"]))
        if self._is_worth(spans, judge):
            return spans
        # What follows may be the docstring of the variable, or the next argument.
        return spans[:1] if len(spans) > 1 and self._is_worth(spans[:1], judge) else ()

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
    "mixed password": lambda value: is_password(value) and is_mixed(value),
    "token": is_token,
    "strong": is_strong,
}


_TOLD = r"(?:[\"'`]--?|(?:env|environ\.get|setdefault|define)\(\s?[\"'])[\w-]{0,40}\Z"
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
    if (odd is not None and not is_told) or not is_exact(tail):
        return "strong"
    return "password" if word.kind == "PASSWORD" else "token"
