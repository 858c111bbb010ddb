"""Every check's own record: how often it refused what was good after all. One that does so too often is only advice.

An answer is known to be good when it survived: a refused one can, because its person may look at it all the same and
take it over, and because a check that is only advice refuses nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hybrid_lsp.core.history.beta import below
from hybrid_lsp.core.history.cells import SURE
from hybrid_lsp.core.record import Record

MOST_GOOD_REFUSED = 0.1
"""The share of good answers that a check may refuse."""
NEVER_ADVICE = frozenset({"complete", "changed"})
"""Without a whole answer, or without a change, there is nothing to show."""
_LEAST_REFUSED = 3
_PRIOR_REFUSED, _PRIOR_PASSED = 1.0, 19.0
"""What was measured of checks before anything is known here: they refuse 5 in 100 good answers at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """One check."""

    name: str
    ran: int
    refused: int
    good_refused: int
    """Refused, and still there later."""
    good_passed: int
    """Passed, and still there later."""

    @property
    def doubt(self) -> float:
        """How likely it is that it refuses more than one good answer in ten."""
        good_refused, good_passed = _PRIOR_REFUSED + self.good_refused, _PRIOR_PASSED + self.good_passed
        return 1 - below(MOST_GOOD_REFUSED, good_refused, good_passed)

    @property
    def is_advice(self) -> bool:
        """Whether it no longer refuses, but only says what it thinks."""
        return self.name not in NEVER_ADVICE and self.good_refused >= _LEAST_REFUSED and self.doubt > SURE


def check_records(records: Iterable[Record]) -> tuple[CheckRecord, ...]:
    """Return the record of each check that ran, by name."""
    counts: dict[str, list[int]] = {}
    for record in records:
        for name, passed in record.checks:
            one = counts.setdefault(name, [0, 0, 0, 0])
            one[0] += 1
            one[1] += not passed
            if record.survived:
                one[3 if passed else 2] += 1
    return tuple(
        CheckRecord(name=name, ran=ran, refused=refused, good_refused=good_refused, good_passed=good_passed)
        for name, (ran, refused, good_refused, good_passed) in sorted(counts.items())
    )


def advice_only(records: Iterable[Record]) -> frozenset[str]:
    """Return the checks that refuse good work too often to be obeyed."""
    return frozenset(one.name for one in check_records(records) if one.is_advice)
