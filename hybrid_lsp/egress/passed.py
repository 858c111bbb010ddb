"""What goes through a door and what comes back, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request as it went out, without its key."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What has gone through a door since it was made."""

    requests: int = 0
    bytes_out: int = 0
    """Of the bodies of requests."""
    bytes_in: int = 0
    """Of the bodies of answers."""
