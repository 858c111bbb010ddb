"""A layer that failed is left alone for a while, so that it costs nothing until it is back."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

_FIRST_MS = 5_000
_MOST_MS = 60_000


class Rest:
    """5 s after a failure, then twice as long each time up to a minute. Told once, until it worked again."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._from_ms = 0
        self._for_ms = 0
        self._is_over = False
        self.trouble = ""
        """What is the matter, in one sentence; empty while it works."""

    @property
    def is_resting(self) -> bool:
        """Whether it is to be left alone now. A clock that went back ends the rest."""
        return self._is_over or 0 <= self._clock_ms() - self._from_ms < self._for_ms

    def failed(self, sentence: str) -> None:
        """Leave it alone for a while."""
        self._from_ms = self._clock_ms()
        self._for_ms = min(self._for_ms * 2, _MOST_MS) or _FIRST_MS
        self._tell(sentence)

    def gave_up(self, sentence: str) -> None:
        """Leave it alone for good: only another setting or another installation mends it."""
        self._is_over = True
        self._tell(sentence)

    def worked(self) -> None:
        """It is back."""
        self._for_ms = 0
        self.trouble = ""

    def _tell(self, sentence: str) -> None:
        if sentence != self.trouble:
            log.warning("%s", sentence)
        self.trouble = sentence
