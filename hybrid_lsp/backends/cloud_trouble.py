"""What can be the matter with a vendor's model, each as one sentence.

The vendor's own words are left out: some repeat what was sent.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hybrid_lsp.backends.local import text_of
from hybrid_lsp.core.catalog import Model
from hybrid_lsp.core.errors import Trouble, TroubleKind

_NUMBERS = re.compile(r"\d[\d,]*")

_SENTENCES = {
    TroubleKind.BAD_KEY: "{vendor} does not take the key for {model}; see whether {keys} holds one that is valid and"
    " may use this model.",
    TroubleKind.SPENT: "The account at {vendor} has reached its own limit of money or of questions; raise it there, or"
    " wait until it is renewed.",
    TroubleKind.RATE_LIMITED: "{vendor} takes no more questions for {model} just now; ask again in a minute.",
    TroubleKind.BUSY: "{vendor} is overloaded or failing; ask again in a minute.",
    TroubleKind.OVERFLOW: "The question is longer than {model} takes; ask about a smaller part.",
    TroubleKind.NO_MODEL: "{vendor} has no model {model} for this key; name another in config.toml.",
    TroubleKind.DECLINED: "{vendor} does not take this question, by its rules of use; ask it differently, or ask a"
    " local model.",
    TroubleKind.NONSENSE: "{vendor} does not take what is asked of {model}; update hybrid-lsp, or name another model.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Whom a sentence names."""

    vendor: str
    """As people call it: `OpenAI`."""
    model: str
    key_env: tuple[str, ...]

    @classmethod
    def of(cls, vendor: str, model: Model) -> "Blame":
        """Name a vendor and one of its models."""
        return cls(vendor=vendor, model=model.id, key_env=model.key_env)

    def trouble(self, kind: TroubleKind, *, numbers: tuple[int | None, int | None] = (None, None)) -> Trouble:
        """Return a trouble of this kind. `numbers`: the question's tokens, and the window's, for an overflow."""
        keys = " or ".join(self.key_env) or "the key's variable"
        sentence = _SENTENCES[kind].format(vendor=self.vendor, model=self.model, keys=keys)
        return Trouble(kind, sentence, prompt_tokens=numbers[0], window_tokens=numbers[1])


def kind_of_status(status: int) -> TroubleKind:
    """Return what a status means that nothing more is known of."""
    if status in (401, 403):
        return TroubleKind.BAD_KEY
    if status == 402:
        return TroubleKind.SPENT
    if status == 404:
        return TroubleKind.NO_MODEL
    if status == 413:
        return TroubleKind.OVERFLOW
    if status == 429:
        return TroubleKind.RATE_LIMITED
    return TroubleKind.BUSY if status in (408, 409, 499) or status >= 500 else TroubleKind.NONSENSE


def error_in(body: bytes) -> Mapping[str, object]:
    """Return the `error` object of a body, also where it is in a list of one; nothing where there is none."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(said, list) and said:
        said = said[0]
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, dict) else {}


def message_of(error: Mapping[str, object]) -> str:
    """Return the vendor's own words, in lower case: only looked into, never shown."""
    return text_of(error.get("message")).lower()


def numbers_in(text: str) -> list[int]:
    """Return the whole numbers of a text, `1,234` too."""
    return [int(found.replace(",", "")) for found in _NUMBERS.findall(text)]
