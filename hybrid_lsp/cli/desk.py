"""What every decision stands on, put together from the settings: models, prices, policy and money."""

import asyncio
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_lsp.backends.keys import key_for, why_no_key
from hybrid_lsp.cli.clock import now_ms
from hybrid_lsp.cli.servers import server_settings
from hybrid_lsp.core.catalog import Installed, Model, Role, Vendor, chosen, faults, fill, parse_catalog
from hybrid_lsp.core.complexity import assess
from hybrid_lsp.core.errors import Problem, Refused
from hybrid_lsp.core.job import Job
from hybrid_lsp.core.policy import Policy
from hybrid_lsp.core.price import Price
from hybrid_lsp.core.router import Candidate, Plan, decide, measure
from hybrid_lsp.egress.address import DEFAULT_PORTS
from hybrid_lsp.egress.outgoing import vendor_address
from hybrid_lsp.ledger import Ledger
from hybrid_lsp.prices import Prices, parse_overrides
from hybrid_lsp.settings import Config, Whitelists, user_whitelist_path
from hybrid_lsp.settings.asking import OtherVendor
from hybrid_lsp.settings.exclusions import Exclusions
from hybrid_lsp.settings.places import state_path

if TYPE_CHECKING:
    from hybrid_lsp.backends.discover import Finding

LOOK_TIMEOUT_S = 3.0
_OPENED_WITH = {"ollama": 16_384}
"""The window that a model is opened with, where its server has not opened it yet (`backends.ollama_chat.NUM_CTX`)."""
LEDGER_NAME = "ledger.sqlite"


class Desk:
    """The settings as the parts that decide need them. Making one reads what came with us, and asks nobody."""

    def __init__(self, config: Config, environment: Mapping[str, str] = os.environ) -> None:
        self.config = config
        self.environment = environment
        raw = tomllib.loads(files("hybrid_lsp").joinpath("models.toml").read_text("utf-8"))
        shipped, _ = parse_catalog(raw)
        asking = config.asking
        others, strange = _others(asking.vendors)
        shipped = replace(shipped, vendors=(*shipped.vendors, *others))
        self.others: Mapping[str, str] = {other.name: other.url for other in asking.vendors}
        """Where the vendors are asked that the person has named."""
        self.catalog = chosen(shipped, asking.model_set, asking.roles)
        ours, _ = parse_overrides(raw["prices"], "models.toml")
        own, wrong = parse_overrides(asking.prices)
        self.prices = Prices({**ours, **own})
        self.problems: tuple[Problem, ...] = (
            *config.problems, *strange, *faults(shipped, asking.model_set, asking.roles), *wrong
        )  # fmt: skip

    def now(self) -> datetime:
        """Return the time, in the time zone that a month is counted in."""
        return datetime.now(UTC).astimezone(self.config.asking.zone)  # noqa: TID251 - the edge where the clock is read

    def ledger(self) -> Ledger:
        """Open the ledger: the user's own file, or the server that the settings name. Raises `Refused`."""
        asking = self.config.asking
        place = asking.ledger_url or state_path() / LEDGER_NAME
        return Ledger.open(place, clock_ms=now_ms, zone=asking.zone, limit_usd=asking.limit_usd)

    def policy(self, folder: Path, whitelist: Path | None = None) -> Policy:
        """Return what may leave from a folder, as the files say now."""
        whitelists = Whitelists(user_whitelist_path(whitelist), self.config.asking.never_leave)
        whitelists.reread([folder])
        return whitelists.policy(folder)

    async def plan(self, job: Job, folder: Path, ledger: Ledger) -> Plan:
        """Return what would be tried for a job on a file of `folder`. Looks at the model servers of this machine.

        Raises `Refused` where no model may see the file.
        """
        ignored_by = await asyncio.to_thread(Exclusions(folder).let_in, job.excerpt.path)
        return decide(
            job,
            assess(job.prompt, job.context),
            size=measure(job),
            policy=self.policy(folder),
            profile=self.config.asking.profile_for(job.task),
            budget=ledger.budget(),
            local=await self.local(),
            cloud=self.cloud(),
            ignored_by=ignored_by,
        )

    async def local(self) -> list[Candidate]:
        """Return the models of this machine that may be asked, the best suited first."""
        return [Candidate(model=model) for model in fill(self.catalog, await self._installed())]

    async def _installed(self) -> list[Installed]:
        from hybrid_lsp.backends.discover import discover

        config = self.config
        return self.installed(
            await discover(
                server_settings(config), config.own_hosts, timeout_s=LOOK_TIMEOUT_S, environment=self.environment
            )
        )

    def installed(self, findings: "Sequence[Finding]") -> list[Installed]:
        """Return the models that may be asked, of all servers that were found."""
        return [
            Installed(
                name=entry.name,
                backend=finding.kind.value,
                window_tokens=entry.window_tokens or _OPENED_WITH.get(finding.kind.value),
                size_bytes=entry.size_bytes,
            )
            for finding in findings
            if finding.kind is not None and finding.trouble is None
            for entry in finding.models
            if not entry.refusal
        ]

    def cloud(self) -> list[Candidate]:
        """Return the cloud models that play a role, with their prices and what keeps each from being asked."""
        at = self.now()
        return [self._candidate(model, at) for model in self.catalog.models if not model.is_local and model.roles]

    def _candidate(self, model: Model, at: datetime) -> Candidate:
        price = self.prices.price_of(model, at=at)
        known = price if isinstance(price, Price) else None
        try:
            key = key_for(model, self.environment)
        except Refused as refused:
            return Candidate(model=model, price=known, missing=str(refused), missing_rule="key")
        if key is not None:
            return Candidate(model=model, price=known)
        return Candidate(model=model, price=known, missing=why_no_key(model), missing_rule="key")

    def baseline(self) -> Model | None:
        """Return the model that savings are told against: the one the settings name, else the first premium one."""
        named = self.config.asking.baseline
        return self.catalog.find(named) if named else next(iter(self.catalog.playing(Role.PREMIUM)), None)


def _others(named: Sequence[OtherVendor]) -> tuple[list[Vendor], list[Problem]]:
    """Return the vendors that the person has named, and what is wrong with their addresses."""
    vendors, problems = [], []
    for one in named:
        try:
            address = vendor_address(one.url)
            if address.port != DEFAULT_PORTS["https"]:
                raise Refused(f"{address.host} is asked at port 443 only, as the whitelist has it; leave the port out.")
        except Refused as refused:
            key = f"vendors.{one.name}"
            problems.append(Problem(sentence=f'config.toml: "{key}" is left out. {refused}', key=key))
        else:
            vendors.append(Vendor(backend=one.name, host=address.host, key_env=(one.key_env,), names=()))
    return vendors, problems
