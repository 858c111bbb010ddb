"""What an edit changes, by name, and the examples that speak of it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_EXAMPLES = 40
_DEFINED = re.compile(
    r"^(?P<indent>\s*)(?:export\s+)?(?:default\s+)?(?:public\s+|private\s+|protected\s+|static\s+|readonly\s+)*"
    r"(?:(?:async\s+)?function\s*\*?\s*(?P<function>[\w$]+)|(?:abstract\s+)?class\s+(?P<class>[\w$]+)"
    r"|(?:const|let|var)\s+(?P<value>[\w$]+)"
    r"|(?:async\s+|get\s+|set\s+|\*\s*)*(?P<method>[\w$#]+)\s*(?:<[^>]*>)?\([^;]*(?:\{|,|\()\s*$)"
)
_NO_NAMES = frozenset({"if", "for", "while", "switch", "catch", "return", "function", "constructor", "describe", "it"})
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """A docstring with examples in it."""

    name: str
    """Of the symbol, with those around it: `Shelf.add`; empty for the module."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What an edit changes."""

    names: tuple[str, ...] = ()
    """The symbols around the changed lines, innermost first, then those of the file that use the innermost."""
    examples: tuple[Examples, ...] = ()
    """The nearest first."""


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """Return the first and last line of `before` that differ, from 0 on; where lines come in between, those beside."""
    old, new = before.split("\n"), after.split("\n")
    least = min(len(old), len(new))
    start = next((at for at in range(least) if old[at] != new[at]), least)
    rest = least - start
    end = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    first = min(start, len(old) - 1)
    return first, max(first, len(old) - 1 - end)


def in_python(before: str, first_line: int, last_line: int) -> Changed:
    """Return what the lines `first_line` to `last_line` of a Python file belong to; nothing where it does not parse."""
    try:
        tree = ast.parse(before)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Changed()
    everything = list(_definitions(tree, ()))
    around = [one for one in everything if _touches(one[1], first_line + 1, last_line + 1)]
    around.sort(key=lambda one: (-len(one[0]), one[1].lineno))
    innermost = {path[-1] for path, _ in around[:1]} | {
        path[-1] for path, _ in around if len(path) == len(around[0][0])
    }
    users = [one for one in everything if one not in around and _uses(one[1], innermost)]
    near = [*around, *users]
    examples = [Examples(name=".".join(path), text=doc) for path, node in near if (doc := _doc(node))]
    if doc := _doc(tree):
        examples.insert(
            len([one for one in examples if one.name.split(".")[-1] in innermost]), Examples(name="", text=doc)
        )
    names = dict.fromkeys(path[-1] for path, _ in near)
    return Changed(names=tuple(names), examples=tuple(examples[:MOST_EXAMPLES]))


def _definitions(node: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], _Definition]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Definition):
            inner = (*path, child.name)
            yield inner, child
            yield from _definitions(child, inner)
        elif not isinstance(child, ast.expr):
            yield from _definitions(child, path)


def _touches(node: _Definition, first: int, last: int) -> bool:
    start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return start <= last and first <= (node.end_lineno or node.lineno)


def _uses(node: _Definition, names: set[str]) -> bool:
    return any(
        (isinstance(one, ast.Name) and one.id in names) or (isinstance(one, ast.Attribute) and one.attr in names)
        for one in ast.walk(node)
    )


def _doc(node: _Definition | ast.Module) -> str:
    doc = ast.get_docstring(node, clean=True) or ""
    return doc if ">>>" in doc else ""


def in_javascript(before: str, first_line: int, last_line: int) -> Changed:
    """Return the names around some lines of a JavaScript or TypeScript file, by their indentation, and inside them."""
    lines = before.split("\n")
    names: dict[str, None] = {}
    for line in lines[first_line : last_line + 1]:
        if name := _defined(line):
            names[name] = None
    depth = _indent(next((line for line in lines[first_line:] if line.strip()), ""))
    for line in reversed(lines[:first_line]):
        if not line.strip() or _indent(line) >= depth:
            continue
        if name := _defined(line):
            names[name] = None
        depth = _indent(line)
    return Changed(names=tuple(names))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _defined(line: str) -> str:
    match = _DEFINED.match(line)
    found = next((match[kind] for kind in ("function", "class", "value", "method") if match[kind]), "") if match else ""
    return "" if found in _NO_NAMES else found
