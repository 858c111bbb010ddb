"""Everything that a text is searched for, built once and used for every text of a session. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from hybrid_lsp.core.errors import Problem
from hybrid_lsp.core.redact.assigned import assigned_hits
from hybrid_lsp.core.redact.blocks import block_hits, may_hold_blocks
from hybrid_lsp.core.redact.columns import column_hits
from hybrid_lsp.core.redact.commands import command_hits
from hybrid_lsp.core.redact.comments import Comments
from hybrid_lsp.core.redact.headers import header_hits
from hybrid_lsp.core.redact.hits import Hit, lower_cased
from hybrid_lsp.core.redact.mentioned import mentioned_hits
from hybrid_lsp.core.redact.names import WORDS
from hybrid_lsp.core.redact.patterns import pattern_hits, read_patterns
from hybrid_lsp.core.redact.placeholders import LookAlikes
from hybrid_lsp.core.redact.vendors import FORMS, vendor_hits
from hybrid_lsp.core.redact.words import MIN_LITERAL_CHARS, literal_hits, machine_hits, spellings, telling_words

_EDITION = 2
"""Counted up when rules change that are not in a table, so that no answer cached under older rules is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is taken out of a text before it leaves: the built-in kinds, and what a person and a machine add to them."""

    literals: tuple[str, ...] = field(default=(), repr=False)
    """This server's own keys, in every spelling."""
    patterns: tuple[re.Pattern[str], ...] = ()
    machine_words: tuple[str, ...] = field(default=(), repr=False)
    fingerprint: str = ""
    """Of all rules; equal exactly when they are. For the keys of a cache."""

    @classmethod
    def of(
        cls, own_literals: Iterable[str] = (), patterns: Iterable[str] = (), machine_words: Iterable[str] = ()
    ) -> "tuple[Rules, tuple[Problem, ...]]":
        """Build the rules; a pattern or key that cannot be used is a problem, and the others are used all the same.

        Args:
            own_literals: keys that this server holds itself; found word for word, also in JSON, URLs, HTML and base64.
            patterns: regular expressions of the user; the first group is the secret where there is one.
            machine_words: name of the user and of the host, path of the home folder. Common words are left out.
        """
        keys = tuple(dict.fromkeys(key.strip() for key in own_literals if key.strip()))
        usable, problems = read_patterns(patterns)
        short = sum(len(key) < MIN_LITERAL_CHARS for key in keys)
        if short:
            problems += (Problem(sentence=_SHORT.format(count=short, least=MIN_LITERAL_CHARS)),)
        literals = {form for key in keys if len(key) >= MIN_LITERAL_CHARS for form in spellings(key)}
        rules = cls(
            literals=tuple(sorted(literals, key=lambda form: (-len(form), form))),
            patterns=usable,
            machine_words=telling_words(machine_words),
        )
        return _with_fingerprint(rules), problems

    def hits(self, text: str, taken: LookAlikes) -> Iterator[Hit]:
        """Yield all that must not leave, the surest rules first; stretches may overlap, also with what is taken."""
        comments = Comments(text)
        yield from literal_hits(text, self.literals)
        yield from self.far_hits(text, comments)
        yield from self.near_hits(text, taken, comments)

    def far_hits(self, text: str, comments: Comments) -> Iterator[Hit]:
        """Yield what is told from many lines."""
        yield from block_hits(text)
        yield from column_hits(text)
        if may_hold_blocks(text):
            yield from comments.hits(block_hits, text)

    def near_hits(self, text: str, taken: LookAlikes, comments: Comments) -> Iterator[Hit]:
        """Yield what is told from the line that it stands on, and few around it."""
        lowered = lower_cased(text)
        names = taken.blanked(lowered)
        yield from vendor_hits(text)
        yield from header_hits(text, names)
        yield from command_hits(text)
        yield from assigned_hits(text, names)
        yield from comments.hits(header_hits, text, names)
        yield from comments.hits(assigned_hits, text, names)
        yield from mentioned_hits(text, lowered)
        yield from pattern_hits(text, self.patterns)
        yield from machine_hits(text, names, self.machine_words)


_SHORT = (
    "{count} of the keys is shorter than {least} characters, too short to be told from other text, so it is not looked "
    "for; use a longer key."
)


def _with_fingerprint(rules: Rules) -> Rules:
    parts = (_EDITION, FORMS, WORDS, rules.literals, tuple(p.pattern for p in rules.patterns), rules.machine_words)
    digest = sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return Rules(
        literals=rules.literals, patterns=rules.patterns, machine_words=rules.machine_words, fingerprint=digest[:32]
    )
