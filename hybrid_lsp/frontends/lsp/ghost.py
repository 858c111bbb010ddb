"""Ghost text on the wire: the request, and the commands around it.

What cannot be had is an empty list, never an error: several editors put up a notification for each failed request.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from hybrid_lsp.completer import Completer
from hybrid_lsp.completer.ports import State, StateKind
from hybrid_lsp.frontends.lsp.convert import ACCEPT_COMMAND, excerpt_at, excerpt_with_selected, inline_item
from hybrid_lsp.frontends.lsp.decode import no_argument
from hybrid_lsp.frontends.lsp.documents import Documents
from hybrid_lsp.frontends.lsp.entrance import Entrance
from hybrid_lsp.frontends.lsp.folders import Folders

PAUSE_COMMAND, RESUME_COMMAND = "hybrid-lsp.pause", "hybrid-lsp.resume"
RETRIGGER_COMMAND = "hybrid-lsp.retrigger"


class Ghost:
    """The ghost text of one session, towards the client."""

    def __init__(
        self, completer: Completer, documents: Documents, folders: Folders, entrance: Entrance,
        tell: Callable[[State], None],
    ) -> None:  # fmt: skip
        self._completer, self._documents, self._folders, self._entrance = completer, documents, folders, entrance
        self._tell = tell

    def register(self, server: LanguageServer) -> None:
        """Offer it. pygls writes on what it is given, which a bound method does not bear: hence each `partial`."""
        server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(partial(self.offered))
        server.command(ACCEPT_COMMAND)(partial(self.accept))
        server.command(PAUSE_COMMAND)(partial(self.pause))
        server.command(RESUME_COMMAND)(partial(self.resume))
        server.command(RETRIGGER_COMMAND)(partial(self.retrigger))

    async def offered(self, params: types.InlineCompletionParams) -> types.InlineCompletionList:
        """Return at most one item, for the text as it stood when it was asked for."""
        document = self._documents.get(params.text_document.uri)
        if document is None:
            return types.InlineCompletionList(items=[])
        place = self._folders.place(document.notebook or document.uri)
        selected = _selected_entry(params)
        if selected is None:
            excerpt = excerpt_at(document, place, params.position)
            start, typed = None, ""
        else:
            start, typed = selected.range.start, selected.text
            excerpt = excerpt_with_selected(document, place, params.position, typed, start)
        if not await self._entrance.may_be_seen(document.handle):
            return types.InlineCompletionList(items=[])
        if document.version != excerpt.version:
            raise asyncio.CancelledError("the text moved on while it was found out whether it may be seen")
        asked_for = params.context.trigger_kind is types.InlineCompletionTriggerKind.Invoked
        offer = await self._completer.complete(excerpt, asked_for=asked_for)
        if offer is None:
            return types.InlineCompletionList(items=[])
        return types.InlineCompletionList(items=[inline_item(document, excerpt, offer, start, typed)])

    async def accept(self, about: Any = None) -> None:
        """Remember that an item was taken."""
        number = about.get("id") if isinstance(about, dict) else None
        if isinstance(number, int):
            self._completer.accepted(number)

    async def pause(self, *arguments: Any) -> None:
        """Offer nothing until `resume`."""
        no_argument(arguments)
        self._completer.is_paused = True
        self._completer.slot.close()
        self._tell(State(kind=StateKind.PAUSED, sentence=f"Ghost text is paused; {RESUME_COMMAND} brings it back."))

    async def resume(self, *arguments: Any) -> None:
        """Go on."""
        no_argument(arguments)
        self._completer.is_paused = False
        self._tell(State(kind=StateKind.READY, sentence="Ghost text is back."))

    async def retrigger(self, *arguments: Any) -> None:
        """Forget what was said, so that the next request asks anew."""
        no_argument(arguments)
        for document in self._documents:
            self._completer.forget(document.handle)


def _selected_entry(params: types.InlineCompletionParams) -> types.SelectedCompletionInfo | None:
    """Return the entry selected in the editor's pop-up.

    Neovim sends a visual selection in its place; only a range of one line that ends at the cursor can be an entry.
    """
    selected = params.context.selected_completion_info
    if selected is None or "\n" in selected.text:
        return None
    at_cursor = selected.range.end == params.position and selected.range.start.line == params.position.line
    return selected if at_cursor else None
