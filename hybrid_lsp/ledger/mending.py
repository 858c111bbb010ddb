"""The ledger's file itself: making it, and setting one aside that cannot be read.

Rules:
1. A file is made or replaced only by whoever holds the lock beside it, so that no window can make a fresh, unblocked
   ledger in the moment in which another sets a broken one aside.
2. A new ledger in the place of one that was lost begins blocked: what was spent this month is not known any more.
3. No ledger is deleted.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

Identity = tuple[int, int]
Make = Callable[[Path, str], None]
"""Makes a whole ledger at a path, blocked with a sentence."""

_WAY_OUT = "what was spent this month is not known any more, so cloud models rest until `hybrid-lsp spend --confirm`."
_BESIDE = ("-wal", "-shm")


def identity(path: Path) -> Identity | None:
    """Return what tells this file from any other that had or will have its name; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def lock(path: Path, wait_s: float) -> Iterator[None]:
    """Be the only one to make or replace the file. Raises `sqlite3.OperationalError` when it takes too long.

    SQLite's own lock on an empty file: it is the one lock that works everywhere and ends with its process.
    """
    beside = path.with_name(f"{path.name}.lock")
    os.close(os.open(beside, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(beside, timeout=wait_s, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def ensure_file(path: Path, *, was_there: bool, make: Make, wait_s: float) -> str | None:
    """See to it that there is a file that only its owner can read, in a folder like that.

    `was_there`: this window had one open, so a new one begins blocked. Then returns the sentence about it, else None.
    """
    if path.exists():
        with suppress(OSError):
            path.chmod(0o600)
        return None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock(path, wait_s):
        if path.exists():
            return None
        if not was_there and not _fresh(path).exists():
            _touch(path)
            return None
        sentence = f"The ledger {path.name} was taken away while it was in use: {_WAY_OUT}"
        _prepare(path, make, sentence)
        _put_aside(path, f"{path.name}.left")
        os.replace(_fresh(path), path)
        return sentence


def set_aside(path: Path, bad: Identity | None, *, make: Make, at_ms: int, wait_s: float) -> str | None:
    """Rename a file that cannot be read, with what belongs to it, and begin a new one, blocked.

    Returns the sentence about it; None when another window has done so first. Raises `OSError` where it cannot be done.
    """
    with lock(path, wait_s):
        if identity(path) != bad:
            return None
        name = _free_name(path, at_ms)
        sentence = f"The ledger {path.name} could not be read and was set aside as {name}: {_WAY_OUT}"
        _prepare(path, make, sentence)
        _put_aside(path, name)
        os.replace(_fresh(path), path)
        return sentence


def _fresh(path: Path) -> Path:
    """Where a new ledger is made before it takes its place; left there only by a window that died in between."""
    return path.with_name(f"{path.name}.new")


def _prepare(path: Path, make: Make, sentence: str) -> None:
    fresh = _fresh(path)
    for suffix in ("", *_BESIDE):
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    _touch(fresh)
    make(fresh, sentence)


def _put_aside(path: Path, name: str) -> None:
    """Rename the file and what belongs to it: a log of the old file would be taken for a part of the new one."""
    for suffix in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            os.replace(path.with_name(path.name + suffix), path.with_name(name + suffix))


def _touch(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _free_name(path: Path, at_ms: int) -> str:
    stamp = f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y%m%d-%H%M%S}"
    name, count = f"{path.name}.corrupt-{stamp}", 1
    while path.with_name(name).exists():
        count += 1
        name = f"{path.name}.corrupt-{stamp}-{count}"
    return name
