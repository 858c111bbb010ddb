"""Which model servers run on this machine, what they are, and which of their models is the best for ghost text.

What answers decides what it is; a port only says where to knock. All doors are knocked at at once.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hybrid_lsp.backends import llamacpp, ollama, openai
from hybrid_lsp.backends.local import LocalModel, ModelEntry
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind
from hybrid_lsp.core.fim import why_not
from hybrid_lsp.egress import LocalDoor

USUAL_PORTS = (11434, 8080, 8012, 1234, 8000, 5000, 5001)
"""Ollama; llama.cpp; llama.cpp as its editors' plug-ins start it; LM Studio; vLLM; TabbyAPI; KoboldCpp."""
OLLAMA_VARIABLE = "OLLAMA_HOST"
_OLLAMA_PORT = 11434
_PARAMETERS = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
COMFORTABLE_BILLIONS = 4.0
"""Up to here a model answers as one types on most machines; among those, more is better; beyond, less is."""


class Kind(StrEnum):
    """Which dialect a server speaks best."""

    OLLAMA = "ollama"
    LLAMACPP = "llamacpp"
    OPENAI = "openai"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSetting:
    """One model server, as a person set it up."""

    url: str
    kind: Kind | None = None
    """None: whatever it turns out to be."""
    model: str | None = None
    """None: the best that it has."""
    key: str | None = None

    def __repr__(self) -> str:
        return f"ServerSetting(kind={self.kind!r}, model={self.model!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is at one address."""

    server: str
    """As `ollama at 127.0.0.1:11434`."""
    kind: Kind | None
    """None: nothing that we speak with."""
    url: str
    models: tuple[ModelEntry, ...] = ()
    trouble: Trouble | Refused | None = None
    """Why nothing of it can be used; None where something may be."""
    setting: ServerSetting
    own_hosts: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Finding(server={self.server!r}, models={len(self.models)}, trouble={self.trouble!r})"


async def discover(
    settings: Sequence[ServerSetting],
    own_hosts: frozenset[str] = frozenset(),
    *,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    strangers: set[str] | None = None,
) -> list[Finding]:
    """Return what is at the configured addresses, else at the usual ones, in that order. Never raises `HybridError`.

    A configured server that cannot be used is found with its trouble; a usual port with nothing on it that we speak
    with is not found at all. Of `environment` only `OLLAMA_HOST` counts, and only where it means this machine.
    `strangers` are left alone, and those found on a usual port are added to it: somebody's web server need not be asked
    again and again whether it is a model.
    """
    known = strangers if strangers is not None else set()
    asked = list(settings) or [one for one in _usual(environment or {}) if one.url not in known]
    findings = await asyncio.gather(*(_look(setting, own_hosts, timeout_s) for setting in asked))
    if not settings:
        known.update(finding.url for finding in findings if finding.kind is None and _is_stranger(finding))
    return [finding for finding in findings if settings or finding.kind is not None]


async def connect(finding: Finding, model_name: str | None = None) -> LocalModel:
    """Open a model: the one named, else the one the setting names, else the best that fills in the middle.

    The best is, in this order: one known to fill in the middle; the largest of up to `COMFORTABLE_BILLIONS` parameters,
    else the smallest beyond; one in memory now; by name. One that can not be opened gives way to the next. Raises
    `Trouble` or `Refused`; the trouble is that of the best one.
    """
    if finding.trouble is not None:
        raise finding.trouble
    name = model_name or finding.setting.model
    door = door_to(finding.setting, finding.own_hosts)
    try:
        return await (_open(finding.kind, door, name) if name else _open_best(finding, door))
    except BaseException:
        await door.close()
        raise


def ranked(models: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Return the models that may be used, the best for ghost text first, in the order that `connect` states."""
    return sorted((model for model in models if not model.refusal), key=_rank)


async def _open_best(finding: Finding, door: LocalDoor) -> LocalModel:
    first: Trouble | None = None
    for entry in ranked(finding.models):
        try:
            return await _open(finding.kind, door, entry.name)
        except Trouble as trouble:
            first = first or trouble
            if trouble.kind not in (TroubleKind.NO_FIM, TroubleKind.NO_MODEL, TroubleKind.NOT_LOCAL):
                break
    raise first or _nothing_usable(finding)


async def _open(kind: Kind | None, door: LocalDoor, name: str) -> LocalModel:
    if kind is Kind.OLLAMA:
        return await ollama.open_model(door, name)
    if kind is Kind.LLAMACPP:
        return await llamacpp.open_model(door, name)
    return await openai.open_model(door, name)


def _nothing_usable(finding: Finding) -> Trouble:
    refused = next((model.refusal for model in finding.models if model.refusal), "")
    if refused:
        return Trouble(TroubleKind.NOT_LOCAL, refused)
    hint = "; get one with `ollama pull qwen2.5-coder:1.5b`." if finding.kind is Kind.OLLAMA else "; load one there."
    return Trouble(TroubleKind.NO_MODEL, f"{finding.server} has no model{hint}")


def _rank(entry: ModelEntry) -> tuple[int, int, float, bool, str]:
    known = 0 if entry.can_fim else 2 if entry.can_fim is False or why_not(entry.name) else 1
    told = _PARAMETERS.findall(entry.name)
    billions = float(told[-1]) if told else (entry.size_bytes or 0) / 1e9
    comfortable = 0 < billions <= COMFORTABLE_BILLIONS
    return known, not comfortable, -billions if comfortable else billions, not entry.loaded, entry.name


async def _look(setting: ServerSetting, own_hosts: frozenset[str], timeout_s: float) -> Finding:
    try:
        door = door_to(setting, own_hosts)
    except Refused as refused:
        return Finding(server="a model server", kind=setting.kind, url=setting.url, trouble=refused, setting=setting)
    found = Finding(server=door.where, kind=setting.kind, url=setting.url, setting=setting, own_hosts=own_hosts)
    kind = setting.kind
    try:
        async with asyncio.timeout(timeout_s):
            if not await door.is_listening(timeout_s=timeout_s):
                raise Trouble(TroubleKind.OFFLINE, f"Nothing answers at {door.where}; start the model server there.")
            kind = kind or await _kind_of(door, timeout_s)
            return replace(
                found, server=f"{kind} at {door.where}", kind=kind, models=await _models(kind, door, timeout_s)
            )
    except Trouble as trouble:
        return replace(found, kind=kind, trouble=trouble)
    except TimeoutError:
        late = Trouble(TroubleKind.SLOW, f"{door.where} did not say within {timeout_s:g} s what it is; it may be busy.")
        return replace(found, kind=kind, trouble=late)
    finally:
        await door.close()


def _is_stranger(finding: Finding) -> bool:
    """Say whether somebody took the connection, and is no model server."""
    return isinstance(finding.trouble, Trouble) and finding.trouble.kind is not TroubleKind.OFFLINE


async def _kind_of(door: LocalDoor, timeout_s: float) -> Kind:
    if await ollama.is_ollama(door, timeout_s=timeout_s):
        return Kind.OLLAMA
    if await openai.is_llamacpp(door, timeout_s=timeout_s):
        return Kind.LLAMACPP
    await openai.list_models(door, timeout_s=timeout_s)
    return Kind.OPENAI


async def _models(kind: Kind, door: LocalDoor, timeout_s: float) -> tuple[ModelEntry, ...]:
    if kind is Kind.OLLAMA:
        return tuple(await ollama.list_models(door, timeout_s=timeout_s))
    if kind is Kind.LLAMACPP:
        return tuple(await llamacpp.describe(door))
    return tuple(await openai.list_models(door, timeout_s=timeout_s))


def door_to(setting: ServerSetting, own_hosts: frozenset[str]) -> LocalDoor:
    """Return the way to the server of a setting; raises `Refused` where it leads off this machine.

    Where a server's address is told with its `/v1`, what it is can be seen only above that.
    """
    return LocalDoor(setting.url.rstrip("/").removesuffix("/v1"), own_hosts=own_hosts, key=setting.key)


def _usual(environment: Mapping[str, str]) -> list[ServerSetting]:
    told = _ollama_url(environment.get(OLLAMA_VARIABLE, ""))
    urls = [f"http://127.0.0.1:{port}" for port in USUAL_PORTS]
    return [ServerSetting(url=url) for url in dict.fromkeys([told, *urls] if told else urls)]


def _ollama_url(told: str) -> str:
    """Where `OLLAMA_HOST` says that Ollama listens, if that is on this machine; `0.0.0.0` is, as seen from here."""
    address = re.sub(r"^(https?://)?(0\.0\.0\.0|\[::\])(?=[:/]|$)", r"\g<1>127.0.0.1", told.strip())
    url = address if "://" in address else f"http://{address}"
    if not re.search(r":\d+/?$", url):
        url = f"{url.rstrip('/')}:{_OLLAMA_PORT}"
    try:
        LocalDoor(url)
    except Refused:
        return ""
    return url if address else ""
