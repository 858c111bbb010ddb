"""Ghost text: what nobody asked for. Is given models on this machine only, so it has no way out."""

from typing import Protocol

from hybrid_lsp.core.job import Excerpt, Suggestion


class InlineModel(Protocol):
    """A model on this machine that writes ghost text."""

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """Return the best suggestion for the cursor, or None when nothing is good enough.

        `doubt` is added to the model's own threshold: above 0 after suggestions on this line were typed against, below 0
        when a person asked for one.
        """
        ...
