"""models.toml as a catalog: what is right in it, and a sentence for each thing that is not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from hybrid_lsp.core.catalog.choice import chosen
from hybrid_lsp.core.catalog.entry import (
    CLOUD_ROLES,
    Catalog,
    Ending,
    Model,
    ModelSet,
    Role,
    Superseded,
    Vendor,
    Where,
)
from hybrid_lsp.core.errors import Problem

LOCAL_BACKENDS = ("ollama", "llamacpp")
_LEAST_WINDOW_TOKENS = 1024

T = TypeVar("T")


def parse_catalog(content: Mapping[str, Any], name: str = "models.toml") -> tuple[Catalog, tuple[Problem, ...]]:
    """Return what a table of models says, with the roles of its set `default`, and what is wrong with it.

    Never raises: an entry with anything wrong is left out, and so is a role's mention of a model that is not there.
    """
    reader = _Reader(name)
    vendors = reader.each_named(content, "vendors", reader.vendor)
    by_backend = {vendor.backend: vendor for vendor in vendors}
    models: dict[str, Model] = {}
    for model in reader.each(content, "model", lambda raw: reader.model(raw, by_backend)):
        if model.id in models:
            reader.wrong(f"model {model.id}", "is there twice; the second one")
        models.setdefault(model.id, model)
    catalog = Catalog(
        models=tuple(models.values()),
        as_of=reader.text(content, "as_of", "the file"),
        sources=reader.texts(content, "sources", "the file"),
        vendors=vendors,
        superseded=reader.each(content, "superseded", reader.superseded),
        endings=reader.each(content, "ending", reader.ending),
    )
    sets = reader.each_named(content, "sets", lambda key, raw: reader.set(key, raw, catalog))
    return chosen(replace(catalog, sets=sets)), tuple(reader.problems)


class _Reader:
    """Takes what is right, and notes what is not."""

    def __init__(self, name: str) -> None:
        self.problems: list[Problem] = []
        self._name = name

    def wrong(self, what: str, fault: str) -> None:
        self.problems.append(Problem(sentence=f"{self._name}: {what} {fault} is left out.", key=what))

    def each(
        self, content: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], T | None]
    ) -> tuple[T, ...]:
        raw = content.get(key, [])
        if not isinstance(raw, list):
            self.wrong(key, "must be a list of tables, and")
            return ()
        return tuple(one for one in map(read, (self.table(item, key) for item in raw)) if one is not None)

    def each_named(
        self, content: Mapping[str, Any], key: str, read: Callable[[str, Mapping[str, Any]], T | None]
    ) -> tuple[T, ...]:
        named = self.table(content.get(key, {}), key)
        read_all = (read(name, self.table(raw, f"{key}.{name}")) for name, raw in named.items())
        return tuple(one for one in read_all if one is not None)

    def table(self, raw: object, what: str) -> Mapping[str, Any]:
        if isinstance(raw, Mapping):
            return raw
        self.wrong(what, "must be a table, and")
        return {}

    def text(self, raw: Mapping[str, Any], key: str, what: str) -> str:
        value = raw.get(key, "")
        if isinstance(value, str):
            return value
        self.wrong(what, f"must have a text as {key}; it")
        return ""

    def texts(self, raw: Mapping[str, Any], key: str, what: str) -> tuple[str, ...]:
        value = raw.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) and one for one in value):
            return tuple(value)
        self.wrong(what, f"must have a list of texts as {key}; it")
        return ()

    def count(self, raw: Mapping[str, Any], key: str, default: int | None = None) -> int:
        value = raw.get(key, default)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1

    def vendor(self, backend: str, raw: Mapping[str, Any]) -> Vendor | None:
        what = f"vendor {backend}"
        host, key_env = self.text(raw, "host", what), self.texts(raw, "key_env", what)
        if not host or not key_env:
            self.wrong(what, "needs host and key_env; it")
            return None
        return Vendor(backend=backend, host=host, key_env=key_env, names=self.texts(raw, "names", what))

    def model(self, raw: Mapping[str, Any], vendors: Mapping[str, Vendor]) -> Model | None:
        model_id = self.text(raw, "id", "a model")
        what = f"model {model_id}" if model_id else "a model without id"
        backend = self.text(raw, "backend", what)
        vendor = vendors.get(backend)
        window, output = self.count(raw, "window_tokens"), self.count(raw, "max_output_tokens")
        thinking = self.count(raw, "thinking_tokens", 0)
        if fault := _model_fault(model_id, backend, vendor, window, output, thinking):
            self.wrong(what, f"{fault}; it")
            return None
        return Model(
            id=model_id,
            backend=backend,
            where=Where.CLOUD if vendor else Where.LOCAL,
            roles=(),
            window_tokens=window,
            max_output_tokens=output,
            host=vendor.host if vendor else "",
            key_env=vendor.key_env if vendor else (),
            thinking_tokens=thinking,
            aliases=self.texts(raw, "aliases", what),
        )

    def set(self, name: str, raw: Mapping[str, Any], catalog: Catalog) -> ModelSet:
        roles = [(role, self._players(f"set {name}", role, raw, catalog)) for role in Role]
        for key in raw:
            if key != "about" and key not in [role.value for role in Role]:
                self.wrong(f"set {name}", f"has {key}, which is no role; it")
        return ModelSet(name=name, about=self.text(raw, "about", f"set {name}"), roles=tuple(roles))

    def _players(self, what: str, role: Role, raw: Mapping[str, Any], catalog: Catalog) -> tuple[str, ...]:
        fitting = []
        for name in self.texts(raw, role.value, what):
            model = catalog.find(name)
            if model is None or model.is_local is (role in CLOUD_ROLES):
                side = "cloud" if role in CLOUD_ROLES else "local"
                self.wrong(what, f"has {name} as {role}, and there is no such {side} model; it")
            else:
                fitting.append(name)
        return tuple(fitting)

    def superseded(self, raw: Mapping[str, Any]) -> Superseded | None:
        families, by = (self.texts(raw, key, "superseded") for key in ("families", "by"))
        if not families or not by:
            self.wrong("superseded", "needs families and by; it")
            return None
        return Superseded(families=families, by=by, base=self.texts(raw, "base", "superseded"))

    def ending(self, raw: Mapping[str, Any]) -> Ending | None:
        models, by = self.texts(raw, "models", "ending"), self.text(raw, "by", "ending")
        try:
            on = date.fromisoformat(self.text(raw, "on", "ending"))
        except ValueError:
            on = None
        if not models or not by or on is None:
            self.wrong("ending", 'needs models, by and a day as on = "2026-10-23"; it')
            return None
        return Ending(models=models, on=on, by=by)


def _model_fault(model_id: str, backend: str, vendor: Vendor | None, window: int, output: int, thinking: int) -> str:
    if not model_id:
        return "needs a name"
    if vendor is None and backend not in LOCAL_BACKENDS:
        return (
            f'has the backend "{backend}", which is neither a vendor of the file nor one of {_listed(LOCAL_BACKENDS)}'
        )
    if window < _LEAST_WINDOW_TOKENS:
        return f"needs window_tokens, {_LEAST_WINDOW_TOKENS} or more"
    if not 0 < output <= window:
        return "needs max_output_tokens, no more than its window"
    if not 0 <= thinking < output:
        return "needs room for an answer beside its thinking_tokens"
    return ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
