"""What answers a person's questions for as long as an editor or a command runs: the real parts, put together."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from hybrid_lsp.assistant import Assistant, Outcome, Whole
from hybrid_lsp.assistant.events import Event
from hybrid_lsp.assistant.ports import Money, Standing
from hybrid_lsp.assistant.words import words_to_leave
from hybrid_lsp.backends.discover import Finding, discover
from hybrid_lsp.cache import Cache
from hybrid_lsp.cli.adapters import CachedAnswers, FloorChecks, LedgerMoney, NoMoney
from hybrid_lsp.cli.asked import AskedModels, OpenDoor
from hybrid_lsp.cli.clock import now_ms
from hybrid_lsp.cli.desk import LOOK_TIMEOUT_S, Desk
from hybrid_lsp.cli.servers import server_settings
from hybrid_lsp.cli.told import dashboard_page, spent_markdown
from hybrid_lsp.cli.vendors import Vendors, vendors_aside, vendors_without_keyring
from hybrid_lsp.core.budget import Budget, month_of
from hybrid_lsp.core.catalog import Model, fill
from hybrid_lsp.core.check import Verdict
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.errors import HybridError, Problem, Refused, fault_told
from hybrid_lsp.core.history import advice_only
from hybrid_lsp.core.job import Job, Wish
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.policy import SAFEST, Leave, Policy, Send
from hybrid_lsp.core.price import Price
from hybrid_lsp.core.profile import PROFILES, Profile
from hybrid_lsp.core.record import Record
from hybrid_lsp.core.redact import Rules
from hybrid_lsp.core.router import Candidate, Plan, decide, measure
from hybrid_lsp.egress.cloud import CloudDoor
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.settings import Config

if TYPE_CHECKING:
    from hybrid_lsp.evidence import Sandbox

log = logging.getLogger(__name__)

READY_TIMEOUT_S = 15.0
"""How long a question waits for the first look at everything."""
KEYS_TIMEOUT_S = 5.0
"""How long keys are waited for before all else goes on without them."""
LOOK_EVERY_S = 20.0
"""How often the model servers, the keys and the month's money are looked at anew."""
_DAY_MS = 24 * 3600 * 1000
_ADVICE_MS = 600_000
_HISTORY_MS = 90 * _DAY_MS
CACHE_NAME = "answers.sqlite"
_LOCKED = (
    "The system's keyring does not answer, so no model is asked whose key is only there; unlock it, or set a variable."
)
_NO_FOLDER = 0
_GONE = "By which rules this file may leave is not known yet, or not any more, since its folder was closed; ask again."
_OPENING = "The ledger is still being opened; ask again in a moment."

Root = Callable[[int], Path | None]
"""Where the folder of a workspace's handle is."""
Policies = Callable[[Path | None], Policy]


class Session:
    """See `frontends.lsp.asking.Asking`. `keep` has to run for as long as anybody asks, or `look` once."""

    def __init__(
        self, config: Config, *, root: Root, policy: Policies, windows: Callable[[str], int | None] = lambda _: None,
        alert: Callable[[str], None] = log.warning, open_door: OpenDoor = CloudDoor,
    ) -> None:  # fmt: skip
        """Open nothing yet.

        `windows` says with which window a model writes ghost text, so that it need not be loaded anew. `alert` tells a
        person, once a month each, how much of the money is spent. `open_door` opens the doors to vendors.
        """
        self.desk = Desk(config)
        self.wish = Wish.ANY
        self.problems: tuple[Problem, ...] = self.desk.problems
        self._root, self._policy, self._windows, self._alert = root, policy, windows, alert
        self._advice: frozenset[str] = frozenset()
        self._advised_at_ms = 0
        self._policy_was: Policy | None = None
        self._pruned_at_ms = 0
        self._sandbox: Sandbox | None = None
        self._profile: Profile | None = None
        self._ledger: Ledger | None = None
        self._budget = Budget(month=month_of(self.desk.now()).name, limit_usd=ZERO, blocked=_OPENING)
        self._findings: Sequence[Finding] = ()
        self._strangers: set[str] = set()
        self._local: Sequence[Candidate] = ()
        self._vendors = Vendors(rules=Rules.of(patterns=config.asking.patterns)[0])
        self._looking: asyncio.Future[Vendors] | None = None
        """At keys and prices: one look at a time, however long it takes."""
        self.ignored: dict[tuple[Path, str], str] = {}
        """What ignore files say of paths, as it was last seen."""
        self._models = AskedModels(now_ms, others=self.desk.others, proxy=config.asking.proxy, open_door=open_door)
        self._assistant: Assistant | None = None
        self.answers = CachedAnswers(self._cache())
        self._stale = asyncio.Event()
        self._looked = asyncio.Event()
        self._closed = False

    # -- what keeps it true ---------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Look at everything that changes, now and again, until cancelled; then end what is under way."""
        try:
            while True:
                await self.look()
                await self._prune()
                self._stale.clear()
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._stale.wait()
                except TimeoutError:
                    continue
        finally:
            await self.close()

    async def look(self) -> None:
        """Look at model servers, keys, prices and money once. Never raises."""
        if self._closed:
            return
        try:
            await asyncio.gather(self._look_at_servers(), self._look_at_vendors())
            self._models.learn(self._findings, self._vendors.keys, self._vendors.rules, self._windows)
            ledger = self._ledger or await self._open_ledger()
            self._budget = await asyncio.to_thread(ledger.budget)
            for sentence in await asyncio.to_thread(ledger.claim_alerts):
                self._alert(sentence)
            await self._take_advice(ledger)
            await self._tidy()
        except HybridError as error:
            self._budget = replace(self._budget, blocked=str(error))
        except Exception as error:
            log.error("what can be asked could not be found out (%s)", fault_told(error))
        finally:
            self._looked.set()

    async def ready(self) -> None:
        """See `Asking`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._looked.wait()

    async def _take_advice(self, ledger: Ledger) -> None:
        """Find out which checks refuse good work too often, from time to time."""
        if now_ms() - self._advised_at_ms > _ADVICE_MS:
            self._advised_at_ms = now_ms()
            records = await asyncio.to_thread(ledger.recent, since_ms=now_ms() - _HISTORY_MS)
            self._advice = advice_only(records)

    async def _tidy(self) -> None:
        """Forget answers when the whitelist has become tighter."""
        policy, was = self._policy(None), self._policy_was
        if was is not None and not was.is_narrower_or_equal(policy):
            await self.answers.clear()
        self._policy_was = policy

    async def _prune(self) -> None:
        """Let go of old rows, once a day."""
        if self._ledger is not None and now_ms() - self._pruned_at_ms > _DAY_MS:
            self._pruned_at_ms = now_ms()
            await asyncio.to_thread(self._ledger.prune, keep_days=self.desk.config.asking.keep_days)

    async def close(self) -> None:
        """End what is under way, settle it, and let go of everything; once."""
        if self._closed:
            return
        self._closed = True
        if self._assistant is not None:
            await self._assistant.close()
        await self._models.close()
        if self._ledger is not None:
            await asyncio.to_thread(self._ledger.close)

    async def _open_ledger(self) -> Ledger:
        """Open the ledger. Where it cannot be, what is free goes on without one. Raises `Refused`."""
        try:
            ledger = self._ledger = await asyncio.to_thread(self.desk.ledger)
        except Refused as refused:
            self._assistant = self._assistant or self._new_assistant(NoMoney(str(refused)))
            raise
        self._assistant = self._new_assistant(LedgerMoney(ledger, self._stale.set))
        return ledger

    def _new_assistant(self, money: Money) -> Assistant:
        return Assistant(
            desk=self, models=self._models, money=money, answers=self.answers, checks=FloorChecks(self._evidence),
            clock_ms=now_ms,
        )  # fmt: skip

    async def _look_at_servers(self) -> None:
        config = self.desk.config
        self._findings = await discover(
            server_settings(config), config.own_hosts, timeout_s=LOOK_TIMEOUT_S, environment=os.environ,
            strangers=self._strangers,
        )  # fmt: skip
        self._local = [Candidate(model=model) for model in fill(self.desk.catalog, self.desk.installed(self._findings))]

    async def _look_at_vendors(self) -> None:
        """Look at keys and prices. A keyring may wait for its person: then what needs no key goes on meanwhile."""
        looking = self._looking = self._looking or vendors_aside(self.desk)
        done, _ = await asyncio.wait((looking,), timeout=KEYS_TIMEOUT_S)
        if not done:
            if not self._vendors.candidates:  # else what was known goes on
                self._vendors = await asyncio.to_thread(vendors_without_keyring, self.desk, _LOCKED)
            locked = any(candidate.missing == _LOCKED for candidate in self._vendors.candidates)
            self.problems = (*self.desk.problems, *self._vendors.problems, *[Problem(sentence=_LOCKED)] * locked)
            return
        self._looking = None
        self._vendors = looking.result()
        self.problems = (*self.desk.problems, *self._vendors.problems)

    def _cache(self) -> Cache | None:
        asking = self.desk.config.asking
        if not asking.cache_enabled:
            return None
        place = platformdirs.user_cache_path("hybrid-lsp", appauthor=False) / CACHE_NAME
        return Cache.open(place, clock_ms=now_ms, redis_url=asking.redis_url)

    # -- who decides ----------------------------------------------------------------------------------------------

    def plan(self, job: Job) -> Plan:
        """See `Asking`. What an ignore file says of a path is known from when its document was opened."""
        root = self._root(job.excerpt.workspace)
        ignored_by = self.ignored.get((root, job.excerpt.path), "") if root is not None else ""
        policy = SAFEST if self._is_gone(job, root) else self._policy(root)
        return self._decided(job, policy, self._budget, ignored_by)

    def _is_gone(self, job: Job, root: Path | None) -> bool:
        return root is None and job.excerpt.workspace != _NO_FOLDER

    async def standing(self, job: Job) -> Standing:
        """See `assistant.ports.Desk`: everything is asked anew. Raises `Refused` where the folder was closed."""
        root = self._root(job.excerpt.workspace)
        if self._is_gone(job, root):
            raise Refused(_GONE)
        policy = self._policy(root)
        ignored_by = await asyncio.to_thread(self.why_excluded, root, job.excerpt.path) if root is not None else ""
        if self._ledger is not None:
            self._budget = await asyncio.to_thread(self._ledger.budget)
        baseline = self.desk.baseline()
        return Standing(
            plan=self._decided(job, policy, self._budget, ignored_by),
            policy=policy,
            decisions=(
                policy.decide(Leave(job.task)),
                policy.decide(Send(job.excerpt.path, ignored_by=ignored_by)),
            ),
            workspace=root.name if root is not None else "",
            rules=self._vendors.rules,
            evidence=self._trusts(root),
            advice=self._advice,
            baseline=baseline,
            baseline_price=self._vendors.charged(baseline) if baseline is not None else None,
        )

    def _decided(self, job: Job, policy: Policy, budget: Budget, ignored_by: str) -> Plan:
        if self.wish is Wish.LOCAL or job.wish is Wish.ANY:
            job = replace(job, wish=self.wish)
        profile = self._profile or self.desk.config.asking.profile_for(job.task)
        cloud = [self._resting(candidate) for candidate in self._vendors.candidates]
        return decide(
            job, assess(job.prompt, job.context), size=measure(job), policy=policy, profile=profile, budget=budget,
            local=self._local, cloud=cloud, ignored_by=ignored_by,
        )  # fmt: skip

    def _resting(self, candidate: Candidate) -> Candidate:
        why = self._models.circuits.why(candidate.model.id)
        return replace(candidate, missing=why, missing_rule="circuit") if why and not candidate.missing else candidate

    def why_excluded(self, root: Path, path: str) -> str:
        """Return which rule of an ignore file excludes a path, and remember it for `plan`. Reads the disk."""
        from hybrid_lsp.settings.exclusions import Exclusions

        rule = self.ignored[root, path] = Exclusions(root).why(path)
        return rule

    def _trusts(self, root: Path | None) -> bool:
        folders = self.desk.config.asking.evidence_folders
        return root is not None and any(root == folder or root.is_relative_to(folder) for folder in folders)

    async def _evidence(self, job: Job, before: str, after: str) -> tuple[Verdict, ...]:
        from hybrid_lsp.evidence import Evidence, Sandbox

        root, excerpt = self._root(job.excerpt.workspace), job.excerpt
        if root is None:
            return ()
        self._sandbox = self._sandbox or Sandbox()
        return await Evidence(sandbox=self._sandbox).gather(
            root=root, path=excerpt.path, before=before, after=after, first_line=excerpt.line,
            last_line=excerpt.line + excerpt.focus.removesuffix("\n").count("\n"), language=excerpt.language,
        )  # fmt: skip

    def held(self, model: Model) -> Price | None:
        """See `assistant.ports.Desk`."""
        return self._vendors.held(model)

    def charged(self, model: Model) -> Price | None:
        """See `assistant.ports.Desk`."""
        return self._vendors.charged(model)

    # -- what can be asked ----------------------------------------------------------------------------------------

    async def run(
        self, job: Job, whole: Whole, *, tell: Callable[[Event], None] | None = None, fresh: bool = False
    ) -> Outcome:
        """See `Asking`."""
        from hybrid_lsp.assistant import Failure

        await self.ready()
        if self._assistant is None:
            return Failure(sentence=self._budget.blocked or _OPENING)
        return await self._assistant.run(job, whole, tell=tell, fresh=fresh)

    async def would_leave(self, job: Job) -> str:
        """See `Asking`."""
        await self.ready()
        if not self._looked.is_set():
            raise Refused(_OPENING)
        step = next((step for step in self.plan(job).steps if not step.model.is_local), None)
        if step is None:
            return "Nothing would leave this machine."
        asked, redacted = await asyncio.to_thread(
            words_to_leave, job, self._vendors.rules, step_by_step=step.step_by_step
        )
        count = redacted.count
        taken = (
            f"{count} secret{' is' if count == 1 else 's are'} taken out." if count else "No secret was found in it."
        )
        return f"To {step.model.id} at {step.model.host}. {taken}\n\n---\n\n{asked.system}\n\n---\n\n{asked.user}\n"

    async def spent(self) -> str:
        """See `Asking`."""
        if self._ledger is None:
            return self._budget.blocked or _OPENING
        return spent_markdown(await asyncio.to_thread(self._ledger.summary))

    async def dashboard(self) -> str:
        """See `Asking`."""
        if self._ledger is None:
            raise Refused(self._budget.blocked or _OPENING)
        return await asyncio.to_thread(dashboard_page, self._ledger, self.desk.now(), self.problems)

    async def clear_cache(self) -> int:
        """See `Asking`."""
        return await self.answers.clear()

    def marked(self, job: str, *, accepted: bool | None = None, survived: bool | None = None) -> None:
        """See `Asking`."""
        if self._ledger is not None:
            self._ledger.mark(job, accepted=accepted, survived=survived)

    def record(self, record: Record) -> None:
        """Remember an attempt that cost nothing; returns at once."""
        if self._ledger is not None:
            self._ledger.record(record)

    @property
    def profile(self) -> str:
        """See `Asking`."""
        return (self._profile or self.desk.config.asking.profile).name

    def switch_profile(self, name: str) -> str:
        """See `Asking`."""
        if name not in PROFILES:
            raise Refused(f"There is no profile of that name; there are {', '.join(PROFILES)}.")
        self._profile = PROFILES[name]
        return f"The profile {name} is in force for this session; the budget stays as it is."

    @property
    def left_usd(self) -> Decimal:
        """See `Asking`."""
        return self._budget.left_usd
