"""What somebody asked for: plan, hold, ask, check, escalate or fall back, settle, reply.

Rules:
1. A plan is walked from its first step. A step that cannot answer gives way to the next one as long as nothing was
   billed, and to one of this machine after that: at most one paid answer is ever asked for.
2. An answer that does not pass its check is not shown. A local one that was to be checked gives way to the cloud step
   that the plan has for it; anything else ends there, and says so. Nobody pays twice for the same question.
3. The same question asked twice at once is one call. It ends when the last one who waits for it has gone.
4. Nothing that goes wrong is swallowed: it is a sentence for who asked, or a fault that is logged by the job's id.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from hybrid_lsp.assistant.attempt import Attempt, Tried
from hybrid_lsp.assistant.events import Begun, Event, Failure, Left, Outcome, Unfit
from hybrid_lsp.assistant.ports import Answers, Checks, Clock, Desk, Models, Money, Standing, Whole
from hybrid_lsp.assistant.reaching import Reaching
from hybrid_lsp.core.errors import HybridError, fault_told
from hybrid_lsp.core.history import NEVER_ADVICE
from hybrid_lsp.core.job import Job, Task
from hybrid_lsp.core.money import told as dollars
from hybrid_lsp.core.record import Basis
from hybrid_lsp.core.reply import Reply
from hybrid_lsp.core.router import Plan, Step, When

__all__ = ["Assistant", "Failure", "Outcome", "Whole"]

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 5.0
_FOR_NOW = frozenset({"budget.floor", "budget.limit", "budget.blocked", "circuit"})
"""Rules that keep a model from being asked today; any other day it would be."""
_NOTHING_PAID = Tried()
_FAULT = "Something went wrong here, and it is in the log; please report it."

Tell = Callable[[Event], None]


@dataclass(slots=True, eq=False)
class _Call:
    """One question under way, and those who wait for it."""

    task: "asyncio.Task[Outcome]" = field(init=False)
    listeners: list[Tell] = field(default_factory=list)
    begun: Begun | None = None
    """The step that is being asked, for who comes to it later."""

    def tell(self, event: Event) -> None:
        """Pass an event on to everybody who waits."""
        if isinstance(event, Begun):
            self.begun = event
        for listener in tuple(self.listeners):
            listener(event)

    def join(self, listener: Tell) -> None:
        """Let one more wait. Who comes late hears first which step is being asked."""
        self.listeners.append(listener)
        if self.begun is not None:
            listener(self.begun)


class Assistant:
    """Walks the plan of each job."""

    def __init__(
        self, *, desk: Desk, models: Models, money: Money, answers: Answers, checks: Checks, clock_ms: Clock
    ) -> None:
        self._desk = desk
        self._models = models
        self._money = money
        self._answers = answers
        self._checks = checks
        self._clock_ms = clock_ms
        self._calls: dict[str, _Call] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def run(self, job: Job, whole: Whole, *, tell: Tell | None = None, fresh: bool = False) -> Outcome:
        """Return the reply to a job, or why there is none. Never raises but `CancelledError`.

        Args:
            job: What is asked.
            whole: The document that its excerpt is from.
            tell: Is given what happens meanwhile, in order.
            fresh: Whether an answer that was given before does not count.

        Cancelling closes what is under way at once, and settles what was used.
        """
        key = _same(job, fresh=fresh)
        call = self._calls.get(key)
        if call is None:
            call = self._begun(job, whole, key, fresh=fresh)
        listener = tell or _nobody
        call.join(listener)
        try:
            outcome = await asyncio.shield(call.task)
        except asyncio.CancelledError:
            call.listeners.remove(listener)
            if not call.listeners:
                self._forget(key, call)
                call.task.cancel()
                await asyncio.wait((call.task,), timeout=CLOSE_TIMEOUT_S)
            raise
        call.listeners.remove(listener)
        return replace(outcome, job=job) if isinstance(outcome, Reply) else outcome

    async def close(self) -> None:
        """End every call, and wait until all money is settled. The assistant is not used any more afterwards."""
        for call in tuple(self._calls.values()):
            call.task.cancel()
        pending = {call.task for call in self._calls.values()} | self._ending
        if pending:
            await asyncio.wait(pending, timeout=CLOSE_TIMEOUT_S)
        if self._ending:
            await asyncio.wait(set(self._ending), timeout=CLOSE_TIMEOUT_S)

    def _begun(self, job: Job, whole: Whole, key: str, *, fresh: bool) -> _Call:
        call = self._calls[key] = _Call()
        call.task = asyncio.get_running_loop().create_task(self._walked(job, whole, call, fresh=fresh))
        call.task.add_done_callback(lambda _: self._forget(key, call))
        return call

    def _forget(self, key: str, call: _Call) -> None:
        """Let go of a call that ends; the same question may be under way anew."""
        if self._calls.get(key) is call:
            del self._calls[key]

    async def _walked(self, job: Job, whole: Whole, call: _Call, *, fresh: bool) -> Outcome:
        await asyncio.sleep(0)  # whoever asks listens before the first event
        try:
            standing = await self._desk.standing(job)
            return await self._walk(job, whole, standing, call.tell, fresh=fresh)
        except HybridError as error:
            return Failure(sentence=str(error))
        except Exception as error:
            log.error("job %s: %s", job.id, fault_told(error))
            return Failure(sentence=_FAULT)

    async def _walk(self, job: Job, whole: Whole, standing: Standing, tell: Tell, *, fresh: bool) -> Outcome:
        plan = standing.plan
        if not plan.steps:
            return Failure(sentence=_why_none(plan), refusals=plan.refusals)
        reaching = Reaching(job.excerpt.focus, whole.text, job.excerpt.language)
        told = _kept_here(plan)
        at: int | None = 0
        unfit: Unfit | None = None
        paid = _NOTHING_PAID
        while at is not None:
            step = plan.steps[at]
            tell(Begun(step=step, at=at, plan=plan))
            tried = await self._attempt(job, whole, standing, step, tell, fresh=fresh, reaching=reaching).run()
            if tried.judged is not None and not tried.fault:
                return _reply(job, tried, told, paid)
            unfit, paid = _unfit(tried) or unfit, tried if tried.billed else paid
            why = f"{tried.fault}{_cost(tried)}"
            tell(Left(step=step, sentence=why))
            told.append(f"{step.model.id}: {why}")
            at = _next(plan, at, tried)
        return Failure(
            sentence=_ending(told), refusals=plan.refusals, told=tuple(told), unfit=unfit, cost_usd=paid.cost_usd
        )

    def _attempt(
        self, job: Job, whole: Whole, standing: Standing, step: Step, tell: Tell, *, fresh: bool, reaching: Reaching
    ) -> Attempt:
        return Attempt(
            job=job, step=step, whole=whole, standing=standing, desk=self._desk, models=self._models,
            money=self._money, answers=self._answers, checks=self._checks, clock_ms=self._clock_ms, tell=tell,
            later=self._keep_alive, reaching=reaching, fresh=fresh,
        )  # fmt: skip

    def _keep_alive(self, ending: "asyncio.Task[None]") -> None:
        self._ending.add(ending)
        ending.add_done_callback(self._ended)

    def _ended(self, ending: "asyncio.Task[None]") -> None:
        self._ending.discard(ending)
        if not ending.cancelled() and (error := ending.exception()) is not None:
            log.error("what was to end by itself has failed: %s", fault_told(error))


def _next(plan: Plan, at: int, tried: Tried) -> int | None:
    step = plan.steps[at]
    if tried.judged is None and not tried.billed:
        return plan.after(at, When.UNAVAILABLE)
    if tried.judged is not None and step.checked:
        return plan.after(at, When.CHECK_FAILED)
    if tried.judged is None and tried.billed:
        # What broke off was paid for: whoever goes on must cost nothing.
        return next((i for i in range(at + 1, len(plan.steps)) if plan.steps[i].model.is_local), None)
    return None


def _cost(tried: Tried) -> str:
    """What an attempt cost that gave no answer."""
    if not tried.cost_usd:
        return ""
    return f" It cost {dollars(tried.cost_usd)}{' (assumed)' if tried.basis is Basis.ASSUMED else ''}."


def _reply(job: Job, tried: Tried, told: list[str], paid: Tried) -> Reply:
    """`paid`: what was billed before without an answer; after it nothing else is."""
    assert tried.judged is not None
    remarks = (*told, tried.judged.remark) if tried.judged.remark else tuple(told)
    return Reply(
        job=job, text=tried.judged.text, model=tried.model, origin=tried.origin, usage=tried.usage,
        cost_usd=tried.cost_usd + paid.cost_usd, basis=paid.basis if paid.billed else tried.basis, told=tuple(remarks),
    )  # fmt: skip


def _why_none(plan: Plan) -> str:
    return " ".join(dict.fromkeys(refusal.sentence for refusal in plan.refusals)) or "Nobody can be asked."


def _unfit(tried: Tried) -> Unfit | None:
    """A whole edit that a check refused."""
    judged = tried.judged
    if judged is None or not judged.text.strip() or {verdict.name for verdict in judged.faults} & NEVER_ADVICE:
        return None
    return Unfit(text=judged.text, model=tried.model)


def _kept_here(plan: Plan) -> list[str]:
    """Why a job that is for the cloud is answered here today: the first sentence that says so."""
    if any(not step.model.is_local for step in plan.steps):
        return []
    return [refusal.sentence for refusal in plan.refusals if refusal.rule in _FOR_NOW][:1]


def _ending(told: list[str]) -> str:
    return " ".join(("No answer was fit to be shown.", *told))


def _same(job: Job, *, fresh: bool) -> str:
    """What makes two questions the same while one of them is under way. A review speaks of lines by their numbers."""
    excerpt = job.excerpt
    parts = (
        job.task.value, job.instruction, str(job.deliberate), job.wish.value, str(job.cost_cap_usd), str(fresh),
        str(excerpt.workspace), excerpt.path, excerpt.language, excerpt.before, excerpt.focus, excerpt.after,
        str(excerpt.line) if job.task is Task.REVIEW else "", *excerpt.diagnostics,
    )  # fmt: skip
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()


def _nobody(_: Event) -> None:
    """Nobody listens."""
