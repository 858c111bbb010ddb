"""Having an Ollama server fetch a model: only when a person asked for it, since the server goes to the internet."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from hybrid_lsp.backends.local import count_of, json_object, text_of
from hybrid_lsp.backends.ollama_trouble import full_name, is_cloud_name, not_local, trouble_of
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.egress import LocalDoor

IDLE_TIMEOUT_S = 60.0
TOTAL_TIMEOUT_S = 12 * 3600.0
ATTEMPTS = 3
"""How often in a row it may break off without having fetched anything more."""
_CONNECT_TIMEOUT_S = 2.0
_SUCCESS = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far the server has come."""

    status: str
    """In the server's words, as `pulling 2af3b81862c6`."""
    total_bytes: int | None = None
    """Of the one file that `status` is about; None where it is about none."""
    completed_bytes: int = 0
    done: bool = False
    """The model is there; nothing follows."""


async def pull(door: LocalDoor, name: str) -> AsyncGenerator[PullProgress, None]:
    """Have the server fetch a model, and yield how far it is; the last one is `done`.

    What breaks off is taken up where it stood, up to `ATTEMPTS` times without progress; so is a pull that was closed,
    or failed, and is asked for again. Raises `Trouble`. Closing stops the server too.
    """
    name = full_name(name)
    if is_cloud_name(name):
        raise not_local(name)
    left, furthest = ATTEMPTS, dict[str, int]()
    while True:
        left -= 1
        try:
            async with aclosing(_once(door, name)) as progress:
                async for step in progress:
                    yield step
                    if step.done:
                        return
                    if step.completed_bytes > furthest.get(step.status, 0):
                        left, furthest[step.status] = ATTEMPTS, step.completed_bytes
            trouble = Trouble(TroubleKind.OFFLINE, f"{door.where} broke off while it fetched {name}; pull it again.")
        except Trouble as raised:
            trouble = raised
        if left == 0 or trouble.kind not in (TroubleKind.OFFLINE, TroubleKind.SLOW):
            raise trouble


async def _once(door: LocalDoor, name: str) -> AsyncGenerator[PullProgress, None]:
    async with door.stream(
        "/api/pull",
        {"model": name, "stream": True},
        connect_timeout_s=_CONNECT_TIMEOUT_S,
        first_byte_timeout_s=IDLE_TIMEOUT_S,
        total_timeout_s=TOTAL_TIMEOUT_S,
        idle_timeout_s=IDLE_TIMEOUT_S,
    ) as stream:
        if stream.status != 200:
            raise trouble_of(door.where, name, stream.status, await stream.body())
        async for line in stream.lines():
            if line.strip():
                yield _progress(line, door.where, name)


def _progress(line: bytes, where: str, name: str) -> PullProgress:
    said = json_object(line, where)
    if error := text_of(said.get("error")):
        if "not exist" in error or "not found" in error:
            raise Trouble(TroubleKind.NO_MODEL, f"There is no model {name} to fetch; look at how its name is written.")
        raise Trouble(TroubleKind.OFFLINE, f"{where} could not fetch {name}; see whether it reaches the internet.")
    status = text_of(said.get("status"))
    return PullProgress(
        status=status,
        total_bytes=count_of(said.get("total")),
        completed_bytes=count_of(said.get("completed")) or 0,
        done=status == _SUCCESS,
    )
