"""Everything that a person can ask for, put together: code actions, hover, commands, and what they share."""

from functools import partial
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from hybrid_lsp.frontends.lsp.abilities import abilities_of
from hybrid_lsp.frontends.lsp.actions import KINDS, Actions
from hybrid_lsp.frontends.lsp.asking import Asking
from hybrid_lsp.frontends.lsp.blocks import Blocks
from hybrid_lsp.frontends.lsp.commands import Commands
from hybrid_lsp.frontends.lsp.delivery import Delivery
from hybrid_lsp.frontends.lsp.documents import Document
from hybrid_lsp.frontends.lsp.editor import Editor
from hybrid_lsp.frontends.lsp.errands import Errands
from hybrid_lsp.frontends.lsp.fates import Fates
from hybrid_lsp.frontends.lsp.findings import Findings
from hybrid_lsp.frontends.lsp.hover import Hovers
from hybrid_lsp.frontends.lsp.offers import Offers
from hybrid_lsp.frontends.lsp.progress import keep_command_tokens
from hybrid_lsp.frontends.lsp.showing import Shelf
from hybrid_lsp.syntax import Trees


class Asked:
    """What is asked for in one session."""

    def __init__(
        self, server: LanguageServer, editor: Editor, asking: Asking, *, answers: Path | None, hover: bool,
        hover_wait_s: float | None,
    ) -> None:  # fmt: skip
        """Register every feature and command with the server.

        `answers` is the folder for answers that are read, `hover` whether explanations are offered where one points,
        `hover_wait_s` how long a look waits for one; None: what suits the editor.
        """
        self.editor, self._asking = editor, asking
        blocks, shelf = Blocks(Trees()), Shelf(editor, answers)
        self.findings, self.fates = Findings(editor), Fates(asking.marked)
        offers, errands = Offers(editor, blocks), Errands(editor, asking)
        self._delivery = delivery = Delivery(editor, shelf, self.findings, self.fates)
        self.hovers = Hovers(editor, asking, blocks, wait_s=hover_wait_s)
        actions = Actions(editor, asking, blocks, offers, errands, delivery, self.findings)
        commands = Commands(editor, asking, offers, errands, delivery, self.hovers, self.findings, shelf)
        kinds: list[types.CodeActionKind | str] = list(KINDS.values())
        options = types.CodeActionOptions(code_action_kinds=kinds, resolve_provider=True)
        server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(partial(actions.listed))
        server.feature(types.CODE_ACTION_RESOLVE)(partial(actions.resolve))
        if hover:
            server.feature(types.TEXT_DOCUMENT_HOVER, types.HoverOptions())(partial(self.hovers.shown))
        for name, command in commands.all().items():
            server.command(name)(partial(command))
        keep_command_tokens(server)

    async def close(self) -> None:
        """End what is under way, and settle it."""
        await self._asking.close()

    def meet(self, params: types.InitializeParams) -> None:
        """Learn what the client can."""
        self.editor.abilities = abilities_of(params.capabilities, params.client_info, params.initialization_options)

    def changed(self, document: Document) -> None:
        """A document was edited."""
        self.findings.changed(document)
        self.fates.changed(document)
        self._delivery.changed()

    def saved(self, uri: str) -> None:
        """A document was saved."""
        self.fates.saved(uri)

    def closed(self, document: Document) -> None:
        """A document was closed."""
        self.findings.closed(document)
        self.fates.closed(document)
