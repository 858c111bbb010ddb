"""What the commands of a terminal need of the other rooms; they satisfy it, and `cli` connects them."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Said(Protocol):
    """One remark, in one sentence."""

    @property
    def grade(self) -> str:
        """`wrong` for what has to be mended, else `note`."""
        ...

    @property
    def sentence(self) -> str:
        """What there is to say."""
        ...

    @property
    def command(self) -> str:
        """What mends it, to be copied; may be empty."""
        ...


class Model(Protocol):
    """One model of a server."""

    @property
    def name(self) -> str:
        """As the server names it."""
        ...

    @property
    def can_fim(self) -> bool | None:
        """Whether it fills in the middle; None: not known."""
        ...

    @property
    def is_loaded(self) -> bool:
        """Whether it is in memory."""
        ...

    @property
    def is_used(self) -> bool:
        """Whether it is the one of its server."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """Of its file."""
        ...

    @property
    def refusal(self) -> str:
        """Why it must not be used; empty where it may."""
        ...


class Tried(Protocol):
    """One timed answer."""

    @property
    def loading_s(self) -> float:
        """Until the model was ready."""
        ...

    @property
    def first_text_s(self) -> float | None:
        """Until the first text; None when there was none."""
        ...

    @property
    def total_s(self) -> float:
        """Until the end."""
        ...

    @property
    def output_tokens(self) -> int | None:
        """How much it wrote."""
        ...

    @property
    def tokens_per_s(self) -> float | None:
        """How fast it wrote; None where that is not known."""
        ...


class Examined(Protocol):
    """One server."""

    @property
    def server(self) -> str:
        """What it is and where."""
        ...

    @property
    def version(self) -> str:
        """May be empty."""
        ...

    @property
    def models(self) -> Sequence[Model]:
        """In the server's order."""
        ...

    @property
    def used_model(self) -> str:
        """Empty when none can be used."""
        ...

    @property
    def why(self) -> str:
        """Why that one."""
        ...

    @property
    def fim(self) -> str:
        """How it fills in the middle."""
        ...

    @property
    def window_tokens(self) -> int | None:
        """What prompt and answer may hold."""
        ...

    @property
    def trial(self) -> Tried | None:
        """None when it was not tried."""
        ...

    @property
    def remarks(self) -> Sequence[Said]:
        """What there is to say of it."""
        ...

    @property
    def is_in_use(self) -> bool:
        """Whether ghost text comes from it."""
        ...


class Findings(Protocol):
    """A whole examination."""

    @property
    def servers(self) -> Sequence[Examined]:
        """In the order in which they are asked."""
        ...

    @property
    def remarks(self) -> Sequence[Said]:
        """About the machine as a whole."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether ghost text comes from a model."""
        ...

    def as_json(self) -> Mapping[str, object]:
        """Return all of it for a program."""
        ...


class Suggestion(Protocol):
    """A model that suits this machine."""

    @property
    def name(self) -> str:
        """As it is fetched."""
        ...

    @property
    def size_bytes(self) -> int:
        """What is fetched."""
        ...

    @property
    def keeps_up(self) -> bool:
        """Whether it is likely to keep up with typing."""
        ...

    @property
    def reason(self) -> str:
        """Why it suits, or what it wants."""
        ...


class Progress(Protocol):
    """How far a model has been fetched."""

    @property
    def status(self) -> str:
        """What is being done, in the server's words."""
        ...

    @property
    def total_bytes(self) -> int | None:
        """Of the file that `status` is about; None where it is about none."""
        ...

    @property
    def completed_bytes(self) -> int:
        """Of that file."""
        ...

    @property
    def done(self) -> bool:
        """Whether the model is there."""
        ...
