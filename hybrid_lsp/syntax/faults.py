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
_INDENT = re.compile(r"[ \t]*")
_END_OF_HEAD = re.compile(r":(?=[ \t]*(?:#.*)?(?:\n[ \t]*(?:#.*)?){0,99}(?:\Z|\n(?P<indent>[ \t]*)\S))")
"""A colon that ends its line, up to the next line with code on it."""


def faults(text: str, language: str, *, deadline: float) -> int | None:
    """Return how many syntax errors a whole file has: what does not parse, and what is missing.

    None where there is no grammar, the file is over 1 MB, or `deadline`, a time of `time.monotonic()`, has passed.
    The first look at a file parses it all; a look at the same file with an edit in it costs a few milliseconds.
    Any thread may ask.
    """
    tree = tree_of(text.encode("utf-8", "replace"), language, deadline=deadline)
    count = None if tree is None else _counted(tree.root_node, deadline)
    if tree is None or count is None or language != "python":
        return count
    return count + _empty_blocks(text, tree.root_node)


def _empty_blocks(text: str, root: "Node") -> int:
    """Return how many statements of Python have a head and nothing below it. Only what looks like it is looked up."""
    count = at = begin = 0
    for match in _END_OF_HEAD.finditer(text):
        head = _INDENT.match(text, text.rfind("\n", 0, match.start()) + 1)
        if head is not None and match["indent"] is not None and len(match["indent"]) > len(head[0]):
            continue
        begin += len(text[at : match.start()].encode("utf-8", "replace"))
        at = match.start()
        colon = root.descendant_for_byte_range(begin, begin + 1)
        if colon is not None and colon.type == ":" and colon.parent is not None:
            # nobody's next sibling, since it has no width
            blocks = (child for child in colon.parent.children if child.type == "block")
            count += any(block.start_byte == block.end_byte for block in blocks)
    return count


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
