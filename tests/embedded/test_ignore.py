"""embedded.ignore: git is asked, and git is right."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_lsp.core.policy import Policy, Send
from hybrid_lsp.embedded import ignore
from hybrid_lsp.embedded.ignore import OUR_RULES, Ignored, LeftAlone, parse_rule

ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
NAMES = ["a", "d", "b/a", "b/d", "b/c/a", "b/c/d", "c/a", "c/b/a", "c/b/d", "b/ab", "b/c/x[1]", "c/!a", "c/#a", "c/é"]
PATTERNS = st.sampled_from(
    [
        "a", "!a", "/a", "a/", "b/", "/b/", "!/b/", "!b/", "b/*", "!b/c/", "!b/c", "b/**", "**/c", "c/**", "b/**/a", "**/b/a",
        "a*", "*b", "?", "[ab]", "[!a]", "[^a-c]", "[a-c]", "a**", "**", "!**/a", "# note", "", " ", "a ", "\\!a",
        "\\#a", "x\\[1]", "x[[]1]", "[[:alpha:]]", "b/a", "!b/a", "/*", "!/c", "/", "é", "[", "\\", "b/[ac]", "[]a]", "***/a",
    ]
)  # fmt: skip


def read(path: Path) -> bytes | None:
    """Return a file's content."""
    return path.read_bytes() if path.is_file() else None


def kept(root: Path) -> list[str]:
    """Return what is not ignored, asked from the top as a walk does."""
    ignored = Ignored(root, read)

    def is_kept(name: str) -> bool:
        folders = [str(folder.as_posix()) for folder in Path(name).parents][:-1]
        return not any(map(ignored.folder, folders)) and not ignored.file(name)

    return sorted(filter(is_kept, NAMES))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with files on three levels."""
    root = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=ENVIRONMENT)
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x\n")
    return root


def listed_by_git(root: Path) -> list[str]:
    """Return what git would add."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, env=ENVIRONMENT, capture_output=True).stdout.decode().split("\0")
    return sorted(name for name in listed if name and not name.endswith(".gitignore"))


@settings(max_examples=120, deadline=None)
@given(st.lists(PATTERNS, max_size=4), st.lists(PATTERNS, max_size=3), st.lists(PATTERNS, max_size=2), st.booleans())
def test_git_agrees_on_what_is_ignored(
    tree: Path, top: list[str], middle: list[str], deep: list[str], dos: bool
) -> None:
    """For any rules on three levels and in the repository's own list."""
    end = "\r\n" if dos else "\n"
    for folder, rules in (("", top), ("b", middle), ("b/c", deep)):
        (tree / folder / ".gitignore").write_bytes((end.join(rules) + end).encode())
    (tree / ".git/info/exclude").write_text("\n".join(deep))

    assert kept(tree) == listed_by_git(tree)


@pytest.mark.parametrize("line", ["", "# note", "/", "!", "a[", "a\\"])
def test_what_is_no_rule_matches_nothing(line: str) -> None:
    """And does not stand in the way of the others."""
    assert parse_rule(line) is None


def test_the_rule_that_ignores_a_file_is_named(tmp_path: Path) -> None:
    """By its file, seen from the folder, and its line; also where the file lies above the folder or in git's own list."""
    root = tmp_path / "outer" / "root"
    for name, rules in {
        "root/.gitignore": "# note\n\n*.log\nout/\n!keep.log",
        "root/sub/.gitignore": "\ufeffown.py\r\n!again.log",
        ".gitignore": "/root/far.py",
        ".git/info/exclude": "hidden.py",
    }.items():
        (tmp_path / "outer" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "outer" / name).write_text(rules, encoding="utf-8")
    ignored = Ignored(root, read)

    assert {
        name: ignored.why(name)
        for name in ("a.log", "sub/a.log", "out/a/b.py", "sub/own.py", "far.py", "sub/hidden.py")
    } == {
        "a.log": ".gitignore:3",
        "sub/a.log": ".gitignore:3",
        "out/a/b.py": ".gitignore:4",
        "sub/own.py": "sub/.gitignore:1",
        "far.py": "../.gitignore:1",
        "sub/hidden.py": "../.git/info/exclude:1",
    }
    assert [name for name in ("keep.log", "sub/again.log", "own.py", "out") if ignored.why(name)] == []


def test_our_own_file_adds_to_what_git_ignores(tmp_path: Path) -> None:
    """On every level and above the folder; neither brings back what the other has us leave alone."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("excluded.py\n")
    (tmp_path / OUR_RULES).write_text("above.py\n")
    (root / OUR_RULES).write_text("private/\n!by_git.py\n")
    (root / "sub" / OUR_RULES).write_text("own.py\n")
    (root / ".gitignore").write_text("by_git.py\n!private/\n")
    left_alone = LeftAlone(root, read)

    assert left_alone.why("private/a.py") == ".hybridignore:1"
    assert left_alone.why("sub/own.py") == "sub/.hybridignore:1"
    assert left_alone.why("sub/above.py") == "../.hybridignore:1"
    assert left_alone.why("by_git.py") == ".gitignore:1"
    assert left_alone.why("excluded.py") == "../.git/info/exclude:1"
    assert left_alone.why("own.py") == ""
    assert left_alone.folder("private")
    assert left_alone.file("by_git.py")
    assert not left_alone.file("own.py")


@pytest.mark.parametrize("rule", ["geheim-\u00fc.py", "geheim-u\u0308.py"])
@pytest.mark.parametrize("path", ["a/geheim-\u00fc.py", "a/geheim-u\u0308.py"])
def test_where_a_name_has_two_spellings_both_are_meant(
    rule: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS an accent may stand for itself: a file is the same, and so is what is said of it."""
    monkeypatch.setattr(ignore, "_COMPOSES", True)
    (tmp_path / ".hybridignore").write_text(f"{rule}\n", encoding="utf-8")
    assert LeftAlone(tmp_path, read).why(path) == ".hybridignore:1"
    assert Policy(excluded=(rule,)).decide(Send(path)).rule == "paths.excluded"
