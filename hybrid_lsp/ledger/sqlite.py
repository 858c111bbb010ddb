"""The ledger in one SQLite file, shared by all windows of a user."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.ledger.database import (
    BUSY,
    SHAPELESS,
    WAIT_S,
    Again,
    Database,
    Row,
    T,
    Transaction,
    Unavailable,
    Values,
)
from hybrid_lsp.ledger.mending import Identity, ensure_file, identity, set_aside
from hybrid_lsp.ledger.migrations import check, migrate

log = logging.getLogger(__name__)

NUMBER = "INTEGER PRIMARY KEY"
NEEDS = (3, 35)
_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NOT_OURS = "make the file and its folder writable for you, or name another in the settings."
_SENTENCES = {
    sqlite3.SQLITE_READONLY: f"cannot be written to; {_NOT_OURS}",
    sqlite3.SQLITE_PERM: f"cannot be written to; {_NOT_OURS}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened; {_NOT_OURS}",
    sqlite3.SQLITE_FULL: "cannot grow, because the disk is full; make room on it.",
    sqlite3.SQLITE_IOERR: "cannot be read or written, says the disk; see whether it is full or failing.",
}
_CHECKED_BYTES = 16_000_000
"""Up to this size the whole file is checked when it is opened; it takes a tenth of a second."""
_INCREMENTAL = 2
_PAGES = 256
"""Given back to the disk at a time."""


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


class Statements:
    """Runs SQL as it is written: SQLite knows `:name`. See `Transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def ask(self, sql: str, values: Values | None = None) -> list[Row]:
        """Run one statement and return its rows."""
        return self.connection.execute(sql, values or {}).fetchall()

    def put(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of the rows."""
        self.connection.executemany(sql, rows)

    def transact(self, work: Callable[[Transaction], T], begin: str) -> T:
        """Run `work` whole or not at all."""
        self.ask(begin)
        try:
            result = work(self)
            self.ask("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self.ask("ROLLBACK")
            raise
        return result


class Sqlite(Database):
    """One connection to the file.

    `durable` waits for the disk at every commit, so that what was committed survives a power failure: for money.
    Without it a power failure may take the last rows, never the file: for rows that cost nothing.

    Raises `Refused` when it is first used and the file is of a newer version or of something else.
    """

    def __init__(
        self,
        path: Path,
        *,
        durable: bool,
        now_ms: Callable[[], int],
        mended: Callable[[str], None],
        wait_s: float = WAIT_S,
    ) -> None:
        """`mended` is told, in a sentence, that a new file was begun."""
        super().__init__(wait_s)
        self._path = path.resolve()
        self._durable = durable
        self._now_ms, self._mended = now_ms, mended
        self._open: Statements | None = None
        self._identity: Identity | None = None

    def _once(self, work: Callable[[Transaction], T], *, writes: bool) -> T:
        try:
            statements = self._connected()
        except sqlite3.Error as error:
            raise self._judged(error) from error
        except OSError as error:
            raise self._unavailable(sqlite3.SQLITE_CANTOPEN) from error
        try:
            return statements.transact(work, "BEGIN IMMEDIATE" if writes else "BEGIN")
        except sqlite3.Error as error:
            raise self._judged(error) from error

    def _connected(self) -> Statements:
        """Be connected to the file that is at the path now: another window may have set ours aside."""
        if self._open is not None and identity(self._path) == self._identity:
            return self._open
        self._close()
        if sqlite3.sqlite_version_info < NEEDS:
            raise Refused(f"The ledger needs SQLite 3.35 or newer; this Python brings {sqlite3.sqlite_version}.")
        was_there = self._identity is not None
        if (sentence := ensure_file(self._path, was_there=was_there, make=self._make, wait_s=self._wait_s)) is not None:
            self._mended(sentence)
        self._identity = identity(self._path)
        self._open = self._patiently(lambda: self._attach(self._path))
        return self._open

    def _patiently(self, attach: Callable[[], Statements]) -> Statements:
        """Changing to WAL asks for the file once and does not wait: windows that start together meet there."""
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                return attach()
            except sqlite3.Error as error:
                if code_of(error) not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _attach(self, path: Path) -> Statements:
        statements = Statements(
            sqlite3.connect(
                f"{path.as_uri()}?mode=rw",
                uri=True,
                timeout=self._wait_s,
                isolation_level=None,
                check_same_thread=False,
            )
        )
        try:
            if statements.ask("PRAGMA auto_vacuum") != [(_INCREMENTAL,)]:
                statements.ask(f"PRAGMA auto_vacuum = {_INCREMENTAL}")  # heeded only while the file is empty; it writes
            statements.ask("PRAGMA journal_mode = WAL")
            statements.ask(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            statements.ask("PRAGMA journal_size_limit = 4194304")
            if self._durable and path.stat().st_size <= _CHECKED_BYTES:
                _check_whole(statements)
            self._migrate(statements, path.name)
        except BaseException:
            statements.connection.close()
            raise
        return statements

    def _migrate(self, statements: Statements, name: str) -> None:
        tables = {table for (table,) in statements.ask("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "migration" in tables:
            if check(int(statements.ask("SELECT COALESCE(MAX(number), 0) FROM migration")[0][0])):
                return
        elif tables:
            raise Refused(f"{name} is a database of something else; name another file for the ledger in the settings.")
        statements.transact(lambda t: migrate(t, number=NUMBER, at_ms=self._now_ms()), "BEGIN IMMEDIATE")

    def _make(self, path: Path, blocked: str) -> None:
        """Make a whole new ledger that begins blocked."""
        statements = self._attach(path)
        try:
            statements.ask("UPDATE gate SET blocked = :blocked", {"blocked": blocked})
        finally:
            statements.connection.close()

    def _judged(self, error: sqlite3.Error) -> Exception:
        code = code_of(error)
        if code in _CORRUPT:
            return self._mend()
        if code in _BUSY:
            return Again(BUSY)
        log.warning("the ledger failed: %s %s", type(error).__name__, getattr(error, "sqlite_errorname", ""))
        self._close()
        return self._unavailable(code)

    def _unavailable(self, code: int) -> Unavailable:
        return Unavailable(f"The ledger {self._path.name} {_SENTENCES[code]}" if code in _SENTENCES else SHAPELESS)

    def _mend(self) -> Exception:
        self._close()
        try:
            sentence = set_aside(self._path, self._identity, make=self._make, at_ms=self._now_ms(), wait_s=self._wait_s)
        except (OSError, sqlite3.Error) as error:
            log.error("a ledger that cannot be read could not be set aside: %s", type(error).__name__)
            return Unavailable(f"The ledger {self._path.name} cannot be read; close all editors and rename it.")
        if sentence:
            self._mended(sentence)
        return Again(f"The ledger {self._path.name} cannot be read; close all editors and rename it.")

    def _compact(self) -> bool:
        free = self._once(lambda t: int(t.ask("PRAGMA freelist_count")[0][0]), writes=False)
        if not free:
            return False
        try:
            # A script, because a single statement is left after its first step, and the first step frees one page.
            self._connected().connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
        except sqlite3.Error as error:
            raise self._judged(error) from error
        return free > _PAGES

    def _close(self) -> None:
        if self._open is not None:
            with suppress(sqlite3.Error):
                self._open.connection.close()
            self._open = None


def _check_whole(statements: Statements) -> None:
    (said,) = statements.ask("PRAGMA quick_check(1)")[0]
    if said != "ok":
        error = sqlite3.DatabaseError("the file is damaged")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
