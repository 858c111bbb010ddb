"""How far a job's focus reaches: only the ledger's row needs it, so no answer waits for it.

Rules:
1. It is worked out once for all attempts at a job: at once where that takes next to nothing, else in a thread.
2. A row is written when it is known. Money that is settled waits for it no longer than `LONGEST_S`.
"""

import asyncio
import logging

from hybrid_lsp.core.errors import fault_told
from hybrid_lsp.core.history import reach

log = logging.getLogger(__name__)

AT_ONCE_CHARS = 2000
"""So much text takes about half a millisecond."""
LONGEST_S = 2.0
_UNKNOWN = ""


class Reaching:
    """The reach of one job's focus in its document."""

    def __init__(self, focus: str, text: str, language: str) -> None:
        self._asked = focus, text, language
        self._known: str | None = None
        self._task: asyncio.Task[str] | None = None

    @property
    def known(self) -> str | None:
        """The reach, where it is known or takes no time; None where it has to be waited for."""
        if self._known is None and len(self._asked[1]) <= AT_ONCE_CHARS:
            self._known = reach(*self._asked).value
        return self._known

    def start(self) -> None:
        """Begin to work it out, so that it is there when it is needed."""
        if self.known is None and self._task is None:
            self._task = asyncio.ensure_future(asyncio.to_thread(lambda: reach(*self._asked).value))

    async def value(self) -> str:
        """Return the reach; nothing when it cannot be told in time. Raises nothing but `CancelledError`."""
        self.start()
        if self._task is not None and self._known is None:
            done, _ = await asyncio.wait((self._task,), timeout=LONGEST_S)
            if not done:
                return _UNKNOWN
            error = self._task.exception()
            if error is not None:
                log.error("how far some code reaches could not be told: %s", fault_told(error))
            self._known = _UNKNOWN if error is not None else self._task.result()
        return self._known or _UNKNOWN
