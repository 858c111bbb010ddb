"""Good edits of real code: changes that keep the meaning, by Python's own parser, and changes that people committed.

Everything is drawn with a seed. Standard library and our own parsers only.
"""

import ast
import random
import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hybrid_lsp.core.reply import line_edits
from hybrid_lsp.syntax import parser_for

LANGUAGES = {
    ".py": "python", ".js": "javascript", ".mjs": "javascript", ".ts": "typescript", ".go": "go", ".rs": "rust",
    ".c": "c", ".h": "c", ".java": "java", ".tsx": "typescriptreact",
}  # fmt: skip
MOST_LINES = 80
MOST_FUNCTIONS = 10
MOST_CHARS = 300_000
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
BLOCK = re.compile(r"function|method|class|impl_item|struct_item|enum_item|trait_item|interface|type_declaration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer to a question about a part of a file."""

    kind: str
    language: str
    above: str
    part: str
    below: str
    text: str
    """The new text of the part, as it should be."""
    words: str = ""
    """What the model wrote."""
    good: bool = True

    @property
    def before(self) -> str:
        """The whole file."""
        return self.above + self.part + self.below


def functions(source: str) -> list[ast.FunctionDef]:
    """The functions of a Python file that are worth an edit, outermost and methods."""
    tree = ast.parse(source)
    tops: list[ast.stmt] = [*tree.body, *(s for top in tree.body if isinstance(top, ast.ClassDef) for s in top.body)]
    return [
        f for f in tops
        if isinstance(f, ast.FunctionDef) and 5 <= (f.end_lineno or 0) - f.lineno <= MOST_LINES
        and not any(isinstance(node, ast.Global | ast.Nonlocal) for node in ast.walk(f))
    ]  # fmt: skip


def made(source: str, pick: random.Random) -> Iterator[Case]:
    """Each refactoring that each function of a Python file takes."""
    lines = source.splitlines(keepends=True)
    found = functions(source)
    for f in pick.sample(found, min(len(found), MOST_FUNCTIONS)):
        part = "".join(lines[f.lineno - 1 : f.end_lineno])
        above, below = "".join(lines[: f.lineno - 1]), "".join(lines[f.end_lineno :])
        indent = part[: len(part) - len(part.lstrip())]
        for make in (_renamed, _extracted, _inverted, _hinted, _documented, _reordered, _comprehended):
            new = textwrap.indent(make(textwrap.dedent(part), pick), indent, lambda line: bool(line.strip()))
            if new == part or not new.strip() or not _parses(textwrap.dedent(new)):
                continue
            yield Case(kind=make.__name__[1:], language="python", above=above, part=part, below=below, text=new)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _function(part: str) -> ast.FunctionDef | None:
    if ('"""' in part and textwrap.dedent(part) != part) or not _parses(part):
        return None
    found = ast.parse(part).body[0]
    return found if isinstance(found, ast.FunctionDef) else None


def _renamed(part: str, pick: random.Random) -> str:
    f = _function(part)
    if f is None:
        return ""
    found = [node for node in ast.walk(f) if isinstance(node, ast.Name)]
    stored = sorted({node.id for node in found if isinstance(node.ctx, ast.Store)})
    names = [name for name in stored if sum(node.id == name for node in found) == part.count(name)]
    if not names:
        return ""
    name = pick.choice(names)
    return re.sub(rf"\b{name}\b", f"{name}_value", part)


def _lines_replaced(part: str, first: int, last: int, new: list[str]) -> str:
    lines = part.splitlines(keepends=True)
    return "".join([*lines[: first - 1], *(line + "\n" for line in new), *lines[last:]])


def _extracted(part: str, pick: random.Random) -> str:
    f, lines = _function(part), part.splitlines()
    returns = [
        node for node in ast.walk(f or ast.Pass())
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call | ast.BinOp)
        and node.lineno == node.end_lineno and lines[node.lineno - 1].startswith(" " * node.col_offset + "return")
    ]  # fmt: skip
    if not returns:
        return ""
    node = pick.choice(returns)
    indent = " " * node.col_offset
    value = ast.get_source_segment(part, node.value or node)
    return _lines_replaced(part, node.lineno, node.lineno, [f"{indent}outcome = {value}", f"{indent}return outcome"])


def _inverted(part: str, pick: random.Random) -> str:
    f = _function(part)
    lines = part.splitlines()
    whole = [
        node for node in ast.walk(f or ast.Pass())
        if isinstance(node, ast.If) and node.orelse and node.test.end_lineno == node.lineno
        and node.body[0].lineno > node.lineno and lines[node.lineno - 1].strip().startswith("if ")
        and any(line.strip() == "else:" for line in lines[(node.body[-1].end_lineno or 0) : node.orelse[0].lineno])
    ]  # fmt: skip
    if not whole:
        return ""
    node = pick.choice(whole)
    indent = " " * node.col_offset
    body = lines[node.body[0].lineno - 1 : node.body[-1].end_lineno]
    other = lines[node.orelse[0].lineno - 1 : node.orelse[-1].end_lineno]
    test = ast.get_source_segment(part, node.test)
    new = [f"{indent}if not ({test}):", *other, f"{indent}else:", *body]
    return _lines_replaced(part, node.lineno, node.end_lineno or 0, new)


def _hinted(part: str, pick: random.Random) -> str:
    f = _function(part)
    if f is None or f.returns or not re.match(r"def \w+\([^()\n]*\):", part):
        return ""
    arguments = [arg.arg for arg in f.args.args if arg.arg not in ("self", "cls") and not arg.annotation]
    for name in arguments:
        part = re.sub(rf"\A(def \w+\([^)]*?\b{name})(?=[,)])", r"\1: object", part)
    return re.sub(r"\A(def [^\n]*\)):", r"\1 -> object:", part)


def _documented(part: str, pick: random.Random) -> str:
    f = _function(part)
    if f is None or ast.get_docstring(f) or f.body[0].lineno == f.lineno:
        return ""
    words = pick.choice(
        ("Return what the caller asked for.", "The rest is left to the caller.", "Here is where it starts.")
    )
    first = f.body[0]
    lines = part.splitlines()
    at = first.lineno - 1
    while lines[at - 1].strip().startswith("#") or not lines[at - 1].strip():
        at -= 1
    return "\n".join([*lines[:at], " " * first.col_offset + f'"""{words}"""', *lines[at:]]) + "\n"


def _reordered(part: str, pick: random.Random) -> str:
    f = _function(part)
    for a, b in zip((f or ast.Module([], [])).body, (f or ast.Module([], [])).body[1:], strict=False):
        if _is_plain(a) and _is_plain(b) and b.lineno == a.lineno + 1 and ast.dump(a) != ast.dump(b):
            lines = part.splitlines()
            return _lines_replaced(part, a.lineno, b.lineno, [lines[b.lineno - 1], lines[a.lineno - 1]])
    return ""


def _is_plain(node: ast.stmt) -> bool:
    """Say whether it binds one name to a constant or an empty list, on one line."""
    if not isinstance(node, ast.Assign) or node.lineno != node.end_lineno or not isinstance(node.targets[0], ast.Name):
        return False
    value = node.value
    return isinstance(value, ast.Constant) or (isinstance(value, ast.List | ast.Dict) and not ast.unparse(value)[1:-1])


def _comprehended(part: str, pick: random.Random) -> str:
    loop = re.compile(
        r"^(?P<i> *)(?P<to>\w+) = \[\]\n(?P=i)for (?P<head>[^\n]+):\n(?P=i)    (?P=to)\.append\((?P<value>[^\n]+)\)\n",
        re.MULTILINE,
    )
    return loop.sub(r"\g<i>\g<to> = [\g<value> for \g<head>]\n", part)


def committed(repository: Path, pick: random.Random, most: int) -> Iterator[Case]:
    """Changes of one block of one file each, out of a repository's history."""
    listed = _git(repository, "log", "--no-merges", "--diff-filter=M", "--format=%H", "-n", "4000").split()
    pick.shuffle(listed)
    count = 0
    for commit in listed:
        diff = _git(repository, "show", "--format=", "-U0", "--no-renames", "--diff-filter=M", commit)
        for one in diff.split("diff --git ")[1:]:
            path = one.split("\n", 1)[0].rpartition(" b/")[2]
            language = LANGUAGES.get(Path(path).suffix)
            hunks = _HUNK.findall(one)
            if language is None or not hunks or len(hunks) > 4 or int(hunks[-1][0]) - int(hunks[0][0]) > 60:
                continue
            before, after = (_git(repository, "show", f"{at}:{path}") for at in (f"{commit}^", commit))
            case = _block_case(before, after, language) if len(before) < MOST_CHARS else None
            if case:
                yield replace(case, kind="committed")
                count += 1
                if count >= most:
                    return


def _git(repository: Path, *argv: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *argv], capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")


def _block_case(before: str, after: str, language: str) -> Case | None:
    """The block around all that differs."""
    edits = line_edits(before, after)
    lines, new = before.split("\n"), after.split("\n")
    parser = parser_for(language)
    if not edits or parser is None:
        return None
    first = min(edits[0].first, len(lines) - 1)
    last = min(max(edits[-1].first + edits[-1].count - 1, first), len(lines) - 1)
    node = parser.parse(before.encode()).root_node.descendant_for_point_range(
        (first, 0), (last, len(lines[last].encode()))
    )
    while node and node.parent and not (BLOCK.search(node.type) and node.end_point[0] - node.start_point[0] >= 2):
        if node.parent.parent is None and node.is_named:
            break
        node = node.parent
    if node is None or node.parent is None:
        return None
    start, end = node.start_point[0], node.end_point[0] + 1
    tail = len(lines) - end
    text = "\n".join(new[start : len(new) - tail]) + "\n"
    part = "\n".join(lines[start:end]) + "\n"
    same = text.split() == part.split()
    if same or not 2 <= end - start <= MOST_LINES or not text.strip() or lines[:start] != new[:start]:
        return None
    above, below = "\n".join(lines[:start]) + ("\n" if start else ""), "\n".join(lines[end:])
    if above + text + below != after and above + text + below != after + "\n":
        return None
    return Case(kind="", language=language, above=above, part=part, below=below, text=text)
