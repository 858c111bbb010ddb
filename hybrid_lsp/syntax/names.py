"""Which names an edit leaves without a definition.

Rules:
1. Only what is sure is told. Where a language, a file or a Python newer than ours cannot be judged, there is no name.
2. A name is new where no such word stood in the file before, and lost where one did but the edit took its definition
   away or uses it out of its reach.
3. What was undefined before is not told.
"""

import re
from functools import lru_cache

from hybrid_lsp.syntax.python_names import undefined_python
from hybrid_lsp.syntax.script_names import JUDGED, undefined_script
from hybrid_lsp.syntax.trees import MOST_BYTES


def new_names(before: str, after: str, language: str) -> tuple[str, ...]:
    """Return names, sorted, that `after` uses and nothing defines, and that are no word of `before`."""
    return tuple(name for name in _undefined(before, after, language) if not _stands(name, before))


def lost_names(before: str, after: str, language: str) -> tuple[str, ...]:
    """Return names, sorted, that are words of `before` and were not undefined there, and are undefined in `after`."""
    return tuple(name for name in _undefined(before, after, language) if _stands(name, before))


@lru_cache(maxsize=2)
def _undefined(before: str, after: str, language: str) -> tuple[str, ...]:
    if before == after or max(len(before), len(after)) > MOST_BYTES:
        return ()
    if language == "python":
        return tuple(sorted(undefined_python(before, after)))
    return tuple(sorted(undefined_script(before, after, language))) if language in JUDGED else ()


def _stands(name: str, text: str) -> bool:
    return name in text and re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None
