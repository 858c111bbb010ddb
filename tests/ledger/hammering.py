"""One window of the hammer: `hammering.py PLACE LIMIT SHARED SLOT TOTAL JOURNAL`. It may be killed at any moment.

It writes into its journal what it is about to do and what it has done; a line that is there was done, whatever happens.
The shared memory holds the time, which another process moves, and for each window how often it has asked for money.
"""

import mmap
import os
import random
import sys
from datetime import UTC
from decimal import Decimal
from pathlib import Path

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Origin, Record, Reservation
from hybrid_lsp.ledger import Ledger

NANO = 1_000_000_000
LEASE_S = 60.0


class Shared:
    """Numbers that all processes see: the time first, then a counter for each window that ever was."""

    SLOTS = 255

    def __init__(self, path: Path, *, make: bool = False) -> None:
        if make:
            path.write_bytes(bytes(8 * (self.SLOTS + 1)))
        with path.open("r+b") as file:
            # Whole words at a time: whoever reads while another writes has to see the old or the new one.
            self._words = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")

    def get(self, slot: int) -> int:
        """Return a number; slot 0 is the time."""
        return self._words[slot]

    def set(self, slot: int, value: int) -> None:
        """Write one's own number."""
        self._words[slot] = value

    def asked(self) -> int:
        """Return how often money was asked for by all."""
        return sum(self.get(slot) for slot in range(1, self.SLOTS + 1))


class Window:
    """One window that reserves and settles until enough was asked for."""

    def __init__(self, place: str, limit: str, shared: Path, slot: int, journal: Path) -> None:
        self.shared, self.slot = Shared(shared), slot
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.chance = random.Random(slot)
        self.open: list[tuple[Reservation, int]] = []
        self.ledger = Ledger.open(
            place, clock_ms=lambda: self.shared.get(0), zone=UTC, limit_usd=Decimal(limit), lease_s=LEASE_S, wait_s=20.0
        )

    def say(self, *words: object) -> None:
        """Write one line, whole or not at all."""
        os.write(self.journal, (" ".join(map(str, words)) + "\n").encode())

    def reserve(self) -> None:
        """Ask for money."""
        nano = self.chance.randrange(300_000, 900_000)
        self.shared.set(self.slot, self.shared.get(self.slot) + 1)
        answer = self.ledger.reserve(job=f"job-{self.slot}", model="m", worst_usd=Decimal(nano) / NANO)
        if isinstance(answer, Reservation):
            self.say("held", answer.id, nano, answer.month)
            self.open.append((answer, nano))
        elif answer.rule != "budget.limit":
            self.say("fault", answer.sentence)

    def settle(self) -> None:
        """Pay what was asked for first, nothing to all of it."""
        held, nano = self.open.pop(0)
        cost = self.chance.randrange(nano + 1)
        self.say("settling", held.id, cost)
        self.ledger.settle(
            held,
            Record(
                job=held.job, at_ms=self.shared.get(0), workspace="w", task=Task.FIX, origin=Origin.CLOUD, backend="b",
                model="m", cost_usd=Decimal(cost) / NANO, basis=Basis.REPORTED,
            ),
        )  # fmt: skip
        self.say("settled", held.id, cost)

    def run(self, total: int) -> None:
        """Go on until all windows together have asked so often."""
        while self.shared.asked() < total:
            self.reserve()
            if self.chance.random() < 0.02:
                self.ledger.record(
                    Record(
                        job="free", at_ms=self.shared.get(0), workspace="w", task=Task.INLINE, origin=Origin.LOCAL,
                        backend="b", model="m",
                    )
                )  # fmt: skip
            while self.open and (len(self.open) > 3 or self.chance.random() < 0.7):
                self.settle()
        while self.open:
            self.settle()
        self.ledger.close()


if __name__ == "__main__":
    place, limit, shared, slot, total, journal = sys.argv[1:]
    Window(place, limit, Path(shared), int(slot), Path(journal)).run(int(total))
