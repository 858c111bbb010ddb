"""What can be the matter with a model of an Ollama server, and which of them it would have run by somebody else."""

import json
from collections.abc import Mapping

from hybrid_lsp.backends.local import count_of, json_object, text_of
from hybrid_lsp.core.errors import Trouble, TroubleKind


def full_name(name: str) -> str:
    """Return a model's name with its tag, as Ollama lists it."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def is_cloud_name(name: str) -> bool:
    """Return whether Ollama takes the name for a model that ollama.com runs, before it looks for one on the machine."""
    base, _, tag = full_name(name.strip().lower()).rpartition(":")
    return tag == "cloud" or tag.endswith("-cloud") or base.endswith("-cloud")


def trouble_of(where: str, name: str, status: int, body: bytes) -> Trouble:
    """Return what an answer that is no success means."""
    nonsense: Trouble | None = None
    error = ""
    try:
        error = text_of(json_object(body, where).get("error"))
    except Trouble as trouble:
        nonsense = trouble
    if overflow := _overflow(name, error):
        return overflow
    for kind, said, sentence in _SAID:
        if said in error:
            return Trouble(kind, sentence.format(name=name, where=where))
    if status in (401, 403):
        return Trouble(TroubleKind.BAD_KEY, f"{where} wants another key; set the one it was started with.")
    if status in (429, 499, 503):
        return Trouble(TroubleKind.BUSY, f"{where} is busy; it is asked again with the next request.")
    if nonsense is not None:
        return nonsense
    if status == 404:
        return no_model(name)
    return Trouble(TroubleKind.OFFLINE, f"{where} failed on {name}; its log says why.")


_SAID = (
    (TroubleKind.NO_FIM, "does not support insert", "{name} does not fill in the middle; use a model made for it."),
    (TroubleKind.NO_FIM, "does not support generate", "{name} does not write text; use a model made for it."),
    (TroubleKind.NO_MODEL, "requires more system memory", "{name} does not fit into memory; use a smaller model."),
    (TroubleKind.BUSY, "server busy", "{where} has too many requests waiting; it is asked again with the next one."),
)


def _overflow(name: str, error: str) -> Trouble | None:
    """What llama-server says about a prompt that is too long, which Ollama hands on as text inside its own error."""
    sentence = f"The prompt is longer than {name} takes; it is asked for less with the next request."
    try:
        inner = json.loads(error)["error"]
        if inner["type"] == "exceed_context_size_error":
            prompt_tokens, window_tokens = count_of(inner.get("n_prompt_tokens")), count_of(inner.get("n_ctx"))
            return Trouble(TroubleKind.OVERFLOW, sentence, prompt_tokens=prompt_tokens, window_tokens=window_tokens)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    if "exceeds the available context size" in error or "longer than the context length" in error:
        return Trouble(TroubleKind.OVERFLOW, sentence)
    return None


def is_remote(said: Mapping[str, object]) -> bool:
    """Return whether what a server says of a model, or a piece of an answer, names another machine."""
    return bool(said.get("remote_host") or said.get("remote_model"))


def not_local(name: str) -> Trouble:
    """Return that a model would be run on somebody else's machine."""
    return Trouble(
        TroubleKind.NOT_LOCAL, f"{name} is run by somebody else's machine; use a model that Ollama runs here."
    )


def no_model(name: str) -> Trouble:
    """Return that the server has no such model, and how to get it."""
    return Trouble(TroubleKind.NO_MODEL, f"Ollama has no model {name}; get it with `ollama pull {name}`.")
