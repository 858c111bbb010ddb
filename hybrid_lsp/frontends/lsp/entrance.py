"""Which open documents a model may see: those that no `.hybridignore` names, in their folder or around them.

The ignore files are on the disk, so a document is let in a moment after it was opened; who asks about it meanwhile
waits that moment.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from hybrid_lsp.frontends.lsp.folders import NO_FOLDER, Folders, file_path

log = logging.getLogger(__name__)

OUR_RULES = ".hybridignore"
ASK_TIMEOUT_S = 5.0

Why = Callable[[Path, str], str]
"""Reads the disk, and returns where the rule stands that excludes a file of a folder, as `src/.hybridignore:3`."""


class Entrance:
    """The documents that are open, and what is known of each: let in, kept out, or being asked about."""

    def __init__(self, folders: Folders, why: Why | None, folder_of: Callable[[Path], Path]) -> None:
        """Without `why`, everything is let in at once.

        `folder_of` reads the disk, and returns where the rules are for a file outside every folder.
        """
        self._folders, self._why, self._folder_of = folders, why, folder_of
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._kept_out: set[int] = set()

    def ask(self, handle: int, uri: str, let_in: Callable[[], None]) -> None:
        """Have `let_in` called, now or soon, unless the document is named in a `.hybridignore` that counts for it."""
        self.forget(handle)
        if self._why is None or (file_path(uri) is None and self._folders.place(uri).workspace == NO_FOLDER):
            let_in()
            return
        self._asking[handle] = asyncio.get_running_loop().create_task(self._ask(handle, uri, let_in))

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
        self._folders.forget(handle)
        self._kept_out.discard(handle)

    async def _ask(self, handle: int, uri: str, let_in: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                rule = await self._rule(handle, uri)
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

    async def _rule(self, handle: int, uri: str) -> str:
        assert self._why is not None
        path = file_path(uri)
        if path is not None and self._folders.place(uri).workspace == NO_FOLDER:
            self._folders.found(handle, await asyncio.to_thread(self._folder_of, path))
        place = self._folders.place_to_ask(handle, uri)
        root = self._folders.root(place.workspace)
        return await asyncio.to_thread(self._why, root, place.path) if root is not None else ""
