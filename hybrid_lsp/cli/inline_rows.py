"""Ghost text in the ledger: what was shown, from where, how fast, and whether it was taken. No text, and no waiting."""

import secrets
from collections.abc import Callable

from hybrid_lsp.cli.clock import now_ms
from hybrid_lsp.cli.later import Later
from hybrid_lsp.core.job import Excerpt, Source, Suggestion, Task
from hybrid_lsp.core.record import Origin, Record

_ORIGINS = {
    Source.EMBEDDED: Origin.EMBEDDED,
    Source.LOCAL: Origin.LOCAL,
    Source.MEMORY: Origin.CACHE,
    Source.SCRIPTED: Origin.LOCAL,
}


class InlineRows:
    """See `completer.ports.Rows`. What is shown before the ledger is open is not remembered."""

    def __init__(self, later: Later, workspace: Callable[[int], str]) -> None:
        """`workspace` returns the name of a folder by its handle."""
        self._later, self._workspace = later, workspace
        self._session = secrets.token_hex(6)

    def shown(self, offer: int, excerpt: Excerpt, suggestion: Suggestion, *, latency_ms: int) -> None:
        """See `completer.ports.Rows`."""
        origin = _ORIGINS[suggestion.source]
        self._later.record(
            Record(
                job=self._job(offer),
                at_ms=now_ms(),
                workspace=self._workspace(excerpt.workspace),
                task=Task.INLINE,
                origin=origin,
                backend=origin.value,
                model=suggestion.origin if suggestion.source is Source.LOCAL else "",
                latency_ms=latency_ms,
                language=excerpt.language,
            )
        )

    def accepted(self, offer: int) -> None:
        """See `completer.ports.Rows`."""
        self._later.marked(self._job(offer), accepted=True)

    def _job(self, offer: int) -> str:
        return f"inline-{self._session}-{offer}"
