"""Take the secrets out of a text before it leaves, and put them back into the answer. Pure; never logs what it found.

1. The text is searched by rules of seven sorts: keys in a form of their maker's (`vendors`), what stands as a block,
   such as private keys (`blocks`, `manifests`), what goes over wires (`headers`), what commands are given (`commands`),
   what is given to a name such as `password` (`assigned`, `columns`), what looks random beside a word for a secret
   (`mentioned`), and what is known word for word: own keys, the machine's words (`words`), a user's patterns
   (`patterns`). Comments of several lines are read once more without their signs (`comments`).
2. What overlaps is one secret. A secret that was found once is taken out wherever else it stands.
3. Each secret has one placeholder in all texts of a job, and what looks like a placeholder is left alone.

Laws: `restore(redact(t).text) == t`; redacting twice changes nothing; time grows with the text and nothing else.
"""

from hybrid_lsp.core.redact.placeholders import Found, Redacted, Restorer, restore, strays
from hybrid_lsp.core.redact.randomness import looks_random
from hybrid_lsp.core.redact.rules import Rules
from hybrid_lsp.core.redact.scan import MAX_CHARS, Unscannable, redact

__all__ = [
    "MAX_CHARS",
    "Found",
    "Redacted",
    "Restorer",
    "Rules",
    "Unscannable",
    "looks_random",
    "redact",
    "restore",
    "strays",
]
