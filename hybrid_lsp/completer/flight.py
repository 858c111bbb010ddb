"""One question on its way through a model: what has come, and whether it still serves the one who types on.

Rules:
1. A flight belongs to nobody who waits for it: who asked may have gone, and who comes next may board it, as long as
   what is typed and what has come agree.
2. It is closed, and so the model stops, as soon as what has come is all that may be shown, or contradicts what is
   typed.
3. What came is kept, whoever was there to see it.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from hybrid_lsp.completer.ports import StreamingModel
from hybrid_lsp.core.errors import Trouble, TroubleKind, fault_told
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.reuse import leads_along
from hybrid_lsp.core.stream import Ending, FimPrompt, Piece
from hybrid_lsp.core.trim import Shape, Trimmed, trim

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked, and what may be made of the answer."""

    excerpt: Excerpt
    prompt: FimPrompt
    shape: Shape
    max_tokens: int
    deadline_s: float


class Flight:
    """A question that is being answered. Runs as a task of its own from the start."""

    def __init__(
        self,
        question: Question,
        model: StreamingModel,
        *,
        is_secret: Callable[[str], bool],
        ended: Callable[["Flight"], None],
    ) -> None:
        self.question = question
        self.model = model
        self.trouble: Trouble | None = None
        self.ending: Ending | None = None
        self.first_line_s: float | None = None
        """How long the first text that may be shown took; None while there is none."""
        self._is_secret = is_secret
        self._text = ""
        self._trimmed = Trimmed(text="", is_finished=False)
        self._moved = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.began_s = loop.time()
        self._task = loop.create_task(self._run())
        self._ended: Callable[[Flight], None] | None = ended
        self._task.add_done_callback(lambda _: self._end())  # also of a task that was cancelled before it began

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._trimmed.is_finished or self._task.done()

    @property
    def has_said_something(self) -> bool:
        """Whether any text has come, shown or not."""
        return bool(self._text)

    @property
    def settled(self) -> str:
        """What may be shown of what has come: complete lines while more is coming, everything once it is over."""
        return self._trimmed.text

    def serves(self, excerpt: Excerpt) -> bool:
        """Say whether what has come so far, and what is typed by now, are the beginning of one text."""
        return leads_along(self.question.excerpt, self._text, excerpt)

    async def moved(self) -> None:
        """Wait until more has come, or it is over."""
        if not self.is_over:
            self._moved.clear()
            await self._moved.wait()

    def close(self) -> None:
        """Stop the model. Harmless when it has stopped."""
        self._task.cancel()

    async def closed(self, timeout_s: float) -> None:
        """Wait until the connection is closed, at most so long."""
        await asyncio.wait([self._task], timeout=timeout_s)

    async def _run(self) -> None:
        question = self.question
        pieces = self.model.generate(question.prompt, max_tokens=question.max_tokens, deadline_s=question.deadline_s)
        try:
            async with aclosing(cast(Any, pieces)) as stream:
                async for piece in stream:
                    self._take(piece)
                    if self.is_over:
                        break
            self._settle(is_complete=True)
        except Trouble as trouble:
            self.trouble = trouble
            self._settle(is_complete=True)
        except Exception as fault:
            log.error("inline: the way to the model failed (%s)", fault_told(fault))
            self.trouble = Trouble(TroubleKind.NONSENSE, "hybrid-lsp met a fault of its own; its log says where.")
        finally:
            self._end()

    def _end(self) -> None:
        """Tell once that it is over, and only then those who wait: what was learned counts for their next question."""
        self._trimmed = Trimmed(text=self._trimmed.text, is_finished=True)
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self)
        self._moved.set()

    def _take(self, piece: Piece) -> None:
        self._text += piece.text
        self.ending = piece.ending or self.ending
        self._settle(is_complete=piece.ending is not None)
        if self._trimmed.text and self.first_line_s is None:
            self.first_line_s = asyncio.get_running_loop().time() - self.began_s
        self._moved.set()

    def _settle(self, *, is_complete: bool) -> None:
        question = self.question
        if not self._trimmed.is_finished:
            self._trimmed = trim(
                self._text, question.excerpt, question.shape, is_secret=self._is_secret, is_complete=is_complete
            )
