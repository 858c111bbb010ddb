"""The answers of this window: a bounded number, and a bounded number of bytes; who was not asked for longest goes."""

import sys
import threading
from dataclasses import dataclass

from lru import LRU

from hybrid_lsp.core.cached.entry import Entry

_ENTRY_BYTES = 1024
"""About what an entry takes beside its text."""


@dataclass(frozen=True, slots=True)
class _Held:
    entry: Entry
    generation: int
    size_bytes: int


class Memory:
    """Safe from any thread, and never waits for longer than another takes to look something up in it."""

    def __init__(self, most_entries: int, most_bytes: int) -> None:
        self._lock = threading.Lock()
        self._most_bytes = most_bytes
        self._bytes = 0
        self._held: LRU[str, _Held] = LRU(most_entries, callback=self._evicted)

    def get(self, digest: str, generation: int) -> Entry | None:
        """Return an answer that was put in the same generation; one of another is gone for good."""
        with self._lock:
            held = self._held.get(digest)
            if held is None:
                return None
            if held.generation != generation:
                self._take_out(digest)
                return None
            return held.entry

    def put(self, digest: str, generation: int, entry: Entry) -> None:
        """Keep an answer, and let go of as many as that takes."""
        held = _Held(entry, generation, sys.getsizeof(entry.text) + _ENTRY_BYTES)
        with self._lock:
            self._take_out(digest)
            if held.size_bytes > self._most_bytes:
                return
            self._held[digest] = held
            self._bytes += held.size_bytes
            while self._bytes > self._most_bytes:
                self._take_out(self._held.peek_last_item()[0])  # type: ignore[index]  # it is not empty

    def drop(self, digest: str) -> None:
        """Forget one."""
        with self._lock:
            self._take_out(digest)

    def clear(self) -> int:
        """Forget all, and return how many they were."""
        with self._lock:
            count = len(self._held)
            self._held.clear()
            self._bytes = 0
            return count

    def size(self) -> tuple[int, int]:
        """Return how many answers it holds, and about how many bytes they take."""
        with self._lock:
            return len(self._held), self._bytes

    def _take_out(self, digest: str) -> None:
        held = self._held.pop(digest, None)
        if held is not None:
            self._bytes -= held.size_bytes

    def _evicted(self, _digest: str, held: _Held) -> None:
        """Called with the lock held: there were more entries than allowed."""
        self._bytes -= held.size_bytes
