"""File names, the language ids that editors give them, and how each language looks."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_IDS = {
    "python": (".py", ".pyi"),
    "javascript": (".js", ".mjs", ".cjs"),
    "javascriptreact": (".jsx",),
    "typescript": (".ts", ".mts", ".cts"),
    "typescriptreact": (".tsx",),
    "go": (".go",),
    "rust": (".rs",),
    "c": (".c", ".h"),
    "cpp": (".cc", ".cpp", ".cxx", ".hpp", ".hh"),
    "csharp": (".cs",),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "scala": (".scala",),
    "swift": (".swift",),
    "dart": (".dart",),
    "php": (".php",),
    "ruby": (".rb",),
    "lua": (".lua",),
    "perl": (".pl", ".pm"),
    "r": (".r", ".R"),
    "shellscript": (".sh", ".bash", ".zsh"),
    "sql": (".sql",),
    "elixir": (".ex", ".exs"),
    "haskell": (".hs",),
    "zig": (".zig",),
    "vue": (".vue",),
    "svelte": (".svelte",),
    "html": (".html",),
    "css": (".css",),
    "scss": (".scss",),
    "markdown": (".md",),
    "toml": (".toml",),
    "yaml": (".yaml", ".yml"),
    "cmake": (".cmake",),
}
_ID_OF = {suffix: language for language, suffixes in _IDS.items() for suffix in suffixes}


def language_of(path: str) -> str:
    """Return the language id that an editor would give to the file."""
    return _ID_OF.get(PurePosixPath(path).suffix, "plaintext")


def is_source(name: str) -> bool:
    """Say whether a file of this name is text that a person writes."""
    return PurePosixPath(name).suffix in _ID_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to tell the parts of a line apart, roughly: for colour, not for meaning."""

    comment: str
    """What begins a comment that ends with the line, as a pattern."""
    block_quote: str = ""
    """What begins and ends a text of several lines."""


_HASH = Look(comment=r"\#.*")
_LOOKS = {
    "python": Look(comment=r"\#.*", block_quote='"""'),
    **dict.fromkeys(("ruby", "perl", "r", "shellscript", "toml", "yaml", "cmake", "elixir"), _HASH),
    **dict.fromkeys(("lua", "sql", "haskell"), Look(comment=r"--.*")),
    **dict.fromkeys(("markdown", "plaintext", "html"), Look(comment=r"<!--.*")),
}
_SLASHES = Look(comment=r"//.*|/\*.*|(?<=^)\s*\*\s.*")


def look_of(language: str) -> Look:
    """Return how the language looks; like C when nothing else is known."""
    return _LOOKS.get(language, _SLASHES)


_KEYWORDS = (
    "False None Null True abstract and as assert async auto await break case catch class const constexpr continue "
    "crate def default defer del delete do elif else end enum except export extends extern false final finally fn for "
    "foreach from fun func function global go goto if impl implements import in inline instanceof interface is lambda "
    "let local match mod module mut namespace new nil nonlocal not null of operator or override package pass private "
    "protected pub public raise range readonly record ref repeat require return self static struct super switch "
    "template then this throw throws trait true try type typedef typename typeof union unless unsafe until use using "
    "val var virtual void where while with yield "
)
KEYWORDS = frozenset(_KEYWORDS.split())
DEFINES = re.compile(r"(?:def|class|fn|func|function|fun|struct|interface|trait|enum|type)\s+$")
"""What stands left of a name that is being defined."""
