"""Evidence: whether what passed before an edit still passes with it. The second kind of check, and it runs the code.

Rules:
1. Only when somebody asks for it: whoever calls has made sure that the workspace is trusted and evidence switched on.
2. Only in a sandbox, on a copy. Where there is none, nothing is run and nothing is claimed.
3. Only what is near: the examples of what was changed and of what uses it, and a few test files.
4. A verdict says how many, never which, and holds no text of a file.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.policy.paths import leads_out
from hybrid_lsp.evidence.compare import Comparison, Suite
from hybrid_lsp.evidence.sandbox import Sandbox
from hybrid_lsp.evidence.suites import Change, suites_for
from hybrid_lsp.evidence.symbols import changed_lines

__all__ = ["Evidence", "Sandbox"]

log = logging.getLogger(__name__)

DEADLINE_S = 10.0
LANGUAGES = frozenset({"python", "javascript", "javascriptreact", "typescript", "typescriptreact"})
"""By the names that editors give them."""
_LOOKING_SHARE = 0.2
"""Of the time, for finding out what is near."""
_AT_ONCE = 2
_RESERVE_S = 0.3
"""For a sandbox to begin and to end."""


class Evidence:
    """Gathers evidence for or against edits."""

    def __init__(self, *, sandbox: Sandbox, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds from any moment on."""
        self._sandbox, self._clock = sandbox, clock
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def gather(
        self,
        *,
        root: Path,
        path: str,
        before: str,
        after: str,
        first_line: int,
        last_line: int,
        language: str,
        deadline_s: float = DEADLINE_S,
    ) -> tuple[Verdict, ...]:
        """Return what examples ("doctest") and tests ("tests") say of an edit that turns `before` into `after`.

        `path` is the file's, relative to the workspace folder `root`, with `/`; the texts are whole files, with plain
        line ends. The lines, from 0 on and both included, are those of `before` that the edit may change. Empty where
        there is nothing to run, nothing that passed before, no sandbox, or not enough time. Never raises for what a
        workspace holds; cancelling ends all that runs at once.
        """
        late_at_s = self._clock() + deadline_s
        if language not in LANGUAGES or before == after or leads_out(path):
            return ()
        if not await asyncio.to_thread(self._sandbox.available):
            return ()
        found: dict[str, Verdict] = {}

        def remaining_s() -> float:
            return late_at_s - self._clock() - _RESERVE_S

        async def ask(suite: Suite) -> None:
            verdict = await Comparison(suite, self._sandbox, remaining_s).verdict(before, after)
            if verdict is not None:
                found[suite.name] = verdict

        try:
            async with asyncio.timeout(deadline_s), self._turns:
                looked_at_s = self._clock() + _LOOKING_SHARE * remaining_s()
                lines = _lines(before, after, first_line, last_line)
                change = Change(root=root, path=path, before=before, lines=lines)
                suites = await asyncio.to_thread(
                    suites_for, change, language, is_late=lambda: self._clock() > looked_at_s
                )
                async with asyncio.TaskGroup() as group:
                    for suite in suites:
                        group.create_task(ask(suite))
        except TimeoutError:
            log.info("evidence was not all there in time")
        return tuple(found[name] for name in sorted(found))


def _lines(before: str, after: str, first_line: int, last_line: int) -> tuple[int, int]:
    """Return the lines that were really changed, within those that may be."""
    first, last = changed_lines(before, after)
    first = min(max(first, first_line), max(last_line, first_line))
    return first, max(first, min(last, last_line))
