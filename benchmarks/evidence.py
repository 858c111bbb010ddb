"""How many wrong edits evidence catches, and how many right ones it refuses.

    pip download --no-binary :all: --no-deps -d DOWNLOADS more-itertools boltons inflection humanize   # and unpack them
    python benchmarks/evidence.py FOLDER... [--edits 120] [--deadline 10] [--seed 1]

Each folder is an unpacked source distribution with its tests. Its functions that examples or tests near them speak of
are changed, one place at a time: wrongly (a comparison, an operator, a number, a condition, a value returned: what may
still be right is counted as wrong), and rightly (names of variables, an early variable for what is returned, conditions
the other way round, statements that do nothing). Only edits that still parse are taken. Nothing is changed on the disk.
"""

import argparse
import ast
import asyncio
import copy
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hybrid_lsp.evidence import Evidence, Sandbox

SKIPPED = frozenset({"tests", "test", "docs", "doc", "examples", "setup.py", "conftest.py", "build"})
OTHER = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.And: ast.Or,
    ast.Or: ast.And,
}  # fmt: skip
FLIPPED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit of one function."""

    root: Path
    path: str
    before: str
    after: str
    first_line: int
    last_line: int
    kind: str
    is_good: bool


def wrong(function: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what can be done to a function that changes what it does: its name, and how to do it in place."""
    for node in list(ast.walk(function)):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER:
            yield "comparison", lambda node=node: node.ops.__setitem__(0, OTHER[type(node.ops[0])]())
        elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OTHER:
            yield "operator", lambda node=node: setattr(node, "op", OTHER[type(node.op)]())
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield "number", lambda node=node: setattr(node, "value", node.value + 1)
        elif isinstance(node, ast.Constant) and type(node.value) is bool:
            yield "truth", lambda node=node: setattr(node, "value", not node.value)
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            yield "condition", lambda node=node: setattr(node, "test", ast.UnaryOp(op=ast.Not(), operand=node.test))
        elif isinstance(node, ast.Return) and node.value is not None:
            yield "return", lambda node=node: setattr(node, "value", ast.Constant(value=None))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield "call left out", lambda node=node: setattr(node, "value", ast.Constant(value=None))


def right(function: ast.FunctionDef) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what can be done to a function that leaves what it does."""
    for node in list(ast.walk(function)):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in FLIPPED:
            if all(isinstance(side, ast.Name | ast.Constant) for side in (node.left, node.comparators[0])):
                yield "turned round", lambda node=node: turn(node)
        elif isinstance(node, ast.If) and node.orelse:
            yield "branches swapped", lambda node=node: swap(node)
    if own := sorted(renameable(function)):
        yield "renamed", lambda: rename(function, own[0])
    at = 1 if ast.get_docstring(function) is not None else 0
    yield "a variable more", lambda: function.body.insert(at, ast.parse("_unused_here = None").body[0])
    last = function.body[-1]
    if isinstance(last, ast.Return) and last.value is not None:
        named = [
            ast.Assign([ast.Name("_answer", ast.Store())], last.value),
            ast.Return(ast.Name("_answer", ast.Load())),
        ]
        yield "named answer", lambda: function.body.__setitem__(slice(-1, None), named)


def turn(node: ast.Compare) -> None:
    node.left, node.comparators[0] = node.comparators[0], node.left
    node.ops[0] = FLIPPED[type(node.ops[0])]()


def swap(node: ast.If) -> None:
    node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
    node.body, node.orelse = node.orelse, node.body


def renameable(function: ast.FunctionDef) -> set[str]:
    """The variables that only this function knows: assigned in it, no inner scope, no global, no locals()."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Global, ast.Nonlocal)
    nodes = list(ast.walk(function))[1:]
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    if any(isinstance(node, inner) for node in nodes) or named & {"locals", "vars", "eval", "exec", "dir"}:
        return set()
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored - {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}


def rename(function: ast.FunctionDef, name: str) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == name:
            node.id = f"{name}_here"


def edits_of(root: Path, path: str, chance: random.Random) -> Iterator[Edit]:
    """Yield edits of each function of a file, as a model would give them: the whole function anew."""
    before = (root / path).read_text(encoding="utf-8")
    lines = before.split("\n")
    functions = [node for node in ast.walk(ast.parse(before)) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        if function.decorator_list or function.name.startswith("__") or len(function.body) < 2:
            continue
        first, last = function.lineno - 1, (function.end_lineno or function.lineno) - 1
        if lines[first][: function.col_offset].strip():
            continue
        for is_good, changes in ((False, wrong), (True, right)):
            count = sum(1 for _ in changes(function))
            for at in chance.sample(range(count), min(count, 2)):
                changed = copy.deepcopy(function)
                kind, change = list(changes(changed))[at]
                change()
                text = ast.unparse(ast.fix_missing_locations(changed))
                indent = " " * function.col_offset
                new = [indent + line if line else line for line in text.split("\n")]
                after = "\n".join([*lines[:first], *new, *lines[last + 1 :]])
                if is_good or parses_differently(text, function):
                    yield Edit(
                        root=root, path=path, before=before, after=after, first_line=first, last_line=last,
                        kind=kind, is_good=is_good,
                    )  # fmt: skip


def parses_differently(text: str, function: ast.FunctionDef) -> bool:
    return ast.dump(ast.parse(text).body[0]) != ast.dump(ast.parse(ast.unparse(function)).body[0])


def sources(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if not SKIPPED & set(inside.parts) and not inside.name.startswith("test_"):
            yield inside.as_posix()


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--edits", type=int, default=120, help="of each kind that evidence has something to say of")
    parser.add_argument("--deadline", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="print every edit that was judged wrongly")
    asked = parser.parse_args()
    sandbox = Sandbox()
    if sandbox.why_not():
        raise SystemExit(sandbox.why_not())
    chance = random.Random(asked.seed)
    pools = [[edit for path in sources(root) for edit in edits_of(root, path, chance)] for root in asked.folders]
    edits = []
    for pool in pools:
        share = asked.edits * 3 // len(pools)
        for is_good in (False, True):
            some = [edit for edit in pool if edit.is_good is is_good]
            edits += chance.sample(some, min(len(some), share))
    chance.shuffle(edits)
    await judge(Evidence(sandbox=sandbox), edits, asked)


async def judge(evidence: Evidence, edits: list[Edit], asked: argparse.Namespace) -> None:
    """Ask of each edit until enough were spoken of; print the figures."""
    spoken: Counter[bool] = Counter()
    refused: Counter[bool] = Counter()
    silent: Counter[bool] = Counter()
    by_check: Counter[tuple[str, bool, bool]] = Counter()
    kinds: Counter[tuple[str, bool]] = Counter()
    times: list[float] = []
    for edit in edits:
        if spoken[edit.is_good] >= asked.edits:
            continue
        began = time.perf_counter()
        verdicts = await evidence.gather(
            root=edit.root, path=edit.path, before=edit.before, after=edit.after, first_line=edit.first_line,
            last_line=edit.last_line, language="python", deadline_s=asked.deadline,
        )  # fmt: skip
        if not verdicts:
            silent[edit.is_good] += 1
            continue
        times.append(time.perf_counter() - began)
        is_refused = any(not verdict.passed for verdict in verdicts)
        spoken[edit.is_good] += 1
        refused[edit.is_good] += is_refused
        kinds[edit.kind, is_refused] += 1
        for verdict in verdicts:
            by_check[verdict.name, edit.is_good, verdict.passed] += 1
        if asked.list and is_refused is edit.is_good:
            print(f"  {'refused' if is_refused else 'missed'}: {edit.kind:18} {edit.path}:{edit.first_line + 1}")
    for is_good, word in ((False, "wrong edits refused"), (True, "right edits refused")):
        share = refused[is_good] / max(1, spoken[is_good])
        print(f"{word}: {refused[is_good]} of {spoken[is_good]} = {share:.1%}; nothing said of {silent[is_good]} more")
    for name in ("doctest", "tests"):
        for is_good in (False, True):
            no, yes = by_check[name, is_good, False], by_check[name, is_good, True]
            print(f"  {name:8} {'right' if is_good else 'wrong'}: {no} of {no + yes} refused")
    for kind in sorted({kind for kind, _ in kinds}):
        print(f"  {kind:18} {kinds[kind, True]} of {kinds[kind, True] + kinds[kind, False]} refused")
    ordered = sorted(times)
    print(f"time: p50 {statistics.median(ordered):.2f} s, p95 {ordered[int(len(ordered) * 0.95)]:.2f} s")


if __name__ == "__main__":
    asyncio.run(main())
