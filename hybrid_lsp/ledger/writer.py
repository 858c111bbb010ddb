"""A queue with a thread behind it, so that who has something to write down never waits for a disk.

Rules:
1. `put` never blocks and never raises. What does not fit is dropped, counted, and said once.
2. What cannot be written now is tried again, in order; what can never be written is logged and left out.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from hybrid_lsp.core.errors import fault_told
from hybrid_lsp.ledger.behind import Item
from hybrid_lsp.ledger.database import Unavailable

log = logging.getLogger(__name__)

MOST = 10_000
"""Items that may wait: some minutes of typing."""
_BATCH = 500
_GATHER_S = 0.5
"""How long the first item waits for others, so that one commit serves them all."""
PAUSE_S = 2.0

Write = Callable[[Sequence[Item]], None]


class Writer:
    """The queue. Thread-safe."""

    def __init__(self, write: Write, *, most: int = MOST, pause_s: float = PAUSE_S) -> None:
        """`write` writes some items as a whole, or raises `Unavailable` when it cannot do so now.

        `most` may wait; `pause_s` goes by before what failed is tried again.
        """
        self._write = write
        self._most, self._pause_s = most, pause_s
        self._waiting: deque[Item | threading.Event] = deque()
        self._batch: list[Item] = []
        self._some, self._hurry, self._closing = threading.Event(), threading.Event(), threading.Event()
        self.dropped = 0
        """Items that did not fit."""
        self._thread = threading.Thread(target=self._run, name="hybrid-lsp ledger", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Have something written soon, if there is room."""
        if len(self._waiting) >= self._most:
            self._drop()
        else:
            self._add(item)

    def must(self, item: Item) -> None:
        """Have something written soon, whether there is room or not: it is about money."""
        self._add(item)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is written that was put before; return whether it was, in time."""
        if not self._thread.is_alive():
            return not self._waiting and not self._batch
        done = threading.Event()
        self._waiting.append(done)
        self._hurry.set()
        self._some.set()
        return done.wait(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Write what is left and end the thread; return whether all was written."""
        written = self.flush(timeout_s)
        self._closing.set()
        self._hurry.set()
        self._some.set()
        self._thread.join(timeout_s)
        if not written:
            unwritten = len(self._batch) + sum(not isinstance(item, threading.Event) for item in list(self._waiting))
            log.warning("the ledger was closed with %d rows unwritten", unwritten)
        return written

    def _add(self, item: Item) -> None:
        self._waiting.append(item)
        if not self._some.is_set():
            self._some.set()

    def _drop(self) -> None:
        self.dropped += 1
        if self.dropped == 1:
            log.warning("the ledger cannot be written to fast enough; rows about free answers are being left out")

    def _run(self) -> None:
        while not self._closing.is_set():
            self._some.wait()
            self._hurry.wait(_GATHER_S)
            self._hurry.clear()
            self._some.clear()
            try:
                self._write_all()
            except Unavailable:
                self._closing.wait(self._pause_s)
                self._some.set()

    def _write_all(self) -> None:
        while self._waiting or self._batch:
            flag = self._gather()
            if self._batch:
                self._write_batch()
            if flag is not None:
                flag.set()

    def _gather(self) -> threading.Event | None:
        """Move what waits into the batch, up to a flag that someone waits for."""
        while self._waiting and len(self._batch) < _BATCH:
            item = self._waiting.popleft()
            if isinstance(item, threading.Event):
                if self._batch:
                    self._waiting.appendleft(item)
                    return None
                return item
            self._batch.append(item)
        return None

    def _write_batch(self) -> None:
        try:
            self._write(self._batch)
        except Unavailable:
            raise
        except Exception as fault:
            log.error("writing %d rows of the ledger failed (%s)", len(self._batch), fault_told(fault))
            self._write_one_by_one()
        self._batch = []

    def _write_one_by_one(self) -> None:
        while self._batch:
            try:
                self._write(self._batch[:1])
            except Unavailable:
                raise
            except Exception as fault:
                log.error("a row of the ledger was left out (%s)", type(fault).__name__)
            del self._batch[0]
