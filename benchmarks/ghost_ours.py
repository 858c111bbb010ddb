"""The completer that ships, in front of the simulated server: everything but the wire, on the loop's own clock."""

from benchmarks.simulated_editor import Item
from benchmarks.simulated_server import SimulatedServer
from hybrid_lsp.completer import Completer
from hybrid_lsp.completer.ports import StreamingModel
from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.core.job import Excerpt, Suggestion
from hybrid_lsp.embedded.folder import FolderModel
from hybrid_lsp.embedded.scoring import shipped_weights


class Silent:
    """A shipped model that never has anything to say, so that only the streaming one is measured."""

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """Return None."""
        return None


class Shipped:
    """The model that we ship, over the file that is typed in."""

    def __init__(self) -> None:
        self._model = FolderModel(shipped_weights())
        self._known = False

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """See `completer.ports.InlineModel`."""
        if not self._known:
            self._model.open_page(excerpt.document, excerpt.path, f"{excerpt.before}{excerpt.after}")
            self._known = True
        return self._model.suggest(excerpt, doubt)


class OneModel:
    """There is one streaming model, and it stays whatever happens to it."""

    def __init__(self, server: SimulatedServer) -> None:
        self._server = server
        self.failures = 0

    def current(self) -> StreamingModel | None:
        """Return the simulated server."""
        return self._server

    def failed(self, model: StreamingModel, trouble: Trouble) -> None:
        """Count it."""
        self.failures += 1

    def answered(self) -> None:
        """Nothing."""


class Ours:
    """`hybrid_lsp.completer.Completer`, driven as the LSP frontend drives it. Shows one line, as the others do."""

    def __init__(self, server: SimulatedServer, *, with_shipped: bool = False) -> None:
        self.completer = Completer(Shipped() if with_shipped else Silent(), models=OneModel(server))

    def edited(self, excerpt: Excerpt, next_gap_s: float) -> None:
        """Tell it of a change, as didChange does."""
        self.completer.superseded(excerpt.document)

    async def ask(self, excerpt: Excerpt) -> Item | None:
        """Return what it offers."""
        offer = await self.completer.complete(excerpt)
        if offer is None:
            return None
        return Item(text=offer.suggestion.text, replaces=offer.suggestion.replaces, id=offer.id)

    def accepted(self, item: Item) -> None:
        """Report it, as the command on the item does."""
        self.completer.accepted(item.id)
