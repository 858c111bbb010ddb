"""Edits as a model writes them, and broken in the known ways in which small models break them. Drawn with a seed."""

import random
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmarks.edit_cases import BLOCK, MOST_LINES, Case
from hybrid_lsp.syntax import parser_for

if TYPE_CHECKING:
    from tree_sitter import Node

_FRONT = (
    "Here is the updated code:",
    "Sure! I changed the function as you asked:",
    "To fix this, we need to change one line.",
)
_BEHIND = (
    "This version keeps the behaviour.",
    "Note that the signature is the same.",
    "I've also renamed a variable for clarity.",
    "Let me know if you have any questions!",
    "The main changes are:",
    "1. Renamed `x` to `y` for clarity.",
    "- **Added** type hints (PEP 484).",
    "### Explanation",
)


def fenced(case: Case, text: str) -> str:
    return f"```{case.language}\n{text.rstrip()}\n```\n"


def written(case: Case, pick: random.Random) -> Case:
    """A good answer in one of the ways in which models give it."""
    text = pick.choice((case.text, case.text, textwrap.dedent(case.text)))
    words = pick.choice(
        (fenced(case, text),) * 4 + (text, f"{pick.choice(_FRONT)}\n\n{fenced(case, text)}\n{pick.choice(_BEHIND)}\n")
    )
    return replace(case, words=words)


def _cut(text: str, pick: random.Random) -> str:
    return text[: pick.randint(len(text) // 10 + 1, max(len(text) * 9 // 10, len(text) // 10 + 2))]


def _cut_off(case: Case, pick: random.Random) -> str:
    return _cut(fenced(case, case.text), pick).rstrip("`")


def _cut_and_closed(case: Case, pick: random.Random) -> str:
    return fenced(case, _cut(case.text, pick))


def _cut_at_a_line(case: Case, pick: random.Random) -> str:
    lines = case.text.rstrip().split("\n")
    return fenced(case, "\n".join(lines[: pick.randint(1, max(1, len(lines) * 3 // 4))]))


def _cut_without_fence(case: Case, pick: random.Random) -> str:
    return _cut(case.text, pick)


def _chatter_in_front(case: Case, pick: random.Random) -> str:
    return f"{pick.choice(_FRONT)}\n\n{case.text}"


def _chatter_behind(case: Case, pick: random.Random) -> str:
    return f"{case.text}\n{pick.choice(_BEHIND)}\n"


def _chatter_inside(case: Case, pick: random.Random) -> str:
    starts = [match.start() for match in re.finditer(r"^(?=.)", case.text, re.MULTILINE)]
    starts = [at for at in starts if not _is_in_text(case, at)]
    said = pick.choice([words for words in (*_FRONT, *_BEHIND) if not words.startswith("#")])
    if not starts:
        return ""
    at = pick.choice(starts)
    return fenced(case, f"{case.text[:at]}{said}\n{case.text[at:]}")


def _is_in_text(case: Case, at: int) -> bool:
    """Say whether a line begins within a text or a comment, where prose belongs."""
    begin = len((case.above + case.text[:at]).encode())
    node: Node | None = _parsed(case.language, case.above + case.text + case.below)
    node = node and node.descendant_for_byte_range(max(begin - 1, 0), begin)
    while node is not None and node.parent is not None:
        if "string" in node.type or "comment" in node.type:
            return node.start_byte < begin < node.end_byte
        node = node.parent
    return False


def _without_one(case: Case, pick: random.Random, pattern: str) -> str:
    places = [match.start() for match in re.finditer(pattern, case.text) if _is_code(case, match.start())]
    if not places:
        return ""
    at = pick.choice(places)
    return fenced(case, case.text[:at] + case.text[at + 1 :])


def _is_code(case: Case, at: int) -> bool:
    """Say whether the character means something to the grammar, and is no part of a comment or a text."""
    parser = parser_for(case.language)
    whole = case.above + case.text + case.below
    if parser is None:
        return True
    begin = len((case.above + case.text[:at]).encode())
    node = _parsed(case.language, whole).descendant_for_byte_range(begin, begin + 1)
    return node is not None and (not node.is_named or node.type in ("string_start", "string_end"))


@lru_cache(maxsize=1)
def _parsed(language: str, text: str) -> "Node":
    parser = parser_for(language)
    assert parser is not None
    return parser.parse(text.encode()).root_node


def _no_bracket(case: Case, pick: random.Random) -> str:
    return _without_one(case, pick, r"[()\[\]{}]")


def _no_quote(case: Case, pick: random.Random) -> str:
    return _without_one(case, pick, r"(?<!['\"\w])[\"'](?!['\"])")


def _no_colon(case: Case, pick: random.Random) -> str:
    return _without_one(case, pick, r":(?=\n)") if case.language == "python" else ""


def _bracket_too_many(case: Case, pick: random.Random) -> str:
    return fenced(case, case.text.rstrip() + "\n" + case.text[: len(case.text) - len(case.text.lstrip())] + "}")


def _other_function(case: Case, pick: random.Random) -> str:
    others = _blocks_of(case.below, case.language) or _blocks_of(case.above, case.language)
    return fenced(case, pick.choice(others)) if others else ""


def _blocks_of(text: str, language: str) -> list[str]:
    """Blocks that stand at the edge of a text, between blank lines."""
    found = [block for block in re.split(r"\n{2,}(?=\S)", text) if 5 <= block.count("\n") <= MOST_LINES]
    return [
        block.strip("\n") for block in found if BLOCK.search(block) or re.match(r"(?:def|class|fn|pub|func)\b", block)
    ]


def _whole_file(case: Case, pick: random.Random) -> str:
    return fenced(case, case.above + case.text + case.below) if case.above.strip() or case.below.strip() else ""


def _lines_above(case: Case, pick: random.Random) -> str:
    above = [line for line in case.above.split("\n") if line.strip()][-pick.randint(2, 8) :]
    return fenced(case, "\n".join(above) + "\n" + case.text) if len(above) > 1 else ""


def _lines_below(case: Case, pick: random.Random) -> str:
    below = [line for line in case.below.split("\n") if line.strip()][: pick.randint(2, 8)]
    return fenced(case, case.text + "\n".join(below)) if len(below) > 1 else ""


def _unchanged(case: Case, pick: random.Random) -> str:
    return fenced(case, pick.choice((case.part, case.part.replace("\n", "  \n"), textwrap.dedent(case.part))))


def _use_renamed(case: Case, pick: random.Random) -> str:
    """A local name that is read under a name that nobody gave."""
    return _one_renamed(case, pick, r"(?<=[(\[,= ])(?P<name>[a-z]\w+)(?=[)\],]|\.\w)", stores=False)


def _definition_renamed(case: Case, pick: random.Random) -> str:
    """A local name that is given another name where it is defined, and not where it is read."""
    return _one_renamed(case, pick, r"(?P<name>[a-z]\w+)(?= :?= )", stores=True)


def _one_renamed(case: Case, pick: random.Random, pattern: str, *, stores: bool) -> str:
    declared = set(re.findall(r"(?:^|\b(?:const|let|var|mut)) *([a-z]\w+) :?= ", case.text, re.MULTILINE))
    spots = [
        match
        for match in re.finditer(pattern, case.text)
        if match["name"] in declared and _is_alone(case, match, stores=stores)
    ]
    if not spots:
        return ""
    spot = pick.choice(spots)
    return fenced(case, case.text[: spot.start("name")] + spot["name"] + "Xy" + case.text[spot.end("name") :])


def _is_alone(case: Case, match: re.Match[str], *, stores: bool) -> bool:
    """Say whether renaming this one place leaves a name undefined."""
    name, text = match["name"], case.text
    line_start, line_end = text.rfind("\n", 0, match.start()) + 1, (text + "\n").index("\n", match.end())
    if re.search(r"//|[\"'#*]|\b(?:def|fn|func|function) ", text[line_start : match.start()]):
        return False
    reads = re.findall(rf"(?<![.\w\"']){name}\b(?! ?:?=)", text)
    if not stores:
        return bool(reads) and not re.search(r" :?= ", text[match.end() : line_end].partition("(")[0])
    stored = re.findall(rf"\b{name} :?= |\bfor [^\n]*\b{name}\b", text)
    return bool(reads) and len(stored) == 1 and not re.search(rf"\b{name}\b", case.above + case.below)


_FOREIGN = {
    "javascript": "export function total(items) {\n  const sum = items.reduce((a, b) => a + b, 0);\n  return sum;\n}\n",
    "rust": "pub fn total(items: &[u8]) -> u8 {\n    let mut s = 0;\n    for i in items { s += i; }\n    s\n}\n",
    "python": "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n",
    "go": "func total(items []int) int {\n\tsum := 0\n\tfor _, i := range items { sum += i }\n\treturn sum\n}\n",
}


def _wrong_language(case: Case, pick: random.Random) -> str:
    family = "javascript" if case.language.startswith(("java", "type")) else case.language
    return fenced(case, _FOREIGN[pick.choice(sorted(set(_FOREIGN) - {family}))])


def _tabs(case: Case, pick: random.Random) -> str:
    if re.search(r"^\t", case.before, re.MULTILINE):
        return "" if re.search(r"^ {2}", case.before, re.MULTILINE) else fenced(case, case.text.replace("\t", "    "))
    new = re.sub(r"^(?: {4}| {2})+", lambda match: "\t" * max(1, len(match[0]) // 4), case.text, flags=re.MULTILINE)
    return fenced(case, new) if "\t" in textwrap.dedent(new) else ""


_PLACEHOLDERS = (
    "... rest of the code unchanged",
    "... existing code ...",
    "rest of the function remains the same",
    "...",
)


def _left_out(case: Case, pick: random.Random) -> str:
    lines = case.text.rstrip().split("\n")
    if len(lines) < 6:
        return ""
    mark = "#" if case.language == "python" else "//"
    words = pick.choice(_PLACEHOLDERS)
    at, to = len(lines) // 3, len(lines) * 2 // 3
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return fenced(case, "\n".join([*lines[:at], f"{indent}{mark} {words}", *lines[to:]]))


def _as_diff(case: Case, pick: random.Random) -> str:
    minus, plus = textwrap.indent(case.part, "-"), textwrap.indent(case.text, "+")
    return fenced(case, f"--- a/file\n+++ b/file\n@@ -1,9 +1,9 @@\n{minus}{plus}")


BREAKS: dict[str, tuple[Callable[[Case, random.Random], str], ...]] = {
    "truncated": (_cut_off, _cut_and_closed, _cut_at_a_line, _cut_without_fence),
    "chatter": (_chatter_in_front, _chatter_behind, _chatter_inside),
    "syntax": (_no_bracket, _no_quote, _no_colon, _bracket_too_many),
    "wrong place": (_other_function, _whole_file, _lines_above, _lines_below),
    "unchanged": (_unchanged,),
    "undefined names": (_use_renamed, _definition_renamed),
    "wrong language": (_wrong_language,),
    "tabs for spaces": (_tabs,),
    "left out": (_left_out,),
    "a diff": (_as_diff,),
}


def broken(case: Case, pick: random.Random, per_kind: bool = False) -> Iterator[Case]:
    """A good case broken in each way that it can be; `per_kind`: in one way of each kind."""
    for kind, ways in BREAKS.items():
        for way in [pick.choice(ways)] if per_kind else ways:
            words = way(case, pick)
            if words:
                yield replace(case, kind=f"{kind}: {way.__name__[1:].replace('_', ' ')}", words=words, good=False)
