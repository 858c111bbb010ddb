"""embedded.ignore: git is asked, and git is right."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_lsp.embedded.ignore import Ignored, parse_rule

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
