"""cache.file: what is corrupt, locked, full, read-only or somebody else's is never in the way."""

import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.cache import Cache
from tests.cache.questions import Clock, answer, question

Open = Callable[..., Cache]
Tell = Callable[..., Any]
POSIX = pytest.mark.skipif(
    os.name != "posix", reason="Windows has no such permission bits; its profile folders are the user's own"
)


def sentences(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged for a person."""
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def spoil_head(file: Path) -> None:
    """Write over the first bytes."""
    file.write_bytes(b"not a database" + file.read_bytes()[14:])


def spoil_pages(file: Path) -> None:
    """Write over everything behind the first page."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def spoil_tables(file: Path) -> None:
    """Take a table away."""
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE answers")
    connection.close()


def spoil_state(file: Path) -> None:
    """Take away the row that tables are not without."""
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM state")
    connection.close()


@pytest.mark.parametrize("spoil", [spoil_head, spoil_pages, spoil_tables, spoil_state])
def test_a_corrupt_file_is_started_anew(
    open_cache: Open, file: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], None]
) -> None:
    """One logged sentence, an empty cache, and it works again at once."""
    first = open_cache(file)
    first.put(question("a"), answer())
    first.close()
    spoil(file)
    cache = open_cache(file)

    assert cache.get(question("a")) is None
    cache.put(question("b"), answer("b"))
    assert open_cache(file).get(question("b")) == answer("b")
    assert sentences(caplog) == ["The cache file could not be read any more; it was deleted and started anew."]
    assert cache.statistics().troubles == ()


def test_a_file_of_another_version_is_made_anew(open_cache: Open, file: Path) -> None:
    """Its tables are replaced: what is in them may mean something else."""
    first = open_cache(file)
    first.put(question("a"), answer())
    first.close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("CREATE TABLE later (x)")
    connection.close()
    cache = open_cache(file)

    assert cache.get(question("a")) is None
    cache.put(question("b"), answer())
    assert cache.statistics().file_entries == 1


def test_another_programs_database_is_left_alone(
    open_cache: Open, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A healthy database that is not ours is neither written to nor deleted."""
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE accounts (x)")
    connection.close()
    before = file.read_bytes()
    cache = open_cache(file)
    cache.put(question(), answer())

    assert cache.get(question()) == answer()
    assert file.read_bytes() == before
    assert [said for said in sentences(caplog) if "another program's" in said] == sentences(caplog)
    assert len(sentences(caplog)) == 1


def folder_in_its_place(file: Path) -> None:
    """A folder where the file should be."""
    file.mkdir(parents=True)


def file_in_the_folders_place(file: Path) -> None:
    """A file where the folder should be."""
    file.parent.write_text("")


def pipe_in_its_place(file: Path) -> None:
    """A pipe that nobody writes to."""
    file.parent.mkdir()
    os.mkfifo(file)


@pytest.mark.parametrize(
    "block", [folder_in_its_place, file_in_the_folders_place, pytest.param(pipe_in_its_place, marks=POSIX)]
)
def test_a_file_that_cannot_be_had_leaves_memory(
    open_cache: Open, file: Path, clock: Clock, caplog: pytest.LogCaptureFixture, block: Callable[[Path], None]
) -> None:
    """The cache goes on in memory, says so once, without a path, and does not touch what is there."""
    block(file)
    cache = open_cache(file)
    for _ in range(3):
        cache.put(question(), answer(at_ms=clock.now_ms))
        assert cache.get(question()) is not None
        assert cache.get_in_memory(question()) is not None
        clock.now_ms += 70_000

    assert len(sentences(caplog)) == 1
    assert "The cache file cannot be opened or made" in sentences(caplog)[0]
    assert str(file.parent) not in caplog.text
    assert cache.statistics().troubles == tuple(sentences(caplog))


READER = """
import json, os, sys, tempfile
from pathlib import Path
import hybrid_lsp.cache.file
from tests.cache.questions import Clock, answer, question
from hybrid_lsp.cache import Cache
if os.geteuid() == 0:
    os.setuid(65534)  # nothing is read-only for root
cache = Cache.open(Path(sys.argv[1]), clock_ms=Clock())
found = cache.get(question("before"))
cache.put(question(), answer())
again = cache.get(question())
print(json.dumps([found and found.text, again and again.text, cache.statistics().troubles]))
"""


@POSIX
@pytest.mark.parametrize("has_file", [False, True])
def test_a_read_only_folder_leaves_memory(open_cache: Open, has_file: bool) -> None:
    """A process that may not write there answers from memory, and says what is the matter."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.sqlite"
        if has_file:
            first = open_cache(file)
            first.put(question("before"), answer())
            first.close()
            file.chmod(0o444)
        Path(folder).chmod(0o555)
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-P", "-c", READER, str(file)], cwd=root, env={"PYTHONPATH": str(root)},
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        Path(folder).chmod(0o755)

    assert done.returncode == 0, done.stderr
    _, again, troubles = json.loads(done.stdout)
    assert again == answer().text
    assert len(troubles) == 1
    assert "in memory only" in troubles[0]
    assert folder not in troubles[0]
    assert folder not in done.stderr


def test_a_locked_file_leaves_memory_until_it_is_free(
    open_cache: Open, other_window: Tell, file: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process holds it: this window goes on, says so once, and is back when the file is."""
    cache = open_cache(file)
    cache.put(question("before"), answer("before"))
    cache.close()
    cache = open_cache(file)
    other_window("lock")
    cache.put(question("a"), answer("a"))

    assert cache.get(question("a")) == answer("a")
    assert cache.get(question("before")) is None
    assert len(sentences(caplog)) == 1
    assert "locked by another process" in sentences(caplog)[0]
    other_window("unlock")
    clock.now_ms += 5_000
    assert cache.get(question("before")) == answer("before")
    assert cache.statistics().troubles == ()


def test_a_purge_of_a_locked_file_is_made_up_for(
    open_cache: Open, other_window: Tell, file: Path, clock: Clock
) -> None:
    """What could not be deleted is deleted before it could be given."""
    cache = open_cache(file)
    cache.put(question("a"), answer())
    other_window("put", "b")
    cache.close()
    other_window("close")
    cache = open_cache(file)
    other_window("lock")
    cache.purge()
    other_window("unlock")
    clock.now_ms += 5_000

    assert [cache.get(question(prompt)) for prompt in "ab"] == [None, None]
    assert other_window("get", "b") is None


def test_a_full_disk_leaves_memory(
    open_cache: Open, file: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not fit is remembered; what fitted is given; when there is room again, it is used."""
    cache = open_cache(file, memory_entries=2)
    cache.put(question("before"), answer("before"))
    connection = cache._file._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    cache.put(question("a"), answer("x" * 50_000))

    assert cache.get(question("a")) is not None
    assert sentences(caplog) == [
        "There is no room for the cache file; answers are kept in memory only until some is made."
    ]
    clock.now_ms += 5_000
    cache.put(question("b"), answer("b"))
    assert open_cache(file).get(question("b")) == answer("b")
    assert open_cache(file).get(question("before")) == answer("before")
    assert cache.statistics().troubles == ()
