"""Which models play which role: a named set, and what a person's settings say instead."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hybrid_lsp.core.catalog.entry import CLOUD_ROLES, LOCAL_ROLES, Catalog, Model, ModelSet, Role, Where
from hybrid_lsp.core.catalog.installed import Installed, is_elsewhere, local_model
from hybrid_lsp.core.errors import Problem

DEFAULT_SET = "default"
_UNKNOWN_WINDOW_TOKENS = 128_000
_UNKNOWN_OUTPUT_TOKENS = 8192
_UNKNOWN_THINKING_TOKENS = 4096

Named = Mapping[str, str | Sequence[str]]
"""Names of models by role, as config.toml has them under `models`."""


def chosen(catalog: Catalog, set_name: str = DEFAULT_SET, overrides: Named | None = None) -> Catalog:
    """Return the catalog with the roles of that set, each replaced where `overrides` names models for it.

    Who plays a role comes first, in order; the rest have no role and can still be found by name. A name that is not in
    the catalog becomes an entry: in a local role as a local model, in a cloud role by its vendor (`openai/NAME` where
    the name does not tell). What is wrong is left out, and `faults` says it: the set's own models stay then.
    """
    return _choose(catalog, set_name, overrides or {})[0]


def faults(catalog: Catalog, set_name: str = DEFAULT_SET, overrides: Named | None = None) -> tuple[Problem, ...]:
    """Return what `chosen` would leave out, each in one sentence with its key of config.toml."""
    return _choose(catalog, set_name, overrides or {})[1]


def _choose(catalog: Catalog, set_name: str, overrides: Named) -> tuple[Catalog, tuple[Problem, ...]]:
    problems: list[Problem] = []
    players = _of_set(catalog, _set(catalog, set_name, problems))
    mine: dict[str, Model] = {}
    for key, value in overrides.items():
        role = next((role for role in Role if role.value == key), None)
        if role is None:
            roles = ", ".join(Role)
            problems.append(_wrong(f"models.{key}", f"is no role; there are {roles}"))
        elif named := _one_place(_named(catalog, role, value, problems), role, mine, problems):
            players[role] = named
    # A model is asked at one place: where the person says, also in roles that they say nothing of.
    players = {role: tuple(mine.get(model.id, model) for model in models) for role, models in players.items()}
    return _with_players(catalog, players), tuple(problems)


def _one_place(
    models: tuple[Model, ...], role: Role, mine: dict[str, Model], problems: list[Problem]
) -> tuple[Model, ...]:
    """Return the models that `mine` does not have at another place, and note them there."""
    for model in models:
        if mine.setdefault(model.id, model).backend != model.backend:
            problems.append(_wrong(f"models.{role}", f"names {model.id} at two places; name it at one"))
    return tuple(model for model in models if mine[model.id].backend == model.backend)


def _set(catalog: Catalog, name: str, problems: list[Problem]) -> ModelSet | None:
    found = {one.name: one for one in catalog.sets}
    if name not in found and found:
        problems.append(_wrong("models.set", f'names no set "{name}"; there are {", ".join(found)}'))
    return found.get(name) or found.get(DEFAULT_SET)


def _of_set(catalog: Catalog, one: ModelSet | None) -> dict[Role, tuple[Model, ...]]:
    if one is None:
        return {role: catalog.playing(role) for role in Role}
    by_role = dict(one.roles)
    found = {role: map(catalog.find, by_role.get(role, ())) for role in Role}
    return {role: tuple(model for model in models if model) for role, models in found.items()}


def _named(catalog: Catalog, role: Role, value: object, problems: list[Problem]) -> tuple[Model, ...]:
    key = f"models.{role}"
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) and name for name in names):
        problems.append(_wrong(key, "must be the name of a model, or a list of names"))
        return ()
    models = []
    for name in names:
        model = catalog.find(name) or _unlisted(catalog, role, name)
        if fault := _misfit(role, name, model):
            problems.append(_wrong(key, fault))
        elif model is not None:
            models.append(model)
    return tuple(models)


def _misfit(role: Role, name: str, model: Model | None) -> str:
    if role in LOCAL_ROLES and model is None:
        return f"names {name}, which Ollama has run on somebody else's machine; name a model that runs on yours"
    if model is None:
        return f"names {name}, whose vendor is not known; write it as openai/{name}, anthropic/{name} or gemini/{name}"
    if role in LOCAL_ROLES and not model.is_local:
        return f"names {name}, which runs in the cloud; name it as models.standard or models.premium"
    if role in CLOUD_ROLES and model.is_local:
        return f"names {name}, which runs on your machine; name it as models.fast, models.quality or models.best"
    return ""


def _unlisted(catalog: Catalog, role: Role, name: str) -> Model | None:
    if role in LOCAL_ROLES:
        return None if is_elsewhere(name) else local_model(Installed(name=name))
    said, _, rest = name.partition("/")
    for vendor in catalog.vendors:
        if vendor.backend == said and rest:
            found = catalog.find(rest)
            # Another vendor may have a model of the same name: whoever is named is asked.
            is_its = found is not None and found.backend == said
            return found if is_its else _of_vendor(vendor.backend, vendor.host, vendor.key_env, rest)
        if name.startswith(vendor.names):
            return _of_vendor(vendor.backend, vendor.host, vendor.key_env, name)
    return None


def _of_vendor(backend: str, host: str, key_env: tuple[str, ...], name: str) -> Model:
    return Model(
        id=name, backend=backend, where=Where.CLOUD, roles=(), host=host, key_env=key_env,
        window_tokens=_UNKNOWN_WINDOW_TOKENS, max_output_tokens=_UNKNOWN_OUTPUT_TOKENS,
        thinking_tokens=_UNKNOWN_THINKING_TOKENS,
    )  # fmt: skip


def _with_players(catalog: Catalog, players: Mapping[Role, tuple[Model, ...]]) -> Catalog:
    in_order = {model.id: model for role in Role for model in players[role]}
    first = [replace(model, roles=_roles(model, players)) for model in in_order.values()]
    rest = [replace(model, roles=()) for model in catalog.models if model.id not in in_order]
    return replace(catalog, models=(*first, *rest))


def _roles(model: Model, players: Mapping[Role, tuple[Model, ...]]) -> tuple[Role, ...]:
    return tuple(role for role in Role if any(one.id == model.id for one in players[role]))


def _wrong(key: str, fault: str) -> Problem:
    return Problem(sentence=f'config.toml: "{key}" {fault}. It is left out.', key=key)
