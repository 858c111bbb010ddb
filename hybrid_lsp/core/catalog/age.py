"""Which models are older than what there is now. By the catalog's own tables: nobody is asked."""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from hybrid_lsp.core.catalog.entry import Catalog, Ending, Model, Superseded
from hybrid_lsp.core.catalog.installed import Installed, billions, is_base

_LARGER_AT_MOST = 1.5
"""An heir is no more than so many times as large, where there is one: it has to fit where the old one did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """One model that there is something better for."""

    name: str
    sentence: str
    command: str = ""
    """What mends it, for a shell or for config.toml."""


def outdated(catalog: Catalog, installed: Iterable[Installed]) -> tuple[Aged, ...]:
    """Return the local models that have a better heir, with the heir nearest in size, by name; each once."""
    by_name = {one.name: one for one in installed}
    found = (_outdated(catalog, one, by_name) for _, one in sorted(by_name.items()))
    return tuple(aged for aged in found if aged is not None)


def ending(catalog: Catalog, models: Iterable[Model], on: date, deprecated: Collection[str] = ()) -> tuple[Aged, ...]:
    """Return those of these cloud models that are shut down, will be, or are said to be deprecated, on that day."""
    found = (_ending(catalog, model, on, deprecated) for model in models if not model.is_local)
    return tuple(aged for aged in found if aged is not None)


def _outdated(catalog: Catalog, one: Installed, there: Collection[str]) -> Aged | None:
    row = next((row for row in catalog.superseded if any(_is_of(one.name, family) for family in row.families)), None)
    heir = _heir(row, one) if row is not None else None
    if heir is None:
        return None
    if heir in there:
        sentence = f"{one.name} is older than {heir}, which is installed, too; the old one only takes room."
        command = f"ollama rm {one.name}" if one.backend == "ollama" else ""
        return Aged(name=one.name, sentence=sentence, command=command)
    sentence = f"{one.name} is older than {heir}, which does more at about its size; fetch that instead."
    return Aged(name=one.name, sentence=sentence, command=f"hybrid-lsp models pull {heir}")


def _is_of(name: str, family: str) -> bool:
    """Names of Ollama have the family in front of the colon, names of files in front of a size."""
    base = name.lower().rpartition("/")[2].partition(":")[0]
    return bool(re.fullmatch(rf"{re.escape(family)}([-_]\d.*)?", base))


def _heir(row: Superseded, one: Installed) -> str | None:
    offered: Sequence[str] = row.base if one.can_chat is False or is_base(one.name) else row.by
    size = billions(one)
    if not offered or size is None:
        return offered[0] if offered else None
    sizes = {name: billions(Installed(name=name)) or math.inf for name in offered}
    fitting = [name for name in offered if sizes[name] <= size * _LARGER_AT_MOST] or [
        min(offered, key=sizes.__getitem__)
    ]
    return min(fitting, key=lambda name: abs(math.log(sizes[name] / size)))


def _ending(catalog: Catalog, model: Model, on: date, deprecated: Collection[str]) -> Aged | None:
    names = {model.id, *model.aliases}
    known: Ending | None = next((one for one in catalog.endings if names & set(one.models)), None)
    if known is None and model.id not in deprecated:
        return None
    if known is None:
        sentence = f"{model.id} is deprecated by its vendor; name another in config.toml."
        return Aged(name=model.id, sentence=sentence)
    when = f"was shut down on {known.on}" if known.on <= on else f"will be shut down on {known.on}"
    sentence = f"{model.id} {when}; use {known.by} instead."
    roles = [f'models.{role} = "{known.by}"' for role in model.roles]
    return Aged(name=model.id, sentence=sentence, command="\n".join(roles))
