"""What the demo works on, and what it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid_lsp.demo.block import MAX_LINES, choose_block
from hybrid_lsp.demo.keys import SAMPLE_KEYS
from hybrid_lsp.demo.project import Unsuitable, project_around, sample_project

FUNCTION = """\
def {0}(connection, key):
    row = connection.execute("SELECT * FROM {0} WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise NotFound("{0}", key)

    return row["{0}"]
"""
ODD = """\
def zebra():
    yield from map(str.upper, "quite")
    while True:
        del unlike[...]
        global anything
        nonlocal_else = 3 ** 2
"""
MODULE = "import sqlite3\n\n\n" + "\n\n".join(FUNCTION.format(name) for name in ("book", "order", "parcel"))


def chosen(text: str) -> str | None:
    """The block that is chosen."""
    block = choose_block(text)
    return None if block is None else "\n".join(text.split("\n")[block.start : block.stop])


def test_the_last_function_like_the_others_is_chosen() -> None:
    """The one at the end is not: it shares no words with the rest."""
    assert chosen(MODULE + "\n\n" + ODD) == FUNCTION.format("parcel").rstrip()


def test_a_method_is_a_block_of_its_own() -> None:
    """With its indentation, without the class around it."""
    methods = ["    " + FUNCTION.format(name).rstrip().replace("\n", "\n    ") for name in ("book", "order", "parcel")]
    text = "class Store:\n    pass\n\n" + "\n\n".join(methods) + "\n"

    assert (chosen(text) or "").lstrip() == methods[-1].lstrip()


def test_of_a_huge_function_the_end_is_chosen() -> None:
    """Never more than a demo can type."""
    block = choose_block("def huge():\n" + "".join(f"    step({n})\n" for n in range(200)))

    assert block is not None
    assert len(block) <= MAX_LINES
    assert block.stop == 201


@pytest.mark.parametrize("text", ["", "\n\n\n", "x = 1\n", ODD, "a\n" * 14])
def test_a_short_file_has_no_block(text: str) -> None:
    """Something has to be left to learn from."""
    assert choose_block(text) is None


def test_the_server_never_sees_what_is_going_to_be_typed(tmp_path: Path) -> None:
    """The block is cut out of the copy, and document and block together are the file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "store").mkdir()
    file = tmp_path / "store" / "all.py"
    file.write_bytes(MODULE.replace("\n", "\r\n").encode())

    with project_around(file) as project:
        (passage,) = project.passages
        copy = (project.root / "store" / "all.py").read_text(encoding="utf-8")
        assert passage.path == "store/all.py"
        assert passage.text not in copy
        assert "parcel" not in copy
        assert passage.above + passage.text + passage.below == MODULE

    assert not project.root.exists()
    assert file.read_bytes().count(b"\r\n") == MODULE.count("\n")


def test_only_sources_are_copied(tmp_path: Path) -> None:
    """No secrets, no repository, no packages, nothing huge, nothing behind a link."""
    for name in (".git/config", ".env", "secrets.py", "node_modules/a.js", ".venv/b.py", "c.py", "d/e.ts", "f.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "huge.py").write_text("x = 1\n" * 100_000, encoding="utf-8")
    (tmp_path / "main.py").write_text(MODULE, encoding="utf-8")

    with project_around(tmp_path / "main.py") as project:
        copied = {path.relative_to(project.root).as_posix() for path in project.root.rglob("*") if path.is_file()}

    assert copied == {"c.py", "d/e.ts", "main.py"}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.py", None, "There is no file"),
        ("empty.py", b" \n", "is empty"),
        ("short.py", b"x = 1\n", "is too short"),
        ("latin.py", b"# caf\xe9\n" * 40, "is not UTF-8 text"),
        ("binary.py", b"\0\1\2\n" * 40, "is a binary file"),
        ("huge.py", b"x = 1\n" * 100_000, "is larger than 512 KB"),
        (".env", b"KEY=1\n" * 40, "looks like a secret"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    """Each sentence names the file and the reason."""
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(Unsuitable, match=sentence) as refusal, project_around(tmp_path / name):
        pass

    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_secret_is_refused_by_any_name(tmp_path: Path) -> None:
    """Neither a link to it nor a harmless name in a folder of secrets makes it an ordinary file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "hosts.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / ".ssh" / "hosts.py")

    for name in (".ssh/hosts.py", "link.py"):
        with pytest.raises(Unsuitable, match="looks like a secret"), project_around(tmp_path / name):
            pass


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """It says what to name instead."""
    with pytest.raises(Unsuitable, match="is a folder; name a source file in it"), project_around(tmp_path):
        pass


def test_what_is_typed_into_the_sample_is_new() -> None:
    """Most of its lines stand nowhere in the sample, and no three neighbours do, so nothing is merely copied."""
    with sample_project() as project:
        known = {line.strip() for path in project.root.rglob("*.py") for line in path.read_text("utf-8").split("\n")}
    old = [[line.strip() in known for line in keys.text.split("\n")] for keys in SAMPLE_KEYS]

    assert sum(map(sum, old)) <= 0.4 * sum(map(len, old))
    assert not any(all(piece[start : start + 3]) for piece in old for start in range(len(piece) - 2))


def test_the_sample_works_with_what_is_typed_into_it() -> None:
    """It is the first code of ours that a newcomer sees: its own tests pass, the typed one too."""
    with sample_project() as project:
        for passage in project.passages:
            whole = passage.above + passage.text + (passage.below or "\n")
            (project.root / passage.path).write_text(whole, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project.root)]
        bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # none of our own plugins: the sample needs none
        done = subprocess.run(
            command, cwd=project.root, env=bare, capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == 0, done.stdout
    assert "16 passed" in done.stdout
