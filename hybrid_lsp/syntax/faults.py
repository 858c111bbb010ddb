"""How many syntax errors a file has: what its grammar does not know, and blocks of Python with nothing in them.

The grammar of Python takes `if x:` without a block; Python does not.
"""

import re
import time
from typing import TYPE_CHECKING

from hybrid_lsp.syntax.trees import tree_of

if TYPE_CHECKING:
    from tree_sitter import Node

_STEPS_A_LOOK = 1000
_END_OF_HEAD = re.compile(r":(?=[ \t]*(?:#|\Z))")
"""A colon that ends its line."""
_MOST_BARE_LINES = 99
"""Blank or commented, between a head and its block."""


def faults(text: str, language: str, *, deadline: float, lines: range | None = None) -> int | None:
    """Return how many syntax errors a whole file has: what does not parse, and what is missing.

    None where there is no grammar, the file is over 1 MB, or `deadline`, a time of `time.monotonic()`, has passed.
    A block with nothing in it is looked for below `lines` only, below all where they are not given: an edit changes
    nothing elsewhere. The first look at a file parses it all; a look at the same file with an edit in it costs a few
    milliseconds. Any thread may ask.
    """
    tree = tree_of(text.encode("utf-8", "replace"), language, deadline=deadline)
    count = None if tree is None else _counted(tree.root_node, deadline)
    if tree is None or count is None or language != "python":
        return count
    return count + _empty_blocks(text, tree.root_node, lines)


def _empty_blocks(text: str, root: "Node", within: range | None) -> int:
    """Return how many statements of Python have a head and nothing below it. Only what looks like it is looked up."""
    lines = text.split("\n")
    count = begin = at = 0
    all_of_them = range(len(lines))
    for number in all_of_them if within is None else all_of_them[within.start : within.stop]:
        line = lines[number]
        if ":" not in line or (head := _END_OF_HEAD.search(line)) is None or _has_deeper_below(lines, number):
            continue
        begin += sum(len(passed.encode("utf-8", "replace")) + 1 for passed in lines[at:number])
        at = number
        column = len(line[: head.start()].encode("utf-8", "replace"))
        colon = root.descendant_for_byte_range(begin + column, begin + column + 1)
        if colon is not None and colon.type == ":" and colon.parent is not None:
            # nobody's next sibling, since it has no width
            blocks = (child for child in colon.parent.children if child.type == "block")
            count += any(block.start_byte == block.end_byte for block in blocks)
    return count


def _has_deeper_below(lines: list[str], number: int) -> bool:
    """Say whether the next line with code on it is indented deeper."""
    indent = _indent(lines[number])
    for line in lines[number + 1 : number + 1 + _MOST_BARE_LINES]:
        code = line.lstrip(" \t")
        if code and code[0] != "#":
            return len(line) - len(code) > indent
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _counted(root: "Node", deadline: float) -> int | None:
    count, todo, steps = 0, [root], 0
    while todo:
        node = todo.pop()
        count += node.is_error or node.is_missing
        if node.has_error:
            todo.extend(node.children)
        steps += 1
        if steps % _STEPS_A_LOOK == 0 and time.monotonic() > deadline:
            return None
    return count
