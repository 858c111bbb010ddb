"""An answer that may be given again, and its form in a store: JSON with a version, never a pickle."""

import json
from dataclasses import astuple, dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from hybrid_lsp.core.cached.key import Key
from hybrid_lsp.core.money import ZERO
from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.record import Origin, Status

MOST_BYTES = 1 << 20
"""A longer answer, as it is stored, is not kept."""
_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer, with who gave it."""

    text: str = field(repr=False)
    model: str
    """Who was asked, spelled as in the key."""
    answered_by: str = ""
    """As the answer names itself."""
    origin: Origin
    usage: Usage | None = None
    cost_usd: Decimal = ZERO
    """What it cost when it was made."""
    at_ms: int
    """When it was made, milliseconds since 1970, UTC."""
    complete: bool = True
    """Whether the model came to its own end: neither cut off by a cap or a cancel, nor stopped by a filter."""
    status: Status = Status.DONE

    def answers(self, key: Key) -> bool:
        """Whether this is a whole answer, from the very model that `key` asks."""
        is_whole = self.complete and self.status is Status.DONE and bool(self.text.strip())
        is_hers = self.model == key.model and self.origin is key.origin and self.origin is not Origin.CACHE
        return is_whole and is_hers

    def is_fresh(self, now_ms: int, ttl_ms: int) -> bool:
        """Whether it is younger than `ttl_ms`. What is from the future is not: a clock that went back keeps nothing."""
        return 0 <= now_ms - self.at_ms < ttl_ms


def to_bytes(entry: Entry) -> bytes:
    """Return an answer as it is stored."""
    content = {
        "v": _VERSION,
        "text": entry.text,
        "model": entry.model,
        "answered_by": entry.answered_by,
        "origin": entry.origin.value,
        "usage": None if entry.usage is None else astuple(entry.usage),
        "cost_usd": str(entry.cost_usd),
        "at_ms": entry.at_ms,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def from_bytes(stored: bytes) -> Entry | None:
    """Return the answer that `to_bytes` wrote; None for anything else, also for another version's."""
    try:
        content = json.loads(stored.decode("utf-8", "surrogatepass"))
        if not isinstance(content, dict) or content.pop("v", None) != _VERSION:
            return None
        return _entry(**content)
    except (ValueError, TypeError, InvalidOperation, RecursionError):
        return None


def _entry(*, text: Any, model: Any, answered_by: Any, origin: Any, usage: Any, cost_usd: Any, at_ms: Any) -> Entry:
    cost = Decimal(cost_usd)
    if not all(isinstance(value, str) for value in (text, model, answered_by, cost_usd)) or not cost.is_finite():
        raise TypeError("not an answer")
    if type(at_ms) is not int or (usage is not None and any(type(count) is not int for count in usage)):
        raise TypeError("not an answer")
    return Entry(
        text=text, model=model, answered_by=answered_by, origin=Origin(origin), cost_usd=cost, at_ms=at_ms,
        usage=None if usage is None else _usage(*usage),
    )  # fmt: skip


def _usage(into: int, out: int, cached: int, written: int, thoughts: int) -> Usage:
    return Usage(
        input_tokens=into,
        output_tokens=out,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=thoughts,
    )
