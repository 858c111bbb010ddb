"""What has to be said before anything may go to a model vendor: whose job it is, who allowed it, and what holds it."""

from collections.abc import Callable
from dataclasses import dataclass

from hybrid_lsp.core.policy import Decision, covers
from hybrid_lsp.core.record import Reservation

_WORK = "allowed_for_cloud."
_VENDOR = "cloud_apis."
_TEXT = "paths"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave for one question to one vendor. It is only as good as what it holds: `why_not` judges that."""

    job: str
    """The job's id."""
    host: str
    """Whom it leads to, as `api.openai.com`."""
    decisions: tuple[Decision, ...]
    """What the policy answered: may this kind of work leave, may this vendor be asked, may this file's text be sent."""
    reservation: Reservation
    """The money that is held for it. Its id goes with every attempt; its lease ends them."""
    redactions: int = 0
    """How many secrets were taken out of the text."""
    went: Callable[[int], None] = lambda _: None
    """Told how many bytes leave, with each attempt that somebody takes, as they do."""

    def why_not(self, host: str, now_ms: int) -> str:
        """Return why nothing may be sent to `host` at this time, in one sentence; empty when it may."""
        if refused := next((each for each in self.decisions if not each.allowed), None):
            return refused.sentence
        if missing := self._unasked(host):
            return f"The policy was not asked {missing}, so nothing is sent; please report this."
        if host != self.host:
            return f"This question may go to {self.host} only, and {host} is another; please report this."
        if self.reservation.job != self.job:
            return "The money that is held belongs to another question, so nothing is sent; please report this."
        if now_ms >= self.reservation.until_ms:
            return "The money is no longer held for this question, so nothing is sent; ask again."
        return ""

    def _unasked(self, host: str) -> str:
        rules = [decision.rule for decision in self.decisions]
        vendors = [rule.removeprefix(_VENDOR) for rule in rules if rule.startswith(_VENDOR)]
        if not any(rule.startswith(_WORK) for rule in rules):
            return "whether such work may leave"
        if not any(covers((vendor,), host) for vendor in vendors):
            return f"whether {host} may be asked"
        return "" if _TEXT in rules else "whether the file's text may be sent"
