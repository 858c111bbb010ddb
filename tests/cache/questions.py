"""Questions and answers for the tests of the cache, and a clock that only a test moves."""

from dataclasses import dataclass
from typing import Any

from hybrid_lsp.cache import Entry, Key
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin

NOW_MS = 1_800_000_000_000
CODE = "def fetch_all(rows): return [row for row in rows if row.is_open]"


@dataclass
class Clock:
    """The time, as a test says."""

    now_ms: int = NOW_MS

    def __call__(self) -> int:
        """Say it."""
        return self.now_ms


def question(prompt: str = CODE, **parts: Any) -> Key:
    """A question to a cloud model, but for what is said."""
    plain = {
        "task": Task.EXPLAIN,
        "parameters": {"temperature": 0.0, "max_tokens": 512},
        "model": "sonnet-5@2026-09",
        "backend": "anthropic",
        "origin": Origin.CLOUD,
        "policy": "p1",
        "redaction": "r1",
        "workspace": "shop",
    }
    return Key(prompt=prompt, **{**plain, **parts})


def answer(text: str = "It keeps the open rows.", **parts: Any) -> Entry:
    """The answer to such a question."""
    plain = {"model": "sonnet-5@2026-09", "origin": Origin.CLOUD, "at_ms": NOW_MS}
    return Entry(text=text, **{**plain, **parts})
