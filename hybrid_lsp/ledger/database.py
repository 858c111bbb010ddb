"""One connection to the database, whichever it is: one SQL text, whole transactions, one sentence when one fails.

The SQL names its values `:name`, has no other colon and no per cent sign, and is the same for SQLite and PostgreSQL.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from hybrid_lsp.core.errors import HybridError

log = logging.getLogger(__name__)

Value = str | int | float | None
Values = Mapping[str, Value]
Row = tuple[Any, ...]
T = TypeVar("T")

WAIT_S = 10.0
"""How long one try waits for another window; there are two tries."""

BUSY = "Another window keeps the ledger busy; try again in a moment."
SHAPELESS = (
    "The ledger is not built as this version of hybrid-lsp expects; move it away, or install the latest version."
)


class Unavailable(HybridError):
    """The ledger cannot be read or written now. Never leaves this package."""


class Transaction(Protocol):
    """What can be done inside a transaction."""

    def ask(self, sql: str, values: Values = ...) -> list[Row]:
        """Run one statement and return its rows; none for one that returns nothing."""

    def put(self, sql: str, rows: Sequence[Values]) -> None:
        """Run one statement for each of the rows."""


class Again(Exception):
    """Raised by an adapter when the same transaction may succeed at once."""

    def __init__(self, otherwise: str) -> None:
        super().__init__(otherwise)
        self.otherwise = otherwise
        """What to say when it does not."""


class Database(ABC):
    """One connection, opened when it is first needed and when it was lost. Thread-safe: one transaction at a time."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._lock = threading.Lock()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction that writes; it may be run twice, and is seen once.

        Raises `Unavailable` after two tries. What `work` itself raises undoes everything.
        """
        return self._alone(lambda: self._once(work, writes=True))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one state of the data. Raises `Unavailable` after two tries."""
        return self._alone(lambda: self._once(work, writes=False))

    def compact(self) -> bool:
        """Give a little unused room back to the disk; return whether there is more."""
        return self._alone(self._compact)

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._lock.acquire(timeout=self._wait_s):
            try:
                self._close()
            finally:
                self._lock.release()

    def _alone(self, work: Callable[[], T]) -> T:
        if not self._lock.acquire(timeout=self._wait_s):
            raise Unavailable(BUSY)
        try:
            try:
                return work()
            except Again:
                return work()
        except Again as error:
            raise Unavailable(error.otherwise) from error
        finally:
            self._lock.release()

    @abstractmethod
    def _once(self, work: Callable[[Transaction], T], *, writes: bool) -> T:
        """Run one transaction. Raises `Unavailable` or `Again` and nothing else of the database's own."""

    @abstractmethod
    def _compact(self) -> bool:
        """Do what `compact` says."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of the connection."""
