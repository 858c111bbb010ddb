"""The session, made once the editor is there: databases and vendors are not on the way of the server's start."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Job, Wish
from hybrid_lsp.core.money import ZERO

if TYPE_CHECKING:
    from hybrid_lsp.assistant import Outcome, Whole
    from hybrid_lsp.assistant.events import Event
    from hybrid_lsp.cli.session import Session
    from hybrid_lsp.core.record import Record
    from hybrid_lsp.core.router import Plan

log = logging.getLogger(__name__)

SETTLED_S = 3.0
"""How long after the start nobody but a question has the session made."""
MADE_TIMEOUT_S = 15.0
"""How long a question waits for it."""
STARTING = "hybrid-lsp is still starting; ask again in a moment."


class Later:
    """See `frontends.lsp.asking.Asking`: a session that is there a moment after the start."""

    def __init__(self, make: "Callable[[], Session]") -> None:
        """`make` is called in a thread, and imports what it needs there."""
        self._make = make
        self._session: Session | None = None
        self._wish = Wish.ANY
        self._ignored: dict[tuple[Path, str], str] = {}
        """What ignore files say; some of it is found out before the session is there, or just as it comes."""
        self._wanted, self._made = asyncio.Event(), asyncio.Event()

    async def keep(self) -> None:
        """Make the session, and keep it true until cancelled.

        Not in the first seconds, unless somebody asks: making it takes the interpreter from whoever types.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_S):
                await self._wanted.wait()
        session = await asyncio.to_thread(self._make)
        session.wish = self._wish
        session.ignored = self._ignored
        self._session = session
        self._made.set()
        for problem in session.problems:
            log.warning("%s", problem.sentence)
        await session.keep()

    def plan(self, job: Job) -> "Plan":
        """See `Asking`."""
        if self._session is not None:
            return self._session.plan(job)
        self._wanted.set()
        from hybrid_lsp.core.complexity import assess
        from hybrid_lsp.core.router import Plan, Refusal

        return Plan(
            complexity=assess(job.prompt, job.context), steps=(), policy_allowed=False, policy_rule="starting",
            refusals=(Refusal(rule="starting", sentence=STARTING),),
        )  # fmt: skip

    async def ready(self) -> None:
        """See `Asking`."""
        with suppress(Refused):
            await (await self._there()).ready()

    async def _there(self) -> "Session":
        """Return the session once it is there. Raises `Refused` when that takes too long."""
        self._wanted.set()
        if self._session is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(MADE_TIMEOUT_S):
                    await self._made.wait()
        if self._session is None:
            raise Refused(STARTING)
        return self._session

    async def run(
        self, job: Job, whole: "Whole", *, tell: "Callable[[Event], None] | None" = None, fresh: bool = False
    ) -> "Outcome":
        """See `Asking`."""
        from hybrid_lsp.assistant import Failure

        try:
            return await (await self._there()).run(job, whole, tell=tell, fresh=fresh)
        except Refused as refused:
            return Failure(sentence=str(refused))

    async def would_leave(self, job: Job) -> str:
        """See `Asking`."""
        return await (await self._there()).would_leave(job)

    async def spent(self) -> str:
        """See `Asking`."""
        return await (await self._there()).spent()

    async def dashboard(self) -> str:
        """See `Asking`."""
        return await (await self._there()).dashboard()

    async def clear_cache(self) -> int:
        """See `Asking`."""
        return await (await self._there()).clear_cache()

    async def close(self) -> None:
        """See `Asking`."""
        if self._session is not None:
            await self._session.close()

    def marked(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """See `Asking`."""
        if self._session is not None:
            self._session.marked(job, accepted=accepted, survived=survived)

    def record(self, record: "Record") -> None:
        """Remember an attempt that cost nothing; returns at once. Nothing, before the ledger is open."""
        if self._session is not None:
            self._session.record(record)

    def why_excluded(self, root: Path, path: str) -> str:
        """Return which rule of an ignore file excludes a path. Reads the disk."""
        if self._session is not None:
            return self._session.why_excluded(root, path)
        from hybrid_lsp.settings.exclusions import Exclusions

        rule = self._ignored[root, path] = Exclusions(root).why(path)
        return rule

    @property
    def profile(self) -> str:
        """See `Asking`."""
        return "" if self._session is None else self._session.profile

    def switch_profile(self, name: str) -> str:
        """See `Asking`."""
        if self._session is None:
            raise Refused(STARTING)
        return self._session.switch_profile(name)

    @property
    def wish(self) -> Wish:
        """See `Asking`."""
        return self._wish if self._session is None else self._session.wish

    @wish.setter
    def wish(self, wish: Wish) -> None:
        self._wish = wish
        if self._session is not None:
            self._session.wish = wish

    @property
    def left_usd(self) -> Decimal:
        """See `Asking`."""
        return ZERO if self._session is None else self._session.left_usd
