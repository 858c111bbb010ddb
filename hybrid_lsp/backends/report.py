"""What an examination found, as values: servers, their models, a trial, and what is wrong with each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

_ENOUGH_TOKENS = 4
"""Of fewer no speed is told: it would say more about the clock."""


class Grade(StrEnum):
    """How much a remark matters."""

    WRONG = "wrong"
    """Ghost text does not come from there, or comes too late, until it is mended."""
    NOTE = "note"
    """Good to know; nothing has to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to say, in one sentence."""

    grade: Grade
    sentence: str
    command: str = ""
    """What mends it: a command for a shell, or a line for config.toml; empty where the sentence says all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """One model of a server."""

    name: str
    can_fim: bool | None
    """Whether it fills in the middle; None: not known before it is opened."""
    is_loaded: bool
    is_used: bool
    """Whether ghost text that comes from this server comes from this model."""
    size_bytes: int | None = None
    refusal: str = ""
    """Why it must not be used; empty where it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One timed answer to a small prompt, after the model was loaded."""

    loading_s: float
    """Until it answered at all; what it takes to load the model, if it was not in memory."""
    first_text_s: float | None
    """From the question to the first text; None when there was no text."""
    total_s: float
    text: str
    prompt_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """How fast it writes, once it does; None where the server does not count or the answer was too short."""
        if self.first_text_s is None or self.output_tokens is None or self.output_tokens < _ENOUGH_TOKENS:
            return None
        writing_s = self.total_s - self.first_text_s
        return (self.output_tokens - 1) / writing_s if writing_s > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One model server, or one model file, as it was found."""

    server: str
    """What it is and where, as `ollama at 127.0.0.1:11434`."""
    kind: str = ""
    """`ollama`, `llamacpp`, `openai` or `gguf`; empty: nothing that we speak with."""
    version: str = ""
    """Empty where it is not told."""
    models: tuple[ListedModel, ...] = ()
    used_model: str = ""
    """Which one would be used; empty: none can be."""
    why: str = ""
    """Why that one."""
    fim: str = ""
    """How it fills in the middle."""
    window_tokens: int | None = None
    """What prompt and answer may really hold together there."""
    trial: Trial | None = None
    remarks: tuple[Remark, ...] = ()
    is_in_use: bool = False
    """Whether ghost text comes from it, of all that were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that an examination found."""

    servers: tuple[Server, ...] = ()
    remarks: tuple[Remark, ...] = ()
    """About the machine as a whole."""

    @property
    def is_ready(self) -> bool:
        """Whether ghost text comes from a model."""
        return any(server.is_in_use for server in self.servers)

    def as_json(self) -> Mapping[str, object]:
        """Return it as a JSON object: fields by their names, seconds as numbers, null for what is not known."""
        told = asdict(self)
        for said, server in zip(told["servers"], self.servers, strict=True):
            if server.trial is not None:
                said["trial"]["tokens_per_s"] = server.trial.tokens_per_s
        return {"is_ready": self.is_ready, **told}
