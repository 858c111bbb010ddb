"""`whitelist-audit.jsonl`: one line for every change of a whitelist.json that went through us."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

AUDIT_NAME = "whitelist-audit.jsonl"
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def append(state: Path, record: Mapping[str, object]) -> None:
    """Add a line, safely on the disk; raise `OSError` where that cannot be done. A line torn by a crash stays alone."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / AUDIT_NAME, _FLAGS | getattr(os, "O_BINARY", 0), 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("not a file")
        line = json.dumps(record, ensure_ascii=True).encode() + b"\n"
        if found.st_size:
            os.lseek(descriptor, -1, os.SEEK_END)
            line = line if os.read(descriptor, 1) == b"\n" else b"\n" + line
        if os.write(descriptor, line) != len(line):
            raise OSError("not written whole")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
