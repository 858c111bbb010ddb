"""What the session has brought so far, counted from its moments. Nothing here is estimated."""

from dataclasses import dataclass, replace
from math import ceil

from hybrid_lsp.demo.typist import Asked, Ghost, Moment, Took


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One suggestion that was shown, and what became of it."""

    text: str
    before: str
    """The cursor's line left of it, without indentation."""
    accepted: bool
    ms: float
    origin: str
    source: str
    score: float
    path: str
    """The document it was shown in."""
    line: int
    """1-based."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of a session. `after` returns the next one."""

    chars_typed: int = 0
    """Keys pressed by hand, line breaks among them; without the keys that accept."""
    chars_saved: int = 0
    """Characters that came from accepted ghost text."""
    offers: tuple[Offer, ...] = ()
    answers_ms: tuple[float, ...] = ()
    """How long each answer took, empty ones too."""

    @property
    def accepted(self) -> tuple[Offer, ...]:
        """The suggestions that were taken, in order."""
        return tuple(offer for offer in self.offers if offer.accepted)

    @property
    def keys_total(self) -> int:
        """How many keys the text takes without ghost text."""
        return self.chars_typed + self.chars_saved

    @property
    def keys_saved(self) -> int:
        """How many keys fewer were pressed: each accepted suggestion costs one."""
        return self.chars_saved - len(self.accepted)

    @property
    def saved_per_100(self) -> float:
        """Keys saved of 100 keys that the text takes without ghost text."""
        return 100 * self.keys_saved / self.keys_total if self.keys_total else 0.0

    def percentile_ms(self, percent: float) -> float:
        """Return the time that this many per cent of the answers did not exceed; 0 before the first."""
        if not self.answers_ms:
            return 0.0
        ordered = sorted(self.answers_ms)
        return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]

    def after(self, moment: Moment, *, path: str, line: int, left: str) -> "Tally":
        """Return the tally with this moment counted.

        `line` is the cursor's, from 1, and `left` the text left of the cursor in it, both after the moment.
        """
        if isinstance(moment, Asked):
            offers = self.offers
            if moment.ghost is not None and moment.is_new:
                offers = (*offers, _offer(moment, moment.ghost, path=path, line=line, left=left))
            return replace(
                self,
                chars_typed=self.chars_typed + len(moment.key),
                offers=offers,
                answers_ms=(*self.answers_ms, moment.ms),
            )
        taken = _offer(moment, moment.ghost, path=path, line=line, left=left)
        return replace(self, chars_saved=self.chars_saved + len(taken.text), offers=(*self.offers[:-1], taken))

    def as_json(self) -> dict[str, object]:
        """Return the numbers as `--json` prints them; times are rounded to microseconds."""
        return {
            "suggestions": len(self.offers),
            "accepted": len(self.accepted),
            "chars_typed": self.chars_typed,
            "chars_saved": self.chars_saved,
            "keys_total": self.keys_total,
            "keys_saved": self.keys_saved,
            "saved_per_100": round(self.saved_per_100, 1),
            "p50_ms": round(self.percentile_ms(50), 3),
            "p99_ms": round(self.percentile_ms(99), 3),
            "items": [_offer_as_json(offer) for offer in self.offers],
        }


EMPTY = Tally()


def _offer(moment: Moment, ghost: Ghost, *, path: str, line: int, left: str) -> Offer:
    accepted = isinstance(moment, Took)
    return Offer(
        text=ghost.text,
        before=(left.removesuffix(ghost.text) if accepted else left).lstrip(),
        accepted=accepted,
        ms=moment.ms,
        origin=ghost.origin,
        source=ghost.source,
        score=ghost.score,
        path=path,
        line=line,
    )


def _offer_as_json(offer: Offer) -> dict[str, object]:
    return {
        "text": offer.text,
        "accepted": offer.accepted,
        "ms": round(offer.ms, 3),
        "origin": offer.origin,
        "source": offer.source,
        "score": round(offer.score, 3),
        "path": offer.path,
        "line": offer.line,
    }
