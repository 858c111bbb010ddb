"""Settings for what a person asks for: the profile, the budget, the models, and what may never leave."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

from hybrid_lsp.core.catalog import CLOUD_ROLES, LOCAL_ROLES
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.profile import BALANCED, PROFILES, Profile
from hybrid_lsp.settings.reader import Reader
from hybrid_lsp.settings.zone import SystemZone, zone_called

KEEP_DAYS = 400
MODEL_SETS = ("default", "sketch")
ROUTED = (Task.COMPLETE, Task.EXPLAIN, Task.FIX, Task.REVIEW, Task.REFACTOR)
"""Tasks whose threshold a person may move."""


_VENDOR = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_TAKEN = frozenset({"openai", "anthropic", "gemini", "ollama", "llamacpp", "embedded"})
"""Names that mean something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherVendor:
    """A vendor that the person has named, and that speaks OpenAI's chat completions."""

    name: str
    url: str
    key_env: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What holds for everything that is asked for deliberately."""

    profile: Profile = BALANCED
    monthly_usd: Decimal | None = None
    """None: what the profile says."""
    thresholds: Mapping[Task, float] = field(default_factory=dict)
    """From which score a task may go to the cloud, where that is not the profile's."""
    local_first: Mapping[Task, bool] = field(default_factory=dict)
    """Whether a task is tried here first, where that is not the profile's."""
    zone: tzinfo = field(default_factory=SystemZone)
    """Where a month begins and ends."""
    ledger_url: str = field(default="", repr=False)
    """A PostgreSQL URL; empty: a file of the user's own."""
    keep_days: int = KEEP_DAYS
    """How long single rows are kept in the ledger; a day's sums are kept longer."""
    cache_enabled: bool = True
    redis_url: str = field(default="", repr=False)
    model_set: str = "default"
    roles: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Models that the person has chosen themselves, by role."""
    vendors: tuple[OtherVendor, ...] = ()
    """Whom the person names besides those that come with us."""
    baseline: str = ""
    """The model that savings are told against; empty: the first premium one."""
    prices: Mapping[str, Any] = field(default_factory=dict)
    """The person's own prices, as they stand in the file."""
    proxy: str = field(default="", repr=False)
    """The proxy that vendors are asked through; empty: none, whatever the environment says."""
    never_leave: tuple[str, ...] = ()
    """Globs of paths whose text never leaves this machine."""
    evidence_folders: tuple[Path, ...] = ()
    """Workspaces that the person trusts to have their tests and examples run, in a sandbox, to check an answer."""
    patterns: tuple[str, ...] = ()
    """The person's own expressions for what is secret."""

    @property
    def limit_usd(self) -> Decimal:
        """What may be spent in a month."""
        return self.profile.monthly_usd if self.monthly_usd is None else self.monthly_usd

    def profile_for(self, task: Task) -> Profile:
        """Return the profile, with what the person has set for this task."""
        if task not in self.thresholds and task not in self.local_first:
            return self.profile
        return replace(
            self.profile,
            cloud_from=self.thresholds.get(task, self.profile.cloud_from),
            local_first=self.local_first.get(task, self.profile.local_first),
        )


def read_asking(reader: Reader, content: dict[str, Any]) -> Asking:
    """Take the settings for what is asked for out of a config.toml's content."""
    budget, ledger, cache, evidence, models, network, privacy, routing = (
        reader.table(content.pop(key, {}), key)
        for key in ("budget", "ledger", "cache", "evidence", "models", "network", "privacy", "routing")
    )
    asking = Asking(
        profile=PROFILES[reader.choice(content, "profile", tuple(PROFILES), BALANCED.name)],
        monthly_usd=reader.usd(budget, "budget.monthly_usd"),
        thresholds=_thresholds(reader, routing),
        local_first=_local_first(reader, routing),
        zone=_zone(reader, budget),
        ledger_url=reader.text(ledger, "ledger.url"),
        keep_days=reader.whole(ledger, "ledger.keep_days", default=KEEP_DAYS, least=62, most=36_500),
        cache_enabled=reader.flag(cache, "cache.enabled"),
        redis_url=reader.text(cache, "cache.redis_url"),
        model_set=reader.choice(models, "models.set", MODEL_SETS, MODEL_SETS[0]),
        roles={
            role.value: names
            for role in (*LOCAL_ROLES, *CLOUD_ROLES)
            if (names := reader.text_or_texts(models, f"models.{role}"))
        },
        vendors=_vendors(reader, content),
        baseline=reader.text(budget, "budget.baseline"),
        prices=reader.table(content.pop("prices", {}), "prices"),
        proxy=reader.text(network, "network.proxy"),
        never_leave=tuple(reader.texts(privacy, "privacy.never_leave")),
        patterns=tuple(reader.texts(privacy, "privacy.redact")),
        evidence_folders=tuple(Path(text).expanduser() for text in reader.texts(evidence, "evidence.folders")),
    )
    for name, table in (
        ("budget", budget), ("ledger", ledger), ("cache", cache), ("evidence", evidence), ("models", models),
        ("network", network), ("privacy", privacy), ("routing", routing),
    ):  # fmt: skip
        reader.leftover(table, f"{name}.")
    return asking


def _vendors(reader: Reader, content: dict[str, Any]) -> tuple[OtherVendor, ...]:
    named = reader.table(content.pop("vendors", {}), "vendors")
    return tuple(filter(None, (_vendor(reader, name, raw) for name, raw in named.items())))


def _vendor(reader: Reader, name: str, raw: object) -> OtherVendor | None:
    key = f"vendors.{name}"
    table, known = reader.table(raw, key), len(reader.problems)
    url, key_env = (reader.text(table, f"{key}.{part}") for part in ("url", "key_env"))
    reader.leftover(table, f"{key}.")
    if len(reader.problems) > known:
        return None
    if name in _TAKEN or not _VENDOR.fullmatch(name):
        reader.add(key, "needs another name: small letters, digits and dashes, and none that means something else")
    elif not url or not key_env:
        reader.add(key, "needs a url, as https://api.example.com/v1, and the name of its key's variable as key_env")
    else:
        return OtherVendor(name=name, url=url, key_env=key_env)
    return None


def _thresholds(reader: Reader, routing: dict[str, Any]) -> dict[Task, float]:
    table = reader.table(routing.pop("cloud_from", {}), "routing.cloud_from")
    found = {task: reader.share(table, f"routing.cloud_from.{task}") for task in ROUTED}
    reader.leftover(table, "routing.cloud_from.")
    return {task: share for task, share in found.items() if share is not None}


def _local_first(reader: Reader, routing: dict[str, Any]) -> dict[Task, bool]:
    table = reader.table(routing.pop("local_first", {}), "routing.local_first")
    found = {task: reader.flag(table, f"routing.local_first.{task}") for task in ROUTED if task.value in table}
    reader.leftover(table, "routing.local_first.")
    return found


def _zone(reader: Reader, budget: dict[str, Any]) -> tzinfo:
    name = reader.text(budget, "budget.time_zone")
    zone = zone_called(name)
    if zone is None:
        reader.add("budget.time_zone", "must be a name such as Europe/Berlin; this machine's own is used")
    return zone or SystemZone()
