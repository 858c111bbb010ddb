"""Lines of code as a reader sees them without a grammar: how deep, what they open, what they owe. Pure."""

import re
from functools import lru_cache

CLOSER_OF = {"(": ")", "[": "]", "{": "}"}
TEXT_END = {'"""': '"""', "'''": "'''", "`": "`", "/*": "*/"}
PROSE = frozenset({"markdown", "plaintext", "restructuredtext", "latex", "git-commit", "shellscript"})
"""Where a closer without an opener, and a sentence, are nothing strange."""
_COLON_OPENS = frozenset({"python", "yaml"})
_HASH_COMMENTS = frozenset({"python", "ruby", "yaml", "toml", "perl", "r", "elixir", "makefile", "dockerfile"})
_BACKTICK_TEXTS = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact", "go", "vue", "svelte"})
_BRACKETS = r"[()\[\]{}]"
_DOUBLE = r'"(?:\\.|[^"\\])*"?'
_SINGLE = r"'(?:\\.|[^'\\])*'?"
_TOKENS_HASH = re.compile(rf'"""|\'\'\'|{_DOUBLE}|{_SINGLE}|#.*|{_BRACKETS}')
_TOKENS_BACKTICK = re.compile(rf"`|/\*|//.*|{_DOUBLE}|{_SINGLE}|{_BRACKETS}")
_TOKENS_PLAIN = re.compile(rf"/\*|//.*|{_DOUBLE}|'(?:\\.|[^'\\])'|{_BRACKETS}")


def blanks(text: str) -> int:
    """Return how many blanks `text` begins with."""
    return len(text) - len(text.lstrip(" \t"))


def width_of(line: str) -> int:
    """Return by how many columns a line is indented, a tab being four."""
    return len(line[: blanks(line)].expandtabs(4))


def opens(line: str, language: str) -> bool:
    """Say whether what follows `line` is expected to be indented deeper."""
    closing = line.rstrip()[-1:]
    return closing in CLOSER_OF or (closing == ":" and language in _COLON_OPENS)


@lru_cache(maxsize=16)
def unit_of(lines: tuple[str, ...]) -> str:
    """Return one step of indentation: a tab, four spaces or two; empty where nothing is indented."""
    leads = [line[: blanks(line)] for line in lines]
    tabs, spaces = sum(lead[:1] == "\t" for lead in leads), [len(lead) for lead in leads if lead[:1] == " "]
    if tabs > len(spaces):
        return "\t"
    return " " * (4 if 2 * sum(n % 4 == 0 for n in spaces) > len(spaces) else 2) if spaces else ""


@lru_cache(maxsize=512)
def balance(line: str, stack: str, inside: str, language: str, *, own_from: int) -> tuple[str, str, int]:
    """Return the closers still owed behind `line`, the end of a text left open, and where it closes what is not ours.

    `stack` and `inside` are what was owed and open in front of it. What it closes left of `own_from` is nobody's fault.
    """
    at = 0
    ticked = _TOKENS_BACKTICK if language in _BACKTICK_TEXTS else _TOKENS_PLAIN
    tokens = _TOKENS_HASH if language in _HASH_COMMENTS else ticked
    while True:
        if inside and (end := line.find(inside, at)) < 0:
            break
        if inside:
            at, inside = end + len(inside), ""
        if (found := tokens.search(line, at)) is None:
            break
        token, at = found[0], found.end()
        inside = TEXT_END.get(token, "")
        stack += CLOSER_OF.get(token, "")
        if token in CLOSER_OF.values():
            if not stack.endswith(token) and found.start() >= own_from:
                return stack, inside, found.start()
            stack = stack[:-1] if stack.endswith(token) else ""
    return stack, inside, len(line)
