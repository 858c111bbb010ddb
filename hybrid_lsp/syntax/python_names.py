"""Undefined names of Python, by the scopes that Python itself sees.

The block that an edit touches is looked at first, which takes a millisecond. Only where it reads a name that it did not
read before, or no longer defines one, the whole file is.
"""

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
}  # fmt: skip
_UNSOUND = re.compile(
    r"\bimport\s*\(?\s*\*"
    r"|\bexec\s*\((?:[^,()\n]|\([^()\n]*\))*\)|\bexec\s*\([^\n]*globals"
    r"|\bglobals\(\)\s*(?:\[|\.(?:update|setdefault))"
    r"|\bbuiltins\.\w+\s*="
)
"""What may define names that no scope shows."""
_LINE_AT_THE_EDGE = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_GOES_ON = re.compile(r"(?:else|elif|except|finally|case)\b")


@dataclass(frozen=True, slots=True)
class _Scopes:
    """What the scopes of a text read from, and define in, the outermost one."""

    read: frozenset[str]
    defined: frozenset[str]
    bound: frozenset[str]
    """What any scope binds."""

    @property
    def undefined(self) -> frozenset[str]:
        return self.read - self.defined - _ALWAYS


def undefined_python(before: str, after: str) -> frozenset[str]:
    """Return the names that are undefined after an edit and were not before it; none where that cannot be told."""
    start, block, changed = _blocks(before, after)
    old, new = _scopes(block), _scopes(changed)
    if not old or not new:
        return _whole(before, after)
    rest = before[:start] + before[start + len(block) :]
    suspects = (new.undefined - old.undefined) | (old.defined - new.defined)
    elsewhere = {name for name in suspects if name in rest}
    if any(not _is_plainly_defined(name, rest) for name in elsewhere):
        return _whole(before, after)
    sure = (suspects - elsewhere) & new.undefined
    return _sound(sure, before, after, old, new) if sure else frozenset()


def _whole(before: str, after: str) -> frozenset[str]:
    new = _scopes(after)
    old = _scopes(before) if new and new.undefined else None
    return _sound(new.undefined - old.undefined, before, after, old, new) if old and new else frozenset()


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


def _blocks(before: str, after: str) -> tuple[int, str, str]:
    """Return, of both texts, the outermost statements that differ, and where they begin.

    Both begin and end at the same lines of what is the same. One that begins or ends within a long text does not parse,
    or reads what it did not: then the whole file decides.
    """
    head, tail = shared_ends(before, after)
    head = before.rfind("\n", 0, head) + 1
    start = max((match.start() for match in _LINE_AT_THE_EDGE.finditer(before, 0, head)), default=0)
    while start and _GOES_ON.match(before, start):
        start = max((match.start() for match in _LINE_AT_THE_EDGE.finditer(before, 0, start - 1)), default=0)
    rest = before[len(before) - tail :]
    cut = rest.find("\n") + 1 or len(rest)
    ends = (match.start() for match in _LINE_AT_THE_EDGE.finditer(rest, cut) if not _GOES_ON.match(rest, match.start()))
    end = len(rest) - next(ends, len(rest))
    return start, before[start : len(before) - end], after[start : len(after) - end]


def _scopes(text: str) -> _Scopes | None:
    """Return what the scopes of a text say; None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(text, "edit", "exec")
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
    return _Scopes(frozenset(read), frozenset(defined), frozenset(bound))


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    todo = [table]
    while todo:
        table = todo.pop()
        yield table
        todo.extend(table.get_children())


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_annotated() or symbol.is_parameter()
