"""settings.exclusions: what a folder keeps to itself, and which line says so."""

from pathlib import Path

import pytest

from hybrid_lsp.core.policy import SAFEST
from hybrid_lsp.settings.exclusions import Exclusions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder inside a repository, with rules of ours and of git's."""
    root = tmp_path / "repository" / "app"
    (root / "src").mkdir(parents=True)
    (root.parent / ".git").mkdir()
    (root.parent / ".hybridignore").write_text("*.csv\n")
    (root / ".hybridignore").write_text("# ours\ncustomers/\nnotes.md\n")
    (root / "src" / ".gitignore").write_text("gen.py\n")
    return root


@pytest.mark.parametrize(
    ("path", "place", "rule"),
    [
        ("customers/a/b.py", ".hybridignore:2", "paths.hybridignore"),
        ("src/notes.md", ".hybridignore:3", "paths.hybridignore"),
        ("src/data.csv", "../.hybridignore:1", "paths.hybridignore"),
        ("src/gen.py", "src/.gitignore:1", "paths.gitignore"),
        ("src/main.py", "", "paths"),
        ("gen.py", "", "paths"),
        ("customers", "", "paths"),
        ("", "", "paths"),
        (".env", "", "paths.secret"),
    ],
)
def test_the_rule_that_excludes_a_file_is_named(folder: Path, path: str, place: str, rule: str) -> None:
    """By its file and line, and the policy decides by that; a file of a folder's name is not the folder."""
    exclusions = Exclusions(folder)

    assert exclusions.why(path) == place
    assert SAFEST.decide(exclusions.question(path)).rule == rule


def test_what_is_on_disk_now_counts(folder: Path) -> None:
    """A rule that is added holds for the next question, and one that is gone does not."""
    exclusions = Exclusions(folder)
    assert exclusions.why("src/main.py") == ""

    (folder / "src" / ".hybridignore").write_text("main.py\n")
    assert exclusions.why("src/main.py") == "src/.hybridignore:1"

    (folder / "src" / ".hybridignore").unlink()
    assert exclusions.why("src/main.py") == ""


def test_rules_that_cannot_be_read_exclude_everything_below(folder: Path) -> None:
    """A failure is never taken for permission."""
    (folder / "src" / ".hybridignore").mkdir()

    assert Exclusions(folder).why("src/main.py").startswith("src/.hybridignore")
    assert Exclusions(folder).why("main.py") == ""


def test_a_folder_that_is_not_there_has_no_rules(tmp_path: Path) -> None:
    """Nor raises anything, whatever is asked."""
    exclusions = Exclusions(tmp_path / "nowhere")

    assert [exclusions.why(path) for path in ("a.py", "a//b", "/", "a\0b", "../a", "\ud800")] == [""] * 6
