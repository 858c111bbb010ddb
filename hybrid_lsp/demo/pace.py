"""How long the demo waits, so that a person can follow it."""

from dataclasses import dataclass
from time import perf_counter, sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The waits of a session, in seconds."""

    key_s: float = 0.055
    """Between two keys, on average."""
    line_s: float = 0.14
    """After a line break."""
    look_s: float = 0.43
    """From seeing ghost text to accepting it."""
    flash_s: float = 0.18
    """How long accepted text stays marked."""
    pause_s: float = 0.8
    """Before and after each piece of text."""


WATCHABLE = Pace()
FAST = Pace(key_s=0, line_s=0, look_s=0, flash_s=0, pause_s=0)

_SWING = (0.8, 1.1, 0.7, 1.3, 0.9, 1.0, 1.5, 0.75, 1.0, 0.95)
"""A hand is not a metronome; but the same text is always typed with the same rhythm."""


class Metronome:
    """Waits from beat to beat: what the server and the drawing took is part of the wait, not on top of it."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._last = perf_counter()
        self._keys = 0

    def key(self, key: str) -> None:
        """Wait as long as it takes a hand to find the next key after this one."""
        self._keys += 1
        self.wait(self.pace.line_s if key == "\n" else self.pace.key_s * _SWING[self._keys % len(_SWING)])

    def wait(self, duration_s: float) -> None:
        """Wait until this long after the last beat."""
        if duration_s > 0:
            sleep(max(0.0, self._last + duration_s - perf_counter()))
        self._last = perf_counter()
