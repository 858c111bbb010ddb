"""The editor, as far as what is asked for needs it: its documents, and what a person is shown and asked.

Every wait for it has a deadline, and one that does not answer is one that cannot.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextvars import Context
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from hybrid_lsp.core.errors import fault_told
from hybrid_lsp.frontends.lsp.abilities import Abilities
from hybrid_lsp.frontends.lsp.documents import Document, Documents
from hybrid_lsp.frontends.lsp.entrance import Entrance
from hybrid_lsp.frontends.lsp.folders import Folders, Place
from hybrid_lsp.frontends.lsp.wire import wire_of

log = logging.getLogger(__name__)

CLIENT_TIMEOUT_S = 10.0
"""How long an answer of the editor itself is waited for."""
PERSON_TIMEOUT_S = 600.0
"""How long a person's answer is waited for."""
INPUT_REQUEST = "hybrid-lsp/input"
"""Sent to clients that say `{"input": true}` in their initialization options: `{prompt}`, answered by `{value}`."""
SHOWN_CHARS = 1500
"""How much of a text a message holds."""


class Editor:
    """One client, its open documents, and what may be seen of them."""

    def __init__(self, server: LanguageServer, folders: Folders, entrance: Entrance) -> None:
        self.server = server
        self.abilities = Abilities()
        """Known from `initialize` on."""
        self._folders = folders
        self._entrance = entrance
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def documents(self) -> Documents:
        """What is open."""
        return wire_of(self.server).documents

    def place(self, document: Document) -> Place:
        """Return where a document, or the notebook of a cell, lies in its folder, or by whose rules it may leave."""
        return self._folders.place_to_ask(document.handle, document.notebook or document.uri)

    async def may_be_seen(self, document: Document) -> bool:
        """Say whether a model may see a document."""
        return await self._entrance.may_be_seen(document.handle)

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Show a person a message."""
        kind = types.MessageType.Warning if warning else types.MessageType.Info
        text = sentence if len(sentence) <= SHOWN_CHARS else f"{sentence[: SHOWN_CHARS - 2].rstrip()} …"
        self.server.window_show_message(types.ShowMessageParams(type=kind, message=text))

    async def choose(self, question: str, options: Sequence[str]) -> str | None:
        """Ask a person, and return what they chose; empty when that is nothing, None when they could not be asked."""
        params = types.ShowMessageRequestParams(
            type=types.MessageType.Info, message=question, actions=[types.MessageActionItem(title=o) for o in options]
        )
        try:
            async with asyncio.timeout(PERSON_TIMEOUT_S):
                chosen = await self.server.window_show_message_request_async(params)
        except (TimeoutError, JsonRpcException) as error:
            log.info("a person could not be asked: %s", type(error).__name__)
            return None
        return chosen.title if chosen is not None and chosen.title in options else ""

    async def words(self, prompt: str) -> str:
        """Ask a person for a line of their own; empty when they gave none, or could not be asked."""
        if not self.abilities.asks_for_words:
            return ""
        asked = self.server.protocol.send_request_async(INPUT_REQUEST, {"prompt": prompt})
        told = await self._answered(asked, PERSON_TIMEOUT_S)
        value = told.get("value") if isinstance(told, dict) else None
        return value.strip() if isinstance(value, str) else ""

    async def open(self, uri: str, *, outside: bool = False) -> bool:
        """Open a document beside the person's own, or in the browser; False when the editor did not."""
        if not self.abilities.shows_documents:
            return False
        params = types.ShowDocumentParams(uri=uri, external=outside, take_focus=True)
        shown = await self._answered(self.server.window_show_document_async(params), CLIENT_TIMEOUT_S)
        return bool(getattr(shown, "success", False))

    async def apply(self, edit: types.WorkspaceEdit, label: str) -> bool | None:
        """Have the editor apply an edit, after it has asked its person where it does so.

        False when the person said no; None when the editor could not, or did not say.
        """
        params = types.ApplyWorkspaceEditParams(edit=edit, label=label)
        result = await self._answered(self.server.workspace_apply_edit_async(params), PERSON_TIMEOUT_S)
        applied = getattr(result, "applied", None)
        return None if not applied and getattr(result, "failure_reason", None) else applied

    def underline(self, document: Document, diagnostics: Sequence[types.Diagnostic]) -> None:
        """Publish everything that we have to say of a document's lines; nothing when the list is empty."""
        params = types.PublishDiagnosticsParams(
            uri=document.uri, version=document.version, diagnostics=list(diagnostics)
        )
        self.server.text_document_publish_diagnostics(params)

    def start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Do something that no request waits for."""
        task = asyncio.get_running_loop().create_task(work, context=Context())  # of no request
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something in the background has failed: %s", fault_told(error))

    async def _answered(self, asked: Coroutine[Any, Any, Any], timeout_s: float) -> Any:
        try:
            async with asyncio.timeout(timeout_s):
                return await asked
        except (TimeoutError, JsonRpcException) as error:
            log.info("the editor did not do what it was asked: %s", type(error).__name__)
            return None
