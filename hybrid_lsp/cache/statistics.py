"""What the cache was good for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the cache was good for since this window opened, and what it holds now."""

    memory_hits: int = 0
    file_hits: int = 0
    redis_hits: int = 0
    misses: int = 0
    refused: int = 0
    """Answers that were not kept: not whole, too long, too old, or not by the model that was asked."""
    memory_entries: int = 0
    memory_bytes: int = 0
    file_entries: int = 0
    file_bytes: int = 0
    troubles: tuple[str, ...] = ()
    """What is the matter with its layers now, each in one sentence."""
