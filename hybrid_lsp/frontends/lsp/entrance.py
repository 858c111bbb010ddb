"""Which open documents a model may see: those that no `.hybridignore` names.

The ignore files are on the disk, so a document is let in a moment after it was opened; who asks about it meanwhile
waits that moment.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

OUR_RULES = ".hybridignore"
ASK_TIMEOUT_S = 5.0

Why = Callable[[Path, str], str]
"""Reads the disk, and returns where the rule stands that excludes a file of a folder, as `src/.hybridignore:3`."""


class Entrance:
    """The documents that are open, and what is known of each: let in, kept out, or being asked about."""

    def __init__(self, why: Why | None) -> None:
        """Without `why`, everything is let in at once."""
        self._why = why
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._kept_out: set[int] = set()

    def ask(self, handle: int, root: Path | None, path: str, let_in: Callable[[], None]) -> None:
        """Have `let_in` called, now or soon, unless the document is named in a `.hybridignore` of its folder."""
        self.forget(handle)
        if self._why is None or root is None:
            let_in()
            return
        self._asking[handle] = asyncio.get_running_loop().create_task(self._ask(handle, root, path, let_in))

    async def may_be_seen(self, handle: int) -> bool:
        """Say whether a model may see the document; waits while that is being found out."""
        if (asking := self._asking.get(handle)) is not None:
            await asyncio.shield(asking)
        return handle not in self._kept_out

    async def settled(self) -> None:
        """Wait until nothing is being asked about any more."""
        while self._asking:
            await asyncio.wait(tuple(self._asking.values()))

    def forget(self, handle: int) -> None:
        """Be done with a document that was closed."""
        if (asking := self._asking.pop(handle, None)) is not None:
            asking.cancel()
        self._kept_out.discard(handle)

    async def _ask(self, handle: int, root: Path, path: str, let_in: Callable[[], None]) -> None:
        assert self._why is not None
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                rule = await asyncio.to_thread(self._why, root, path)
        except (TimeoutError, OSError) as error:
            # What cannot be asked may have said no.
            log.warning(
                "the ignore files of a folder cannot be asked (%s); its document is kept out", type(error).__name__
            )
            rule = OUR_RULES
        if OUR_RULES in rule:
            self._kept_out.add(handle)
        else:
            let_in()
        self._asking.pop(handle, None)
