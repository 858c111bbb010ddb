"""A vendor that the user's own settings name, and that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from hybrid_lsp.backends.cloud import Question, streamed
from hybrid_lsp.backends.cloud_trouble import Blame, error_in
from hybrid_lsp.backends.openai_chat import WISHES, ChatFields, ChatReading
from hybrid_lsp.backends.openai_cloud import judged
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.stream import ChatPrompt, Piece
from hybrid_lsp.egress.cloud import CloudDoor, Permit, Verdict


class CompatibleModel:
    """One model of such a vendor; a `CloudModel`."""

    def __init__(self, door: CloudDoor, model: Model, key: str) -> None:
        self._door = door
        self._model = model
        self._key = key
        self._fields = ChatFields(model.id, WISHES)
        self._blame = Blame.of(door.host, model)

    @property
    def model(self) -> Model:
        """See `cloud.CloudModel`."""
        return self._model

    async def ask(
        self, prompt: ChatPrompt, *, permit: Permit, max_output_tokens: int, deadline_s: float
    ) -> AsyncGenerator[Piece, None]:
        """See `cloud.CloudModel`. A field that the vendor does not take is left out, and it is asked again."""
        until_s = asyncio.get_running_loop().time() + deadline_s
        adapted = False

        def judge(status: int, body: bytes) -> Verdict:
            nonlocal adapted
            adapted = self._fields.adapts(status, body, sent)
            if adapted:
                # That one field is not taken says nothing against the model.
                return Verdict(trouble=self._blame.trouble(TroubleKind.DECLINED))
            return judged(self._blame, status, error_in(body))

        sent = self._fields.asked(prompt, max_output_tokens)
        question = Question(
            path=f"{'' if self._door.address.path else '/v1'}/chat/completions",
            body=sent,
            headers={"Authorization": f"Bearer {self._key}"},
            judge=judge,
            reading=ChatReading(self._trouble),
        )
        answer = streamed(
            self._door, self._model, question, permit=permit, max_output_tokens=max_output_tokens, deadline_s=deadline_s
        )
        try:
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except Trouble:
            if not adapted:
                raise
        left_s = until_s - asyncio.get_running_loop().time()
        again = self.ask(prompt, permit=permit, max_output_tokens=max_output_tokens, deadline_s=left_s)
        async with aclosing(again) as pieces:
            async for piece in pieces:
                yield piece

    def _trouble(self, event: Mapping[str, object]) -> Trouble:
        error = event.get("error")
        return judged(self._blame, 500, error if isinstance(error, dict) else {}).trouble
