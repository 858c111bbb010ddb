"""What the floor tells apart, on a small set that never changes; `benchmarks/checks.py` does it on much real code."""

import random
from pathlib import Path

import pytest

from benchmarks.checks import refusals
from benchmarks.edit_breaks import BREAKS, broken, written
from benchmarks.edit_cases import Case, made

ORDERS = Path(__file__).parent / "data" / "edits" / "orders.py.txt"
NAMED = ("truncated", "chatter", "syntax", "wrong place", "unchanged", "undefined names")

TYPESCRIPT = (
    'import { round } from "./money";\n\nexport function label(price: number): string {\n  return `${round(price)} EUR`;\n}\n\n',
    "export function total(prices: number[], rate: number): number {\n  let result = 0;\n  for (const price of prices) {\n    result += price;\n  }\n  return round(result * (1 + rate));\n}\n",
    "\nexport function first(prices: number[]): number {\n  return prices.length > 0 ? prices[0] : 0;\n}\n",
    "export function total(prices: number[], rate: number): number {\n  const result = prices.reduce((sum, price) => sum + price, 0);\n  return round(result * (1 + rate));\n}\n",
)
GO = (
    'package shop\n\nimport "math"\n\nfunc label(price float64) string {\n\treturn format(price, "EUR")\n}\n\n',
    "func total(prices []float64, rate float64) float64 {\n\tresult := 0.0\n\tfor _, price := range prices {\n\t\tresult += price\n\t}\n\treturn math.Round(result * (1 + rate))\n}\n",
    "\nfunc first(prices []float64) float64 {\n\tif len(prices) == 0 {\n\t\treturn 0\n\t}\n\treturn prices[0]\n}\n",
    "func total(prices []float64, rate float64) float64 {\n\tresult := 0.0\n\tfor at := range prices {\n\t\tresult += prices[at]\n\t}\n\ttaxed := result * (1 + rate)\n\treturn math.Round(taxed)\n}\n",
)
RUST = (
    "use crate::money::round;\n\npub fn label(price: f64) -> String {\n    format!(\"{} EUR\", round(price))\n}\n\n",
    "pub fn total(prices: &[f64], rate: f64) -> f64 {\n    let mut result = 0.0;\n    for price in prices {\n        result += price;\n    }\n    round(result * (1.0 + rate))\n}\n",
    "\npub fn first(prices: &[f64]) -> f64 {\n    match prices.first() {\n        Some(price) => *price,\n        None => 0.0,\n    }\n}\n",
    "pub fn total(prices: &[f64], rate: f64) -> f64 {\n    let result: f64 = prices.iter().sum();\n    let taxed = result * (1.0 + rate);\n    round(taxed)\n}\n",
)  # fmt: skip


def sound() -> list[Case]:
    """Good edits of one small file, and of one function in three other languages."""
    pick = random.Random(7)
    cases = list(made(ORDERS.read_text(encoding="utf-8"), pick))
    for language, (above, part, below, text) in (("typescript", TYPESCRIPT), ("go", GO), ("rust", RUST)):
        cases.append(Case(kind="by hand", language=language, above=above, part=part, below=below, text=text))
    return [written(case, pick) for case in cases]


def test_no_good_edit_is_refused() -> None:
    """Renaming, extracting, inverting, hinting, documenting, reordering and comprehensions pass, however written."""
    cases = sound()
    kinds = {case.kind for case in cases}
    assert kinds == {"renamed", "extracted", "inverted", "hinted", "documented", "reordered", "comprehended", "by hand"}
    assert [(case.kind, refusals(case)) for case in cases if refusals(case)] == []


def test_of_the_mechanically_broken_at_least_95_in_100_are_caught() -> None:
    """In each way of breaking that was named, and in all of them together."""
    pick = random.Random(7)
    bad = [case for case in sound() for case in broken(case, pick)]
    named = [case for case in bad if case.kind.startswith(NAMED)]
    assert {case.kind.split(":")[0] for case in bad} == set(BREAKS)
    assert len(named) >= 200
    assert sum(bool(refusals(case)) for case in named) >= 0.95 * len(named)
    assert sum(bool(refusals(case)) for case in bad) >= 0.95 * len(bad)


@pytest.mark.parametrize("kind", sorted(set(BREAKS) - {"truncated", "undefined names"}))
def test_what_can_be_seen_for_sure_is_always_caught(kind: str) -> None:
    """Only where an answer ends, and which names another file has, is sometimes not to be seen."""
    pick = random.Random(11)
    bad = [case for case in sound() for case in broken(case, pick) if case.kind.startswith(kind)]
    assert len(bad) >= 20
    assert [(case.kind, case.words) for case in bad if not refusals(case)] == []
