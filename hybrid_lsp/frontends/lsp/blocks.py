"""What a cursor stands in: the lines of the symbol around it, or of the block.

Rules:
1. The innermost definition around the line, with its decorators; outside of all, the statement at the top of the file.
2. Only a window around the line is parsed, so that the cost does not grow with the file. Where that says nothing, or
   there is no grammar, indentation decides.
3. A blank line outside everything is nothing.
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hybrid_lsp.frontends.lsp.documents import Document

if TYPE_CHECKING:
    from tree_sitter import Node

    from hybrid_lsp.syntax import Trees

WINDOW_CHARS = 5000
"""Above the line, and from it on again."""
PARSE_TIMEOUT_S = 0.1
"""For a window; it takes some milliseconds."""
_MOST_STATEMENT_LINES = 200
_MOST_KNOWN = 32
_DEFINITIONS = frozenset({
    "function_definition", "class_definition", "function_declaration", "generator_function_declaration",
    "class_declaration", "abstract_class_declaration", "method_definition", "method_declaration", "type_declaration",
    "interface_declaration", "type_alias_declaration", "enum_declaration", "record_declaration",
    "constructor_declaration", "function_item", "impl_item", "struct_item", "enum_item", "trait_item",
    "macro_definition", "struct_specifier", "class_specifier", "enum_specifier",
})  # fmt: skip
_VALUES = frozenset({"arrow_function", "function_expression", "class", "generator_function"})
_WRAPPERS = frozenset({"decorated_definition", "export_statement", "template_declaration"})
_CLOSERS = (")", "]", "}", "end", "fi", "done", "esac")

Span = tuple[int, int]
"""First and last line, counted from 0, the last one included."""


@dataclass(slots=True)
class Blocks:
    """Finds blocks, and remembers the last ones."""

    trees: "Trees"
    """Of the windows: while one types, only what changed is parsed."""
    _known: dict[tuple[int, int, int], Span | None] = field(default_factory=dict)

    def around(self, document: Document, line: int) -> Span | None:
        """Return the lines of what a line belongs to; None where there is nothing."""
        key = (document.handle, document.version, line)
        if key not in self._known:
            while len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[key] = self._parsed(document, line) or by_indentation(document, line)
        return self._known[key]

    def _parsed(self, document: Document, line: int) -> Span | None:
        if not document.line(line).strip():
            return None
        top, lines = _window(document, line)
        source, deadline = "\n".join(lines).encode("utf-8", "replace"), time.monotonic() + PARSE_TIMEOUT_S
        tree = self.trees.of(source, document.language, deadline=deadline)
        if tree is None:
            return None
        root = tree.root_node
        row, text = line - top, document.line(line)
        column = len(text) - len(text.lstrip())
        node = root.descendant_for_point_range((row, column), (row, column))
        found = _definition(node) or _statement(node, root)
        if found is None:
            return None
        first, last = _lines(found)
        cut_off = last >= len(lines) - 1 and top + len(lines) < document.line_count
        return None if cut_off else (top + first, top + last)


def by_indentation(document: Document, line: int) -> Span | None:
    """Return the block whose head is the line, or the nearest line above with less indentation, to its closer."""
    line = _not_blank(document, line)
    if line < 0:
        return None
    below = next((n for n in range(line + 1, document.line_count) if document.line(n).strip()), line)
    head = line
    if _indent(document, below) <= _indent(document, line) or below == line:
        head = _head(document, line)
    last = head
    for number in range(head + 1, document.line_count):
        text = document.line(number).strip()
        if text and _indent(document, number) <= _indent(document, head):
            if text.startswith(_CLOSERS) and _indent(document, number) == _indent(document, head):
                last = number
            break
        last = number if text else last
    return head, last


def _head(document: Document, line: int) -> int:
    indent = _indent(document, line)
    if indent == 0 and not document.line(line).strip().startswith(_CLOSERS):
        return line
    limit = indent if not document.line(line).strip().startswith(_CLOSERS) else indent + 1
    above = range(line - 1, -1, -1)
    return next((n for n in above if document.line(n).strip() and _indent(document, n) < limit), line)


def _not_blank(document: Document, line: int) -> int:
    """The line, or for a blank one inside a block the next line above; -1 for a blank one outside of all."""
    if document.line(line).strip():
        return line
    below = next((n for n in range(line + 1, document.line_count) if document.line(n).strip()), None)
    if below is None or _indent(document, below) == 0:
        return -1
    return next((n for n in range(line - 1, -1, -1) if document.line(n).strip()), -1)


def _indent(document: Document, line: int) -> int:
    text = document.line(line)
    return len(text) - len(text.lstrip(" \t"))


def _window(document: Document, line: int) -> tuple[int, list[str]]:
    """As many lines around as fit, from one that is not indented where there is one, and the first one's number."""
    above = document.lines_above(line, WINDOW_CHARS)
    top = line - len(above)
    lines = [*above, *document.lines_from(line, WINDOW_CHARS)]
    if top and (whole := next((at for at, text in enumerate(lines[: line - top + 1]) if text[:1].strip()), 0)):
        return top + whole, lines[whole:]
    return top, lines


def _definition(node: "Node | None") -> "Node | None":
    while node is not None and not _defines(node):
        node = node.parent
    while node is not None and node.parent is not None and node.parent.type in _WRAPPERS:
        node = node.parent
    return node


def _defines(node: "Node") -> bool:
    if node.type in _DEFINITIONS:
        return True
    if node.type not in ("lexical_declaration", "variable_declaration"):
        return False
    values = (child.child_by_field_name("value") for child in node.named_children)
    return any(value is not None and value.type in _VALUES for value in values)


def _statement(node: "Node | None", root: "Node") -> "Node | None":
    while node is not None and node.parent is not None and node.parent.id != root.id:
        node = node.parent
    if node is None or node.id == root.id or node.type == "ERROR":
        return None
    first, last = _lines(node)
    return node if last - first < _MOST_STATEMENT_LINES else None


def _lines(node: "Node") -> Span:
    first, last = node.start_point[0], node.end_point[0]
    return first, max(first, last - (node.end_point[1] == 0))
