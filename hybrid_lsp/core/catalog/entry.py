"""What a model is, and all that is known of models together, as values."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Where(StrEnum):
    """Where a model runs."""

    LOCAL = "local"
    """On this machine, or on a host that the user's settings name as their own."""
    CLOUD = "cloud"


class Role(StrEnum):
    """What a model is chosen for. Three local roles, two in the cloud."""

    FAST = "fast"
    QUALITY = "quality"
    BEST = "best"
    STANDARD = "standard"
    PREMIUM = "premium"


LOCAL_ROLES = (Role.FAST, Role.QUALITY, Role.BEST)
CLOUD_ROLES = (Role.STANDARD, Role.PREMIUM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of the catalog."""

    id: str
    """The name that its backend knows it by."""
    backend: str
    """The dialect: `ollama`, `llamacpp`, `openai`, `anthropic` or `gemini`."""
    where: Where
    roles: tuple[Role, ...]
    """What it may be chosen for, all on the same side; empty: only by its name."""
    window_tokens: int
    """Prompt and answer together."""
    max_output_tokens: int
    host: str = ""
    """Where it is asked, as `api.openai.com`; empty for a local model."""
    key_env: tuple[str, ...] = ()
    """Variables that may hold its key, in the order they are looked at."""
    thinking_tokens: int = 0
    """Room for thoughts in the output cap, for a model that cannot do without."""
    aliases: tuple[str, ...] = ()
    """Other names that mean it."""

    @property
    def is_local(self) -> bool:
        """Whether it runs on the user's own machine."""
        return self.where is Where.LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Who is asked for the cloud models of one dialect."""

    backend: str
    host: str
    key_env: tuple[str, ...]
    names: tuple[str, ...]
    """How names of its models begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSet:
    """Which models play which role, the preferred ones first."""

    name: str
    about: str
    roles: tuple[tuple[Role, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Families of local models that have better heirs."""

    families: tuple[str, ...]
    by: tuple[str, ...]
    """Names to fetch instead, in several sizes."""
    base: tuple[str, ...] = ()
    """The same for models that only continue text; empty: those are not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Cloud models that their vendor has shut down, or will."""

    models: tuple[str, ...]
    on: date
    by: str
    """What to use instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The models that may be chosen, the preferred ones first."""

    models: tuple[Model, ...]
    as_of: str
    """The day it was last checked against what is offered, as `2026-11-20`."""
    sources: tuple[str, ...] = ()
    vendors: tuple[Vendor, ...] = ()
    sets: tuple[ModelSet, ...] = ()
    superseded: tuple[Superseded, ...] = ()
    endings: tuple[Ending, ...] = ()

    def find(self, name: str) -> Model | None:
        """Return the model of that id or alias; an id goes before an alias."""
        by_id = next((model for model in self.models if model.id == name), None)
        return by_id or next((model for model in self.models if name in model.aliases), None)

    def playing(self, role: Role) -> tuple[Model, ...]:
        """Return the models of a role, the preferred one first."""
        return tuple(model for model in self.models if role in model.roles)
