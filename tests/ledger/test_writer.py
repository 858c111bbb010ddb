"""ledger.writer: nobody waits for it, and what it cannot keep it counts."""

import logging
import threading
from collections.abc import Sequence

import pytest

from hybrid_lsp.ledger.behind import Item
from hybrid_lsp.ledger.database import Unavailable
from hybrid_lsp.ledger.writer import Writer
from tests.ledger.opened import WAIT_S, Clock, record_for

CLOCK = Clock()


class Paper:
    """Something to write on, which can be away."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = threading.Event()
        if there:
            self.there.set()
        self.jobs: list[str] = []
        self.tried = threading.Event()

    def write(self, items: Sequence[Item]) -> None:
        """Write the jobs' ids down, or be away."""
        self.tried.set()
        if not self.there.is_set():
            raise Unavailable("not now")
        self.jobs += [item.job for item in items]  # type: ignore[union-attr]


def test_all_is_written_in_order() -> None:
    """What was put in comes out as it went in, and a flush waits for all of it."""
    paper = Paper()
    writer = Writer(paper.write)
    names = [f"job-{number}" for number in range(1200)]
    for name in names:
        writer.put(record_for(name, CLOCK))

    assert writer.flush(WAIT_S)
    assert paper.jobs == names
    assert writer.close(WAIT_S)


def test_what_does_not_fit_is_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """While nothing can be written, rows about free answers are dropped; nobody waits, and it is told."""
    paper = Paper(there=False)
    writer = Writer(paper.write, most=10, pause_s=0.01)
    with caplog.at_level(logging.WARNING):
        for number in range(25):
            writer.put(record_for(f"job-{number}", CLOCK))
    writer.must(record_for("money", CLOCK))

    assert not writer.flush(0.02)
    paper.there.set()
    assert writer.flush(WAIT_S)
    assert writer.close(WAIT_S)
    assert len(paper.jobs) + writer.dropped == 26
    assert writer.dropped >= 5
    assert paper.jobs[-1] == "money"
    assert len(caplog.records) == 1


def test_what_could_not_be_written_is_tried_again_in_order() -> None:
    """Rows wait for a database that is away, and none is written twice."""
    paper = Paper(there=False)
    writer = Writer(paper.write, pause_s=0.01)
    writer.put(record_for("first", CLOCK))
    writer.put(record_for("second", CLOCK))
    assert not writer.flush(0.05)
    assert paper.tried.is_set()
    paper.there.set()

    assert writer.close(WAIT_S)
    assert paper.jobs == ["first", "second"]


def test_closing_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """A database that stays away costs the time that is given, and how much was lost is logged."""
    writer = Writer(Paper(there=False).write, pause_s=0.01)
    writer.put(record_for("job", CLOCK))

    assert not writer.close(0.05)
    assert "1 rows unwritten" in caplog.text
    assert not writer.flush(WAIT_S)
