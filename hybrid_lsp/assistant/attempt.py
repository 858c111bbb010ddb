"""One step of a plan, asked once: redact, look into the cache, hold money, stream, check, settle.

Rules:
1. Money is held before anything is sent, by the bytes that are sent; a hold always ends settled, whoever cancels when.
2. What a vendor reports is charged. Where it reports nothing, what went out and came in is, rounded against us, and
   what a model that thinks can have thought meanwhile.
3. Only an answer that has passed its checks is kept.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import ceil

from hybrid_lsp.assistant.events import Checked, Event, Said
from hybrid_lsp.assistant.judge import Judged, judge
from hybrid_lsp.assistant.ports import Answers, Checks, Clock, Desk, Models, Money, Pass, Standing, Whole
from hybrid_lsp.assistant.reaching import Reaching
from hybrid_lsp.assistant.words import words_to_leave
from hybrid_lsp.core.cached import Entry, Key
from hybrid_lsp.core.chat import EDITING, chat_prompt
from hybrid_lsp.core.errors import HybridError, Refused, Trouble
from hybrid_lsp.core.history import size_band
from hybrid_lsp.core.job import Job
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.policy import Ask
from hybrid_lsp.core.price import Price, Usage
from hybrid_lsp.core.record import Basis, Denied, Origin, Record, Reservation, Status
from hybrid_lsp.core.redact import Redacted, Restorer, restore
from hybrid_lsp.core.reply import well_formed
from hybrid_lsp.core.router import Step
from hybrid_lsp.core.stream import ChatPrompt, Ending, EndReason, Piece
from hybrid_lsp.core.tokens import Tally

log = logging.getLogger(__name__)

STEP_TIMEOUT_S = 180.0
"""For one whole answer."""
LEASE_S = STEP_TIMEOUT_S + 120.0
WRAPPING_BYTES = 512
"""For what a vendor puts around messages; a plan's worst case has room for it and for our instructions."""
MOST_THOUGHTS_A_S = 1000
"""Tokens: no vendor's model that thinks is faster."""
_PLAIN = Redacted(text="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a step."""

    judged: Judged | None = None
    """None: it gave no answer."""
    fault: str = ""
    """Why its answer is not shown, or why there is none, in one sentence; empty when it is fit."""
    billed: bool = False
    """Whether it has cost money, or may have."""
    origin: Origin = Origin.LOCAL
    model: str = ""
    usage: Usage | None = None
    cost_usd: Decimal = ZERO
    basis: Basis = Basis.FREE


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One step under way."""

    job: Job
    step: Step
    whole: Whole
    standing: Standing
    desk: Desk
    models: Models
    money: Money
    answers: Answers
    checks: Checks
    clock_ms: Clock
    tell: Callable[[Event], None]
    later: Callable[[asyncio.Task[None]], None]
    """Keeps a task alive to its end, although nobody waits for it any more."""
    reaching: Reaching
    fresh: bool = False
    """Whether an answer that is kept does not count."""
    began_ms: int = 0
    first_ms: int | None = None
    thinks_from_s: float | None = None
    thinks_until_s: float | None = None
    """From when something has left until the first word, as moments of the event loop."""
    left_bytes: int = 0
    """Of this machine, by all that was sent of the question."""
    words: list[str] = field(default_factory=list)
    ending: Ending | None = None
    redacted: Redacted = _PLAIN

    async def run(self) -> Tried:
        """Ask, and return what became of it. Cancelling closes the stream, and settles what was used."""
        self.began_ms = self.clock_ms()
        if self.job.task in EDITING:
            # Parsed while the model writes, so that only what the edit changes is parsed afterwards.
            self.later(asyncio.ensure_future(self._read_before()))
        if self.step.model.is_local:
            asked = chat_prompt(self.job, step_by_step=self.step.step_by_step)
            return await self._kept(asked) or await self._local(asked)
        try:
            asked, self.redacted = await asyncio.to_thread(
                words_to_leave, self.job, self.standing.rules, step_by_step=self.step.step_by_step
            )
        except Refused as refused:
            return Tried(fault=str(refused))
        return await self._kept(asked) or await self._cloud(asked)

    async def _read_before(self) -> None:
        await self.checks.faults(self.whole.text, self.job.excerpt.language, range(0))

    async def _kept(self, asked: ChatPrompt) -> Tried | None:
        entry = None if self.fresh else await self.answers.get(self._key(asked))
        if entry is None:
            return None
        judged = await self._judge(restore(entry.text, self.redacted), EndReason.DONE)
        if judged.fault:
            return None
        self._write(replace(self._record(Status.DONE, judged), origin=Origin.CACHE, answered_by=entry.answered_by))
        return Tried(judged=judged, origin=Origin.CACHE, model=entry.answered_by or entry.model, usage=entry.usage)

    async def _local(self, asked: ChatPrompt) -> Tried:
        pieces = self.models.ask_local(
            self.step.model, asked, max_output_tokens=self.step.output_cap_tokens, deadline_s=STEP_TIMEOUT_S
        )
        try:
            await self._listen(pieces)
            judged = await self._judge(self._text(), self._reason())
        except HybridError as error:
            self._write(self._record(Status.FAILED))
            return Tried(fault=str(error))
        except BaseException as error:
            gone = isinstance(error, asyncio.CancelledError)
            self._write(self._record(Status.CANCELLED if gone else Status.FAILED))
            raise
        self._write(self._record(_status(judged, self.ending), judged))
        await self._keep(asked, judged, ZERO)
        return self._tried(judged, origin=Origin.LOCAL)

    async def _cloud(self, asked: ChatPrompt) -> Tried:
        model = self.step.model
        holding, price = self.desk.held(model), self.desk.charged(model)
        decision = self.standing.policy.decide(Ask(model.host))
        if not decision.allowed:
            return Tried(fault=decision.sentence)
        if holding is None or price is None:
            return Tried(fault=f"{model.id} has no price, so it is not asked.")
        sent_bytes = _bytes(asked)
        worst_usd = holding.worst_usd(sent_bytes, self.step.output_cap_tokens)
        if worst_usd > self.step.worst_usd:
            return Tried(fault=f"{model.id} could cost more than was shown, so it is not asked; ask once more.")
        held = await self._hold(worst_usd)
        if isinstance(held, Denied):
            return Tried(fault=held.sentence)
        leave = Pass(
            decisions=(*self.standing.decisions, decision), reservation=held, redactions=self.redacted.count,
            went=self._went,
        )  # fmt: skip
        pieces = self.models.ask_cloud(self.step, asked, job=self.job.id, leave=leave, deadline_s=STEP_TIMEOUT_S)
        account = _Account(
            price=price, sent_bytes=sent_bytes, cap_tokens=self.step.output_cap_tokens, held_usd=held.held_usd
        )
        self.reaching.start()
        try:
            await self._listen(pieces)
            judged = await self._judge(self._text(), self._reason())
        except HybridError as error:
            answered = bool(self.words) or self.ending is not None
            billed = answered or (isinstance(error, Trouble) and error.may_have_cost and self.left_bytes > 0)
            record = self._charged(account, Status.FAILED, billed=billed)
            await self._settle(held, record)
            return Tried(fault=str(error), billed=billed, cost_usd=record.cost_usd, basis=record.basis)
        except BaseException as error:
            status = Status.CANCELLED if isinstance(error, asyncio.CancelledError) else Status.FAILED
            await self._settle(held, self._charged(account, status, billed=self.left_bytes > 0))
            raise
        record = self._charged(account, _status(judged, self.ending), judged)
        await self._settle(held, record)
        await self._keep(asked, judged, record.cost_usd)
        return self._tried(judged, origin=Origin.CLOUD, cost_usd=record.cost_usd, basis=record.basis, billed=True)

    def _went(self, count: int) -> None:
        self.left_bytes += count
        self.thinks_from_s = self.thinks_from_s or asyncio.get_running_loop().time()

    async def _hold(self, worst_usd: Decimal) -> Reservation | Denied:
        """Hold the worst case. Whoever cancels meanwhile, what was held is given back."""
        model = self.step.model
        holding = asyncio.ensure_future(
            self.money.reserve(
                job=self.job.id,
                model=model.id,
                worst_usd=worst_usd,
                lease_s=LEASE_S,
                task=self.job.task,
                workspace=self.standing.workspace,
                backend=model.backend,
            )
        )
        try:
            return await asyncio.shield(holding)
        except asyncio.CancelledError:
            self.later(asyncio.ensure_future(self._give_back(holding)))
            raise

    async def _give_back(self, holding: "asyncio.Future[Reservation | Denied]") -> None:
        held = await holding
        if isinstance(held, Reservation):
            await self._settled(held, self._record(Status.CANCELLED))

    async def _settle(self, held: Reservation, record: Record) -> None:
        settling = asyncio.ensure_future(self._settled(held, record))
        self.later(settling)
        await asyncio.shield(settling)

    async def _settled(self, held: Reservation, record: Record) -> None:
        await self.money.settle(held, replace(record, reach=await self.reaching.value()))

    def _write(self, record: Record) -> None:
        """Have the ledger remember an attempt that cost nothing; nobody waits for that."""
        if self.reaching.known is not None:
            self.money.record(record)
        else:
            self.later(asyncio.ensure_future(self._written(record)))

    async def _written(self, record: Record) -> None:
        self.money.record(replace(record, reach=await self.reaching.value()))

    async def _listen(self, pieces: AsyncGenerator[Piece, None]) -> None:
        restorer, tally, tokens = Restorer(self.redacted), Tally(), 0
        async with aclosing(pieces):
            async for piece in pieces:
                if piece.text:
                    self.first_ms = self.first_ms or self.clock_ms()
                    self.thinks_until_s = self.thinks_until_s or asyncio.get_running_loop().time()
                    self.words.append(piece.text)
                    tokens = tally.feed(piece.text)
                    self.tell(Said(text=restorer.feed(piece.text), tokens=tokens))
                if piece.ending is not None:
                    self.ending = piece.ending
        if rest := restorer.end():
            self.tell(Said(text=rest, tokens=tokens))

    async def _judge(self, text: str, ended: EndReason) -> Judged:
        judged = await judge(
            self.job, text, ended, self.redacted, whole=self.whole, standing=self.standing, checks=self.checks,
            last=self.step.step_by_step,
        )  # fmt: skip
        self.tell(Checked(verdicts=judged.verdicts))
        return judged

    def _words(self) -> str:
        return well_formed("".join(self.words))

    def _text(self) -> str:
        return restore(self._words(), self.redacted)

    def _reason(self) -> EndReason:
        return self.ending.reason if self.ending is not None else EndReason.BROKEN_OFF

    def _tried(
        self, judged: Judged, *, origin: Origin, cost_usd: Decimal = ZERO, basis: Basis = Basis.FREE,
        billed: bool = False,
    ) -> Tried:  # fmt: skip
        ending = self.ending
        return Tried(
            judged=judged,
            fault=judged.fault,
            billed=billed,
            origin=origin,
            model=(ending.answered_by if ending else "") or self.step.model.id,
            usage=ending.usage if ending else None,
            cost_usd=cost_usd,
            basis=basis,
        )

    async def _keep(self, asked: ChatPrompt, judged: Judged, cost_usd: Decimal) -> None:
        if judged.fault or self._reason() is not EndReason.DONE:
            return
        model, ending = self.step.model, self.ending
        entry = Entry(
            text=self._words(),
            model=model.id,
            answered_by=ending.answered_by if ending else "",
            origin=Origin.LOCAL if model.is_local else Origin.CLOUD,
            usage=ending.usage if ending else None,
            cost_usd=cost_usd,
            at_ms=self.clock_ms(),
        )
        await self.answers.put(self._key(asked), entry)

    def _key(self, asked: ChatPrompt) -> Key:
        step, standing = self.step, self.standing
        return Key(
            task=self.job.task,
            prompt=f"{asked.system}\0{asked.user}",
            parameters={"most": step.output_cap_tokens, "step_by_step": step.step_by_step},
            model=step.model.id,
            backend=step.model.backend,
            origin=Origin.LOCAL if step.model.is_local else Origin.CLOUD,
            policy=standing.policy.fingerprint,
            redaction=standing.rules.fingerprint,
            workspace=standing.workspace,
        )

    def _charged(
        self, account: "_Account", status: Status, judged: Judged | None = None, *, billed: bool = True
    ) -> Record:
        usage = self.ending.usage if self.ending is not None else None
        if not billed:
            cost_usd, basis = ZERO, Basis.REPORTED
        elif usage is not None:
            cost_usd, basis = account.price.cost_usd(usage), Basis.REPORTED
        else:
            cost_usd, basis = account.assumed_usd(self._words(), self._thoughts()), Basis.ASSUMED
        return replace(
            self._record(status, judged), cost_usd=cost_usd, basis=basis, price=account.price,
            bytes_out=self.left_bytes, host=self.step.model.host if self.left_bytes else "",
        )  # fmt: skip

    def _thoughts(self) -> int:
        """Return how many tokens the model can have thought, unseen, before its first word."""
        if not self.step.model.thinking_tokens or self.thinks_from_s is None:
            return 0
        until_s = self.thinks_until_s or asyncio.get_running_loop().time()
        return ceil(MOST_THOUGHTS_A_S * (until_s - self.thinks_from_s))

    def _record(self, status: Status, judged: Judged | None = None) -> Record:
        job, step, standing, now_ms = self.job, self.step, self.standing, self.clock_ms()
        ending, complexity = self.ending, standing.plan.complexity
        usage = ending.usage if ending is not None else None
        compared = status is Status.DONE and usage is not None and standing.baseline_price is not None
        return Record(
            job=job.id,
            at_ms=self.began_ms,
            workspace=standing.workspace,
            task=job.task,
            origin=Origin.LOCAL if step.model.is_local else Origin.CLOUD,
            backend=step.model.backend,
            model=step.model.id,
            answered_by=ending.answered_by if ending else "",
            usage=usage,
            status=status,
            latency_ms=now_ms - self.began_ms,
            first_token_ms=None if self.first_ms is None else self.first_ms - self.began_ms,
            score=complexity.score,
            reasons=tuple(reason.name for reason in complexity.reasons),
            rule=standing.plan.policy_rule,
            baseline=standing.baseline.id if standing.baseline is not None else "",
            baseline_usd=standing.baseline_price.cost_usd(usage)
            if compared and usage and standing.baseline_price
            else None,
            language=job.excerpt.language,
            reach=self.reaching.known or "",
            size_band=size_band(job.excerpt.focus.count("\n") + 1),
            redactions=self.redacted.count,
            taken=self.redacted.kinds,
            checks=tuple((verdict.name, verdict.passed) for verdict in judged.verdicts) if judged else (),
            mean_logprob=ending.mean_logprob if ending else None,
            lowest_logprob=ending.lowest_logprob if ending else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """What one paid attempt can have cost."""

    price: Price
    sent_bytes: int
    cap_tokens: int
    held_usd: Decimal

    def assumed_usd(self, words: str, thoughts: int) -> Decimal:
        """Every byte a token, in and out, and the thoughts; never more than was held."""
        output = min(self.cap_tokens, len(words.encode("utf-8", "replace")) + thoughts)
        usage = Usage(input_tokens=self.sent_bytes, output_tokens=output)
        return min(self.price.cost_usd(usage), self.held_usd)


def _status(judged: Judged, ending: Ending | None) -> Status:
    if ending is not None and ending.reason is EndReason.REFUSED:
        return Status.REFUSED
    return Status.UNFIT if judged.fault else Status.DONE


def _bytes(asked: ChatPrompt) -> int:
    return WRAPPING_BYTES + len(asked.system.encode("utf-8", "replace")) + len(asked.user.encode("utf-8", "replace"))
