"""The floor: what every edit must pass before it is shown, in a millisecond and without running anything. Pure.

Rules:
1. A check refuses only what is mechanically wrong. Whether an edit is good is for evidence, or for a person, to say.
2. What was wrong before may stay wrong: each check compares with the part as it was.
3. Each check tells what it saw in one sentence, without text of the file.
"""

from hybrid_lsp.core.check.edit import Edit, Verdict
from hybrid_lsp.core.check.floor import floor

__all__ = ["Edit", "Verdict", "floor"]
