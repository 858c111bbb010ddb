"""What an answer in OpenAI's dialect means that is no success, whichever server gave it."""

import json
import re

from hybrid_lsp.core.errors import Trouble, TroubleKind


def trouble_of(where: str, name: str, status: int, body: bytes) -> Trouble:
    """Return what an answer that is no success means."""
    message = _message(body)
    if overflow := re.search(r"maximum context length is (\d+)", message):
        sentence = f"The prompt is longer than {name} takes; it is asked for less with the next request."
        told = re.search(r"\((\d+) in the|(?:has|contains at least|contains) (\d+) (?:input )?tokens", message)
        prompt_tokens = int(told[1] or told[2]) if told else None
        return Trouble(TroubleKind.OVERFLOW, sentence, prompt_tokens=prompt_tokens, window_tokens=int(overflow[1]))
    if status in (401, 403):
        return Trouble(TroubleKind.BAD_KEY, f"{where} wants another key; set the one it was started with.")
    if status == 404:
        return Trouble(TroubleKind.NO_MODEL, f"{where} has no model {name}; load it there.")
    if "loading" in message.lower() and status == 503:
        return Trouble(
            TroubleKind.LOADING, f"{where} is still loading {name}; it is asked again with the next request."
        )
    if status in (429, 503):
        return Trouble(TroubleKind.BUSY, f"{where} is busy; it is asked again with the next request.")
    if "suffix" in message:
        return Trouble(TroubleKind.NO_FIM, f"{where} takes no suffix; use a model whose own tokens are known.")
    if status < 500:
        return Trouble(TroubleKind.NONSENSE, f"{where} does not take what is asked ({status}); is it another server?")
    return Trouble(TroubleKind.OFFLINE, f"{where} failed on {name}; its log says why.")


def _message(body: bytes) -> str:
    """The server's own words, wherever its framework puts them; only looked into, never shown."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    error = said.get("error")
    inner = error.get("message") if isinstance(error, dict) else error
    found = inner or said.get("message") or said.get("detail")
    return found if isinstance(found, str) else json.dumps(found)
