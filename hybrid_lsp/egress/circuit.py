"""Whether a model is worth asking at all: rests after failures, and after a limit of money has been reached.

Closed: it is asked. Open: it rests. When the rest is over, one question goes as a probe; it decides for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hybrid_lsp.core.errors import Trouble, TroubleKind

FAILURES = 3
"""So many in a row open it."""
REST_MS = 30_000
"""The first rest; each failed probe doubles it."""
MOST_REST_MS = 600_000
SPENT_MS = 3_600_000
"""How long it rests once its account has run dry, unless the vendor says longer."""
PROBE_MS = 300_000
"""How long a probe is waited for: longer than any question takes."""

_FAILING = frozenset({
    TroubleKind.OFFLINE, TroubleKind.LOADING, TroubleKind.BUSY, TroubleKind.SLOW, TroubleKind.NONSENSE,
    TroubleKind.RATE_LIMITED,
})  # fmt: skip
"""What says that the vendor cannot, now. Anything else is about the question or the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of one model's last answers. A value: each change is a new one."""

    failures: int = 0
    """In a row."""
    rests: int = 0
    """In a row, without a success between them."""
    open_until_ms: int | None = None
    is_spent: bool = False
    probe_until_ms: int | None = None
    """Until when another question's probe is waited for."""

    def may_ask(self, now_ms: int) -> bool:
        """Say whether a question may go: always when closed, one at a time when half-open."""
        if self.open_until_ms is None:
            return True
        return now_ms >= self.open_until_ms and (self.probe_until_ms is None or now_ms >= self.probe_until_ms)

    def asked(self, now_ms: int) -> "Circuit":
        """Return it after a question went out: if it rested, that is the probe."""
        return self if self.open_until_ms is None else replace(self, probe_until_ms=now_ms + PROBE_MS)

    def succeeded(self) -> "Circuit":
        """Return it after an answer: closed."""
        return Circuit()

    def failed(self, now_ms: int) -> "Circuit":
        """Return it after a failure: open after `FAILURES` in a row, or at once where it was a probe.

        What fails while it rests was asked before that began, and makes the rest neither longer nor shorter.
        """
        failures = self.failures + 1
        if self.open_until_ms is not None and now_ms < self.open_until_ms:
            return replace(self, failures=failures)
        if self.open_until_ms is None and failures < FAILURES:
            return replace(self, failures=failures)
        rest_ms = min(MOST_REST_MS, REST_MS << min(self.rests, 10))
        return Circuit(failures=failures, rests=self.rests + 1, open_until_ms=now_ms + rest_ms)

    def spent(self, now_ms: int, *, for_ms: int = SPENT_MS) -> "Circuit":
        """Return it after a limit of money or of a day's questions: open for long."""
        return Circuit(failures=self.failures + 1, rests=self.rests, open_until_ms=now_ms + for_ms, is_spent=True)

    def released(self) -> "Circuit":
        """Return it after a question that ended without an outcome, as when it was cancelled."""
        return replace(self, probe_until_ms=None)

    def why(self, model: str, now_ms: int) -> str:
        """Return why the model is not asked, in one sentence with the way out; empty when it may be."""
        if self.may_ask(now_ms) or self.open_until_ms is None:
            return ""
        left = _told(max(self.open_until_ms, self.probe_until_ms or 0) - now_ms)
        if self.is_spent:
            return f"{model}'s account has reached its vendor's limit; raise it there, or wait: it is tried in {left}."
        if now_ms >= self.open_until_ms:
            return f"{model} failed before and is being tried by another question; ask again in a moment."
        return f"{model} failed {self.failures} times in a row and rests; it is tried again in {left}."


class Circuits:
    """The circuit of each model."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        """Take the clock that all of them go by."""
        self._clock_ms = clock_ms
        self._known: dict[str, Circuit] = {}

    def why(self, model: str) -> str:
        """Return why a model is not asked now; empty when it may be. For `Candidate.missing`."""
        return self._of(model).why(model, self._clock_ms())

    def begin(self, model: str) -> None:
        """Note that a question goes out. Raises `Trouble` (busy, or spent) where the model rests."""
        circuit, now_ms = self._of(model), self._clock_ms()
        if why := circuit.why(model, now_ms):
            raise Trouble(TroubleKind.SPENT if circuit.is_spent else TroubleKind.BUSY, why)
        self._known[model] = circuit.asked(now_ms)

    def succeeded(self, model: str) -> None:
        """Note that the model answered."""
        self._known[model] = self._of(model).succeeded()

    def failed(self, model: str, trouble: Trouble, *, wait_s: float | None = None) -> None:
        """Note how a question ended; one that the vendor answered as it should counts as an answer."""
        circuit, now_ms = self._of(model), self._clock_ms()
        if trouble.kind is TroubleKind.SPENT:
            self._known[model] = circuit.spent(now_ms, for_ms=max(SPENT_MS, int((wait_s or 0) * 1000)))
        elif trouble.kind in _FAILING:
            self._known[model] = circuit.failed(now_ms)
        else:
            self._known[model] = circuit.succeeded()

    def released(self, model: str) -> None:
        """Note that a question ended without an outcome."""
        self._known[model] = self._of(model).released()

    def _of(self, model: str) -> Circuit:
        return self._known.get(model, Circuit())


def _told(rest_ms: int) -> str:
    seconds = max(1, -(-rest_ms // 1000))
    return f"{seconds} s" if seconds < 100 else f"{-(-seconds // 60)} min"
