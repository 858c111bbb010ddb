"""When to ask a model: soon where an answer is cheap and a pause is likely, later where every question costs. Pure.

The client has waited already: what it waited counts. A person who asks waits for nothing but the model.
"""

from dataclasses import dataclass, replace

from hybrid_lsp.core.job import Excerpt

PAUSE_S = 1.0
"""A longer gap between two keys is a pause, and says nothing about the rhythm."""
LONGEST_WAIT_S = 0.4
_WEIGHT = 0.15
_CHEAP_S = 0.08
_DEAR_S = 0.6
"""An answer that takes this long is worth waiting for the end of the burst."""
_GAPS = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How fast somebody types."""

    gap_s: float = 0.18
    """Between two keys of one burst, on average."""
    last_key_s: float | None = None
    """When the last key came, on the caller's clock."""

    def key(self, now_s: float) -> "Rhythm":
        """Return the rhythm after another key."""
        if self.last_key_s is None or not 0.0 < now_s - self.last_key_s < PAUSE_S:
            return replace(self, last_key_s=now_s)
        gap_s = self.gap_s + _WEIGHT * (now_s - self.last_key_s - self.gap_s)
        return Rhythm(gap_s=gap_s, last_key_s=now_s)

    def since_key_s(self, now_s: float) -> float:
        """Return how long ago the last key came; for ever, if none has."""
        return float("inf") if self.last_key_s is None else max(0.0, now_s - self.last_key_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a model takes to a first line, as measured."""

    first_line_s: float = 0.25

    def took(self, seconds: float) -> "Latency":
        """Return the latency after another answer."""
        return Latency(first_line_s=self.first_line_s + 0.2 * (seconds - self.first_line_s))


def wait_s(rhythm: Rhythm, latency: Latency, excerpt: Excerpt, now_s: float) -> float:
    """Return how much longer to wait before asking; 0 when the last key is long enough ago."""
    dearness = (latency.first_line_s - _CHEAP_S) / (_DEAR_S - _CHEAP_S)
    whole = min(LONGEST_WAIT_S, rhythm.gap_s * _GAPS * _hurry(excerpt)) * min(1.0, max(0.0, dearness))
    return max(0.0, whole - rhythm.since_key_s(now_s))


def _hurry(excerpt: Excerpt) -> float:
    """Return how much of the usual wait a place deserves: less where a thought ends than in the middle of a word."""
    last = excerpt.prefix[-1:]
    if not excerpt.prefix.strip():
        return 0.7
    return 1.0 if last.isalnum() or last == "_" else 0.5
