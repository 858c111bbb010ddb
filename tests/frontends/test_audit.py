"""frontends.terminal.audit: everything that left this machine."""

import io
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal

from hybrid_lsp.core.errors import Problem, Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Basis, Origin, Record, Status
from hybrid_lsp.core.summary import Hold
from hybrid_lsp.frontends.terminal import audit

SENT = Record(
    job="j1", at_ms=1_795_000_000_000, workspace="shop", task=Task.REVIEW, origin=Origin.CLOUD, backend="anthropic",
    model="sonnet", host="api.anthropic.com", rule="allowed_for_cloud.code_review", bytes_out=12_345, redactions=3,
    taken=(("AWS_KEY", 1), ("PASSWORD", 2)), cost_usd=Decimal("0.0123"), basis=Basis.REPORTED,
)  # fmt: skip
STAYED = replace(SENT, job="j2", origin=Origin.LOCAL, bytes_out=0, host="", taken=())
LOST = replace(SENT, job="j3", status=Status.LOST, bytes_out=0, host="", taken=(), redactions=0)


NOW_MS = SENT.at_ms + 60_000
HELD = Hold(job="j4", model="opus", held_usd=Decimal("0.5"), since_ms=NOW_MS - 12_000, until_ms=NOW_MS + 288_000)


def shown(
    records: Sequence[Record] | Refused, *, holds: Sequence[Hold] = (), problems: Sequence[Problem] = (),
    own_hosts: Collection[str] = (), as_json: bool = False,
) -> tuple[int, str, str]:  # fmt: skip
    """Run it, and return the status and what was written."""
    out, errors = io.StringIO(), io.StringIO()

    def read() -> tuple[Sequence[Record], Sequence[Hold]]:
        if isinstance(records, Refused):
            raise records
        return records, holds

    status = audit.run(
        read, now_ms=NOW_MS, zone=UTC, days=30, out=out, errors=errors, as_json=as_json, problems=problems,
        own_hosts=own_hosts, environment={"COLUMNS": "120"},
    )  # fmt: skip
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


def test_what_nobody_saw_the_end_of_yet_is_told() -> None:
    """Whoever asks may have been killed in the middle: nobody is told meanwhile that nothing has left."""
    _, out, _ = shown([STAYED], holds=[HELD])
    assert out.startswith("opus has been asked for 12.0 s, or whoever asked it was ended;")
    assert "Nothing has left" not in out
    assert json.loads(shown([], holds=[HELD], as_json=True)[1])["under_way"] == [
        {"at": "2026-11-18T11:07:28+00:00", "job": "j4", "model": "opus"}
    ]


def test_a_ledger_that_knows_less_than_happened_does_not_say_that_nothing_did() -> None:
    """What was lost of it is said instead, on paper and as JSON."""
    problem = Problem(sentence="The ledger was set aside.")
    assert shown([], problems=[problem])[1] == "x The ledger was set aside.\n"
    assert json.loads(shown([], problems=[problem], as_json=True)[1])["problems"] == ["The ledger was set aside."]


def test_hosts_of_ones_own_are_said_to_be_left_out() -> None:
    """What goes there is no row of this list, so the list does not pretend that nothing goes there."""
    said = "What was asked at cpu.lan, gpu.lan is not listed: your settings call it your own.\n"
    for records in ([], [SENT]):
        assert shown(records, own_hosts={"gpu.lan", "cpu.lan"})[1].endswith(said)
    assert json.loads(shown([], own_hosts={"gpu.lan"}, as_json=True)[1])["own_hosts"] == ["gpu.lan"]
    assert "not listed" not in shown([SENT])[1]


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
