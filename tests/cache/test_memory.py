"""cache.memory and cache.rest: bounded, and left alone while it does not work."""

import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.cache.memory import Memory
from hybrid_lsp.cache.rest import Rest
from tests.cache.questions import Clock, answer

SIZE = 1024 + 1000 + 49
"""What an answer of 1000 letters counts as: the text object as Python has it, and what comes with it."""


def test_who_was_not_asked_for_longest_goes_first() -> None:
    """With room for two, the third takes the place of the one that nobody has asked for."""
    memory = Memory(2, 1 << 20)
    memory.put("a", 0, answer("a"))
    memory.put("b", 0, answer("b"))
    memory.get("a", 0)
    memory.put("c", 0, answer("c"))

    assert memory.get("b", 0) is None
    assert [entry and entry.text for entry in (memory.get("a", 0), memory.get("c", 0))] == ["a", "c"]


def test_bytes_are_bounded_as_well() -> None:
    """With room for the bytes of two, a third lets the first go; one that is larger than all is not kept."""
    memory = Memory(100, 2 * SIZE)
    for name in "abc":
        memory.put(name, 0, answer(name * 1000))

    assert [memory.get(name, 0) is not None for name in "abc"] == [False, True, True]
    assert memory.size() == (2, 2 * SIZE)
    memory.put("d", 0, answer("d" * 2 * SIZE))
    assert memory.get("d", 0) is None
    assert memory.size() == (2, 2 * SIZE)


def test_an_answer_of_another_generation_is_gone() -> None:
    """What was remembered before a purge is not given, and takes no room any more."""
    memory = Memory(9, 1 << 20)
    memory.put("a", 1, answer())

    assert memory.get("a", 2) is None
    assert memory.size() == (0, 0)


steps = st.lists(st.tuples(st.sampled_from(["put", "get", "drop", "clear"]), st.sampled_from("abcdef"), st.integers(0, 3000)), max_size=40)  # fmt: skip


@given(steps=steps)
def test_it_counts_right_whatever_happens(steps: list[tuple[str, str, int]]) -> None:
    """Entries and bytes stay within their bounds, and the sum is that of what it holds."""
    memory, sizes = Memory(3, 5_000), {}
    for what, name, size in steps:
        if what == "put":
            memory.put(name, 0, answer("x" * size))
            sizes[name] = 1024 + 49 + size
        elif what == "get":
            memory.get(name, 0)
        elif what == "drop":
            memory.drop(name)
        else:
            memory.clear()
        entries, total = memory.size()
        assert (entries <= 3, total <= 5_000) == (True, True)
    assert memory.size()[1] == sum(sizes[name] for name in "abcdef" if memory.get(name, 0))


def test_many_threads_at_once_leave_it_whole() -> None:
    """Its counts are right after several threads have used it at the same time."""
    memory = Memory(5, 1 << 20)

    def use(first: int) -> None:
        for number in range(500):
            memory.put(str((first + number) % 9), 0, answer("x" * (number % 7)))
            memory.get(str(number % 9), 0)
            memory.drop(str((first + 3 * number) % 9))

    threads = [threading.Thread(target=use, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    memory.clear()
    assert memory.size() == (0, 0)


def test_a_rest_is_longer_each_time_and_ends(clock: Clock) -> None:
    """5, 10, 20, 40, 60, 60 seconds; to the millisecond; 5 again after it has worked."""
    rest = Rest(clock)
    for seconds in (5, 10, 20, 40, 60, 60):
        assert not rest.is_resting
        rest.failed("It is down.")
        clock.now_ms += seconds * 1000 - 1
        assert rest.is_resting
        clock.now_ms += 1
    rest.worked()
    rest.failed("It is down.")
    clock.now_ms += 5_000
    assert not rest.is_resting


def test_a_clock_that_went_back_ends_a_rest(clock: Clock) -> None:
    """No rest is for ever because the clock was wrong."""
    rest = Rest(clock)
    rest.failed("It is down.")
    clock.now_ms -= 1

    assert not rest.is_resting


def test_a_trouble_is_told_once(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The same sentence is not logged again before it has worked in between; another one is."""
    rest = Rest(clock)
    with caplog.at_level(logging.WARNING):
        for sentence in ("down", "down", "odd", "odd"):
            rest.failed(sentence)
        rest.worked()
        rest.failed("odd")
    assert caplog.messages == ["down", "odd", "odd"]


def test_what_was_given_up_stays_so(clock: Clock) -> None:
    """What only another setting mends is not tried again."""
    rest = Rest(clock)
    rest.gave_up("not installed")
    clock.now_ms += 10**9

    assert rest.is_resting
