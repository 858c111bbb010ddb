"""How many tokens a text is likely to be, without the model's own tokenizer. Pure.

Six features of a line, weighed by a tokenizer family: subwords of camel case, digits, runs of punctuation, bytes beyond
one a character, the line's end, and whether it is indented. None crosses a line end, so a text is exactly the sum of
its lines, and an edit costs one line. Held out over 8 tokenizers and 8.9 million characters the median error of a chunk
is 3 to 5 %, where characters by four err by 14 to 31 %; under Chinese prose it may reach 12 %, and more where a
tokenizer splits it finer. What is left is mostly one scalar a model: `Scale` learns it from the server's own counts.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from hybrid_lsp.core.errors import Trouble

SAFETY = 1.12
"""99 of 100 under-estimates of a calibrated prompt are smaller than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """Tokens that each feature of a line costs."""

    subword: float
    digit: float
    punctuation_run: float
    extra_byte: float
    newline: float
    indented: float


def _row(subword: float, digit: float, run: float, extra: float, newline: float, indented: float) -> Coefficients:
    return Coefficients(
        subword=subword, digit=digit, punctuation_run=run, extra_byte=extra, newline=newline, indented=indented
    )


UNIVERSAL = _row(1.080, 1.295, 0.925, 0.434, 0.841, 0.552)
"""For a tokenizer that nothing is known of."""

COEFFICIENTS: dict[str, Coefficients] = {
    "universal": UNIVERSAL,
    "qwen2": _row(1.058, 1.499, 0.687, 0.343, 0.448, 0.998),
    "llama3": _row(1.081, 1.021, 0.692, 0.413, 0.329, 1.062),
    "deepseek-coder": _row(1.111, 1.470, 1.216, 0.397, 1.435, 0.171),
    "starcoder": _row(1.076, 1.411, 1.067, 0.393, 0.947, 0.0),
    "llama-spm": _row(1.133, 1.478, 1.194, 0.675, 1.455, 0.100),
    "gemma": _row(1.050, 1.351, 1.074, 0.313, 0.981, 0.571),
    "o200k": _row(1.072, 1.036, 0.714, 0.390, 0.370, 1.031),
    "cl100k": _row(1.086, 1.025, 0.687, 0.543, 0.316, 1.067),
}
"""By tokenizer, fitted on half of 1 181 files and tested on the other half."""

_SUBWORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]+")
_CACHED_LINES = 16_384
_CACHED_LINE_CHARS = 400


def line_tokens(line: str, coefficients: Coefficients = UNIVERSAL) -> float:
    r"""Estimate one line, with or without its `\n`. Lines of ordinary length are remembered."""
    if len(line) > _CACHED_LINE_CHARS:
        return _weigh(line, coefficients)
    return _weigh_once(line, coefficients)


def estimate_tokens(text: str, coefficients: Coefficients = UNIVERSAL) -> float:
    r"""Estimate a text: exactly the sum of its lines, each with its `\n`. Zero for the empty text."""
    return sum((line_tokens(line, coefficients) for line in split_lines(text)), 0.0)


class Tally:
    """Estimates a text that arrives in pieces, at a cost that the pieces' length bounds."""

    def __init__(self) -> None:
        self._said = 0.0
        self._line = ""

    def feed(self, piece: str) -> int:
        """Take the next piece and return about how many tokens there are by now."""
        *whole, self._line = (self._line + piece).split("\n")
        self._said += sum(_weigh(f"{line}\n", UNIVERSAL) for line in whole)
        if len(self._line) > _CACHED_LINE_CHARS:
            self._said, self._line = self._said + _weigh(self._line, UNIVERSAL), ""
        return round(self._said + _weigh(self._line, UNIVERSAL))


def split_lines(text: str) -> list[str]:
    r"""Return the lines of a text, each with its `\n`; the last one has none. Other line ends are ordinary text."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _weigh(line: str, weights: Coefficients) -> float:
    ascii_only = line.isascii()
    extra_bytes = 0 if ascii_only else len(line.encode("utf-8", "surrogatepass")) - len(line)
    return (
        weights.subword * len(_SUBWORD.findall(line))
        + weights.digit * sum(map(line.count, "0123456789"))
        + weights.punctuation_run * len(_PUNCTUATION.findall(line))
        + weights.extra_byte * extra_bytes
        + weights.newline * line.endswith("\n")
        + weights.indented * line.startswith((" ", "\t"))
    )


_weigh_once = lru_cache(maxsize=_CACHED_LINES)(_weigh)

_WEIGHT_OF_NEW = 0.1
_LEAST, _MOST = 0.5, 2.5
_TOO_SHORT_TO_TELL = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What an estimate is multiplied by for one model, learned from what its server counted."""

    factor: float = 1.0
    """Always between 0.5 and 2.5, whatever a server says."""

    def scaled(self, tokens: float) -> float:
        """Return an estimate as this model is likely to count it."""
        return tokens * self.factor

    def observed(self, estimated: float, actual: float) -> "Scale":
        """Return the scale after a prompt of `estimated` tokens, by this scale, was counted as `actual`.

        Moves a tenth of the way. Prompts of fewer than 32 tokens tell nothing and change nothing.
        """
        if estimated < _TOO_SHORT_TO_TELL or actual <= 0:
            return self
        return Scale(factor=_sane(self.factor * (1 - _WEIGHT_OF_NEW + _WEIGHT_OF_NEW * actual / estimated)))

    def corrected(self, estimated: float, actual: float) -> "Scale":
        """Return the scale by which `estimated` would have been `actual`: after an overflow there is one more try."""
        if estimated <= 0 or actual <= 0:
            return self
        return Scale(factor=_sane(self.factor * actual / estimated))


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How long a prompt may be, in tokens as the server counts them."""

    window_tokens: int
    """What prompt and answer may hold together."""
    output_tokens: int
    """Kept free for the answer."""
    prompt_tokens: int = 2048
    """More than this is not asked for even in a larger window: on a CPU the prompt is what takes the time."""
    suffix_tokens: int = 192
    """At most, of lines below the cursor."""
    scale: Scale = Scale()

    @property
    def budget_tokens(self) -> int:
        """What a prompt is built to, by our own estimate; 48 where the window leaves less than can be worked with."""
        return max(48, min(self.prompt_tokens, int((self.window_tokens - self.output_tokens) / SAFETY)))

    def after(self, trouble: Trouble, *, estimated_tokens: int) -> "Room":
        """Return the room to build a prompt in once more, after one of `estimated_tokens` was too long.

        By the exact count where the server tells it, else with half the tokens.
        """
        window_tokens = trouble.window_tokens or self.window_tokens
        if trouble.prompt_tokens is None:
            return replace(self, window_tokens=window_tokens, prompt_tokens=estimated_tokens // 2)
        scale = self.scale.corrected(estimated_tokens, trouble.prompt_tokens)
        return replace(self, window_tokens=window_tokens, scale=scale)


def _sane(factor: float) -> float:
    return min(max(factor, _LEAST), _MOST)
