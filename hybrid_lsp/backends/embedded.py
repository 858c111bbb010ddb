"""The model that we ship, as a model for ghost text."""

from hybrid_lsp.core.job import Excerpt, Suggestion
from hybrid_lsp.embedded.model import EmbeddedModel


class EmbeddedBackend:
    """Answers in a few milliseconds at most, in this process, so it is called where it stands."""

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """See `completer.InlineModel`."""
        return self._model.suggest(excerpt, doubt=doubt)
