"""What every model on this machine can do, whichever dialect its server speaks."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import FimPrompt, ModelFacts, Piece

_MOST_COUNT = 10**15
"""Of anything that a server tells, also of nanoseconds and bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One model that a server has, as far as its list tells."""

    name: str
    """As the server names it, ready to be opened by that name."""
    can_fim: bool | None = None
    """Whether it fills in the middle; None: not known before it is opened."""
    loaded: bool = False
    """Whether it is in memory now, so that the first answer need not wait for it."""
    size_bytes: int | None = None
    window_tokens: int | None = None
    refusal: str = ""
    """Why it must not be used, as one sentence; empty where it may."""


class LocalModel(Protocol):
    """One opened model on one server, ready to fill in the middle."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of it; the same object for as long as it is open."""
        ...

    def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """Yield the answer as it comes; the last piece, and only that one, has an `ending`.

        Raises `Trouble`, before the first piece or after some. `aclose()`, or cancelling the task that waits for the
        next piece, closes the connection, so that the server stops. `deadline_s` is for the whole answer.
        """
        ...

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """Have the server read `prompt` and say nothing, so that the next one that begins alike costs less.

        Raises `Trouble`.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection. What the server has in memory stays there."""
        ...


def json_object(text: bytes, where: str) -> dict[str, object]:
    """Return the JSON object that `text` is; raise `Trouble` (nonsense) when it is anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    raise Trouble(TroubleKind.NONSENSE, f"What {where} answers is not the JSON expected; is it a model server?")


def objects_in(value: object) -> list[dict[str, object]]:
    """Return the JSON objects of a JSON list, passing over what else is in it; nothing when it is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return a JSON string, or nothing when it is not one."""
    return value if isinstance(value, str) else ""


def count_of(value: object) -> int | None:
    """Return a JSON number that counts something, or None when it does not, or counts more than there can be."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNT else None
