"""What imports and types cannot say about the house."""

import ast
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hybrid_lsp"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "sample" not in path.parts)


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_the_import_contracts_hold() -> None:
    """Imports go one way through the house, core is pure, and only the LSP frontend speaks LSP."""
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_rooms_stay_small(module: Path) -> None:
    """No file over 400 lines, no function over 60: what is larger is two things."""
    assert module.read_text(encoding="utf-8").count("\n") <= 400
    assert [f.name for f in functions(module) if f.end_lineno is not None and f.end_lineno - f.lineno >= 60] == []


def test_no_fault_is_logged_with_its_own_words() -> None:
    """A traceback or an error's text may quote what a person wrote; `fault_told` says where it happened without them."""
    quoting = [
        f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            (node.func.attr == "exception" and ast.unparse(node.func.value) in ("log", "_log", "logging"))
            or any(keyword.arg in ("exc_info", "stack_info") for keyword in node.keywords)
        )
    ]

    assert quoting == []


def test_every_room_of_core_with_a_judgement_has_its_own_tests() -> None:
    """Each module of core that holds a function is tested in a file of the same name."""
    judging = {
        path.stem
        for path in (PACKAGE / "core").glob("*.py")
        if any(not f.name.startswith("_") for f in functions(path))
    }
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "core").glob("test_*.py")}

    assert judging - tested == set()


def test_every_test_says_what_it_claims() -> None:
    """A test without a sentence is a test whose failure nobody can read."""
    silent = [
        f"{path.name}::{f.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for f in functions(path)
        if f.name.startswith("test_") and not ast.get_docstring(f)
    ]

    assert silent == []


HEAVY = (
    "h11",
    "httpx2",
    "genai_prices",
    "psycopg",
    "redis",
    "pydantic",
    "sqlite3",
    "http.client",
    "unittest",
    "multiprocessing",
    "concurrent.futures.process",
)


def test_the_server_starts_light() -> None:
    """Nothing heavy, and nothing that could open a connection, is imported on the language server's start path."""
    code = "import sys, hybrid_lsp.frontends.lsp.server, hybrid_lsp.backends.embedded, hybrid_lsp.embedded.model; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert sorted(set(HEAVY) & set(done.stdout.split())) == []
