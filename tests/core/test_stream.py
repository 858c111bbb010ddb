"""What an answer's ending tells of what it took."""

import pytest

from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.stream import Ending, EndReason


@pytest.mark.parametrize(
    ("ending", "usage"),
    [
        (Ending(reason=EndReason.DONE), None),
        (Ending(reason=EndReason.DONE, prompt_tokens=9), None),
        (Ending(reason=EndReason.DONE, output_tokens=9), None),
        (Ending(reason=EndReason.LIMIT, prompt_tokens=9, output_tokens=0), Usage(input_tokens=9, output_tokens=0)),
        (
            Ending(
                reason=EndReason.DONE,
                prompt_tokens=9,
                cached_tokens=4,
                cache_write_tokens=5,
                output_tokens=3,
                reasoning_tokens=2,
            ),
            Usage(input_tokens=9, cached_tokens=4, cache_write_tokens=5, output_tokens=3, reasoning_tokens=2),
        ),
        (Ending(reason=EndReason.DONE, prompt_tokens=3, cached_tokens=4, output_tokens=1), None),
        (Ending(reason=EndReason.DONE, prompt_tokens=3, output_tokens=1, reasoning_tokens=2), None),
    ],
)
def test_usage_is_known_only_when_its_counts_agree(ending: Ending, usage: Usage | None) -> None:
    """A missing count, or a part larger than its whole, is no usage: nothing is charged by a guess that looks exact."""
    assert ending.usage == usage
