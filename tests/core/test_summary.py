"""core.summary: what the ledger can say of a stretch of time."""

from decimal import Decimal

import pytest

from hybrid_lsp.core.summary import Savings


@pytest.mark.parametrize(("baseline", "spent", "saved"), [("3", "1.25", "1.75"), ("0", "0.5", "-0.5"), ("0", "0", "0")])
def test_savings_are_a_difference(baseline: str, spent: str, saved: str) -> None:
    """Against a named model, and below zero where more was spent than it would have cost."""
    savings = Savings(
        baseline="m", baseline_usd=Decimal(baseline), spent_usd=Decimal(spent), compared=2, uncompared=1
    )  # fmt: skip

    assert savings.saved_usd == Decimal(saved)
