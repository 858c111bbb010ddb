"""What the editor's side needs of whoever answers what a person asks for. `cli` connects it."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from hybrid_lsp.core.job import Job, Wish

if TYPE_CHECKING:
    # Imported with the first question: it is not on the way of the server's start.
    from hybrid_lsp.assistant import Outcome, Whole
    from hybrid_lsp.assistant.events import Event
    from hybrid_lsp.core.router import Plan


class Asking(Protocol):
    """The assistant, and what is known around it without asking anybody."""

    def plan(self, job: Job) -> "Plan":
        """Return what would be tried for a job, by what is known now. Waits for nothing, and takes less than 1 ms."""
        ...

    async def ready(self) -> None:
        """Wait until it is known who can be asked and what is left; a few seconds after the start, with a deadline."""
        ...

    async def run(
        self, job: Job, whole: "Whole", *, tell: "Callable[[Event], None] | None" = None, fresh: bool = False
    ) -> "Outcome":
        """Ask; see `assistant.Assistant.run`. Cancelling closes what is under way and settles it."""
        ...

    async def would_leave(self, job: Job) -> str:
        """Return, as Markdown, the very text that the first cloud step would send, its secrets taken out."""
        ...

    async def spent(self) -> str:
        """Return this month's money as Markdown."""
        ...

    async def dashboard(self) -> str:
        """Return this month and the last thirty days as one page of HTML. Raises `Refused` without a ledger."""
        ...

    async def clear_cache(self) -> int:
        """Forget every answer that is kept, in all windows, and return how many there were."""
        ...

    def marked(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """Remember what became of an answer; returns at once."""
        ...

    async def close(self) -> None:
        """End what is under way, settle it, and write down what is left to write. Nothing is asked afterwards."""
        ...

    @property
    def profile(self) -> str:
        """The name of the profile in force."""
        ...

    def switch_profile(self, name: str) -> str:
        """Put a profile in force for this session, and return a sentence that says so. Raises `Refused`."""
        ...

    wish: Wish
    """Where everything that is asked for in this session shall go."""

    @property
    def left_usd(self) -> Decimal:
        """What is left of the month, as it was last read."""
        ...
