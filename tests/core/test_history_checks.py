"""core.history.checks: a check that refuses good work too often is only advice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.history import NEVER_ADVICE, CheckRecord, advice_only, check_records
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.record import Origin, Record, Status

ROW = Record(job="j", at_ms=0, workspace="w", task=Task.FIX, origin=Origin.LOCAL, backend="ollama", model="small")


def rows(count: int, passed: bool, survived: bool | None, *, name: str = "names") -> list[Record]:
    """So many answers with one check."""
    status = Status.DONE if passed else Status.UNFIT
    return [replace(ROW, status=status, checks=((name, passed),), survived=survived)] * count


def test_the_record_of_each_check_is_counted() -> None:
    """How often it ran and refused, and what of that is known to have been good."""
    records = [*rows(4, True, True), *rows(2, False, None), *rows(1, False, True), *rows(1, False, False)]
    assert check_records(records) == (CheckRecord(name="names", ran=8, refused=4, good_refused=1, good_passed=4),)


@pytest.mark.parametrize(
    ("good_refused", "good_passed", "is_advice"),
    [(0, 0, False), (2, 0, False), (3, 0, True), (3, 30, False), (8, 30, True), (0, 500, False), (40, 500, False)],
)
def test_one_that_refuses_more_than_a_tenth_of_the_good_is_advice(
    good_refused: int, good_passed: int, is_advice: bool
) -> None:
    """From three known mistakes on, and only where more than a tenth is likely by four to one."""
    records = [*rows(good_refused, False, True), *rows(good_passed, True, True)]
    assert advice_only(records) == (frozenset({"names"}) if is_advice else frozenset())


@pytest.mark.parametrize("name", sorted(NEVER_ADVICE))
def test_where_there_is_nothing_to_show_no_check_is_advice(name: str) -> None:
    """An answer that is cut off, or that changes nothing, is refused whatever was known of such ones."""
    assert advice_only(rows(50, False, True, name=name)) == frozenset()


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30))
def test_more_good_work_that_passes_never_takes_a_check_its_say(refused: int, passed: int, more: int) -> None:
    """What speaks for a check makes it no weaker, and what nobody knows of changes nothing."""
    records = [*rows(refused, False, True), *rows(passed, True, True)]
    assert advice_only([*records, *rows(more, True, True)]) <= advice_only(records)
    assert advice_only([*records, *rows(more, False, None), *rows(more, False, False)]) == advice_only(records)
