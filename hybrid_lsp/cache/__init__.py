"""Answers that are given again for 24 hours: to the very same question, and to no other.

They are looked for in this window's memory, then in a file that the user's windows share, then in Redis or Valkey where
`cache.redis_url` names one. A layer that fails is left alone for a while and told about once; the others go on.
Questions are never stored. In the file and in Redis the answers are sealed: who has not the question cannot read them.
"""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_lsp.cache.memory import Memory
from hybrid_lsp.cache.rest import Rest
from hybrid_lsp.cache.seal import OVERHEAD_BYTES, seal, unseal
from hybrid_lsp.cache.statistics import Statistics
from hybrid_lsp.core.cached.entry import MOST_BYTES, Entry, from_bytes, to_bytes
from hybrid_lsp.core.cached.key import Key
from hybrid_lsp.core.record import Origin

if TYPE_CHECKING:
    from hybrid_lsp.cache.file import File
    from hybrid_lsp.cache.redis_store import RedisStore

__all__ = ["Cache", "Entry", "Key", "Statistics"]

_SEEN_FOR_MS = 1_000
"""How long this window may be ignorant of what another has purged, where it may not look."""


class Cache:
    """Safe from any thread; nothing in it raises. On an event loop only `get_in_memory` may be called."""

    def __init__(
        self,
        *,
        clock_ms: Callable[[], int],
        ttl_s: int,
        memory: Memory,
        file: "File | None",
        redis: "RedisStore | None",
    ) -> None:
        self._clock_ms = clock_ms
        self._ttl_ms = ttl_s * 1000
        self._memory, self._file, self._redis = memory, file, redis
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._generation = 0
        self._purged_ms = -1
        self._seen_ms: int | None = None
        """When it was last seen what other windows have purged."""
        self._owes_purge = False

    @staticmethod
    def open(
        file: Path | None,
        *,
        clock_ms: Callable[[], int],
        ttl_s: int = 86_400,
        most_bytes: int = 64 << 20,
        memory_entries: int = 1_000,
        memory_bytes: int = 16 << 20,
        redis_url: str = "",
    ) -> "Cache":
        """Return a cache; its file is made, and its Redis called, when they are first needed.

        Args:
            file: Shared by this user's windows, and used for nothing else: it is deleted when it cannot be read. Its
                folder is made for the user alone. None for no file.
            clock_ms: The time, milliseconds since 1970, UTC.
            ttl_s: How long an answer is given again.
            most_bytes: What the file may take; its journal takes some MB beside it.
            memory_entries: How many answers this window remembers.
            memory_bytes: About how much memory they may take.
            redis_url: Of Redis or Valkey, as `redis://`, `rediss://` or `unix://`; empty for none. Whether its host may
                be reached is for the caller to ask the policy.
        """
        return Cache(
            clock_ms=clock_ms,
            ttl_s=ttl_s,
            memory=Memory(memory_entries, memory_bytes),
            file=None if file is None else _file(file, clock_ms, ttl_s, most_bytes),
            redis=_redis(redis_url, clock_ms) if redis_url else None,
        )

    def get(self, key: Key) -> Entry | None:
        """Return the answer to this question, from the nearest layer that has it; it is then nearer the next time."""
        self._look_around()
        now_ms = self._clock_ms()
        if entry := self._remembered(key, now_ms):
            self._count("memory_hits")
        elif entry := self._from_file(key, now_ms):
            self._count("file_hits")
        elif entry := self._from_redis(key, now_ms):
            self._count("redis_hits")
        else:
            self._count("misses")
        return entry

    def get_in_memory(self, key: Key) -> Entry | None:
        """Return the answer if this window remembers it; no file is touched and nobody is asked.

        None also where it is a second since this window last looked what the others have purged: `get` looks.
        """
        now_ms = self._clock_ms()
        has_seen = self._seen_ms is not None and 0 <= now_ms - self._seen_ms < _SEEN_FOR_MS
        if self._file is not None and not (has_seen or self._file.rest.is_resting):
            return None
        if entry := self._remembered(key, now_ms):
            self._count("memory_hits")
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep a whole answer by the model that was asked, in every layer; anything else is ignored."""
        now_ms = self._clock_ms()
        plain = to_bytes(entry) if entry.answers(key) and entry.is_fresh(now_ms, self._ttl_ms) else b""
        if not plain or len(plain) > MOST_BYTES:
            self._count("refused")
            return
        self._look_around()
        self._memory.put(key.digest, self._generation, entry)
        sealed = seal(plain, key)
        if self._file is not None:
            self._file.write(key.digest, entry.at_ms, sealed, now_ms=now_ms)
        if (redis := self._redis_for(key)) is not None:
            left_ms = entry.at_ms + self._ttl_ms - now_ms
            redis.write(key.digest, sealed, ttl_s=-(-left_ms // 1000))

    def drop(self, key: Key) -> None:
        """Forget one answer, here, in other windows and in Redis: somebody wants another."""
        self._memory.drop(key.digest)
        if self._file is not None:
            self._file.drop(key.digest)
        if (redis := self._redis_for(key)) is not None:
            redis.drop(key.digest)

    def purge(self) -> int:
        """Forget all answers in all layers and all windows, and return how many the fullest layer had.

        A file that cannot be had now is purged before it is next read; what stays in a Redis that is down is too old to
        be served when it is back.
        """
        now_ms = self._clock_ms()
        self._purged_ms = now_ms
        self._generation += 1
        remembered = self._memory.clear()
        filed = self._file.purge(now_ms) if self._file is not None else 0
        self._owes_purge = filed is None
        shared = self._redis.purge() if self._redis is not None else 0
        self._look_around()
        return max(remembered, filed or 0, shared)

    def statistics(self) -> Statistics:
        """Return what the cache was good for, and what it holds."""
        entries, size = self._memory.size()
        file_entries, file_bytes = self._file.size() if self._file is not None else (0, 0)
        rests = [layer.rest for layer in (self._file, self._redis) if layer is not None]
        return Statistics(
            **self._counts,
            memory_entries=entries,
            memory_bytes=size,
            file_entries=file_entries,
            file_bytes=file_bytes,
            troubles=tuple(rest.trouble for rest in rests if rest.trouble),
        )

    def close(self) -> None:
        """Close the file and hang up on Redis. What is asked afterwards is not found there."""
        for layer in (self._file, self._redis):
            if layer is not None:
                layer.close()

    def _look_around(self) -> None:
        """See what other windows have purged or dropped, and purge the file if that could not be done before."""
        if self._file is None:
            return
        if self._owes_purge and self._file.purge(self._purged_ms) is not None:
            self._owes_purge = False
        state = self._file.state()
        if state is not None:
            self._generation = state.generation
            self._purged_ms = max(self._purged_ms, state.purged_ms)
            self._seen_ms = self._clock_ms()

    def _remembered(self, key: Key, now_ms: int) -> Entry | None:
        return self._checked(self._memory.get(key.digest, self._generation), key, now_ms)

    def _from_file(self, key: Key, now_ms: int) -> Entry | None:
        if self._file is None:
            return None
        generation = self._generation
        entry = self._checked(_unsealed(self._file.read(key.digest), key), key, now_ms)
        if entry is not None:
            self._memory.put(key.digest, generation, entry)
        return entry

    def _from_redis(self, key: Key, now_ms: int) -> Entry | None:
        redis = self._redis_for(key)
        if redis is None:
            return None
        generation, sealed = self._generation, redis.read(key.digest)
        entry = self._checked(_unsealed(sealed, key), key, now_ms)
        if entry is None or entry.at_ms <= self._purged_ms or not isinstance(sealed, bytes):
            return None
        self._memory.put(key.digest, generation, entry)
        if self._file is not None:
            self._file.write(key.digest, entry.at_ms, sealed, now_ms=now_ms)
        return entry

    def _checked(self, entry: Entry | None, key: Key, now_ms: int) -> Entry | None:
        """Return an answer only if it is still one to this question."""
        is_good = entry is not None and entry.answers(key) and entry.is_fresh(now_ms, self._ttl_ms)
        return entry if is_good else None

    def _redis_for(self, key: Key) -> "RedisStore | None":
        """Return the Redis that this question may be known to: only what a cloud model was asked has left already."""
        is_allowed = self._redis is not None and (self._redis.is_here or key.origin is Origin.CLOUD)
        return self._redis if is_allowed else None

    def _count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1


def _unsealed(sealed: object, key: Key) -> Entry | None:
    plain = unseal(sealed, key)
    return None if plain is None else from_bytes(plain)


def _file(path: Path, clock_ms: Callable[[], int], ttl_s: int, most_bytes: int) -> "File":
    from hybrid_lsp.cache.file import File  # SQLite is not for the start

    return File(path, rest=Rest(clock_ms), ttl_ms=ttl_s * 1000, most_bytes=most_bytes)


def _redis(url: str, clock_ms: Callable[[], int]) -> "RedisStore":
    from hybrid_lsp.cache.redis_store import RedisStore

    return RedisStore(url, rest=Rest(clock_ms), most_bytes=MOST_BYTES + OVERHEAD_BYTES)
