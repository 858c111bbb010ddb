"""What git ignores, as git does it: path by path from the top, so that nothing below an ignored folder comes back.

A `.hybridignore` is read the same way. It names what git may know and we must not; its `!` takes nothing from git's.
Libraries let a rule for a folder decide over all that lies in it; git does not, and a file that git keeps out of the
repository must not be read by mistake. `tests/embedded/test_ignore.py` compares with git itself.
"""

import re
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

Read = Callable[[Path], bytes | None]
"""Returns a file's content, or None where it cannot be read."""

GIT_RULES, OUR_RULES = ".gitignore", ".hybridignore"
IGNORE_FILES = (OUR_RULES, GIT_RULES)
_FLAGS = re.DOTALL | (re.IGNORECASE if sys.platform in ("win32", "darwin") else re.NOFLAG)
_COMPOSES = sys.platform == "darwin"
"""Whether one name may be spelled in two ways, with an accent for itself or not: then git has them composed, too."""
_MAX_LEVELS_UP = 40
_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "xdigit": "0-9a-fA-F", "punct": r"!-/:-@\[-`{-~", "blank": r" \t",
}  # fmt: skip


class Rule(NamedTuple):
    """One line of a .gitignore or .hybridignore."""

    pattern: re.Pattern[str]
    on_name: bool
    """Whether the last part of a path is matched, on any level; else the path from the file of the rule on."""
    only_folders: bool
    ignores: bool
    """False for a rule that begins with `!`."""
    place: str = ""
    """The file of the rule, seen from the folder, and its line: `src/.gitignore:3`."""


class Ignored:
    """What is ignored below a folder, by the rules at every level in it and those of the repository around it."""

    def __init__(self, root: Path, read: Read, name: str = GIT_RULES) -> None:
        self._root, self._read, self._name = root, read, name
        self._rules: dict[str, list[Rule]] = {}
        self._outer = list(self._outer_rules())

    def folder(self, path: str) -> bool:
        """Say whether a folder is ignored, provided that none of those above it is."""
        rule = self._rule_for(path, is_folder=True)
        return rule is not None and rule.ignores

    def file(self, path: str) -> bool:
        """Say whether a file is ignored, provided that no folder above it is."""
        rule = self._rule_for(path, is_folder=False)
        return rule is not None and rule.ignores

    def why(self, path: str) -> str:
        """Return the place of the rule that has a file ignored, whatever lies above it; empty where it is not."""
        for match in re.finditer("/", path):
            rule = self._rule_for(path[: match.start()], is_folder=True)
            if rule is not None and rule.ignores:
                return rule.place
        rule = self._rule_for(path, is_folder=False)
        return rule.place if rule is not None and rule.ignores else ""

    def _rule_for(self, path: str, *, is_folder: bool) -> Rule | None:
        path = _as_bytes(path)
        at = len(path)
        while at >= 0:
            at = path.rfind("/", 0, at)
            rules = self._rules_of(path[: max(at, 0)])
            rule = _matching(rules, path[at + 1 :], is_folder=is_folder)
            if rule is not None:
                return rule
        found = (_matching(rules, prefix + path, is_folder=is_folder) for prefix, rules in self._outer)
        return next((rule for rule in found if rule is not None), None)

    def _rules_of(self, folder: str) -> list[Rule]:
        rules = self._rules.get(folder)
        if rules is None:
            below = folder.encode("latin-1").decode("utf-8", "surrogateescape")
            place = f"{below}/{self._name}" if below else self._name
            rules = self._rules[folder] = self._rules_in(self._root / place, place)
        return rules

    def _outer_rules(self) -> Iterator[tuple[str, list[Rule]]]:
        """Yield the rules from outside the folder, the strongest first, with what stands before a path in them."""
        prefix, up, folder = "", "", self._root
        for _ in range(_MAX_LEVELS_UP):
            if prefix:
                yield prefix, self._rules_in(folder / self._name, up + self._name)
            if (folder / ".git").exists():
                if self._name == GIT_RULES:
                    yield prefix, self._rules_in(folder / ".git" / "info" / "exclude", up + ".git/info/exclude")
                return
            prefix, up, folder = f"{_as_bytes(folder.name)}/{prefix}", f"../{up}", folder.parent

    def _rules_in(self, path: Path, place: str) -> list[Rule]:
        content = (self._read(path) or b"").removeprefix(BOM_UTF8)
        if _COMPOSES:
            content = normalize("NFC", content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        rules = [
            rule._replace(place=f"{place}:{number}")
            for number, line in enumerate(content.decode("latin-1").split("\n"), 1)
            if (rule := parse_rule(line.removesuffix("\r")))
        ]
        return rules[::-1]


class LeftAlone:
    """What git or a `.hybridignore` has us leave alone below a folder."""

    def __init__(self, root: Path, read: Read) -> None:
        self._all = tuple(Ignored(root, read, name) for name in IGNORE_FILES)

    def folder(self, path: str) -> bool:
        """Say whether a folder is, provided that none of those above it is."""
        return any(ignored.folder(path) for ignored in self._all)

    def file(self, path: str) -> bool:
        """Say whether a file is, provided that no folder above it is."""
        return any(ignored.file(path) for ignored in self._all)

    def why(self, path: str) -> str:
        """Return the place of the rule that says so of a file, whatever lies above it; empty where none does."""
        return next(filter(None, (ignored.why(path) for ignored in self._all)), "")


def parse_rule(line: str) -> Rule | None:
    """Return the rule that a line is, with one character a byte; None where git would never match anything."""
    if line.startswith("#"):
        return None
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    ignores = not line.startswith("!")
    line = line if ignores else line[1:]
    only_folders = line.endswith("/")
    line = line.removesuffix("/")
    on_name = "/" not in line
    regex = _regex_of(line.removeprefix("/"))
    return Rule(re.compile(regex, _FLAGS), on_name, only_folders, ignores) if regex else None


def _as_bytes(path: str) -> str:
    """Return a path with one character for each of its bytes: to git, `?` is one byte."""
    if path.isascii():
        return path
    path = normalize("NFC", path) if _COMPOSES else path
    return path.encode("utf-8", "surrogateescape").decode("latin-1")


def _matching(rules: list[Rule], path: str, *, is_folder: bool) -> Rule | None:
    """Return the last rule that matches. `rules` come last first."""
    name = path.rpartition("/")[2]
    for rule in rules:
        if (is_folder or not rule.only_folders) and rule.pattern.fullmatch(name if rule.on_name else path):
            return rule
    return None


_PART = re.compile(
    r"""
    (?P<deep>(?<![^/])\*\*+/)          # a/**/b: any number of folders, or none
    | (?P<rest>(?<![^/])\*\*+$)        # a/**: all that lies in it
    | (?P<some>\*+)
    | (?P<one>\?)
    | \[(?P<set>[!^]?\]?(?:\\.|\[:\w+:\]|[^]\\])*)\]
    | \\(?P<escaped>.)
    | (?P<broken>[\\[])                # of which git makes nothing
    | (?P<plain>[^*?[\\]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_PIECES = {"deep": "(?:.*/)?", "rest": ".*", "some": "[^/]*", "one": "[^/]"}


def _regex_of(pattern: str) -> str:
    """Return a regular expression for a pattern; empty when it never matches."""
    pieces = []
    for part in _PART.finditer(pattern):
        kind = part.lastgroup or ""
        if kind == "broken":
            return ""
        if kind == "set":
            pieces.append(_set_of(part["set"]))
        else:
            pieces.append(_PIECES.get(kind) or re.escape(part[kind]))
    return "".join(pieces)


def _set_of(content: str) -> str:
    """Return a regular expression for what stands between two brackets."""
    negated = content[:1] in ("!", "^")
    inside = []
    for match in re.finditer(r"\[:(\w+):\]|\\(.)|(.)-(?:\\(.)|([^]]))|(.)", content[negated:], re.DOTALL):
        name, escaped, first, escaped_last, last, plain = match.groups()
        if name is not None:
            inside.append(_CLASSES.get(name, ""))
        elif first is None:
            inside.append(re.escape(escaped or plain))
        elif first <= (escaped_last or last):
            inside.append(f"{re.escape(first)}-{re.escape(escaped_last or last)}")
    joined = "".join(inside)
    if not joined:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{joined}]"
