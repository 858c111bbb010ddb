"""frontends.terminal.audit: everything that left this machine."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Origin, Record, Status
from hybrid_lsp.frontends.terminal import audit

SENT = Record(
    job="j1", at_ms=1_795_000_000_000, workspace="shop", task=Task.REVIEW, origin=Origin.CLOUD, backend="anthropic",
    model="sonnet", host="api.anthropic.com", rule="allowed_for_cloud.code_review", bytes_out=12_345, redactions=3,
    taken=(("AWS_KEY", 1), ("PASSWORD", 2)), cost_usd=Decimal("0.0123"), basis=Basis.REPORTED,
)  # fmt: skip
STAYED = replace(SENT, job="j2", origin=Origin.LOCAL, bytes_out=0, host="", taken=())
LOST = replace(SENT, job="j3", status=Status.LOST, bytes_out=0, host="", taken=(), redactions=0)


def shown(records: Sequence[Record] | Refused, *, as_json: bool = False) -> tuple[int, str, str]:
    """Run it, and return the status and what was written."""
    out, errors = io.StringIO(), io.StringIO()

    def read() -> Sequence[Record]:
        if isinstance(records, Refused):
            raise records
        return records

    status = audit.run(read, zone=UTC, days=30, out=out, errors=errors, as_json=as_json, environment={"COLUMNS": "120"})
    return status, out.getvalue(), errors.getvalue()


def test_what_left_is_told_and_what_stayed_is_not() -> None:
    """When, for what, to whom, how much, which kinds of secrets were taken out, and what came of it."""
    status, out, _ = shown([SENT, STAYED])
    (row,) = out.splitlines()[1:]
    assert status == 0
    assert row.split() == [
        "2026-11-18", "11:06", "review", "api.anthropic.com", "12.3k", "1", "AWS_KEY,", "2", "PASSWORD", "$0.0123", "done",
    ]  # fmt: skip


def test_what_may_have_left_is_told_too() -> None:
    """Nobody saw the end of a lost call, so it counts as sent."""
    _, out, _ = shown([LOST])
    assert "sonnet" in out
    assert "lost" in out


def test_nothing_left() -> None:
    """That is a sentence, not an empty table."""
    assert shown([STAYED])[1] == "Nothing has left this machine in 30 days.\n"


def test_more_than_a_screen_is_counted_and_json_has_all() -> None:
    """A hundred rows are enough to read."""
    many = [replace(SENT, job=str(i)) for i in range(130)]
    out = shown(many)[1].splitlines()
    assert len(out) == 102
    assert out[-1].startswith("30 more;")
    told = json.loads(shown(many, as_json=True)[1])["left"]
    assert len(told) == 130
    assert told[0] == {
        "at": "2026-11-18T11:06:40+00:00", "job": "0", "workspace": "shop", "task": "review", "model": "sonnet",
        "host": "api.anthropic.com", "rule": "allowed_for_cloud.code_review", "bytes": 12345,
        "taken_out": [{"kind": "AWS_KEY", "times": 1}, {"kind": "PASSWORD", "times": 2}], "status": "done",
        "cost_usd": 0.0123, "basis": "reported",
    }  # fmt: skip


def test_a_ledger_that_cannot_be_read_is_a_sentence() -> None:
    """On standard error, with exit 1."""
    assert shown(Refused("The ledger rests.")) == (1, "", "x The ledger rests.\n")
