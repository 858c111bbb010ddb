"""The answers that a user's editor windows share: one SQLite file that only its owner can read.

What cannot be read any more is deleted and started anew: it is only a cache. What is locked, full or read-only rests.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hybrid_lsp.cache.rest import Rest, log
from hybrid_lsp.cache.tables import NotOursError, Writing, make_room, prepare, used_bytes

_BUSY_S = 0.25
"""How long another window is waited for."""
# SQLITE_ERROR: our statements never change, so it is the tables that are not ours any more.
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "The cache file is locked by another process; answers are kept in memory until it is free.",
    sqlite3.SQLITE_LOCKED: "The cache file is locked by another process; answers are kept in memory until it is free.",
    sqlite3.SQLITE_FULL: "There is no room for the cache file; answers are kept in memory only until some is made.",
    sqlite3.SQLITE_READONLY: "The cache file cannot be written; answers are kept in memory only: make it yours again.",
}
_NOT_TO_BE_HAD = (
    "The cache file cannot be opened or made; answers are kept in memory only:"
    " make sure that its folder is there, and that you may write to it."
)
_NOT_OURS = "Where the cache file should be is another program's; answers are kept in memory only: move that away."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """What all windows know of one another."""

    generation: int
    """Another one after each purge and each drop: what a window remembers from before is not to be served."""
    purged_ms: int
    """When the last purge was."""


class _UnreadableError(sqlite3.DatabaseError):
    """Its tables are there, but not what belongs in them."""


class File:
    """Safe from any thread and never raises. Opened by the first call; each takes 0.25 s at most where it is locked."""

    def __init__(self, path: Path, *, rest: Rest, ttl_ms: int, most_bytes: int) -> None:
        self._path = path
        self.rest = rest
        self._ttl_ms = ttl_ms
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._is_closed = False

    def state(self) -> State | None:
        """Return what the windows know of one another; None while the file cannot be had."""

        def work(connection: sqlite3.Connection) -> State:
            row = connection.execute("SELECT generation, purged_ms FROM state").fetchone()
            if row is None:
                raise _UnreadableError
            return State(*row)

        return self._do(work, None)

    def read(self, digest: str) -> object:
        """Return what was last written under this name, or None."""

        def work(connection: sqlite3.Connection) -> object:
            row = connection.execute("SELECT sealed FROM answers WHERE digest = ?", (digest,)).fetchone()
            return row and row[0]

        return self._do(work, None)

    def write(self, digest: str, at_ms: int, sealed: bytes, *, now_ms: int) -> None:
        """Keep an answer. What is too old goes first, then the oldest, until the file has room for it."""

        def work(connection: sqlite3.Connection) -> None:
            with Writing(connection):
                expired = "DELETE FROM answers WHERE at_ms <= ? OR at_ms > ?"
                connection.execute(expired, (now_ms - self._ttl_ms, now_ms))
                if make_room(connection, len(sealed), self._most_bytes):
                    put = "INSERT OR REPLACE INTO answers (digest, at_ms, sealed) VALUES (?, ?, ?)"
                    connection.execute(put, (digest, at_ms, sealed))

        self._do(work, None)

    def drop(self, digest: str) -> None:
        """Delete one answer, and let the other windows know."""

        def work(connection: sqlite3.Connection) -> None:
            with Writing(connection):
                connection.execute("DELETE FROM answers WHERE digest = ?", (digest,))
                connection.execute("UPDATE state SET generation = generation + 1")

        self._do(work, None)

    def purge(self, now_ms: int) -> int | None:
        """Delete all answers, let the other windows know, and return how many they were; None where that failed."""

        def work(connection: sqlite3.Connection) -> int:
            with Writing(connection):
                connection.execute("UPDATE state SET generation = generation + 1, purged_ms = ?", (now_ms,))
                return connection.execute("DELETE FROM answers").rowcount

        return self._do(work, None)

    def size(self) -> tuple[int, int]:
        """Return how many answers it holds, and how many bytes of the file are in use."""

        def work(connection: sqlite3.Connection) -> tuple[int, int]:
            return connection.execute("SELECT count(*) FROM answers").fetchone()[0], used_bytes(connection)

        return self._do(work, (0, 0))

    def close(self) -> None:
        """Close it for good."""
        with self._lock:
            self._is_closed = True
            self._let_go()

    def _do(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        with self._lock:
            if self._is_closed or self.rest.is_resting:
                return otherwise
            try:
                done = self._do_or_start_anew(work)
            except NotOursError:
                self.rest.failed(_NOT_OURS)
            except (sqlite3.Error, OSError) as error:
                self.rest.failed(_sentence(error))
            else:
                self.rest.worked()
                return done
            self._let_go()
            return otherwise

    def _do_or_start_anew(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connected())
        except sqlite3.DatabaseError as error:
            if not isinstance(error, _UnreadableError) and _code(error) not in _UNREADABLE:
                raise
            log.warning("The cache file could not be read any more; it was deleted and started anew.")
            self._delete()
            return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._opened == _identity(self._path):
            return self._connection
        self._let_go()
        _make_private(self._path)
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._opened = connection, _identity(self._path)
        return connection

    def _delete(self) -> None:
        """Delete the file, unless another window has done so already."""
        is_another = self._opened is not None and self._opened != _identity(self._path)
        self._let_go()
        if not is_another:
            for name in (f"{self._path.name}-wal", f"{self._path.name}-shm", self._path.name):
                self._path.with_name(name).unlink(missing_ok=True)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._opened = None


def _make_private(path: Path) -> None:
    """Make the file where there is none, its folder too; neither is for others to read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # Never what is there already: closing that would free the locks that SQLite holds on it in this process.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    elif not path.is_file():
        raise OSError("not a file")
    elif path.stat().st_mode & 0o077 and os.name == "posix":
        path.chmod(0o600)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which file is there now: it may have been deleted, by another window or by hand."""
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino


def _code(error: Exception) -> int:
    """Return SQLite's primary result code; 0 where it was not SQLite that failed."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _sentence(error: Exception) -> str:
    return _SENTENCES.get(_code(error), _NOT_TO_BE_HAD)
