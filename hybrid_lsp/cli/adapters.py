"""The assistant's ports over the real ledger, cache and checks: whatever waits for a disk waits in a thread."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal

from hybrid_lsp.cache import Cache
from hybrid_lsp.core.cached import Entry, Key
from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.record import Denied, Record, Reservation
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.syntax import faults, lost_names, new_names

CACHE_TIMEOUT_S = 1.0
CHECK_TIMEOUT_S = 2.0

Gather = Callable[[Job, str, str], Awaitable[tuple[Verdict, ...]]]


class LedgerMoney:
    """The ledger, for the assistant."""

    def __init__(self, ledger: Ledger, changed: Callable[[], None]) -> None:
        """`changed` is called when the month's money is not what it was."""
        self._ledger = ledger
        self._changed = changed

    async def reserve(
        self, *, job: str, model: str, worst_usd: Decimal, lease_s: float, task: Task, workspace: str, backend: str
    ) -> Reservation | Denied:
        """See `assistant.ports.Money`."""
        return await asyncio.to_thread(
            self._ledger.reserve, job=job, model=model, worst_usd=worst_usd, lease_s=lease_s, task=task,
            workspace=workspace, backend=backend,
        )  # fmt: skip

    async def settle(self, reservation: Reservation, record: Record) -> None:
        """See `assistant.ports.Money`."""
        await asyncio.to_thread(self._ledger.settle, reservation, record)
        self._changed()

    def record(self, record: Record) -> None:
        """See `assistant.ports.Money`."""
        self._ledger.record(record)


class NoMoney:
    """A ledger that cannot be opened: nothing is spent, and what is free goes on."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    async def reserve(
        self, *, job: str, model: str, worst_usd: Decimal, lease_s: float, task: Task, workspace: str, backend: str
    ) -> Reservation | Denied:
        """See `assistant.ports.Money`."""
        return Denied(rule="ledger", sentence=self._sentence)

    async def settle(self, reservation: Reservation, record: Record) -> None:
        """See `assistant.ports.Money`. Nothing is ever held here."""
        raise AssertionError("nothing was held")

    def record(self, record: Record) -> None:
        """See `assistant.ports.Money`. There is nowhere to write it down, and the person was told so."""


class CachedAnswers:
    """The cache, for the assistant. One that is away or slow is a cache without answers."""

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache

    async def get(self, key: Key) -> Entry | None:
        """See `assistant.ports.Answers`."""
        if self._cache is None:
            return None
        if (entry := self._cache.get_in_memory(key)) is not None:
            return entry
        try:
            async with asyncio.timeout(CACHE_TIMEOUT_S):
                return await asyncio.to_thread(self._cache.get, key)
        except TimeoutError:
            return None

    async def put(self, key: Key, entry: Entry) -> None:
        """See `assistant.ports.Answers`."""
        if self._cache is not None:
            await asyncio.to_thread(self._cache.put, key, entry)

    async def clear(self) -> int:
        """Forget every answer, in all windows."""
        return 0 if self._cache is None else await asyncio.to_thread(self._cache.purge)


class FloorChecks:
    """What syntax says of a text; evidence, where somebody gathers it."""

    def __init__(self, gather: Gather | None = None) -> None:
        self._gather = gather

    async def faults(self, text: str, language: str, lines: range) -> int | None:
        """See `assistant.ports.Checks`."""
        deadline = time.monotonic() + CHECK_TIMEOUT_S
        return await asyncio.to_thread(faults, text, language, deadline=deadline, lines=lines)

    async def names(self, before: str, after: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See `assistant.ports.Checks`."""
        return await asyncio.to_thread(_names, before, after, language)

    async def evidence(self, job: Job, before: str, after: str) -> tuple[Verdict, ...]:
        """See `assistant.ports.Checks`."""
        return () if self._gather is None else await self._gather(job, before, after)


def _names(before: str, after: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return new_names(before, after, language), lost_names(before, after, language)
