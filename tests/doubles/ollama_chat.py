"""How Ollama's double answers /api/chat: what /api/generate would say, as messages."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.doubles.http_server import Reply

LOGPROB = -0.25


@dataclass(slots=True)
class ChatReply(Reply):
    """Sends each line of a stream as a message instead of a response."""

    tells_logprobs: bool = False

    async def line(self, payload: object) -> None:
        """Send one line; what is no piece of an answer goes as it is."""
        if not isinstance(payload, dict) or "response" not in payload:
            await Reply.line(self, payload)
            return
        text, thinking = payload["response"], payload.get("thinking")
        rest = {name: value for name, value in payload.items() if name not in ("response", "thinking", "context")}
        message = {"role": "assistant", "content": text} | ({"thinking": thinking} if thinking else {})
        sure = [{"token": text, "logprob": LOGPROB, "bytes": []}] if self.tells_logprobs and text else []
        await Reply.line(self, {**rest, "message": message} | ({"logprobs": sure} if sure else {}))


def as_generated(wanted: Mapping[str, object]) -> dict[str, object]:
    """Return the question of /api/generate that comes to the same."""
    messages = wanted.get("messages")
    said = [one.get("content", "") for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    rest = {name: value for name, value in wanted.items() if name != "messages"}
    return {**rest, "prompt": "\n".join(map(str, said)), "raw": True}
