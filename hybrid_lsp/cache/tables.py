"""The tables of the cache file: how they are made, written and kept small."""

import secrets
import sqlite3
from contextlib import closing

_APPLICATION = 0x684C5343
_VERSION = 1
_EVICTED_AT_ONCE = 8
_TABLES = """
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, sealed BLOB NOT NULL
);
CREATE INDEX answers_by_age ON answers (at_ms);
CREATE TABLE state (generation INTEGER NOT NULL, purged_ms INTEGER NOT NULL);
"""


class NotOursError(Exception):
    """A healthy database of somebody else's."""


class Writing:
    """A write that is done whole or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:  # a full disk has rolled it back already
            self._connection.execute("ROLLBACK")


def prepare(connection: sqlite3.Connection) -> None:
    """Make a file that was just opened ready for use. Raises `NotOursError` and `sqlite3.Error`."""
    # In this order: tables that another window is just making are not seen before its mark can be.
    has_tables = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
    marks = _marks(connection)
    if marks[0] != _APPLICATION and (marks[0] or has_tables):
        raise NotOursError
    for setting in ("journal_mode = WAL", "synchronous = NORMAL", "journal_size_limit = 1048576"):
        connection.execute(f"PRAGMA {setting}")
    if marks == (_APPLICATION, _VERSION):
        return
    with Writing(connection):
        if _marks(connection) != (_APPLICATION, _VERSION):  # another window may have been faster
            _make_tables(connection)


def _make_tables(connection: sqlite3.Connection) -> None:
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f'DROP TABLE "{name}"')  # of another version of ours
    for statement in filter(str.strip, _TABLES.split(";")):
        connection.execute(statement)
    # Not from 0: what a window remembers of a file that was deleted must not seem to belong to the next one.
    connection.execute("INSERT INTO state VALUES (?, 0)", (secrets.randbits(62),))
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    return _pragma(connection, "application_id"), _pragma(connection, "user_version")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    with closing(connection.execute(f"PRAGMA {name}")) as cursor:
        return int(cursor.fetchone()[0])


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the file is in use; the rest is taken again before it grows."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def make_room(connection: sqlite3.Connection, needed_bytes: int, most_bytes: int) -> bool:
    """Delete the oldest answers until there is room; False where the file could never hold so much."""
    needed_bytes += 3 * _pragma(connection, "page_size")  # a row and two indexes may each need a new page
    oldest = "DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY at_ms, id LIMIT ?)"
    while used_bytes(connection) + needed_bytes > most_bytes:
        if not connection.execute(oldest, (_EVICTED_AT_ONCE,)).rowcount:
            return False
    return True
