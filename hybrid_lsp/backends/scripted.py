"""A model that answers from a playbook, for tests of everything around a model."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from hybrid_lsp.core.errors import Trouble
from hybrid_lsp.core.job import Excerpt, Source, Suggestion
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Layout, ModelFacts, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the playbook: what to answer, once the cursor's line reads `when` up to the cursor."""

    when: str
    say: str | None = None
    """None: nothing to offer."""
    fail: bool = False
    wait: asyncio.Event | None = None
    """Answer only after this is set."""


@dataclass(slots=True)
class ScriptedBackend:
    """Answers each request by the first line of its playbook that fits, and keeps what it was asked."""

    playbook: Sequence[Line] = ()
    asked: list[tuple[str, float]] = field(default_factory=list)
    """What stood left of the cursor and how much doubt came with it, one entry a request."""

    async def suggest(self, excerpt: Excerpt, *, doubt: float) -> Suggestion | None:
        """Return what the playbook says for this cursor; raise where it says so."""
        self.asked.append((excerpt.prefix, round(doubt, 3)))
        line = next((line for line in self.playbook if line.when == excerpt.prefix), Line(when=excerpt.prefix))
        if line.wait is not None:
            await line.wait.wait()
        if line.fail:
            raise RuntimeError("the playbook says so")
        return Suggestion(text=line.say, source=Source.SCRIPTED) if line.say else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One line of a streaming playbook: what to stream, once the cursor's line reads `when` up to the cursor."""

    when: str
    pieces: tuple[str, ...] = ()
    gap_s: float = 0.0
    """Before each piece."""
    trouble: Trouble | None = None
    """Raised after the pieces."""
    breaks_off: bool = False


@dataclass(slots=True)
class ScriptedModel:
    """A streaming model that answers from a playbook, and keeps what it was asked and when it was stopped."""

    playbook: Sequence[Reply] = ()
    facts: ModelFacts = field(
        default_factory=lambda: ModelFacts(
            server="scripted", name="scripted", window_tokens=4096, layout=Layout.OURS, family="qwen-coder"
        )
    )
    asked: list[str] = field(default_factory=list)
    """What stood left of the cursor on its line, one entry a question."""
    warmed: list[str] = field(default_factory=list)
    stopped: int = 0
    """How many questions were closed before their end."""

    async def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """Stream what the playbook says for this cursor."""
        line = prompt.before.rsplit("\n", 1)[-1]
        self.asked.append(line)
        reply = next((reply for reply in self.playbook if reply.when == line), Reply(when=line))
        is_over = False
        try:
            for piece in reply.pieces:
                await asyncio.sleep(reply.gap_s)
                yield Piece(text=piece)
            if reply.trouble is not None:
                is_over = True
                raise reply.trouble
            is_over = True
            reason = EndReason.BROKEN_OFF if reply.breaks_off else EndReason.DONE
            yield Piece(
                ending=Ending(reason=reason, prompt_tokens=prompt.estimated_tokens, output_tokens=len(reply.pieces))
            )
        finally:
            self.stopped += not is_over

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """Remember what was warmed."""
        self.warmed.append(prompt.before.rsplit("\n", 1)[-1])

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class ScriptedModels:
    """One scripted model that is there until it fails."""

    model: ScriptedModel | None
    troubles: list[Trouble] = field(default_factory=list)
    answers: int = 0

    def current(self) -> ScriptedModel | None:
        """Return the model."""
        return self.model

    def failed(self, model: object, trouble: Trouble) -> None:
        """Give the model up."""
        self.troubles.append(trouble)
        self.model = None

    def answered(self) -> None:
        """Count."""
        self.answers += 1
