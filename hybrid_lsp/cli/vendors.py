"""What is known of the vendors without asking them: keys, prices, and what is secret."""

import asyncio
import getpass
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

from hybrid_lsp.backends.keys import from_keyring, key_for, why_no_key
from hybrid_lsp.cli.asked import VENDORS
from hybrid_lsp.cli.desk import Desk
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Problem, Refused
from hybrid_lsp.core.price import Price
from hybrid_lsp.core.redact import Rules
from hybrid_lsp.core.router import Candidate
from hybrid_lsp.prices import warm

_NO_PRICES = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """One look at them."""

    rules: Rules
    """What is taken out of what goes to them: secrets, the keys themselves, the names of person and machine."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By model."""
    candidates: tuple[Candidate, ...] = ()
    prices: Mapping[str, tuple[Price | None, Price | None]] = field(default_factory=dict)
    """By model: what is held, and what is charged."""
    problems: tuple[Problem, ...] = ()

    def held(self, model: Model) -> Price | None:
        """Return the price that a worst case is held at; None when it is not known."""
        return self.prices.get(model.id, _NO_PRICES)[0]

    def charged(self, model: Model) -> Price | None:
        """Return the price that usage is settled with; None when it is not known."""
        return self.prices.get(model.id, _NO_PRICES)[1]


def vendors_of(desk: Desk, keyring: Callable[[str], str | None] = from_keyring) -> Vendors:
    """Look at keys and prices as they are now. May ask the system's keyring: see `vendors_aside`."""
    known = {*VENDORS, *desk.others}
    models = [m for m in desk.catalog.models if not m.is_local and m.roles and m.backend in known]
    at = desk.now()
    prices = {
        model.id: (_known(desk.prices.price_of(model, at=at)), _known(desk.prices.charged_price_of(model, at=at)))
        for model in models
    }
    keys: dict[str, str] = {}
    candidates = tuple(_candidate(model, prices[model.id][0], desk.environment, keys, keyring) for model in models)
    words = (_user(), platform.node(), str(Path.home()))
    rules, problems = Rules.of({*keys.values(), *_other_keys(desk)}, desk.config.asking.patterns, words)
    return Vendors(rules=rules, keys=keys, candidates=candidates, prices=prices, problems=tuple(problems))


def vendors_without_keyring(desk: Desk, why: str) -> Vendors:
    """Look at what the keyring need not be asked for; who has no key elsewhere is missing one, and `why` says so."""
    vendors = vendors_of(desk, lambda _: None)
    return replace(vendors, candidates=tuple(
        replace(one, missing=why) if one.missing == why_no_key(one.model) else one
        for one in vendors.candidates
    ))  # fmt: skip


def vendors_aside(desk: Desk) -> "asyncio.Future[Vendors]":
    """Look in a thread that keeps no process from ending, as asyncio's own would: a keyring may wait for a person."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Vendors] = loop.create_future()

    def tell(vendors: Vendors | None, error: Exception | None) -> None:
        if found.done():
            return
        if vendors is not None:
            found.set_result(vendors)
        elif error is not None:
            found.set_exception(error)

    def look() -> None:
        vendors = error = None
        try:
            warm()
            vendors = vendors_of(desk)
        except Exception as fault:  # it is told where it is waited for
            error = fault
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(tell, vendors, error)

    Thread(target=look, name="hybrid-lsp keys", daemon=True).start()
    return found


def _other_keys(desk: Desk) -> Iterator[str]:
    """Yield what else is a key of ours: of vendors that are not asked now, and of model servers."""
    for vendor in desk.catalog.vendors:
        yield from filter(None, map(desk.environment.get, vendor.key_env))
    yield from (server.key for server in desk.config.servers)


def _candidate(
    model: Model, price: Price | None, environment: Mapping[str, str], keys: dict[str, str],
    keyring: Callable[[str], str | None],
) -> Candidate:  # fmt: skip
    try:
        key = key_for(model, environment, keyring=keyring)
    except Refused as refused:
        return Candidate(model=model, price=price, missing=str(refused), missing_rule="key")
    if key is None:
        return Candidate(model=model, price=price, missing=why_no_key(model), missing_rule="key")
    keys[model.id] = key
    return Candidate(model=model, price=price)


def _known(price: object) -> Price | None:
    return price if isinstance(price, Price) else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
