"""When a question is asked again, and when a model rests: values in, values out."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.egress.circuit import FAILURES, MOST_REST_MS, PROBE_MS, REST_MS, SPENT_MS, Circuit, Circuits
from hybrid_lsp.egress.retries import ATTEMPTS, NOT_CONNECTED, Verdict, retry_in_s, told_wait_s

NOW_MS = 1_796_000_000_000
BUSY = Verdict(trouble=Trouble(TroubleKind.BUSY, "busy"))


def wait_s(
    status: int = 503, verdict: Verdict = BUSY, *, attempt: int = 1, left_s: float = 60, **headers: str
) -> float | None:
    """How long to wait, without luck."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return retry_in_s(status, named, verdict, attempt=attempt, left_s=left_s, now_ms=NOW_MS, dice=0.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": formatdate(NOW_MS / 1000 + 7, usegmt=True)}, 7.0),
        ({"retry-after": formatdate(NOW_MS / 1000 - 7, usegmt=True)}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, 1e9),
        ({"retry-after": "Sat, 99 Foo 2026"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_what_a_vendor_says_of_waiting_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds, seconds and dates; what is none of them says nothing."""
    assert told_wait_s(headers, NOW_MS) == seconds


@pytest.mark.parametrize("status", [NOT_CONNECTED, 408, 409, 429, 500, 503, 529])
def test_what_passes_is_tried_again_later_each_time(status: int) -> None:
    """Half a second, then twice as long each time, and no more than so many attempts."""
    assert [wait_s(status, attempt=at) for at in range(1, ATTEMPTS + 1)] == [0.5, 1.0, 2.0, None]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_what_does_not_pass_is_not(status: int) -> None:
    """A fault of the question or the key stays one, unless the vendor says otherwise."""
    assert wait_s(status) is None
    assert wait_s(status, x_should_retry="true") == 0.5
    assert wait_s(503, x_should_retry="false") is None


def test_a_limit_of_money_is_never_tried_again() -> None:
    """Whatever the status and the headers say."""
    spent = Verdict(trouble=Trouble(TroubleKind.SPENT, "spent"), wait_s=1)
    assert wait_s(429, spent, retry_after="1", x_should_retry="true") is None


def test_the_longer_of_two_told_waits_holds_and_the_deadline_ends_all() -> None:
    """A wait in the body counts as one in a header; one that does not end in time is not begun."""
    told = Verdict(trouble=BUSY.trouble, wait_s=22)
    assert (wait_s(429, told), wait_s(429, told, retry_after="30")) == (22, 30)
    assert wait_s(429, told, left_s=22) is None


@given(
    status=st.sampled_from([0, 200, 301, 400, 408, 429, 500]),
    attempt=st.integers(1, 10),
    left_s=st.floats(0, 100),
    told=st.none() | st.floats(allow_nan=True),
    header=st.text(max_size=8),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_no_wait_is_negative_or_outlives_the_deadline(
    status: int, attempt: int, left_s: float, told: float | None, header: str, dice: float
) -> None:
    """Whatever a server says."""
    verdict = Verdict(trouble=BUSY.trouble, wait_s=told)
    headers = {"retry-after": header, "x-should-retry": header}
    waited = retry_in_s(status, headers, verdict, attempt=attempt, left_s=left_s, now_ms=NOW_MS, dice=dice)

    assert waited is None or (0 < waited < left_s and attempt < ATTEMPTS)


def test_a_circuit_opens_after_failures_in_a_row_only() -> None:
    """A success between them begins the count anew."""
    circuit = Circuit()
    for _ in range(FAILURES - 1):
        circuit = circuit.failed(NOW_MS)
    assert circuit.may_ask(NOW_MS)
    assert circuit.succeeded().failed(NOW_MS).may_ask(NOW_MS)
    assert not circuit.failed(NOW_MS).may_ask(NOW_MS + REST_MS - 1)


def test_one_probe_decides_for_the_others() -> None:
    """After the rest one question goes; while it is on its way no other does; released, or late, another may."""
    circuit = Circuit(failures=FAILURES, rests=1, open_until_ms=NOW_MS)
    probing = circuit.asked(NOW_MS)

    assert circuit.may_ask(NOW_MS)
    assert not probing.may_ask(NOW_MS + 1)
    assert "tried by another question" in probing.why("m", NOW_MS + 1)
    assert probing.released().may_ask(NOW_MS + 1)
    assert probing.may_ask(NOW_MS + PROBE_MS)
    assert probing.succeeded() == Circuit()
    assert probing.failed(NOW_MS).open_until_ms == NOW_MS + 2 * REST_MS


def test_rests_grow_up_to_a_limit() -> None:
    """Each failed probe doubles the rest, but no rest is longer than so long."""
    circuit, rests, now_ms = Circuit(failures=FAILURES - 1), [], NOW_MS
    for _ in range(20):
        circuit = circuit.failed(now_ms)
        rests.append((circuit.open_until_ms or 0) - now_ms)
        now_ms += rests[-1]

    assert rests[:3] == [REST_MS, 2 * REST_MS, 4 * REST_MS]
    assert rests == sorted(rests)
    assert rests[-1] == MOST_REST_MS


@pytest.mark.parametrize("rest", [Circuit(failures=FAILURES - 1).failed(NOW_MS), Circuit().spent(NOW_MS)])
def test_what_was_asked_before_a_rest_does_not_change_it(rest: Circuit) -> None:
    """Questions that were under way together fail together: that is one rest, and no shorter one for an empty account."""
    late = rest.failed(NOW_MS + 1).failed(NOW_MS + 2)
    assert (late.open_until_ms, late.rests, late.is_spent) == (rest.open_until_ms, rest.rests, rest.is_spent)


@pytest.mark.parametrize(
    ("kind", "asks", "words"),
    [
        (TroubleKind.SPENT, False, "tried in 60 min"),
        (TroubleKind.BUSY, False, "rests; it is tried again in 30 s"),
        (TroubleKind.RATE_LIMITED, False, "rests"),
        (TroubleKind.NONSENSE, False, "rests"),
        (TroubleKind.BAD_KEY, True, ""),
        (TroubleKind.OVERFLOW, True, ""),
        (TroubleKind.DECLINED, True, ""),
    ],
)
def test_only_what_is_the_vendors_fault_counts(kind: TroubleKind, asks: bool, words: str) -> None:
    """A bad key or a question that is too long says nothing against the model; the others' sentence says what is left."""
    circuits = Circuits(lambda: NOW_MS)
    for _ in range(FAILURES):
        circuits.failed("m", Trouble(kind, "…"))

    assert (circuits.why("m") == "") is asks
    assert words in circuits.why("m")
    assert circuits.why("n") == ""


def test_a_vendor_may_say_how_long_money_is_out() -> None:
    """A longer wait than ours holds, a shorter one does not."""
    circuits = Circuits(lambda: NOW_MS)
    circuits.failed("m", Trouble(TroubleKind.SPENT, "…"), wait_s=86_400)
    assert "1440 min" in circuits.why("m")
    assert not Circuit().spent(NOW_MS).may_ask(NOW_MS + SPENT_MS - 1)
