"""What is never passed on from one file to another: anything with the look of a key."""

import re

from hybrid_lsp.core.redact import looks_random

_RUN = re.compile(r"[\w+/=-]{20,}")


def keys_in(line: str) -> list[str]:
    """Return the runs of a line that look like keys: base64, hex of mixed case, tokens of a service."""
    return [run for run in _RUN.findall(line) if looks_random(run)]
