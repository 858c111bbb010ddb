"""Whether a question that was turned away is asked again, and when. Pure: the clock and the dice are passed in.

Only what is free and passes by itself is tried again: 408, 409, 429 and 5xx, and a connection that was never made.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from hybrid_lsp.core.errors import Trouble, TroubleKind

ATTEMPTS = 4
"""Of one question, the first one too."""
NOT_CONNECTED = 0
"""The status of an attempt that nobody took."""
_FIRST_S = 0.5
_MOST_S = 8.0
_JITTER = 0.25
_ENDLESS_S = 1e9
_PASSING = frozenset({NOT_CONNECTED, 408, 409, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a vendor means by an answer that is no success."""

    trouble: Trouble
    wait_s: float | None = None
    """How long to wait, where its body says so."""


def retry_in_s(
    status: int, headers: Mapping[str, str], verdict: Verdict, *, attempt: int, left_s: float, now_ms: int, dice: float
) -> float | None:
    """Return how long to wait before the next attempt; None when there is none.

    Args:
        status: of the answer, or `NOT_CONNECTED`.
        headers: of the answer, names in lower case.
        verdict: what the vendor means; a limit of money is never tried again.
        attempt: how many have been made.
        left_s: until the deadline; a wait that does not end before it is not begun.
        now_ms: the time, for a `retry-after` that is a date.
        dice: a number from 0 up to 1, so that many windows do not come back together.
    """
    if verdict.trouble.kind is TroubleKind.SPENT or attempt >= ATTEMPTS or not _is_passing(status, headers):
        return None
    told_s = max(told_wait_s(headers, now_ms) or 0.0, verdict.wait_s or 0.0)
    back_off_s = min(_MOST_S, _FIRST_S * 2.0 ** (attempt - 1)) * (1 - _JITTER * dice)
    wait_s = told_s if told_s > 0 else back_off_s
    return wait_s if wait_s < left_s else None


def told_wait_s(headers: Mapping[str, str], now_ms: int) -> float | None:
    """Return how long `retry-after-ms` or `retry-after`, in seconds or a date, says to wait; None where they do not."""
    for name, per_s in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        if (seconds := _seconds(headers.get(name, ""), per_s)) is not None:
            return seconds
    try:
        at = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, at.timestamp() - now_ms / 1000)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _is_passing(status: int, headers: Mapping[str, str]) -> bool:
    told = headers.get("x-should-retry", "").lower()
    if told in ("true", "false"):
        return told == "true"
    return status in _PASSING or status >= 500


def _seconds(text: str, per_s: float) -> float | None:
    try:
        number = float(text) / per_s
    except ValueError:
        return None
    return None if math.isnan(number) else min(_ENDLESS_S, max(0.0, number))
