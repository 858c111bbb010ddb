"""What the documents say is there is there."""

import re
from pathlib import Path

import pytest

from hybrid_lsp import cli
from hybrid_lsp.core.policy import file

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
)


def text(name: str) -> str:
    """Return a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_test_that_an_invariant_names_exists() -> None:
    """An invariant without a test is a wish."""
    named = set(re.findall(r"`(test_\w+)`", text("docs/architecture.md")))
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }

    assert len(named) >= 8
    assert named - written == set()


def test_the_two_commands_are_the_readmes() -> None:
    """README gives the two commands, and CI calls the second literally."""
    assert "pip install uv && uv run hybrid-lsp demo\n" in text("README.md")
    assert "pip install uv && uv run pytest\n" in text("README.md")
    assert "pip install uv && uv run pytest\n" in text(".ci/run")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link in a document is to a file that is there."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_command_and_option_is_in_the_reference() -> None:
    """Whatever `--help` offers is explained."""
    reference = text("docs/reference.md")
    parser = cli.parser()
    commands = parser._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    offered = {o for p in (parser, *commands.values()) for a in p._actions for o in a.option_strings} - {"-h", "--help"}  # type: ignore[union-attr]

    assert {
        name for name in {*commands, *offered} if f"`{name}" not in reference and f" {name}" not in reference
    } == set()  # type: ignore[misc]


def test_every_key_of_the_whitelist_is_in_the_reference() -> None:
    """Whatever whitelist.json may hold is explained."""
    keys = {*file.KEYS, *file.TASK_KEYS}

    assert {key for key in keys if f"`{key}`" not in text("docs/reference.md")} == set()


def test_nothing_of_one_machine_is_committed() -> None:
    """No index address and no home path stands in a file that a checkout holds."""
    suspects = re.compile(r"https?://[^\s)\"']*/simple\b|/(?:root|home/\w+|Users/\w+)/|\"resolved\":")
    files = [p for pattern in ("*.md", "*.toml", "*.lock", "*.json") for p in ROOT.glob(pattern) if p.name != "uv.lock"]
    files += [
        p for folder in ("hybrid_lsp", "docs", "benchmarks", ".ci") for p in (ROOT / folder).rglob("*") if p.is_file()
    ]

    assert [p.name for p in files if p.suffix not in {".pyc", ".png"} and suspects.search(p.read_text("utf-8"))] == []
