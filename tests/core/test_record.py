"""core.record: what the ledger remembers."""

from dataclasses import fields

import pytest

from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Origin, Record, Status


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (Origin, ["embedded", "local", "cloud", "cache"]),
        (Basis, ["free", "reported", "assumed"]),
        (Status, ["done", "cancelled", "failed", "refused", "unfit", "lost"]),
    ],
)
def test_what_is_stored_keeps_its_name(kind: type[Origin | Basis | Status], stored: list[str]) -> None:
    """Rows of earlier versions are read by these names."""
    assert [str(value) for value in kind] == stored


def test_what_is_not_known_is_none() -> None:
    """A record of which nothing was measured says so, and costs nothing."""
    record = Record(
        job="1", at_ms=0, workspace="w", task=Task.FIX, origin=Origin.LOCAL, backend="ollama", model="m"
    )  # fmt: skip
    unknown = {"usage", "price", "latency_ms", "first_token_ms", "score", "baseline_usd", "mean_logprob",
               "lowest_logprob", "accepted", "survived"}  # fmt: skip

    assert {field.name for field in fields(Record) if getattr(record, field.name) is None} == unknown
    assert (record.cost_usd, record.basis) == (0, Basis.FREE)
