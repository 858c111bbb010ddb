"""What may stand in a prompt: text without keys, and without what a server would read as a token of its own."""

import re
from collections.abc import Callable

from hybrid_lsp.core.fim import neutralise

IsSecret = Callable[[str], bool]
"""Says whether a run of 20 or more letters, digits, `_`, `+`, `/`, `=` and `-` has the look of a key."""

HIDDEN = "***"
_RUN = re.compile(r"[\w+/=-]{20,}")


def clean_lines(text: str, is_secret: IsSecret) -> str:
    """Return the text with special tokens made harmless and every line that holds a key left empty.

    It has as many lines as before. Text with neither comes back as the same object.
    """
    text = neutralise(text)
    if not any(map(is_secret, _RUN.findall(text))):
        return text
    return "\n".join("" if any(map(is_secret, _RUN.findall(line))) else line for line in text.split("\n"))


def clean_run(text: str, is_secret: IsSecret) -> str:
    """Return a part of the typed line with special tokens made harmless and `***` for every key."""
    return _RUN.sub(lambda run: HIDDEN if is_secret(run[0]) else run[0], neutralise(text))
