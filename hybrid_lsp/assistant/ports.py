"""What the assistant needs of the house around it. The outer rooms satisfy these; `cli` connects them."""

import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from hybrid_lsp.core.cached import Entry, Key
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.policy import Decision, Policy
from hybrid_lsp.core.price import Price
from hybrid_lsp.core.record import Denied, Record, Reservation
from hybrid_lsp.core.redact import Rules
from hybrid_lsp.core.router import Plan, Step
from hybrid_lsp.core.stream import ChatPrompt, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds for one job, taken once before anything is asked."""

    plan: Plan
    policy: Policy
    decisions: tuple[Decision, ...]
    """What the policy said of this kind of work and of this file; each cloud step adds its host's."""
    workspace: str
    """The folder's own name, for the ledger; never its path."""
    rules: Rules
    """What is taken out before a cloud step."""
    baseline: Model | None = None
    baseline_price: Price | None = None
    """The model that savings are told against; its price, where it is known."""
    advice: frozenset[str] = frozenset()
    """Checks that have refused good work too often: they are heard, and refuse nothing."""
    evidence: bool = False
    """Whether tests and examples may be run: the person's setting, in a workspace that they trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What goes with a question to the cloud: who allowed it, and what holds its money."""

    decisions: tuple[Decision, ...]
    reservation: Reservation
    redactions: int
    went: Callable[[int], None]
    """Told how many bytes leave, with each attempt, as they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The document that a job is about, as it stood when the job was made. Stays on this machine."""

    text: str = field(repr=False)
    r"""All of it; lines end in `\n`."""
    is_cell: bool = False
    """Whether it is a cell of a notebook: no test of a file says anything about it."""
    elsewhere: str = field(default="", repr=False)
    """What defines names for it besides: the other cells of its notebook."""

    def is_named_elsewhere(self, name: str) -> bool:
        """Say whether a name stands in what defines names for it besides."""
        return (
            name in self.elsewhere and re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", self.elsewhere) is not None
        )

    def with_focus(self, job: Job, focus: str) -> str:
        """Return the text with the job's focus replaced."""
        above, below = self.around(job)
        return above + focus + below

    def around(self, job: Job) -> tuple[str, str]:
        """Return the text before the job's focus, and the text after it."""
        excerpt = job.excerpt
        start = _offset(self.text, excerpt.line) + len(excerpt.prefix)
        return self.text[:start], self.text[start + len(excerpt.focus) :]


class Desk(Protocol):
    """Who decides: policy, profile, budget, models and prices put together."""

    async def standing(self, job: Job) -> Standing:
        """Return what holds for a job now. Raises `HybridError` when it cannot be said."""
        ...

    def held(self, model: Model) -> Price | None:
        """Return the price that a cloud model's worst case is held at; None when it is not known."""
        ...

    def charged(self, model: Model) -> Price | None:
        """Return the price that a cloud model's usage is settled with; None when it is not known."""
        ...


class Models(Protocol):
    """Whom the steps of a plan ask."""

    def ask_local(
        self, model: Model, prompt: ChatPrompt, *, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """Ask a model of this machine. Raises `HybridError`, before the first piece or after some."""
        ...

    def ask_cloud(
        self, step: Step, prompt: ChatPrompt, *, job: str, leave: Pass, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """Ask a cloud model. Raises `HybridError`; a `Trouble` says whether it may be billed all the same."""
        ...


class Money(Protocol):
    """The ledger."""

    async def reserve(
        self, *, job: str, model: str, worst_usd: Decimal, lease_s: float, task: Task, workspace: str, backend: str
    ) -> Reservation | Denied:
        """Hold money for one attempt, or say why not. What it is for is told, should nobody ever settle it."""
        ...

    async def settle(self, reservation: Reservation, record: Record) -> None:
        """Put what was really used in the place of what was held."""
        ...

    def record(self, record: Record) -> None:
        """Remember an attempt that cost nothing; returns at once."""
        ...


class Answers(Protocol):
    """The cache."""

    async def get(self, key: Key) -> Entry | None:
        """Return the answer to exactly this question."""
        ...

    async def put(self, key: Key, entry: Entry) -> None:
        """Keep an answer."""
        ...


class Checks(Protocol):
    """What can be said of a text without asking a model."""

    async def faults(self, text: str, language: str, lines: range) -> int | None:
        """Return how many syntax errors a whole file has; None where no grammar can say.

        What a grammar lets pass is looked for below `lines` only.
        """
        ...

    async def names(self, before: str, after: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names that a file uses anew and nothing defines, and those whose definition it has lost."""
        ...

    async def evidence(self, job: Job, before: str, after: str) -> tuple[Verdict, ...]:
        """Run the examples and tests near a change, in a sandbox; nothing where there are none or no sandbox."""
        ...


Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""


def _offset(text: str, line: int) -> int:
    at = 0
    for _ in range(line):
        at = text.index("\n", at) + 1
    return at
