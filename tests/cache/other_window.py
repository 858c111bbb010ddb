"""Another window of the same user: its own process, with its own cache over the same file, told what to do by lines."""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from hybrid_lsp.cache import Cache
from tests.cache.questions import Clock, answer, question

clock = Clock()
caches: dict[str, Cache] = {}
locks: dict[str, sqlite3.Connection] = {}


def do(what: str, file: str, prompt: str, at_ms: int) -> Any:
    """Do one thing, and return what came of it."""
    clock.now_ms = at_ms
    cache = caches.setdefault(file, Cache.open(Path(file), clock_ms=clock))
    match what:
        case "put":
            cache.put(question(prompt), answer(f"of another window: {prompt}", at_ms=at_ms))
        case "get":
            return (found := cache.get(question(prompt))) and found.text
        case "remember":
            return (found := cache.get_in_memory(question(prompt))) and found.text
        case "drop":
            cache.drop(question(prompt))
        case "purge":
            return cache.purge()
        case "close":
            caches.pop(file).close()
        case "lock":
            locks[file] = sqlite3.connect(file, isolation_level=None)
            locks[file].execute("PRAGMA locking_mode = EXCLUSIVE")
            locks[file].execute("BEGIN EXCLUSIVE")
        case "unlock":
            locks.pop(file).close()
    return None


for line in sys.stdin:
    sys.stdout.write(json.dumps(do(**json.loads(line))) + "\n")
    sys.stdout.flush()
