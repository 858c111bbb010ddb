"""A line that a person types at a question."""

import os
import select
import time
from typing import TextIO

ANSWER_TIMEOUT_S = 600.0
_LOOK_EVERY_S = 0.5


def typed(stdin: TextIO) -> str:
    """Return the line that a person types; empty when nobody does for ten minutes."""
    # Windows can only wait for sockets; there the person's own console is waited for.
    return stdin.readline() if os.name == "nt" or _is_typing(stdin) else ""


def _is_typing(stdin: TextIO) -> bool:
    """Wait for somebody to type, in short pieces: a Ctrl-C that comes just before a wait is seen after it only."""
    until_s = time.monotonic() + ANSWER_TIMEOUT_S
    while (left_s := until_s - time.monotonic()) > 0:
        if select.select([stdin], [], [], min(left_s, _LOOK_EVERY_S))[0]:
            return True
    return False
