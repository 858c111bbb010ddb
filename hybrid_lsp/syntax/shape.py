"""How much may be suggested at a cursor, from the code around it: one line, or the block that follows.

Rules:
1. One line where something other than closers stands right of the cursor, within a text or a comment, within
   parentheses or square brackets, and behind anything that is typed on the line but does not open a block.
2. Several behind what opens a block that has nothing in it yet, and on a blank line of a block or of the file.
3. Where there is no grammar, or the code around the cursor does not parse, counting brackets and quotes decides.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim import Shape, only_closers
from hybrid_lsp.core.trim.lines import balance, width_of
from hybrid_lsp.syntax.grammars import parser_for

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

log = logging.getLogger(__name__)

_LINES_ABOVE = 120
_LINES_BELOW = 30
_MAX_WINDOW_CHARS = 16_000
_MAX_CACHED = 64
_PYTHON_OPENERS = frozenset(
    {")", "]", "}", "async", "case", "class", "def", "elif", "else", "except", "finally", "for", "if", "match", "try"}
    | {"while", "with"}
)
_CONTINUES = ("\\", ":=", " =", " +", " -", " *", " &&", " ||", " ?", " and", " or")
_COMMENTS = ("#", "//", "/*", "*")
_BRACKETED = frozenset(
    {
        "argument_list",
        "arguments",
        "array",
        "array_expression",
        "array_pattern",
        "dictionary",
        "dictionary_comprehension",
        "formal_parameters",
        "generator_expression",
        "initializer_list",
        "list",
        "list_comprehension",
        "parameter_list",
        "parameters",
        "parenthesized_expression",
        "set",
        "set_comprehension",
        "subscript",
        "template_substitution",
        "tuple",
        "tuple_expression",
        "type_arguments",
    }
)


class Surroundings(Enum):
    """What a cursor stands in."""

    TEXT = "text"
    """A string or a comment."""
    EXPRESSION = "expression"
    """Between brackets that hold no statements."""
    BLOCK = "block"
    """Where statements or declarations go."""


@dataclass(slots=True, kw_only=True)
class Syntax:
    """Tells how much may be suggested; remembers it for each cursor of a document's version."""

    parser_for: "Callable[[str], Parser | None]" = parser_for
    _known: dict[tuple[int, int, int, int], Shape] = field(default_factory=dict)

    def shape(self, excerpt: Excerpt) -> Shape:
        """Return whether one line or several may be shown at the cursor. Never raises."""
        key = (excerpt.document, excerpt.version, excerpt.line, len(excerpt.prefix))
        if key not in self._known:
            while len(self._known) >= _MAX_CACHED:
                del self._known[next(iter(self._known))]
            self._known[key] = self._shape(excerpt)
        return self._known[key]

    def _shape(self, excerpt: Excerpt) -> Shape:
        if not only_closers(excerpt.suffix) or not (_opens_block(excerpt) or _is_new_line(excerpt)):
            return Shape.SINGLE
        window = _window(excerpt)
        surroundings = self._parsed(excerpt, window) or _counted(excerpt, window)
        return Shape.MULTI if surroundings is Surroundings.BLOCK else Shape.SINGLE

    def _parsed(self, excerpt: Excerpt, window: "tuple[str, str]") -> Surroundings | None:
        parser = self.parser_for(excerpt.language)
        if parser is None:
            return None
        before, after = (text.encode("utf-8", "replace") for text in window)
        try:
            root = parser.parse(before + after).root_node
            begin = len(before) - bool(excerpt.prefix.strip())
            return _surroundings(root.descendant_for_byte_range(begin, len(before)), len(before))
        except (ValueError, RuntimeError) as fault:
            log.warning("syntax: %s could not be parsed (%s)", excerpt.language, type(fault).__name__)
            return None


def _opens_block(excerpt: Excerpt) -> bool:
    """Say whether what is typed on the line opens a block that has nothing in it yet."""
    typed = excerpt.prefix.strip()
    if not typed or _has_body(excerpt):
        return False
    if excerpt.language == "python":
        return typed.endswith(":") and typed.replace(":", " ").replace("(", " ").split()[0] in _PYTHON_OPENERS
    return balance(typed, "", "", excerpt.language, own_from=len(typed))[0].endswith("}")


def _has_body(excerpt: Excerpt) -> bool:
    following = next((line for line in excerpt.below[:_MAX_WINDOW_CHARS].split("\n") if line.strip()), "")
    return width_of(following) > width_of(excerpt.prefix)


def _is_new_line(excerpt: Excerpt) -> bool:
    """Say whether the line is blank and no statement goes on to it from the line above."""
    if excerpt.prefix.strip():
        return False
    last = excerpt.above[excerpt.above.rfind("\n", 0, -1) + 1 :].strip()
    return last.startswith(_COMMENTS) or not last.endswith(_CONTINUES)


def _window(excerpt: Excerpt) -> tuple[str, str]:
    """Return what is looked at left and right of the cursor; it begins at a line that is not indented, if one is near.

    So a window seldom begins in the middle of a text or of brackets.
    """
    lines = excerpt.above[-_MAX_WINDOW_CHARS:].split("\n")
    lines = lines[:-1] if len(excerpt.above) <= _MAX_WINDOW_CHARS else lines[1:-1]
    if len(lines) > _LINES_ABOVE or len(excerpt.above) > _MAX_WINDOW_CHARS:
        lines = lines[-_LINES_ABOVE:]
        start = next((at for at, line in enumerate(lines) if line[:1].isalpha()), 0)
        lines = lines[start:]
    below = excerpt.below[:_MAX_WINDOW_CHARS].split("\n")[:_LINES_BELOW]
    return "\n".join([*lines, excerpt.prefix]), "\n".join([excerpt.suffix, *below])


def _surroundings(node: "Node | None", cursor: int) -> Surroundings | None:
    """Return what the node's ancestors say of the byte `cursor`; None where the code around it does not parse."""
    while node is not None and node.parent is not None:
        kind = node.type
        is_within = node.start_byte < cursor < node.end_byte
        if kind == "ERROR" or node.is_missing:
            return None
        if is_within and kind in _BRACKETED:
            return Surroundings.EXPRESSION
        if is_within and kind != "expression_statement" and ("string" in kind or "comment" in kind):
            return Surroundings.TEXT
        if is_within and kind.endswith(("block", "body", "declaration_list", "compound_statement")):
            return Surroundings.BLOCK
        node = node.parent
    return None if node is None or node.type == "ERROR" else Surroundings.BLOCK


def _counted(excerpt: Excerpt, window: tuple[str, str]) -> Surroundings:
    """Return what open quotes and brackets say of the cursor."""
    stack = inside = ""
    for line in window[0].split("\n"):
        stack, inside, _ = balance(line, stack, inside, excerpt.language, own_from=len(line))
    if inside:
        return Surroundings.TEXT
    holds_statements = stack.endswith("}") and excerpt.language != "python"
    return Surroundings.BLOCK if holds_statements or not stack else Surroundings.EXPRESSION
