"""The whitelist.json files of one session: read again when they change, their faults underlined where they stand."""

import asyncio
import logging
from pathlib import Path
from typing import Protocol

from lsprotocol import types

from hybrid_lsp.core.policy import Policy
from hybrid_lsp.frontends.lsp.convert import diagnostic
from hybrid_lsp.frontends.lsp.folders import Folder, Folders
from hybrid_lsp.settings import Whitelist, policy_in_force, reread_if_changed

log = logging.getLogger(__name__)

INTERVAL_S = 1.0


class Client(Protocol):
    """The editor, as far as a whitelist needs it."""

    def text_document_publish_diagnostics(self, params: types.PublishDiagnosticsParams) -> None:
        """Underline what is wrong in a file; nothing when the list is empty."""
        ...

    def window_log_message(self, params: types.LogMessageParams) -> None:
        """Write a line to the editor's log."""
        ...


class Whitelists:
    """The user's whitelist.json, and one a workspace folder, which can only take away."""

    def __init__(self, user: Path, folders: Folders, client: Client) -> None:
        self._user = Whitelist(path=user)
        self._folders = folders
        self._client = client

    def policy(self, folder: Folder | None) -> Policy:
        """Return what may leave from a folder, as the files stood when they were last read."""
        return policy_in_force(self._user, folder.whitelist if folder else None)

    async def keep_reading(self) -> None:
        """Read every file now, and again whenever it has changed. Never ends; no disk is waited for on the loop."""
        while True:
            self._user = await self._reread(self._user)
            for folder in self._folders:
                folder.whitelist = await self._reread(folder.whitelist)
            await asyncio.sleep(INTERVAL_S)

    async def _reread(self, known: Whitelist) -> Whitelist:
        fresh = await asyncio.to_thread(reread_if_changed, known)
        if fresh is not known:
            self._tell(known, fresh)
        return fresh

    def _tell(self, known: Whitelist, fresh: Whitelist) -> None:
        if fresh.problems or known.problems:
            diagnostics = [diagnostic(problem) for problem in fresh.problems]
            uri = fresh.path.as_uri()
            self._client.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics)
            )
        for problem in fresh.problems:
            self._log(types.MessageType.Error, problem.sentence)
        if known.problems and not fresh.problems:
            self._log(types.MessageType.Info, f"{fresh.path.name} is in order again.")

    def _log(self, kind: types.MessageType, sentence: str) -> None:
        self._client.window_log_message(types.LogMessageParams(type=kind, message=sentence))
