"""cache.file: shared by windows, bounded, and never in the way."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.cache import Cache
from tests.cache.questions import NOW_MS, Clock, answer, question

Open = Callable[..., Cache]
Tell = Callable[..., Any]
POSIX = pytest.mark.skipif(
    os.name != "posix", reason="Windows has no such permission bits; its profile folders are the user's own"
)


def test_another_window_gives_what_this_one_was_told(open_cache: Open, other_window: Tell, file: Path) -> None:
    """Two processes share the file, in both directions."""
    cache = open_cache(file)
    cache.put(question("a"), answer("from here"))
    other_window("put", "b")

    assert other_window("get", "a") == "from here"
    assert cache.get(question("b")) == answer("of another window: b")


def test_a_purge_is_seen_by_the_other_window(open_cache: Open, other_window: Tell, file: Path, clock: Clock) -> None:
    """What it remembered is gone for `get` at once, and within a second also where it may not look."""
    cache = open_cache(file)
    cache.put(question("a"), answer())
    assert cache.get_in_memory(question("a")) == answer()

    assert other_window("purge") == 1
    clock.now_ms += 1_000
    assert cache.get_in_memory(question("a")) is None
    clock.now_ms -= 1_000
    assert cache.get(question("a")) is None
    assert cache.get_in_memory(question("a")) is None


def test_a_purge_reaches_what_the_other_window_remembers(open_cache: Open, other_window: Tell, file: Path) -> None:
    """The same, seen from the other side."""
    cache = open_cache(file)
    other_window("put", "a")
    assert other_window("get", "a") == "of another window: a"
    cache.purge()

    assert other_window("get", "a") is None
    assert other_window("remember", "a") is None


def test_a_drop_is_seen_by_the_other_window(open_cache: Open, other_window: Tell, file: Path) -> None:
    """The one answer is gone there, too; the others are given as before."""
    cache = open_cache(file)
    for prompt in "ab":
        cache.put(question(prompt), answer(prompt))
    other_window("drop", "a")

    assert cache.get(question("a")) is None
    assert cache.get(question("b")) == answer("b")


def test_a_file_that_the_other_window_deleted_is_not_written_to(
    open_cache: Open, other_window: Tell, file: Path
) -> None:
    """A window does not go on with a file that is no longer there."""
    cache = open_cache(file)
    cache.put(question("a"), answer())
    for path in list(file.parent.iterdir()):
        path.unlink()

    assert cache.get(question("a")) is None
    cache.put(question("b"), answer("new"))
    assert other_window("get", "b") == "new"


def test_many_threads_share_one_connection(open_cache: Open, file: Path) -> None:
    """Each gets back what it has put, and nothing raises."""
    cache, wrong = open_cache(file, memory_entries=1), []

    def use(name: str) -> None:
        for number in range(12):
            prompt = f"{name}{number}"
            cache.put(question(prompt), answer(prompt))
            found = cache.get(question(prompt))
            if found is None or found.text != prompt:
                wrong.append(prompt)

    threads = [threading.Thread(target=use, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert wrong == []
    assert cache.statistics().file_entries == 48


def test_the_file_stays_within_its_bound(open_cache: Open, file: Path, clock: Clock) -> None:
    """However many answers come, the file never grows over its bound; the oldest go, the newest are there."""
    most = 256 * 1024
    cache = open_cache(file, most_bytes=most, memory_entries=1)
    for number in range(120):
        clock.now_ms += 1
        cache.put(question(str(number)), answer("x" * (number * 331 % 9_000 + 1), at_ms=clock.now_ms))
        assert cache.statistics().file_bytes <= most
    cache.close()

    assert file.stat().st_size <= most
    reader = open_cache(file, most_bytes=most)
    there = [reader.get(question(str(number))) is not None for number in range(120)]
    assert there == sorted(there)
    assert 15 < sum(there) < 120


def test_an_answer_that_the_file_has_no_room_for_is_remembered(open_cache: Open, file: Path) -> None:
    """It is no trouble; only other windows do not see it."""
    cache = open_cache(file, most_bytes=64 * 1024)
    cache.put(question(), answer("x" * 100_000))

    assert cache.get(question()) is not None
    assert cache.statistics().file_entries == 0
    assert cache.statistics().troubles == ()


def test_what_is_too_old_makes_room_first(open_cache: Open, file: Path, clock: Clock) -> None:
    """Answers that would not be given any more do not stay in the file."""
    cache = open_cache(file)
    cache.put(question("old"), answer())
    clock.now_ms += 86_400_000
    cache.put(question("new"), answer(at_ms=clock.now_ms))

    assert cache.statistics().file_entries == 1


@POSIX
def test_only_its_owner_can_read_it(open_cache: Open, file: Path) -> None:
    """The folder that is made for it is 0700; the file and its journal are 0600."""
    open_cache(file).put(question(), answer())

    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


@POSIX
def test_a_file_that_others_could_read_is_closed_to_them(open_cache: Open, file: Path) -> None:
    """As an older umask, or a restored backup, may have left it."""
    file.parent.mkdir()
    file.touch(0o644)
    file.chmod(0o644)
    open_cache(file).put(question(), answer())

    assert file.stat().st_mode & 0o777 == 0o600


def test_time_does_not_begin_with_the_purge(open_cache: Open, file: Path) -> None:
    """An answer that comes in the very millisecond of a purge is kept."""
    cache = open_cache(file)
    cache.purge()
    cache.put(question(), answer(at_ms=NOW_MS))

    assert open_cache(file).get(question()) is not None


def test_windows_that_open_at_once_make_one_file(open_cache: Open, tmp_path: Path) -> None:
    """Whoever is first makes the tables, and the others take them for what they are."""
    for turn in range(8):
        caches = [open_cache(tmp_path / str(turn) / "answers.sqlite") for _ in range(5)]
        start = threading.Barrier(len(caches))

        def use(cache: Cache, start: threading.Barrier = start) -> None:
            start.wait(10)
            cache.put(question(str(id(cache))), answer())

        threads = [threading.Thread(target=use, args=(cache,)) for cache in caches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        troubles = {trouble for cache in caches for trouble in cache.statistics().troubles}
        assert not [trouble for trouble in troubles if "locked" not in trouble]  # locked: a busy machine, and no fault
        assert troubles or caches[0].statistics().file_entries == 5
