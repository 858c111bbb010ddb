"""Reading a file that may be anything: no pipe is waited for, nothing raises."""

import os
import stat
from pathlib import Path

from hybrid_lsp.embedded.ignore import OUR_RULES

_MAX_RULES_BYTES = 64 * 1024
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_regular(path: Path, most_bytes: int, *, follow: bool = False) -> bytes | None:
    """Return a regular file's content; None for anything else, for more than `most_bytes`, and on failure.

    A link is followed only where `follow` says so.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS if follow else _READ_FLAGS | getattr(os, "O_NOFOLLOW", 0))
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(most_bytes + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return content if len(content) <= most_bytes else None


def read_rules(path: Path) -> bytes | None:
    """Return the rules in an ignore file; a `.hybridignore` that is there but cannot be read ignores everything.

    git follows no link to a `.gitignore`; ours may be one.
    """
    if path.name != OUR_RULES:
        return read_regular(path, _MAX_RULES_BYTES)
    content = read_regular(path, _MAX_RULES_BYTES, follow=True)
    return b"*" if content is None and os.path.lexists(path) else content
