"""Undefined names of Python, by the scopes that Python itself sees. What a function only changes, with `+=`, is one.

The block that an edit touches is looked at first, which takes a millisecond. Only where it reads a name that it did not
read before, or no longer defines one, the whole file is.
"""

import ast
import builtins
import re
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from hybrid_lsp.syntax.trees import shared_ends

_ALWAYS = frozenset(dir(builtins)) | {
    "__annotations__", "__builtins__", "__cached__", "__class__", "__dict__", "__file__", "__loader__", "__module__",
    "__name__", "__package__", "__path__", "__qualname__", "__spec__", "_", "copyright", "credits", "display", "exit",
    "get_ipython", "license", "quit", "reveal_locals", "reveal_type", "unicode",
    "PythonFinalizationError", "WindowsError",
}  # fmt: skip
_UNSOUND = re.compile(
    r"^[ \t]*from\s[^\n#]*\bimport\s*\(?\s*\*"
    r"|\bexec\s*\((?:[^,()\n]|\([^()\n]*\))+\)|\bexec\s*\([^\n]*\bglobals\(\)"
    r"|\bglobals\(\)\s*(?:\[|\.(?:update|setdefault))"
    r"|\bbuiltins\.\w+\s*=",
    re.MULTILINE,
)
"""What may define names that no scope shows."""
_LINE_AT_THE_EDGE = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_METHOD = re.compile(r"^([ \t]+)(?:async\s+def|def|@)(?=[\s\w])", re.MULTILINE)
_MOST_UNSET_CHARS = 50_000
"""Of a block; parsing it once more takes some ten milliseconds."""
_AUGMENTED = re.compile(r"\w[ \t]*[-+*/%@&|^<>]{1,2}=")
_GOES_ON = re.compile(r"(?:else|elif|except|finally|case)\b")


@dataclass(frozen=True, slots=True)
class _Scopes:
    """What the scopes of a text read from, and define in, the outermost one."""

    read: frozenset[str]
    defined: frozenset[str]
    bound: frozenset[str]
    """What any scope binds."""
    unset: frozenset[str]
    """What a function changes and never sets."""

    @property
    def undefined(self) -> frozenset[str]:
        return self.read - self.defined - _ALWAYS


def undefined_python(before: str, after: str) -> frozenset[str]:
    """Return the names that are undefined after an edit and were not before it; none where that cannot be told."""
    for start, block, changed in _blocks(before, after):
        old = _scopes(block)
        if old is None:
            continue
        new = _scopes(changed)
        if new is None:
            return frozenset()
        rest = before[:start] + before[start + len(block) :]
        suspects = (new.undefined - old.undefined) | (old.defined - new.defined)
        elsewhere = {name for name in suspects if name in rest}
        if any(not _is_plainly_defined(name, rest) for name in elsewhere):
            break
        sure = (suspects - elsewhere) & new.undefined
        return (_sound(sure, before, after, old, new) if sure else frozenset()) | (new.unset - old.unset)
    return _whole(before, after)


def _whole(before: str, after: str) -> frozenset[str]:
    new = _scopes(after)
    old = _scopes(before) if new and (new.undefined or new.unset) else None
    if not old or not new:
        return frozenset()
    return _sound(new.undefined - old.undefined, before, after, old, new) | (new.unset - old.unset)


def _sound(names: frozenset[str], before: str, after: str, old: _Scopes, new: _Scopes) -> frozenset[str]:
    """Leave out what may come from where no scope shows it; what was bound right there before does not."""
    if _UNSOUND.search(after) or _UNSOUND.search(before):
        return names & (old.bound - new.bound)
    return names


def _is_plainly_defined(name: str, text: str) -> bool:
    """Say whether an outermost line defines a name, as can be seen without parsing."""
    word = re.escape(name)
    forms = (
        rf"^(?:(?:async\s+)?def|class)\s+{word}\b",
        rf"^{word}\s*[:=](?!=)",
        rf"^(?:from\s+\S+\s+)?import\s(?:.*[\s,(])?{word}\s*(?:,|$)",
    )
    return any(re.search(form, text, re.MULTILINE) for form in forms)


def _blocks(before: str, after: str) -> Iterator[tuple[int, str, str]]:
    """Yield, of both texts, the method that differs, then the outermost statement, and where it begins.

    Both begin and end at the same lines of what is the same. One that begins or ends within a long text does not parse,
    or reads what it did not: then a larger one decides.
    """
    head, tail = shared_ends(before, after)
    head = before.rfind("\n", 0, head) + 1
    rest = before.find("\n", len(before) - tail) + 1 if tail else 0
    rest = rest or len(before)
    start = _last(_LINE_AT_THE_EDGE, before, head)
    while start and _GOES_ON.match(before, start):
        start = _last(_LINE_AT_THE_EDGE, before, start - 1)
    method = _last(_METHOD, before, head, start)
    if method > start:
        indent = len(match[1]) if (match := _METHOD.match(before, method)) else 0
        out = re.compile(rf"^[ \t]{{0,{indent - 1}}}(?=[^ \t\n])", re.MULTILINE)
        edge = re.compile(rf"^[ \t]{{0,{indent}}}(?=[^ \t\n#)\]}}])", re.MULTILINE).search(before, rest)
        block = _block(before, after, method, edge.start() if edge else len(before))
        if not out.search(block[1]) and not out.search(block[2]):
            yield block
    ends = (
        match.start() for match in _LINE_AT_THE_EDGE.finditer(before, rest) if not _GOES_ON.match(before, match.start())
    )
    yield _block(before, after, start, next(ends, len(before)))


def _last(pattern: re.Pattern[str], text: str, end: int, start: int = 0) -> int:
    """Return where a pattern is found last before a place; the start where it is not."""
    return max((match.start() for match in pattern.finditer(text, start, end)), default=start)


def _block(before: str, after: str, start: int, end: int) -> tuple[int, str, str]:
    return start, before[start:end], after[start : len(after) - (len(before) - end)]


def _scopes(text: str) -> _Scopes | None:
    """Return what the scopes of a text say; None where it does not parse."""
    text = f"if 1:\n{text}" if text[:1] in (" ", "\t") else text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(text, "edit", "exec")
            unset = _unset(text) if len(text) <= _MOST_UNSET_CHARS and _AUGMENTED.search(text) else frozenset()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    read: set[str] = set()
    defined: set[str] = set()
    bound: set[str] = set()
    for table in _tables(top):
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                read.add(symbol.get_name())
            if _binds(symbol):
                bound.add(symbol.get_name())
            if (table is top or symbol.is_declared_global()) and _binds(symbol):
                defined.add(symbol.get_name())
    return _Scopes(frozenset(read), frozenset(defined), frozenset(bound), unset)


def _unset(text: str) -> frozenset[str]:
    """Return names that a function changes with `+=` and the like, and sets nowhere: Python calls them unbound."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            own = list(_own(function))
            changed = {n.target.id for n in own if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
            if changed:
                targets = {id(node.target) for node in own if isinstance(node, ast.AugAssign)}
                found |= changed - {name for node in own if id(node) not in targets for name in _set_by(node)}
    return frozenset(found)


def _own(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a function, without what is inside other functions and classes; those themselves too."""
    todo: list[ast.AST] = [*ast.iter_child_nodes(function)]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))


def _set_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node sets, or takes from further out; more than those do no harm."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    else:
        yield from (name for part in ("name", "rest") if isinstance(name := getattr(node, part, None), str))


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    todo = [table]
    while todo:
        table = todo.pop()
        yield table
        todo.extend(table.get_children())


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_annotated() or symbol.is_parameter()
