"""core.tokens against real tokenizers: their counts are in tests/data, their vocabularies are not."""

import pytest

from benchmarks.tokens import Chunk, by_any_weights, by_chars, by_own_weights, errors, learned_errors, load

OWN = ("o200k", "cl100k", "qwen2", "llama3", "llama-spm", "gemma")
STRANGE = ("deepseek-v3", "claude")


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    """All texts with their counts."""
    return load()


def test_the_counts_are_of_many_languages(chunks: list[Chunk]) -> None:
    """What is judged by is no single language, and every chunk was counted by every tokenizer."""
    assert len({chunk.language for chunk in chunks}) >= 20
    assert all(set(chunk.counts) == {*OWN, *STRANGE} for chunk in chunks)


@pytest.mark.parametrize("tokenizer", OWN)
def test_a_known_tokenizer_is_estimated_well(chunks: list[Chunk], tokenizer: str) -> None:
    """With its own weights the median error of a chunk is 6 % at most, less than half of what characters by four err."""
    estimate = by_own_weights(tokenizer)
    assert estimate is not None
    ours, chars = errors(chunks, tokenizer, estimate), errors(chunks, tokenizer, by_chars)

    assert ours.median <= 0.06
    assert ours.p95 <= 0.16
    assert ours.median < chars.median / 2


@pytest.mark.parametrize("tokenizer", [*OWN, *STRANGE])
def test_a_scale_makes_up_for_weights_that_are_not_there(chunks: list[Chunk], tokenizer: str) -> None:
    """A tokenizer that nothing is known of is estimated within 6 % in the median, too, once its scale is learned."""
    learned = learned_errors(chunks, tokenizer)

    assert learned.median <= 0.06
    assert abs(learned.bias) <= 0.03


@pytest.mark.parametrize("tokenizer", [*OWN, *STRANGE])
def test_bytes_are_never_fewer_than_tokens(chunks: list[Chunk], tokenizer: str) -> None:
    """What holds are reckoned with, a token a byte, is above every count and every estimate stays below it."""
    for chunk in chunks:
        size = len(chunk.text.encode())
        assert chunk.counts[tokenizer] <= size
        assert by_any_weights(chunk.text) <= size
