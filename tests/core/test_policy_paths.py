"""core.policy.paths: which files never leave, by their paths alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.policy import SAFEST, Send
from hybrid_lsp.core.policy.paths import excluded_by_globs, leads_out


@pytest.mark.parametrize(
    ("glob", "excluded", "kept"),
    [
        ("legacy", ["legacy", "legacy/a.py", "src/legacy/a.py", "LEGACY/a.py"], ["legacy.py", "src/a.py"]),
        ("legacy/", ["legacy/a.py", "x/legacy/a.py"], ["legacyx/a.py"]),
        ("*.snap", ["a.snap", "src/a.snap", "a.snap/b.py"], ["a.snapx", "snap"]),
        ("/src", ["src", "src/a.py"], ["lib/src/a.py"]),
        ("src/private", ["src/private", "src/private/a.py"], ["lib/src/private/a.py", "src/privateer"]),
        ("src/private/**", ["src/private/a/b.py"], ["src/other/a.py"]),
        ("src/*.py", ["src/a.py", "src/a/b.py"], ["a.py"]),
        ("./src/a.py", ["src/a.py"], ["a.py"]),
        ("**/gen/*.py", ["gen/a.py", "x/y/gen/a.py"], ["gen/a.js"]),
        ("**/gen", ["gen/a.py", "x/gen/a.py"], ["generated/a.py"]),
        ("src\\win", ["src/win/a.c"], ["src/unix/a.c"]),
        ("[ab].py", ["a.py", "x/b.py"], ["c.py"]),
        ("**", ["a.py", "x/b.py"], []),
    ],
)
def test_what_a_glob_excludes(glob: str, excluded: list[str], kept: list[str]) -> None:
    """A folder takes all below it with it; without `/` a glob counts on any level, with one from the top on."""
    assert [path for path in excluded if not excluded_by_globs(path, [glob])] == []
    assert [path for path in kept if excluded_by_globs(path, [glob])] == []


@given(st.text(max_size=20), st.lists(st.text(max_size=12), max_size=4))
def test_any_text_is_a_glob_and_a_path(path: str, globs: list[str]) -> None:
    """Odd ones raise nothing, and another glob never brings a file back."""
    excluded = excluded_by_globs(path, globs)

    assert excluded_by_globs(path, [*globs, "*.x"]) >= excluded
    assert not SAFEST.excluding(globs).decide(Send(path)).allowed or not excluded
    assert not excluded_by_globs(path, [])
    assert not excluded_by_globs(path, ["", "/", "./"])


@pytest.mark.parametrize(
    "path", ["/a", "\\a", "c:/a", "C:a", "../a", "a/..", "~", "~a/b", "file:///a", "a\0b", "\\\\h\\a"]
)
def test_a_path_that_leads_out_is_known(path: str) -> None:
    """On any system, however it is written."""
    assert leads_out(path)


@pytest.mark.parametrize("path", ["", "a", "a/b.py", "...", "a..b/c", "a~", "a b/c.py", "é.py", "\udce9.py"])
def test_a_path_inside_is_known(path: str) -> None:
    """Odd names of files are still names of files."""
    assert not leads_out(path)
