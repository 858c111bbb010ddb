"""cli.told: the month's money as the editor shows it."""

from dataclasses import replace
from decimal import Decimal

from hybrid_lsp.cli.told import spent_markdown
from tests.frontends.test_spend import BUSY


def test_the_month_in_a_few_lines() -> None:
    """What is left, spent and held, what of it is only assumed, who was asked for what, and what that saved."""
    assert spent_markdown(BUSY).split("\n\n") == [
        "## 2026-11: $46.97 of $50.00 left",
        "$2.95 spent, $0.073 held.",
        "$0.12 of it is assumed, not reported: calls that were cancelled, cut off or lost.",
        "| task | model | from | calls | cost |\n|---|---|---|---:|---:|\n| refactor | opus | cloud | 9 | $2.10 |\n"
        "| explain | mini | cloud | 2 | $0.0039 |\n"
        "| fix | hf.co/somebody/A-Very-Long-Name-Of-A-Model-14B-GGUF:Q4_K_M | local | 1200 | $0.00 |",
        "$11.26 saved, beside the same tokens at opus (171 answers).\n",
    ]


def test_more_that_was_spent_is_no_saving() -> None:
    """It is said as what it is."""
    dearer = replace(BUSY, savings=replace(BUSY.savings, baseline_usd=Decimal("1.50"), compared=1))
    assert spent_markdown(dearer).endswith("$1.45 more was spent, beside the same tokens at opus (1 answer).\n")


def test_what_nobody_knows_is_no_amount() -> None:
    """Of a ledger that cannot be read there is its sentence, and no nought."""
    unknown = replace(BUSY, budget=replace(BUSY.budget, blocked="It cannot be read.", is_known=False))
    assert spent_markdown(unknown) == "## 2026-11: what was spent is not known\n\nIt cannot be read.\n"
