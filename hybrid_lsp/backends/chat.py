"""What every model on this machine that can be talked to can do, whichever dialect its server speaks."""

from collections.abc import AsyncGenerator
from typing import Protocol

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, ModelFacts, Piece

CONNECT_TIMEOUT_S = 2.0


class LocalChat(Protocol):
    """One opened model on one server, ready to be talked to."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of it; the server builds the prompt."""
        ...

    def ask(self, prompt: ChatPrompt, *, max_output_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """Yield the answer as it comes, without thoughts; the last piece, and only that one, has an `ending`.

        `max_output_tokens` holds for thoughts and answer together. Raises `Trouble`, before the first piece or after
        some. `aclose()`, or cancelling the task that waits for the next piece, closes the connection, so that the
        server stops. `deadline_s` is for the whole answer.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection. What the server has in memory stays there."""
        ...


def asked_by_person(trouble: Trouble, name: str) -> Trouble:
    """Return a trouble in words for somebody who asked, where the server's are those for ghost text."""
    if trouble.kind is TroubleKind.OVERFLOW:
        sentence = f"The question is longer than {name} takes; ask about a smaller part."
    elif trouble.kind in (TroubleKind.BUSY, TroubleKind.LOADING):
        sentence = f"{name} is not ready to answer: its server is busy or still loading; ask again in a moment."
    else:
        return trouble
    return Trouble(trouble.kind, sentence, prompt_tokens=trouble.prompt_tokens, window_tokens=trouble.window_tokens)
