"""Having a model fetched by the Ollama of this machine, wherever it listens."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from hybrid_lsp.backends.discover import Finding, Kind, ServerSetting, discover, door_to
from hybrid_lsp.backends.ollama_pull import PullProgress, pull
from hybrid_lsp.core.errors import Trouble, TroubleKind

LOOK_S = 3.0


async def fetch(
    name: str, settings: Sequence[ServerSetting], own_hosts: frozenset[str] = frozenset(), *,
    environment: Mapping[str, str],
) -> AsyncGenerator[PullProgress, None]:  # fmt: skip
    """Have the first Ollama that is found fetch a model, and yield how far it is; the last one is `done`.

    Raises `Trouble` or `Refused`. Closing stops the server too, and what it has fetched stays for the next time.
    """
    finding = await _ollama(settings, own_hosts, environment)
    door = door_to(finding.setting, own_hosts)
    try:
        async with aclosing(pull(door, name)) as steps:
            async for step in steps:
                yield step
    finally:
        await door.close()


async def _ollama(
    settings: Sequence[ServerSetting], own_hosts: frozenset[str], environment: Mapping[str, str]
) -> Finding:
    found = await discover(settings, own_hosts, timeout_s=LOOK_S, environment=environment)
    usable = [finding for finding in found if finding.kind is Kind.OLLAMA and finding.trouble is None]
    if usable:
        return usable[0]
    raise Trouble(
        TroubleKind.OFFLINE,
        "No Ollama answers on this machine, and only Ollama fetches models; start it with `ollama serve`, "
        "or install it from https://ollama.com/download.",
    )
