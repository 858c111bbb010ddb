"""What can go wrong, as values.

`HybridError`
├── `Refused`   a rule of ours said no; the sentence names the thing, the rule and the way out
└── `Trouble`   a model server cannot do it now; the sentence names the thing and the way out

Anything else that is raised is a fault of ours and is logged where it is caught.
"""

from dataclasses import dataclass
from enum import StrEnum


class HybridError(Exception):
    """Base of every error that hybrid-lsp raises on purpose."""


class Refused(HybridError):
    """A rule said no. Its text is one sentence for a person, without a path of the machine and without user text."""


class TroubleKind(StrEnum):
    """What is the matter with a model server, as far as somebody can act on it."""

    OFFLINE = "offline"
    """Nobody answers there, or the connection broke."""
    LOADING = "loading"
    BUSY = "busy"
    SLOW = "slow"
    """A deadline passed."""
    OVERFLOW = "overflow"
    """The prompt is longer than the model's window."""
    NO_MODEL = "no_model"
    NO_FIM = "no_fim"
    """The model cannot fill in the middle."""
    NOT_LOCAL = "not_local"
    """The model would be run on somebody else's machine."""
    BAD_KEY = "bad_key"
    """No key, one that is not valid, or one that may not do this."""
    RATE_LIMITED = "rate_limited"
    """A vendor takes no more questions for a moment."""
    SPENT = "spent"
    """The account at a vendor has reached a limit of money, or of questions a day: asking again helps nothing."""
    DECLINED = "declined"
    """A vendor does not take this very question, by its rules of use."""
    NONSENSE = "nonsense"
    """What came back is not what the dialect says."""


class Trouble(HybridError):
    """A model server cannot do what was asked. Its text is one sentence that names the thing and the way out."""

    def __init__(
        self,
        kind: TroubleKind,
        sentence: str,
        *,
        prompt_tokens: int | None = None,
        window_tokens: int | None = None,
        may_have_cost: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.prompt_tokens = prompt_tokens
        """How long the prompt really was, where the server says so with an overflow."""
        self.window_tokens = window_tokens
        """How long it may be."""
        self.may_have_cost = may_have_cost
        """Whether it may be billed all the same: the question had gone out, and was not turned away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file that a person wrote, in one sentence that says how to mend it."""

    sentence: str
    key: str = ""
    """The JSON key it is about, as `allowed_for_cloud.code_review`; empty when it is the whole file."""
    line: int = 0
    """0-based line of the file where it was found."""
    column: int = 0
    """0-based code point in that line."""


_MOST_PLACES = 6


def fault_told(error: BaseException) -> str:
    """Return what a log says of a fault of ours: its kind, and where it was raised and called from, innermost first.

    Never its text, which may quote what a person wrote, and no folder of the machine:
    `ValueError at judge.py:55 judge < attempt.py:190 _local`.
    """
    places, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        file = code.co_filename.replace("\\", "/").rpartition("/")[2]
        places.append(f"{file}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return f"{type(error).__name__} at {' < '.join(places[: -_MOST_PLACES - 1 : -1]) or 'an unknown place'}"
