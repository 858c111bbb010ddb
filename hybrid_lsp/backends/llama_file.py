"""The model in one GGUF file, as any other model on this machine, with its server in a child process of ours."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from hybrid_lsp.backends import llamacpp
from hybrid_lsp.backends.llama_child import LlamaChild
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import FimPrompt, ModelFacts, Piece
from hybrid_lsp.egress import LocalDoor


class LlamaFile:
    """The model in one GGUF file, run by us; a `LocalModel` whose server comes and goes as needed."""

    def __init__(self, child: LlamaChild, door: LocalDoor, model: llamacpp.LlamaModel) -> None:
        self._child = child
        self._door = door
        self._model = model
        self._facts = replace(model.facts, server="our own llama.cpp")

    @property
    def facts(self) -> ModelFacts:
        """What is known of it; it stays when the child is started again."""
        return self._facts

    async def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """Yield as `LlamaModel.generate` does, starting the child again first if it has died; raises `Trouble`."""
        model, left_s = await self._running(deadline_s)
        async with aclosing(model.generate(prompt, max_tokens=max_tokens, deadline_s=left_s)) as pieces:
            async for piece in pieces:
                yield piece

    async def warm(self, prompt: FimPrompt, *, deadline_s: float) -> None:
        """Have the model read `prompt`, starting the child again first if it has died; raises `Trouble`."""
        model, left_s = await self._running(deadline_s)
        await model.warm(prompt, deadline_s=left_s)

    async def close(self) -> None:
        """End the child."""
        await self._child.close()

    async def _running(self, deadline_s: float) -> tuple[llamacpp.LlamaModel, float]:
        clock = asyncio.get_running_loop().time
        until_s = clock() + deadline_s
        try:
            async with asyncio.timeout_at(until_s):
                door = await self._child.start()
        except TimeoutError:
            raise Trouble(TroubleKind.LOADING, f"{self._facts.name} is still loading; try again in a moment.") from None
        if door is not self._door:
            self._door, self._model = door, llamacpp.LlamaModel(door, self._facts)
        return self._model, until_s - clock()


async def open_file(child: LlamaChild) -> LlamaFile:
    """Return the model in the child's file, starting the child if need be.

    Raises `Trouble`, and then no child is left, nor is the file loaded again at every attempt. Cancelling the one who
    waits lets the start go on.
    """
    try:
        door = await child.start()
        return LlamaFile(child, door, await llamacpp.open_model(door))
    except Trouble as trouble:
        if child.is_running:
            await child.give_up(trouble)
        raise
