"""What an edit changes, what is near to it, and what a sandbox gets to see."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.evidence.copying import distance, share_of
from hybrid_lsp.evidence.errand import End, Outcome
from hybrid_lsp.evidence.interpreters import find_node, find_python, holds, needed_by
from hybrid_lsp.evidence.near import near_tests
from hybrid_lsp.evidence.node_runners import Kind, Runner, runner_of
from hybrid_lsp.evidence.node_suites import NodeSuite
from hybrid_lsp.evidence.python_suites import Place, import_root, results
from hybrid_lsp.evidence.symbols import changed_lines, in_javascript, in_python

PYTHON = '''"""A shelf.

>>> 1
1
"""


class Shelf:
    """Holds books.

    >>> Shelf().add(1)
    """

    def add(self, book):
        """Add one.

        >>> Shelf().add(2)
        """
        return book

    def swap(self, one):
        return self.add(one)


def unrelated():
    """Say nothing.

    >>> unrelated()
    """
'''
SCRIPT = """export class Shelf {
  constructor(size) {
    this.size = size;
  }

  async add(book, where) {
    if (book) {
      this.books.push(book);
    }
  }
}

export const label = (shelf) => {
  return shelf.size;
};

function total(prices) {
  return 0;
}
"""


def write(root: Path, *paths: str, text: str = "x\n") -> None:
    """Write files with a text."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_the_innermost_symbol_comes_first_and_what_uses_it_last() -> None:
    """Names and examples are those around the change, then of the users; what has nothing to do with it is left out."""
    line = PYTHON.split("\n").index("        return book")
    changed = in_python(PYTHON, line, line)

    assert changed.names == ("add", "Shelf", "swap")
    assert [one.name for one in changed.examples] == ["Shelf.add", "", "Shelf"]
    assert in_python("def (", 0, 0).names == ()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("      this.books.push(book);", ("add", "Shelf")),
        ("    this.size = size;", ("Shelf",)),
        ("  return shelf.size;", ("label",)),
        ("  return 0;", ("total",)),
        ("function total(prices) {", ("total",)),
    ],
)
def test_names_in_javascript_are_those_around_a_line(line: str, names: tuple[str, ...]) -> None:
    """By indentation, without a grammar."""
    at = SCRIPT.split("\n").index(line)
    assert in_javascript(SCRIPT, at, at).names == names


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_outside_the_changed_lines_all_is_the_same(old: list[str], new: list[str]) -> None:
    """What is above the first and below the last changed line stands in both texts."""
    before, after = "\n".join(old), "\n".join(new)
    first, last = changed_lines(before, after)
    lines = before.split("\n")

    assert 0 <= first <= last < len(lines)
    assert after.startswith("\n".join(lines[:first]))
    assert after.endswith("\n".join(lines[last + 1 :]))


def test_tests_are_near_by_what_they_mention_and_how_they_are_called(tmp_path: Path) -> None:
    """What mentions the change and is called after it first; what does neither is not near."""
    write(tmp_path, "tests/test_books.py", "tests/deep/test_shelf.py", "test_far.py", "tests/test_word.py")
    write(tmp_path, "tests/test_shelf.py", "tests/test_library.py", text="Shelf().add(1)\n")
    (tmp_path / "tests/test_word.py").write_text("adding Shelfs\n")
    files = share_of(tmp_path, "lib/shelf.py").files

    near = near_tests(tmp_path, files, "lib/shelf.py", ("add", "Shelf"))
    assert near == ("tests/test_shelf.py", "tests/test_library.py", "tests/deep/test_shelf.py")
    assert near_tests(tmp_path, files, "lib/shelf.py", ("add",), is_late=lambda: True) == ()


def test_tests_of_javascript_are_near_likewise(tmp_path: Path) -> None:
    """`sum.test.js`, `sum.spec.ts`, and what lies in `__tests__`."""
    write(tmp_path, "src/sum.test.js", "src/sum.spec.ts", "src/__tests__/sum.jsx", "src/product.test.js", "src/sum.js")
    files = share_of(tmp_path, "src/sum.js").files

    near = near_tests(tmp_path, files, "src/sum.js", ("total",))
    assert set(near) == {"src/sum.test.js", "src/sum.spec.ts", "src/__tests__/sum.jsx"}


def test_a_share_holds_code_and_no_secret(tmp_path: Path) -> None:
    """Keys, what git keeps and caches are left out; what was installed is seen as it is; links are copied as links."""
    write(
        tmp_path, "a.py", "lib/secrets.py", "data/x.csv", ".env", "id_rsa", ".git/config", "__pycache__/a.pyc", ".aws/x"
    )
    write(tmp_path, "node_modules/x/index.js", "node_modules/.pnpm/y/z.js", "node_modules/.vite-temp/settings.mjs")
    write(tmp_path, "node_modules/@s/x/x.js", "web/node_modules/y.js", "env9/pyvenv.cfg", "env9/lib/x.py")
    for link in ("link", "node_modules/y", "node_modules/@s/lib"):
        (tmp_path / link).symlink_to("/etc")
    share = share_of(tmp_path, "lib/a.py")

    assert set(share.files) == {"a.py", "lib/secrets.py", "data/x.csv", "link", "node_modules/y", "node_modules/@s/lib"}
    assert set(share.seen) == {"node_modules/x", "node_modules/.pnpm", "node_modules/@s/x", "web/node_modules", "env9"}
    assert share_of(tmp_path, "a.py", is_late=lambda: True).files == ()


def test_a_share_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In files and in bytes; the nearest are kept."""
    write(tmp_path, *(f"far/{number}.py" for number in range(9)), "near/a.py", "near/b.py")
    monkeypatch.setattr("hybrid_lsp.evidence.copying.MOST_FILES", 2)
    assert set(share_of(tmp_path, "near/c.py").files) == {"near/a.py", "near/b.py"}
    monkeypatch.setattr("hybrid_lsp.evidence.copying.MOST_BYTES", 3)
    assert len(share_of(tmp_path, "near/c.py").files) == 1


@pytest.mark.parametrize(("one", "other", "steps"), [("", "", 0), ("a/b", "a/c", 2), ("", "a/b", 2), ("a", "a/b", 1)])
def test_folders_are_as_far_as_the_way(one: str, other: str, steps: int) -> None:
    """Up and down cost the same."""
    assert distance(one, other) == distance(other, one) == steps


def test_the_interpreter_is_the_projects_own(tmp_path: Path) -> None:
    """The nearest virtual environment, then the one that is active, then ours."""
    assert find_python(tmp_path, tmp_path / "a", {}) == Path(sys.executable)
    write(tmp_path, "active/bin/python", "a/.venv/bin/python")
    assert (
        find_python(tmp_path, tmp_path / "b", {"VIRTUAL_ENV": str(tmp_path / "active")})
        == tmp_path / "active/bin/python"
    )
    assert find_python(tmp_path, tmp_path / "a/b", {}) == tmp_path / "a/.venv/bin/python"
    assert find_node({"PATH": str(tmp_path)}) is None


def test_what_a_program_needs_never_holds_a_home(tmp_path: Path) -> None:
    """A virtual environment, what it links to and stands on are seen; a home or a folder around one never is."""
    home = tmp_path / "home"
    write(home, "pythons/3.11/bin/python", "bin/python", "work/.venv/bin/other")
    (home / "work/.venv/bin/python").symlink_to(home / "pythons/3.11/bin/python")
    (home / "work/.venv/pyvenv.cfg").write_text(f"home = {home}/base/3.11/bin\n")

    needed = needed_by(home / "work/.venv/bin/python", home)
    assert needed == (f"{home}/work/.venv", f"{home}/base/3.11", f"{home}/pythons/3.11")
    assert needed_by(home / "bin/python", home) == (f"{home}/bin/python",)
    assert holds(tmp_path, home)
    assert holds(home, home)
    assert not holds(home / "work", home)


@pytest.mark.parametrize(
    ("path", "root", "module"),
    [
        ("src/shop/prices.py", "src", "shop.prices"),
        ("src/shop/__init__.py", "src", "shop"),
        ("script.py", "", "script"),
        ("a-b/c-d.py", "a-b", ""),
        ("src/shop/__main__.py", "src", ""),
        ("setup.py", "", ""),
    ],
)
def test_a_module_is_imported_from_above_its_package(path: str, root: str, module: str) -> None:
    """As its own tests do; what does things when imported, or has no name, is not."""
    assert import_root(path, frozenset({"src/shop/__init__.py"})) == (root, module)


def test_what_ran_may_have_written_anything() -> None:
    """Lines that are none are left out."""
    outcome = Outcome(end=End.DONE, results='{"id": "a"}\nnonsense\n[1]\n' + "[" * 5000 + '\n{"id": "b"}')
    assert [line["id"] for line in results(outcome)] == ["a", "b"]


TAP = """TAP version 13
# Subtest: total
    # Subtest: adds
    ok 1 - adds
    # Subtest: fails
    not ok 2 - fails
    # Subtest: later
    ok 3 - later # SKIP
    1..3
not ok 1 - total
"""
JSON = """{"testResults": [{"name": "/x/sum.test.js", "assertionResults": [
{"fullName": "total adds", "status": "passed"}, {"fullName": "total fails", "status": "failed"},
{"fullName": "total later", "status": "pending"}]}, 7]}"""


@pytest.mark.parametrize(
    ("runner", "text", "passed", "failed"),
    [
        ("", TAP, {"total > adds"}, {"total > fails", "total"}),
        ("jest/bin/jest.js", JSON, {"sum.test.js > total adds"}, {"sum.test.js > total fails"}),
        ("vitest/vitest.mjs", JSON, {"sum.test.js > total adds"}, {"sum.test.js > total fails"}),
        ("vitest/vitest.mjs", "nonsense", set(), set()),
        ("jest/bin/jest.js", "[]", set(), set()),
    ],
)
def test_what_each_runner_says_is_read(
    tmp_path: Path, runner: str, text: str, passed: set[str], failed: set[str]
) -> None:
    """Names with those around them; what was skipped is neither."""
    write(tmp_path, "web/src/sum.test.js", text="" if runner else 'import test from "node:test";\n')
    if runner:
        write(tmp_path, f"web/node_modules/{runner}")
    suite = NodeSuite(_place(tmp_path), ("web/src/sum.test.js",))
    seen = suite.read(Outcome(end=End.DONE, results=text))

    assert (seen.passed, seen.failed) == (passed, failed)
    errand = suite.errand("x", None, 1.0)
    assert errand.cwd == ("web" if runner else "")
    assert any(runner in word for word in errand.command)


def test_nodes_own_runner_is_for_tests_that_say_so(tmp_path: Path) -> None:
    """A test for a runner that is not installed is not run."""
    write(tmp_path, "a.test.js", text='import test from "node:test";\n')
    write(tmp_path, "b.test.js", text='import { test } from "vitest";\n')
    write(tmp_path, "node_modules/jest/bin/jest.js")

    assert runner_of(tmp_path, "a.test.js") == Runner(kind=Kind.NODE)
    assert runner_of(tmp_path, "b.test.js") is None
    assert NodeSuite(_place(tmp_path), ("b.test.js",)).is_empty
    assert not NodeSuite(_place(tmp_path), ("b.test.js", "a.test.js")).is_empty


@pytest.mark.parametrize(
    ("files", "kind", "folder"),
    [
        ({}, Kind.VITEST, ""),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, Kind.JEST, ""),
        ({"package.json": '{"devDependencies": {"jest": "30", "vitest": "4"}}'}, Kind.VITEST, ""),
        ({"package.json": '{"devDependencies": {"jest": "30", "vitest": "4"}}', "jest.config.mjs": ""}, Kind.JEST, ""),
        ({"package.json": '{"scripts": {"test": "jest"}}', "vite.config.ts": ""}, Kind.JEST, ""),
        ({"package.json": '{"scripts": {"test": "jest"}}', "web/vite.config.ts": ""}, Kind.VITEST, "web"),
        ({"package.json": '{"scripts": {"test": "vitest"}}', "web/jest.config.js": ""}, Kind.JEST, "web"),
        ({"vitest.config.ts": "", "web/package.json": '{"name": "web"}'}, Kind.VITEST, ""),
        ({"vitest.config.ts": "", "web/src/sum.test.js": "jest.mock('./x')"}, Kind.JEST, ""),
        ({"jest.config.js": "", "web/src/sum.test.js": 'import { it } from "vitest"'}, Kind.VITEST, ""),
        ({"vitest.config.ts": "", "web/src/sum.test.js": 'require("node:test")'}, Kind.NODE, ""),
    ],
)
def test_the_runner_is_the_one_that_the_test_or_the_nearest_package_speaks_of(
    tmp_path: Path, files: dict[str, str], kind: Kind, folder: str
) -> None:
    """Where two are installed, they are told apart; and each begins where it finds its settings."""
    write(tmp_path, "node_modules/vitest/vitest.mjs", "node_modules/jest/bin/jest.js", "web/src/sum.test.js")
    for path, text in files.items():
        write(tmp_path, path, text=text)
    found = runner_of(tmp_path, "web/src/sum.test.js")

    assert found is not None
    assert (found.kind, found.folder) == (kind, folder)


def test_tests_of_one_runner_are_run_together(tmp_path: Path) -> None:
    """That of the nearest; those of another would be run with settings that are not theirs."""
    write(tmp_path, "node_modules/vitest/vitest.mjs", "a/vite.config.ts", "b/vite.config.ts")
    write(tmp_path, "a/one.test.ts", "b/two.test.ts", "a/three.test.ts")
    command = (
        NodeSuite(_place(tmp_path), ("a/one.test.ts", "b/two.test.ts", "a/three.test.ts")).errand("", None, 1.0).command
    )

    assert command[-2:] == (f"{tmp_path}/a/one.test.ts", f"{tmp_path}/a/three.test.ts")


def _place(root: Path) -> Place:
    return Place(root=str(root), path="web/src/sum.js", files=(), visible=(), program="/usr/bin/node")
