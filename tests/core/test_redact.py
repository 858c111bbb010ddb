"""core.redact: what a secret looks like."""

import pytest

from hybrid_lsp.core.redact import looks_random

KEYS = ["sKx9QmTz7RvB2nLw4HcY8pJd", "AKq3Zt9XwP1mV7bN5cL2dF8g", "QWxhZGRpbjpPcGVuU2VzYW1lMTIz"]
WORDS = ["calculate_total_price", "AbstractBookRepository2", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "aaaaaaaaaaaaaaaaaaaaA1", "sKx9QmTz7",
         "1234567890123456789012"]  # fmt: skip


@pytest.mark.parametrize(("token", "random"), [*((k, True) for k in KEYS), *((w, False) for w in WORDS)])
def test_keys_are_told_from_names(token: str, random: bool) -> None:
    """Dense mixed tokens without a word in them are keys; identifiers, short tokens and repetitions are not."""
    assert looks_random(token) is random
