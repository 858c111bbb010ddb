"""Examines every model server and model file that there is: what it is, which model would be used, and what is wrong.

Rules:
1. Nothing is changed but what is in a server's memory: a model that is tried is loaded.
2. Everything ends by one deadline. Each step gets at most half of what is left, so that one that hangs leaves time for
   the others.
3. Servers are tried one after the other, or each would make the others look slow.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hybrid_lsp.backends import discover as search
from hybrid_lsp.backends import remedies
from hybrid_lsp.backends.discover import Finding, Kind, ServerSetting, door_to
from hybrid_lsp.backends.llama_child import LlamaChild
from hybrid_lsp.backends.llama_file import open_file
from hybrid_lsp.backends.local import LocalModel, json_object, text_of
from hybrid_lsp.backends.report import ListedModel, Remark, Report, Server, Trial
from hybrid_lsp.backends.trial import try_out
from hybrid_lsp.core.errors import HybridError, Refused, Trouble, TroubleKind
from hybrid_lsp.core.fim import why_not
from hybrid_lsp.core.stream import Layout, ModelFacts
from hybrid_lsp.egress import LocalDoor

LOOK_S = 3.0
OPEN_S = 10.0
TRIAL_S = 12.0
FILE_S = 20.0
_VERSION_S = 2.0
_CLOSING_S = 0.5


async def examine(
    settings: Sequence[ServerSetting], own_hosts: frozenset[str] = frozenset(), *, gguf: Path | None = None,
    environment: Mapping[str, str], timeout_s: float, tries: bool = True,
    child_of: Callable[[Path], LlamaChild] = LlamaChild,
) -> Report:  # fmt: skip
    """Return what there is and what is wrong with it, within `timeout_s`. Never raises `HybridError`.

    What is in use is what the language server would take: the model file, else the first server with a usable model.
    Without `tries` no model is asked to write, and so none is loaded but the file's.
    """
    until = _Until(_now_s() + timeout_s - min(_CLOSING_S, timeout_s / 5))
    found, elsewhere = await _look(settings, own_hosts, environment, until)
    servers = [] if gguf is None else [await _file(child_of(gguf), until, tries=tries)]
    usable = [finding for finding in found if finding.trouble is None and finding.models]
    is_taken = gguf is not None
    for finding in found:
        server = await _server(finding, elsewhere, until, tries=tries)
        servers.append(replace(server, is_in_use=bool(server.used_model) and not is_taken))
        is_taken = is_taken or bool(server.used_model)
    remarks = [*remedies.of_environment(environment), *(() if settings else remedies.of_strangers(elsewhere))]
    if not servers:
        remarks.insert(0, remedies.of_nothing())
    if gguf is not None and usable and not servers[0].is_in_use:
        remarks.insert(0, remedies.of_file_in_front(usable[0]))
    return Report(servers=tuple(servers), remarks=tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Until:
    """When everything is over."""

    at_s: float

    def share_s(self, at_most_s: float) -> float:
        """Return how long the next step may take."""
        return max(0.01, min(at_most_s, (self.at_s - _now_s()) / 2))


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _look(
    settings: Sequence[ServerSetting], own_hosts: frozenset[str], environment: Mapping[str, str], until: _Until
) -> tuple[list[Finding], list[Finding]]:
    """Return what to examine, and what there is besides: usable servers, or whatever is at the usual ports."""
    usual = search.discover([], timeout_s=until.share_s(LOOK_S), environment=environment)
    if settings:
        asked = search.discover(settings, own_hosts, timeout_s=until.share_s(LOOK_S))
        found, others = await asyncio.gather(asked, usual)
        taken = {finding.server for finding in found}
        return found, [other for other in others if other.trouble is None and other.server not in taken]
    known = await usual
    urls = {f"http://127.0.0.1:{port}" for port in search.USUAL_PORTS} - {finding.url for finding in known}
    if not urls:
        return known, []
    return known, await search.discover([ServerSetting(url=url) for url in urls], timeout_s=until.share_s(LOOK_S))


async def _server(finding: Finding, elsewhere: Sequence[Finding], until: _Until, *, tries: bool) -> Server:
    if finding.trouble is not None:
        failed = remedies.of_finding(finding, finding.trouble, elsewhere=elsewhere)
        name = finding.server if " " in finding.server else f"model server at {finding.server}"
        return Server(server=name, remarks=(failed,))
    version = await _version(door_to(finding.setting, finding.own_hosts), finding.kind, until)
    server = Server(server=finding.server, kind=finding.kind or "", models=_listed(finding, used=""), version=version)
    refused = tuple(remedies.of_refused(model.name) for model in finding.models if model.refusal)
    try:
        async with _opened(finding, until) as model:
            return await _examined(server, finding, model, until, refused, tries=tries)
    except (Trouble, Refused) as error:
        failed = remedies.of_finding(finding, error, name=finding.setting.model or "")
        is_said = isinstance(error, Trouble) and error.kind is TroubleKind.NOT_LOCAL
        return replace(server, remarks=(failed, *(() if is_said else refused)))


async def _examined(
    server: Server, finding: Finding, model: LocalModel, until: _Until, refused: tuple[Remark, ...], *, tries: bool
) -> Server:
    facts = model.facts
    window = remedies.of_window(facts, finding.kind)
    try:
        trial = await try_out(model, deadline_s=until.share_s(TRIAL_S)) if tries else None
    except Trouble as trouble:
        return replace(server, remarks=(remedies.of_finding(finding, trouble, name=facts.name), *refused))
    return replace(
        server,
        used_model=facts.name,
        why=_why(finding, facts),
        fim=_fim(facts, finding.kind),
        trial=trial,
        window_tokens=facts.window_tokens,
        models=_listed(finding, used=facts.name),
        remarks=(*_of_trial(trial, facts, finding.kind), *window, *refused),
    )


async def _file(child: LlamaChild, until: _Until, *, tries: bool) -> Server:
    server = Server(server=f"our own llama.cpp with {child.path.name}", kind="gguf")
    limit_s = until.share_s(FILE_S)
    try:
        async with asyncio.timeout(limit_s):
            model = await open_file(child)
        facts = model.facts
        trial = await try_out(model, deadline_s=until.share_s(TRIAL_S)) if tries else None
        version = await _version(await child.start(), Kind.LLAMACPP, until)
        used = ListedModel(name=facts.name, can_fim=True, is_loaded=True, is_used=True, size_bytes=_size(child.path))
        return replace(server, version=version, models=(used,), used_model=facts.name, fim=_fim(facts, Kind.LLAMACPP),
                       why="config.toml names its file, which goes before every server", trial=trial, is_in_use=True,
                       window_tokens=facts.window_tokens, remarks=tuple(_of_trial(trial, facts, None)))  # fmt: skip
    except TimeoutError:
        late = f"{child.path.name} was not loaded within {limit_s:.0f} s; choose a smaller model, or look again later."
        return replace(server, remarks=(remedies.wrong(late),))
    except Trouble as trouble:
        return replace(server, remarks=(remedies.of_file(trouble),))
    finally:
        await child.close()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


@asynccontextmanager
async def _opened(finding: Finding, until: _Until) -> AsyncGenerator[LocalModel, None]:
    limit_s = until.share_s(OPEN_S)
    try:
        async with asyncio.timeout(limit_s):
            model = await search.connect(finding)
    except TimeoutError:
        late = f"{finding.server} did not open a model within {limit_s:.0f} s; it may be busy, or end it and start it."
        raise Trouble(TroubleKind.BUSY, late) from None
    try:
        yield model
    finally:
        await model.close()


def _of_trial(trial: Trial | None, facts: ModelFacts, kind: Kind | None) -> list[Remark]:
    if trial is None:
        return []
    if not trial.text.strip():
        return [remedies.note(f"{facts.name} answered the trial with nothing; if ghost text stays away, use another.")]
    return remedies.of_slowness(kind, facts.name, trial.first_text_s or 0.0)


def _listed(finding: Finding, *, used: str) -> tuple[ListedModel, ...]:
    return tuple(
        ListedModel(name=model.name, can_fim=True if model.name == used else _can_fim(model.can_fim, model.name),
                    is_loaded=model.loaded, is_used=model.name == used, size_bytes=model.size_bytes,
                    refusal=model.refusal)
        for model in finding.models
    )  # fmt: skip


def _can_fim(told: bool | None, name: str) -> bool | None:
    return False if told is None and why_not(name) else told


def _why(finding: Finding, facts: ModelFacts) -> str:
    if finding.setting.model:
        return "config.toml names it"
    usable = search.ranked(finding.models)
    if len(usable) <= 1:
        return "it is the only one that may be used"
    if usable[0].name == facts.name:
        return f"it is the best of {len(usable)} for ghost text"
    return f"it is the best of {len(usable)} that could be opened"


def _fim(facts: ModelFacts, kind: Kind | None) -> str:
    if facts.layout is Layout.OURS:
        return f"with its own tokens ({facts.family})"
    return "through the server's /infill" if kind is Kind.LLAMACPP else "through the server's suffix"


async def _version(door: LocalDoor, kind: Kind | None, until: _Until) -> str:
    path, key = {Kind.OLLAMA: ("/api/version", "version"), Kind.LLAMACPP: ("/props", "build_info")}.get(
        kind or Kind.OPENAI, ("/version", "version")
    )
    try:
        answer = await door.get(path, timeout_s=until.share_s(_VERSION_S))
        return text_of(json_object(answer.body, door.where).get(key)) if answer.status == 200 else ""
    except HybridError:
        return ""
    finally:
        await door.close()
