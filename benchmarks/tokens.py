"""How well tokens are estimated: `tokens.py`, against what real tokenizers made of the chunks in tests/data.

For each tokenizer the relative error of a chunk, as median and as 95th percentile, and the median with its sign:
characters by four; our estimate with the tokenizer's own weights where it has some; the weights for any tokenizer,
as they are and with a scale that is learned chunk by chunk, each judged before it is learned from.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hybrid_lsp.core.tokens import COEFFICIENTS, UNIVERSAL, Scale, estimate_tokens

DATA = Path(__file__).parents[1] / "tests" / "data" / "token_counts" / "chunks.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One text, and what each tokenizer counted."""

    language: str
    text: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Relative errors of estimates, as shares of the true counts."""

    median: float
    p95: float
    bias: float
    """The median with its sign: below 0 is too few."""


def load(path: Path = DATA) -> list[Chunk]:
    """Return the chunks of a file."""
    return [Chunk(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def by_chars(text: str) -> float:
    """The usual rule of thumb."""
    return len(text) / 4


def by_own_weights(tokenizer: str) -> Callable[[str], float] | None:
    """Our estimate with the tokenizer's own weights; None where it has none."""
    weights = COEFFICIENTS.get(tokenizer)
    return None if weights is None else lambda text: estimate_tokens(text, weights)


def by_any_weights(text: str) -> float:
    """Our estimate for a tokenizer of which nothing is known."""
    return estimate_tokens(text, UNIVERSAL)


def errors(chunks: Iterable[Chunk], tokenizer: str, estimate: Callable[[str], float]) -> Errors:
    """Judge an estimate over all chunks."""
    return _summed([estimate(chunk.text) / chunk.counts[tokenizer] - 1 for chunk in chunks])


def learned_errors(chunks: Iterable[Chunk], tokenizer: str) -> Errors:
    """Judge the estimate for any tokenizer with a scale that learns from each chunk after it was judged."""
    scale, found = Scale(), []
    for chunk in chunks:
        estimated, actual = scale.scaled(by_any_weights(chunk.text)), chunk.counts[tokenizer]
        found.append(estimated / actual - 1)
        scale = scale.observed(estimated, actual)
    return _summed(found)


def _summed(found: Sequence[float]) -> Errors:
    sizes = sorted(abs(error) for error in found)
    return Errors(
        median=statistics.median(sizes),
        p95=sizes[min(len(sizes) - 1, int(0.95 * len(sizes)))],
        bias=statistics.median(found),
    )


def _told(found: Errors | None) -> str:
    return "–" if found is None else f"{found.median:.1%} / {found.p95:.1%} / {found.bias:+.1%}"


def main() -> None:
    chunks = load()
    languages = {chunk.language for chunk in chunks}
    print(f"{len(chunks)} chunks, {len(languages)} languages. Median / p95 / bias of the relative error:\n")
    print("| tokenizer | characters / 4 | own weights | any weights | any weights, scale learned |")
    print("|---|---|---|---|---|")
    for tokenizer in chunks[0].counts:
        own = by_own_weights(tokenizer)
        columns = (
            errors(chunks, tokenizer, by_chars),
            None if own is None else errors(chunks, tokenizer, own),
            errors(chunks, tokenizer, by_any_weights),
            learned_errors(chunks, tokenizer),
        )
        print(f"| {tokenizer} | {' | '.join(map(_told, columns))} |")


if __name__ == "__main__":
    main()
