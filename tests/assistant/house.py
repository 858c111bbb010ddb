"""A house around the assistant: models that follow a script, money in memory, a clock that stands still."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

from hybrid_lsp.assistant import Assistant, Outcome, Whole
from hybrid_lsp.assistant.events import Event
from hybrid_lsp.assistant.ports import Pass, Standing
from hybrid_lsp.core.budget import Budget
from hybrid_lsp.core.cached import Entry, Key
from hybrid_lsp.core.catalog import Model, Role, Where
from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.errors import HybridError, Refused, Trouble, TroubleKind
from hybrid_lsp.core.job import Job, Task, Wish, cut
from hybrid_lsp.core.policy import Leave, Policy, Send
from hybrid_lsp.core.price import Price, Rates, Tier
from hybrid_lsp.core.profile import BALANCED, Profile
from hybrid_lsp.core.record import Denied, Record, Reservation
from hybrid_lsp.core.redact import Rules
from hybrid_lsp.core.router import Candidate, Step, decide, measure
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason, Piece
from hybrid_lsp.syntax import faults, lost_names, new_names

NOW_MS = 1_800_000_000_000
CODE = "import os\n\n\ndef total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n\n\nprint(total([1]), os.sep)\n"
FIRST, LAST = 4, 8
GOOD = "def total(prices):\n    return sum(prices)"
HARD = "Redesign it, fix the bug. " + "Think of every caller. " * 60
"""Words that make a refactoring explicitly complex, with a prompt over 1000 characters: 0.3 + 0.2 + 0.2."""

LOCAL = Model(
    id="small", backend="ollama", where=Where.LOCAL, roles=(Role.FAST, Role.QUALITY, Role.BEST),
    window_tokens=32_768, max_output_tokens=8192,
)  # fmt: skip
CLOUD = Model(
    id="big", backend="anthropic", where=Where.CLOUD, roles=(Role.STANDARD, Role.PREMIUM), window_tokens=200_000,
    max_output_tokens=8192, host="api.anthropic.com", key_env=("ANTHROPIC_API_KEY",),
)  # fmt: skip
OTHER = replace(CLOUD, id="other", backend="openai", host="api.openai.com")
PRICE = Price(
    model="big",
    tiers=(Tier(above_input_tokens=0, rates=Rates(input_usd=Decimal(3), output_usd=Decimal(15))),),
    source="test",
)
DEAR = replace(PRICE, tiers=(Tier(above_input_tokens=0, rates=Rates(input_usd=Decimal(60), output_usd=Decimal(600))),))
ALL = Policy(
    cloud_apis=frozenset({"anthropic.com", "openai.com"}),
    tasks=frozenset({"reasoning_tasks", "code_review", "architecture_design"}),
)


def fenced(code: str) -> str:
    """Return code as a model wraps it."""
    return f"```python\n{code}\n```"


PLAIN_END = Ending(reason=EndReason.DONE, prompt_tokens=300, output_tokens=40)


@dataclass(slots=True)
class Line:
    """What a model does when it is asked: say these pieces, then end or fail; or wait until it is let go on."""

    say: Sequence[str] = (fenced(GOOD),)
    ending: Ending | None = PLAIN_END
    trouble: HybridError | None = None
    gate: asyncio.Event | None = None
    """Waited for after the first piece."""


def offline(*, may_have_cost: bool = False) -> Line:
    """Return a line of a model that cannot be reached."""
    return Line(say=(), trouble=Trouble(TroubleKind.OFFLINE, "Nobody answers there.", may_have_cost=may_have_cost))


@dataclass(slots=True)
class Models:
    """Models by their ids, each with a script whose last line repeats."""

    scripts: dict[str, list[Line]]
    asked: list[tuple[str, ChatPrompt]] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    closed: int = 0

    def ask_local(
        self, model: Model, prompt: ChatPrompt, *, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See the assistant's ports."""
        assert model.is_local
        return self._say(model, prompt)

    def ask_cloud(
        self, step: Step, prompt: ChatPrompt, *, job: str, leave: Pass, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See the assistant's ports."""
        assert not step.model.is_local
        self.passes.append(leave)
        if not isinstance(self.scripts[step.model.id][0].trouble, Refused):
            leave.went(len(prompt.system) + len(prompt.user))
        return self._say(step.model, prompt)

    async def _say(self, model: Model, prompt: ChatPrompt) -> AsyncGenerator[Piece, None]:
        self.asked.append((model.id, prompt))
        script = self.scripts[model.id]
        line = script.pop(0) if len(script) > 1 else script[0]
        try:
            for i, text in enumerate(line.say):
                yield Piece(text=text)
                if i == 0 and line.gate is not None:
                    await line.gate.wait()
            if line.trouble is not None:
                raise line.trouble
            yield Piece(ending=line.ending)
        finally:
            self.closed += 1


@dataclass(slots=True)
class Money:
    """A ledger in memory, which knows when it was overspent."""

    limit_usd: Decimal = Decimal(50)
    held: dict[str, Reservation] = field(default_factory=dict)
    settled: list[Record] = field(default_factory=list)
    free: list[Record] = field(default_factory=list)
    slow: asyncio.Event | None = None
    """Waited for within each reservation."""
    slow_to_settle: asyncio.Event | None = None
    """Waited for within each settlement."""
    _numbers: "count[int]" = field(default_factory=count)

    @property
    def left_usd(self) -> Decimal:
        """What may still be held."""
        spent = sum((record.cost_usd for record in self.settled), Decimal(0))
        left = self.limit_usd - spent - sum((one.held_usd for one in self.held.values()), Decimal(0))
        assert left >= 0, "overspent"
        return left

    async def reserve(
        self, *, job: str, model: str, worst_usd: Decimal, lease_s: float, task: Task, workspace: str, backend: str
    ) -> Reservation | Denied:
        """See the assistant's ports."""
        if self.slow is not None:
            await self.slow.wait()
        if worst_usd > self.left_usd:
            return Denied(rule="budget.limit", sentence="The month's money is spent.")
        name = str(next(self._numbers))
        self.held[name] = Reservation(
            id=name, job=job, month="2027-01", held_usd=worst_usd, until_ms=NOW_MS + int(lease_s * 1000)
        )
        return self.held[name]

    async def settle(self, reservation: Reservation, record: Record) -> None:
        """See the assistant's ports."""
        await (self.slow_to_settle.wait() if self.slow_to_settle is not None else asyncio.sleep(0))
        assert record.cost_usd <= self.held.pop(reservation.id).held_usd
        self.settled.append(record)

    def record(self, record: Record) -> None:
        """See the assistant's ports."""
        assert record.cost_usd == 0
        self.free.append(record)

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """Origin and status of all that was written down, free rows first."""
        return [(record.origin.value, record.status.value) for record in (*self.free, *self.settled)]


@dataclass(slots=True)
class Answers:
    """A cache in memory."""

    kept: dict[Key, Entry] = field(default_factory=dict)

    async def get(self, key: Key) -> Entry | None:
        """See the assistant's ports."""
        return self.kept.get(key)

    async def put(self, key: Key, entry: Entry) -> None:
        """See the assistant's ports."""
        self.kept[key] = entry


@dataclass(slots=True)
class Checks:
    """The real floor, and evidence that says what it is told to."""

    says: tuple[Verdict, ...] = ()
    gathered: int = 0
    broken: bool = False
    slow: asyncio.Event | None = None
    """Waited for while evidence is gathered."""

    async def faults(self, text: str, language: str, lines: range) -> int | None:
        """See the assistant's ports."""
        if self.broken:
            raise ValueError(text)  # as a library may quote what it could not read
        return faults(text, language, deadline=time.monotonic() + 5, lines=lines)

    async def names(self, before: str, after: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """See the assistant's ports."""
        return new_names(before, after, language), lost_names(before, after, language)

    async def evidence(self, job: Job, before: str, after: str) -> tuple[Verdict, ...]:
        """See the assistant's ports."""
        self.gathered += 1
        if self.slow is not None:
            await self.slow.wait()
        return self.says


@dataclass(slots=True)
class House:
    """Everything around the assistant, and the assistant in it."""

    models: Models
    money: Money = field(default_factory=Money)
    answers: Answers = field(default_factory=Answers)
    checks: Checks = field(default_factory=Checks)
    policy: Policy = ALL
    profile: Profile = BALANCED
    local: tuple[Model, ...] = (LOCAL,)
    cloud: tuple[Model, ...] = (CLOUD,)
    evidence: bool = False
    advice: frozenset[str] = frozenset()
    price: Price = PRICE
    rules: Rules = field(default_factory=lambda: Rules.of()[0])
    assistant: Assistant = field(init=False)

    def __post_init__(self) -> None:
        self.assistant = Assistant(
            desk=self, models=self.models, money=self.money, answers=self.answers, checks=self.checks,
            clock_ms=lambda: NOW_MS,
        )  # fmt: skip

    async def standing(self, job: Job) -> Standing:
        """See the assistant's ports: the real router decides."""
        plan = decide(
            job, assess(job.prompt, job.context), size=measure(job), policy=self.policy, profile=self.profile,
            budget=Budget(month="2027-01", limit_usd=self.money.left_usd),
            local=[Candidate(model=model) for model in self.local],
            cloud=[Candidate(model=model, price=self.price) for model in self.cloud],
        )  # fmt: skip
        decisions = (self.policy.decide(Leave(job.task)), self.policy.decide(Send(job.excerpt.path)))
        return Standing(
            plan=plan, policy=self.policy, decisions=decisions, workspace="w", rules=self.rules, baseline=CLOUD,
            baseline_price=PRICE, evidence=self.evidence, advice=self.advice,
        )  # fmt: skip

    def held(self, model: Model) -> Price | None:
        """See the assistant's ports."""
        return self.price

    def charged(self, model: Model) -> Price | None:
        """See the assistant's ports."""
        return self.price

    async def ask(
        self, asked: Job, *, events: list[Event] | None = None, fresh: bool = False, whole: Whole | None = None
    ) -> Outcome:
        """Ask, and note what happens meanwhile."""
        return await self.assistant.run(
            asked, whole or Whole(text=CODE), tell=None if events is None else events.append, fresh=fresh
        )


def house(*, small: Sequence[Line] = (Line(),), big: Sequence[Line] = (Line(),), **more: object) -> House:
    """Build a house whose local model and cloud model follow these scripts."""
    scripts = {"small": list(small), "big": list(big), "other": list(big)}
    return House(models=Models(scripts), **more)  # type: ignore[arg-type]


def job(
    task: Task = Task.REFACTOR, *, instruction: str = "", wish: Wish = Wish.ANY, deliberate: bool = True,
    cap: Decimal | None = None, code: str = CODE,
) -> Job:  # fmt: skip
    """Return a job on the function in the middle of the file."""
    excerpt = cut(code, FIRST, LAST, path="shop/total.py", language="python")
    return Job(
        id="job-1", task=task, excerpt=excerpt, instruction=instruction, deliberate=deliberate, wish=wish,
        cost_cap_usd=cap,
    )  # fmt: skip
