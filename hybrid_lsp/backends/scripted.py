"""A model that answers from a playbook, for tests of everything around a model."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hybrid_lsp.core.job import Excerpt, Source, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the playbook: what to answer, once the cursor's line reads `when` up to the cursor."""

    when: str
    say: str | None = None
    """None: nothing to offer."""
    fail: bool = False
    wait: asyncio.Event | None = None
    """Answer only after this is set."""


@dataclass(slots=True)
class ScriptedBackend:
    """Answers each request by the first line of its playbook that fits, and keeps what it was asked."""

    playbook: Sequence[Line] = ()
    asked: list[tuple[str, float]] = field(default_factory=list)
    """What stood left of the cursor and how much doubt came with it, one entry a request."""

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """Return what the playbook says for this cursor; raise where it says so."""
        self.asked.append((excerpt.prefix, round(doubt, 3)))
        line = next((line for line in self.playbook if line.when == excerpt.prefix), Line(when=excerpt.prefix))
        if line.wait is not None:
            await line.wait.wait()
        if line.fail:
            raise RuntimeError("the playbook says so")
        return Suggestion(text=line.say, source=Source.SCRIPTED) if line.say else None
