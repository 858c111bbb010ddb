"""How likely it is that a guess is what the user will write: a logistic model over 25 numbers.

`weights.json` maps the name of each number to its weight; `benchmarks/embedded_fit.py` writes it.
"""

import json
from math import exp, log, log1p
from operator import mul
from pkgutil import get_data

from hybrid_lsp.embedded.guesses import Guess

SITUATION = ("bias", "in_word", "word_chars", "typed_chars", "at_start", "candidates", "comment")
"""Names of the numbers that all guesses at one cursor share."""
GUESS = (
    "chance", "chance_squared", "no_chance", "share", "share_squared", "no_share", "matched", "matched_4", "matched_8",
    "chars", "whole", "count", "recent", "chance_whole", "chars_whole", "share_at_start", "matched_at_start",
    "matched_share",
)  # fmt: skip
"""Names of the numbers that belong to one guess."""
_NO_CHANCE = -3.5
_MAX_LOGIT = 30.0


def situation_numbers(*, part: str, prefix: str, candidate_count: int) -> tuple[float, ...]:
    """Return the numbers named by `SITUATION`. `prefix` is what is typed of the line, without its indentation."""
    word = len(part.strip())
    return (
        1.0,
        float(word > 0),
        min(word, 4) / 4,
        log1p(len(prefix)),
        float(not prefix),
        log1p(candidate_count),
        float(prefix.startswith(("#", "//", "/*", "* "))),
    )


def guess_numbers(guess: Guess, *, chars: int, at_start: bool, recent: bool) -> tuple[float, ...]:
    """Return the numbers named by `GUESS`. `recent`: does one of the last three lines read the same?"""
    chance = log(guess.probability) if guess.probability else _NO_CHANCE
    share, matched, size = guess.share, guess.matched / 12, log(chars)
    return (
        chance,
        chance * chance,
        float(guess.probability is None),
        share,
        share * share,
        float(guess.whole and not share),
        matched,
        float(guess.matched >= 4),
        float(guess.matched >= 8),
        size,
        float(guess.whole),
        log1p(guess.count),
        float(recent),
        chance if guess.whole else 0.0,
        size if guess.whole else 0.0,
        share if at_start else 0.0,
        matched if at_start else 0.0,
        matched * share,
    )


class Weights:
    """The fitted weights of one logistic model."""

    def __init__(self, by_name: dict[str, float]) -> None:
        self._situation = tuple(by_name[name] for name in SITUATION)
        self._guess = tuple(by_name[name] for name in GUESS)

    def situation_part(self, numbers: tuple[float, ...]) -> float:
        """Return what the situation adds to the logit of each guess."""
        return sum(map(mul, self._situation, numbers), 0.0)

    def probability(self, situation_part: float, numbers: tuple[float, ...]) -> float:
        """Return how likely a guess is right, 0 to 1."""
        logit = situation_part + sum(map(mul, self._guess, numbers), 0.0)
        return 1 / (1 + exp(-max(-_MAX_LOGIT, min(logit, _MAX_LOGIT))))


def shipped_weights() -> Weights:
    """Return the weights in `weights.json`."""
    return Weights(json.loads(get_data(__name__, "weights.json") or b"{}"))
