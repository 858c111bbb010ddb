"""How many syntax errors a file has."""

import time
from typing import TYPE_CHECKING

from hybrid_lsp.syntax.trees import tree_of

if TYPE_CHECKING:
    from tree_sitter import Node

_STEPS_A_LOOK = 1000


def faults(text: str, language: str, *, deadline: float) -> int | None:
    """Return how many syntax errors a whole file has: what does not parse, and what is missing.

    None where there is no grammar, the file is over 1 MB, or `deadline`, a time of `time.monotonic()`, has passed.
    The first look at a file parses it all; a look at the same file with an edit in it costs a few milliseconds.
    Any thread may ask.
    """
    tree = tree_of(text.encode("utf-8", "replace"), language, deadline=deadline)
    return None if tree is None else _counted(tree.root_node, deadline)


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
