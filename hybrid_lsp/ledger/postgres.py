"""The ledger in PostgreSQL, named by URL, in a schema of its own."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString

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
from hybrid_lsp.ledger.migrations import check, migrate

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

NUMBER = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
SCHEMA = "hybrid_lsp"
MISSING = "A ledger in PostgreSQL needs one package more: pip install 'hybrid-lsp[postgres]'"
AWAY = (
    "The ledger's PostgreSQL server does not answer, so cloud models rest; start it, or see whether its URL in the"
    " settings is right."
)
_CONNECT_S = 5
_SETUP_LOCK = 0x6C656467
"""An advisory lock of PostgreSQL, for making the schema and migrating it."""
_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialisation failure, deadlock, lock or statement that took too long."""
_NAME = re.compile(r":(\w+)")


@cache
def rewritten(sql: str) -> LiteralString:
    """Return our SQL with its values named as psycopg wants them."""
    return _NAME.sub(r"%(\1)s", sql)


class Statements:
    """Runs our SQL through psycopg. See `Transaction`."""

    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        self.connection = connection

    def ask(self, sql: str, values: Values | None = None) -> list[Row]:
        """Run one statement and return its rows."""
        cursor = self.connection.execute(rewritten(sql), values or {})
        return cursor.fetchall() if cursor.description else []

    def put(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of the rows."""
        with self.connection.cursor() as cursor:
            cursor.executemany(rewritten(sql), rows)

    def transact(self, work: Callable[[Transaction], T], begin: str) -> T:
        """Run `work` whole or not at all."""
        self.ask(begin)
        try:
            result = work(self)
            self.ask("COMMIT")
        except BaseException:
            with suppress(_psycopg().Error):
                self.ask("ROLLBACK")
            raise
        return result


class Postgres(Database):
    """One connection to the server. `durable` waits for the disk at every commit, as in `Sqlite`.

    A server that did not answer is tried again after five seconds, and until then is known to be away.
    Raises `Refused` when it is first used and the schema is of a newer version.
    """

    def __init__(self, url: str, *, durable: bool, now_ms: Callable[[], int], wait_s: float = WAIT_S) -> None:
        """Raises `Refused` where psycopg is not installed."""
        super().__init__(wait_s)
        _psycopg()
        self._url, self._durable, self._now_ms = url, durable, now_ms
        self._open: Statements | None = None
        self._not_before = 0.0

    def _once(self, work: Callable[[Transaction], T], *, writes: bool) -> T:
        known = self._open is not None
        try:
            begin = "BEGIN" if writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            return self._connected().transact(work, begin)
        except _psycopg().Error as error:
            raise self._judged(error, known) from error

    def _connected(self) -> Statements:
        if self._open is None:
            if time.monotonic() < self._not_before:
                raise Unavailable(AWAY)
            self._open = self._attach()
        return self._open

    def _attach(self) -> Statements:
        connection = _psycopg().connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_S,
            application_name="hybrid-lsp",
            keepalives_idle=30,
            tcp_user_timeout=int(self._wait_s * 1000),
        )
        statements = Statements(connection)
        try:
            self._prepare(statements)
        except BaseException:
            connection.close()
            raise
        return statements

    def _prepare(self, statements: Statements) -> None:
        wait_ms = int(self._wait_s * 1000)
        statements.ask(f"SET search_path TO {SCHEMA}")
        statements.ask(f"SET lock_timeout TO {wait_ms}")
        statements.ask(f"SET statement_timeout TO {2 * wait_ms}")
        statements.ask(f"SET idle_in_transaction_session_timeout TO {6 * wait_ms}")
        statements.ask(f"SET synchronous_commit TO {'on' if self._durable else 'off'}")
        if statements.ask("SELECT to_regclass('migration')")[0][0] is not None and check(
            int(statements.ask("SELECT COALESCE(MAX(number), 0) FROM migration")[0][0])
        ):
            return
        statements.transact(self._migrate, "BEGIN")

    def _migrate(self, t: Transaction) -> None:
        t.ask("SELECT pg_advisory_xact_lock(:lock)", {"lock": _SETUP_LOCK})
        if not t.ask("SELECT 1 FROM pg_namespace WHERE nspname = :name", {"name": SCHEMA}):
            t.ask(f"CREATE SCHEMA {SCHEMA}")
        migrate(t, number=NUMBER, at_ms=self._now_ms())

    def _judged(self, error: "psycopg.Error", known: bool) -> Exception:
        state = error.sqlstate or ""
        if state in _BUSY_STATES:
            return Again(BUSY)
        gone = self._open is None or self._open.connection.closed
        log.warning("the ledger failed: %s %s", type(error).__name__, state)
        if not gone:
            return Unavailable(SHAPELESS)
        self._close()
        if known:
            return Again(AWAY)  # a connection that broke; a server that only started anew answers at once
        self._not_before = time.monotonic() + _CONNECT_S
        return Unavailable(AWAY)

    def _compact(self) -> bool:
        return False  # PostgreSQL's own autovacuum does it

    def _close(self) -> None:
        if self._open is not None:
            with suppress(_psycopg().Error):
                self._open.connection.close()
            self._open = None


@cache
def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise Refused(MISSING) from error
    return psycopg
