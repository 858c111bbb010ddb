"""Local models as their servers list them, and which roles they fill."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hybrid_lsp.core.catalog.entry import LOCAL_ROLES, Catalog, Model, Role, Where

FAST_BILLIONS = 4.0
"""Up to this many billion parameters a model of unknown name is fast."""
QUALITY_BILLIONS = 20.0
"""Up to this many it is for quality; above, the best."""
_BYTES_PER_PARAMETER = 0.62
"""Of a file in four bits a weight, with what stands beside the weights."""
_UNKNOWN_WINDOW_TOKENS = 4096
_MOST_OUTPUT_TOKENS = 8192

_EXPERTS = re.compile(r"(?<![a-z0-9.])(\d+)x(\d+(?:\.\d+)?)b(?![a-z0-9])")
_PARAMETERS = re.compile(r"(?<![a-z0-9.])e?(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])")
_NO_CHAT = re.compile(r"embed|rerank|minilm|(^|[-_/.])bge[-_]|starcoder2?(?!.*instruct)|[-_:.](base|fim)(?![a-z])")
_CODE_TAG = re.compile(r":(.*[-_.])?code([-_.].*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A local model, as its server lists it."""

    name: str
    backend: str = "ollama"
    window_tokens: int | None = None
    """What prompt and answer may really hold together there; None: not told."""
    parameters: int | None = None
    size_bytes: int | None = None
    can_chat: bool | None = None
    """None: its name decides."""


def billions(model: Installed) -> float | None:
    """Return how many billion parameters it has: as told, else by its name, else by its size; None: not known."""
    if model.parameters:
        return model.parameters / 1e9
    name = model.name.lower()
    if experts := _EXPERTS.search(name):
        return int(experts[1]) * float(experts[2])
    if said := _PARAMETERS.search(name):
        return float(said[1]) / (1 if said[2] == "b" else 1000)
    return model.size_bytes / _BYTES_PER_PARAMETER / 1e9 if model.size_bytes else None


def is_base(name: str) -> bool:
    """Say whether its name tells of a model that only continues text, or writes none at all."""
    return bool(_NO_CHAT.search(name.lower()) or _CODE_TAG.search(name.lower()))


def is_elsewhere(name: str) -> bool:
    """Say whether Ollama would have a model of that name run on somebody else's machine."""
    base, _, tag = name.strip().lower().partition(":")
    return tag == "cloud" or tag.endswith("-cloud") or base.endswith("-cloud")


def local_model(model: Installed) -> Model:
    """Return it as an entry of the catalog; its role is told by its size, `quality` where that is not known.

    Raises `ValueError` for a name that Ollama has run elsewhere: that is no local model.
    """
    if is_elsewhere(model.name):
        raise ValueError("a model that is run elsewhere is not local")
    window = model.window_tokens or _UNKNOWN_WINDOW_TOKENS
    return Model(
        id=model.name, backend=model.backend, where=Where.LOCAL, roles=(_role(billions(model)),),
        window_tokens=window, max_output_tokens=max(1, min(_MOST_OUTPUT_TOKENS, window // 2)),
    )  # fmt: skip


def fill(catalog: Catalog, installed: Iterable[Installed]) -> tuple[Model, ...]:
    """Return the installed models with the roles they play here; empty when none of them can chat.

    A role is played by those that the catalog has for it, in its order; else by those of a fitting size, the largest
    first; else by the preferred one of the nearest role. So with one model there, that one plays all three.
    """
    chatting = {one.name: one for one in installed if _chats(one)}
    playing: dict[Role, list[Model]] = {role: [] for role in LOCAL_ROLES}
    for one in sorted(chatting.values(), key=lambda one: (-(billions(one) or 0), one.name)):
        model = _entry(catalog, one)
        for role in model.roles:
            playing[role].append(model)
    for models in playing.values():
        models.sort(key=lambda model: _rank(catalog, model))
    return _with_roles({role: _players(playing, role) for role in LOCAL_ROLES})


def _chats(model: Installed) -> bool:
    return not is_elsewhere(model.name) and (not is_base(model.name) if model.can_chat is None else model.can_chat)


def _role(size: float | None) -> Role:
    if size is None:
        return Role.QUALITY
    return Role.FAST if size <= FAST_BILLIONS else Role.QUALITY if size <= QUALITY_BILLIONS else Role.BEST


def _known(catalog: Catalog, name: str) -> Model | None:
    found = catalog.find(name) or catalog.find(name.removesuffix(":latest"))
    return found if found is not None and found.is_local else None


def _entry(catalog: Catalog, one: Installed) -> Model:
    """As the catalog has it, with the name and window that its server has; half of it is the answer's at most."""
    unknown, known = local_model(one), _known(catalog, one.name)
    if known is None:
        return unknown
    window = min(one.window_tokens or known.window_tokens, known.window_tokens)
    output = max(1, min(known.max_output_tokens, window // 2))
    return replace(
        known, id=one.name, backend=one.backend, roles=known.roles or unknown.roles,
        window_tokens=window, max_output_tokens=output, thinking_tokens=min(known.thinking_tokens, output // 2),
    )  # fmt: skip


def _rank(catalog: Catalog, model: Model) -> int:
    """The catalog's own players first, in its order; the others stay as they are, after them."""
    known = _known(catalog, model.id)
    return catalog.models.index(known) if known is not None and known.roles else len(catalog.models)


def _players(playing: dict[Role, list[Model]], role: Role) -> Sequence[Model]:
    nearest = {
        Role.FAST: (Role.QUALITY, Role.BEST),
        Role.QUALITY: (Role.BEST, Role.FAST),
        Role.BEST: (Role.QUALITY, Role.FAST),
    }[role]
    return playing[role] or next((playing[other][:1] for other in nearest if playing[other]), [])


def _with_roles(players: dict[Role, Sequence[Model]]) -> tuple[Model, ...]:
    models = {model.id: model for role in LOCAL_ROLES for model in players[role]}
    roles = {
        name: tuple(role for role in LOCAL_ROLES if any(model.id == name for model in players[role])) for name in models
    }
    return tuple(replace(model, roles=roles[name]) for name, model in models.items())
