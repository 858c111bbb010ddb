"""How far a span of code reaches: whether what it uses is defined in itself, elsewhere in its file, or nowhere near.

Lexical, for any language: a name counts as defined where it stands in a place that defines names: after a word like
`def` or `let`, left of `=`, as a parameter, as a loop's variable. A name that is defined nowhere in the file, or comes
in by an import, is the project's. Attributes count where their owner is the object itself; of other owners the owner
does. What cannot be told is `project`: the cautious answer, since models are worst there.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from hybrid_lsp.core.history.words import BUILT_IN, EVERYWHERE, WORDS, named

_HASH_COMMENTS = named("python ruby shellscript perl r yaml toml elixir julia coffeescript makefile dockerfile cmake")
_DASH_COMMENTS = named("sql lua haskell elm ada")
_CHARACTERS = named("rust c cpp csharp java go kotlin scala swift haskell zig objective-c")
"""Languages whose single quotes hold one character, or mark a lifetime."""
_TYPE_FIRST = named("c cpp csharp java dart groovy objective-c")
_BARS = frozenset(("rust", "ruby"))
"""Languages whose closures have their parameters between bars."""
_LONGEST_LINE = 1000
"""Longer ones are data, or were not written by a person."""
_MOST_CHARS = 200_000
"""What stands further down counts as the project's: half a second is enough, whatever the file."""

_NAME = r"[^\W\d]\w*"
_NAMES = re.compile(_NAME)
_TRIPLE = r'[A-Za-z]{0,2}"""(?:\\.|[^\\])*?(?:"""|\Z)|' + r"[A-Za-z]{0,2}'''(?:\\.|[^\\])*?(?:'''|\Z)"
_TEXT = r"[A-Za-z]{0,2}" + r'"(?:\\.|[^"\\\n])*"'
_QUOTED = r"[A-Za-z]{0,2}'(?:\\.|[^'\\\n])*'"
_CHARACTER = r"'(?:\\[^\n']{1,8}|[^'\\\n])'"
_TEMPLATE = r"`(?:\\.|[^`\\])*`"
_FILLED = re.compile(r"\{([^{}\n]*)\}")
_IMPORTS = re.compile(
    r"^[ \t]*(?:pub[ \t]+)?"
    r"(?:from\b[^\n]*?\bimport|import|use|using|#[ \t]*include|package|require|extern[ \t]+crate)\b"
    r"(?:[^\n(){}]*(?:\([^)]{0,4000}\)|\{[^}]{0,4000}\}))?[^\n]*",
    re.MULTILINE,
)

_OWN = r"\b(?:self|this|cls)(?:\.|->)"
_WORD = re.compile(rf"(?P<own>{_OWN})?(?P<attribute>(?:\.|->|::)[ \t\n]*)?(?<!\w)(?P<name>{_NAME})")
_TARGET = re.compile(rf"(?<![\w.>@])({_NAME})[ \t]*:?=(?![=>~])")
_KEY = re.compile(rf"(?:(?<=[{{(,])|^)[ \t]*({_NAME})[ \t]*:(?!:)", re.MULTILINE)
_OWN_TARGET = re.compile(rf"{_OWN}({_NAME})[ \t]*(?::[^=\n]*)?=(?!=)")

_INTRODUCED = re.compile(
    r"\b(?:def|class|fn|func|function|fun|let|const|var|val|mut|type|struct|enum|interface|trait|mod|module|union"
    rf"|namespace|static|sub|proc|record|object|as|local|my|macro_rules!)[ \t]+(?:mut[ \t]+|\*[ \t]*)?({_NAME})"
)
_GENERIC = re.compile(rf"\b(?:fn|class|struct|interface|function|type|impl|enum|trait)[ \t]*(?:{_NAME})?<([^<>\n]*)>")
_UNPACKED = re.compile(r"\b(?:const|let|var)[ \t]*[{\[(]([^}\])]{0,1000})[}\])]")
_ASSIGNED = re.compile(
    rf"(?:^|[;{{])[ \t]*({_NAME}(?:[ \t]*,[ \t]*\*?{_NAME})*)[ \t]*(?::[^=\n]*)?=(?![=>~])", re.MULTILINE
)
_SHORT = re.compile(rf"({_NAME}(?:[ \t]*,[ \t]*{_NAME})*)[ \t]*:=")
_LOOPED = re.compile(r"\b(?:for|foreach)\b([^\n]*?)\b(?:in|of)\b")
_PARAMETERS = re.compile(
    rf"\b(?:def|fn|func|function|fun|constructor|init|catch)\b[^\n(]*(?:\([^()\n]*\)[ \t]*{_NAME}[ \t]*)?"
    r"\(((?:[^()]|\([^()]*\))*)\)"
)
_RECEIVER = re.compile(r"\bfunc[ \t]*\(([^()\n]*)\)")
_LAMBDA = re.compile(rf"\blambda\b([^:\n]*):|\(([^()\n]*)\)[ \t]*(?::[^\n=()]*)?=>|({_NAME})[ \t]*=>")
_ARROW = re.compile(rf"\(([^()\n]*)\)[ \t]*->|({_NAME})[ \t]*->")
_BETWEEN_BARS = re.compile(r"\|([^|\n]*)\|")
_TYPED = re.compile(rf"\b({_NAME})(?:<[^;\n=()]*>)?[ \t*&\[\]]+({_NAME})[ \t]*(?=[=;,)(\[{{:])")
_METHOD = re.compile(
    rf"^[ \t]*(?:[a-z]+[ \t]+)*({_NAME})[ \t]*\(([^\n()]*)\)[^\n;]*\{{[ \t]*$", re.MULTILINE
)  # without a word in front, as in a class of JavaScript
_FIELD = re.compile(rf"^[ \t]+(?:[a-z]+[ \t]+)*({_NAME})[ \t]*(?::|=(?!=)|;)", re.MULTILINE)
_FUNCTION = re.compile(rf"\b(?:def|fn|func|function|fun)[ \t]+(?:\([^()\n]*\)[ \t]*)?({_NAME})")
_INNERMOST = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_DEEPEST = 50


class Reach(StrEnum):
    """How far a span reaches."""

    ITSELF = "itself"
    FILE = "file"
    PROJECT = "project"


def reach(focus: str, file_text: str, language: str = "") -> Reach:
    """Return how far `focus`, a span of `file_text`, reaches; `language` is the editor's id, where it is known."""
    language = language.lower().removesuffix("react")
    span = _code(focus, language)
    wanted = _used(span, language) - _defined(span, language)
    if not wanted:
        return Reach.ITSELF
    if any(_stands_only_in(name.lstrip("."), focus, file_text) for name in wanted):
        return Reach.PROJECT
    return Reach.FILE if wanted <= _defined(_code(file_text, language), language) else Reach.PROJECT


def _stands_only_in(name: str, focus: str, file_text: str) -> bool:
    """Whether nothing but the span itself has these letters, so that nothing else can define the name."""
    return file_text.count(name) <= focus.count(name)


_BANDS = ((10, "1-10"), (40, "11-40"), (150, "41-150"))
_LARGEST_BAND = "151+"


def size_band(lines: int) -> str:
    """Return the band of a span of so many lines: `1-10`, `11-40`, `41-150` or `151+`."""
    return next((band for most, band in _BANDS if lines <= most), _LARGEST_BAND)


def _code(text: str, language: str) -> str:
    """The text without imports, comments and literals; what an f-string or a template is filled with stays."""
    text = "\n".join(line for line in text[:_MOST_CHARS].split("\n") if len(line) <= _LONGEST_LINE)
    return _IMPORTS.sub("", _noise(language).sub(_kept, text))


def _noise(language: str) -> re.Pattern[str]:
    comment = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
    if language in _HASH_COMMENTS:
        comment = r"#[^\n]*"
    elif language in _DASH_COMMENTS:
        comment = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
    quoted = _CHARACTER if language in _CHARACTERS else _QUOTED
    return re.compile("|".join((comment, _TRIPLE, _TEXT, quoted, _TEMPLATE)), re.DOTALL)


def _kept(found: re.Match[str]) -> str:
    text = found[0]
    opening = re.split("[\"'`]", text, maxsplit=1)[0].lower()
    fills = text.startswith("`") or opening in ("f", "rf", "fr")
    return f" {' '.join(_FILLED.findall(text))} " if fills else " "


def _used(code: str, language: str) -> set[str]:
    """Names that have to come from somewhere; those of the object itself with a dot in front."""
    names = set()
    code = _TARGET.sub(" ", code)
    for found in _WORD.finditer(code if language == "python" else _KEY.sub(" ", code)):
        name = found["name"]
        if found["own"]:
            names.add(f".{name}")
        elif not found["attribute"] and not _is_given(name, language):
            names.add(name)
    return names


def _is_given(name: str, language: str) -> bool:
    return name.lower() in WORDS or name in BUILT_IN.get(language, EVERYWHERE)


def _defined(code: str, language: str) -> set[str]:
    patterns = (_INTRODUCED, _GENERIC, _UNPACKED, _LOOPED)
    names = {name for pattern in patterns for found in pattern.findall(code) for name in _NAMES.findall(found)}
    names.update(name for found in _SHORT.findall(_lines_with(code, ":=")) for name in _NAMES.findall(found))
    names.update(name for found in _ASSIGNED.findall(_outside(code)) for name in _NAMES.findall(found))
    for parameters in _parameter_lists(code, language):
        names.update(_parameters(parameters, language))
    if language in _TYPE_FIRST:
        names.update(
            name for kind, name in _TYPED.findall(code) if kind not in ("return", "new", "throw", "else", "case")
        )
    own = (*_OWN_TARGET.findall(code), *_FUNCTION.findall(code), *_FIELD.findall(code))
    return names | {f".{name}" for name in own} | {name for it in _methods(code) for name in (it[0], f".{it[0]}")}


def _lines_with(code: str, *marks: str) -> str:
    """The lines that hold one of the marks, for patterns that need one and are slow to see that there is none."""
    return "\n".join(line for line in code.split("\n") if any(mark in line for mark in marks))


def _outside(code: str) -> str:
    """The text without what stands between brackets: there `=` names an argument, or a default."""
    for _ in range(_DEEPEST):
        shorter = _INNERMOST.sub("", code)
        if shorter == code:
            break
        code = shorter
    return code


def _methods(code: str) -> list[tuple[str, str]]:
    return [(name, parameters) for name, parameters in _METHOD.findall(code) if name.lower() not in WORDS]


def _parameter_lists(code: str, language: str) -> Iterable[str]:
    yield from _PARAMETERS.findall(code)
    yield from _RECEIVER.findall(code)
    yield from (parameters for _, parameters in _methods(code))
    yield from ("".join(parts) for parts in _LAMBDA.findall(_lines_with(code, "lambda", "=>")))
    if language in _BARS:
        yield from _BETWEEN_BARS.findall(code)
    if language in ("java", "groovy", "kotlin", "elixir"):
        yield from ("".join(parts) for parts in _ARROW.findall(code))


def _parameters(text: str, language: str) -> Iterable[str]:
    for part in re.split(r",(?![^<\[]*[>\]])", text):
        words = _NAMES.findall(re.split("[:=]", part, maxsplit=1)[0])
        if words:
            yield words[-1] if language in _TYPE_FIRST or words[0] in ("mut", "const") else words[0]
