"""Has a model answer one small question, and takes the time. The question is the same for every model."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

from hybrid_lsp.backends.local import LocalModel
from hybrid_lsp.backends.report import Trial
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.fim import FAMILIES
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.prompt import build
from hybrid_lsp.core.redact import looks_random
from hybrid_lsp.core.stream import FimPrompt, ModelFacts
from hybrid_lsp.core.tokens import Room

TRIAL_TOKENS = 32
_BUSY = "it may be busy, or too large for this machine"

_ABOVE = '''"""Statistics over lists of numbers."""


def mean(values: list[float]) -> float:
    """Return the arithmetic mean, or 0 for an empty list."""
    if not values:
        return 0.0
    total = 0.0
    for value in values:
        total += value
'''
_BELOW = "\n\ndef spread(values: list[float]) -> float:\n    return max(values) - min(values)\n"
_QUESTION = Excerpt(workspace=0, document=1, version=0, path="statistics_of_lists.py", language="python",
                    line=_ABOVE.count("\n"), above=_ABOVE, prefix="    return ", below=_BELOW)  # fmt: skip
_BEFORE_IT = replace(_QUESTION, document=2, path="first.py", line=0, above="", prefix="first = ", below="\n")
"""Has the model loaded. It begins otherwise, or the server would know the beginning of the question by heart."""


async def try_out(model: LocalModel, *, deadline_s: float) -> Trial:
    """Return how long the model took to load and to answer, all within `deadline_s`. Raises `Trouble`."""
    clock = asyncio.get_running_loop().time
    begun_s = clock()
    await _load(model, deadline_s)
    asked_s, first_s, text, ending = clock(), None, "", None
    left_s = max(0.01, begun_s + deadline_s - asked_s)
    answer = model.generate(_prompt(_QUESTION, model.facts), max_tokens=TRIAL_TOKENS, deadline_s=left_s)
    try:
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                first_s = clock() if piece.text and first_s is None else first_s
                text, ending = text + piece.text, piece.ending
    except Trouble as trouble:
        raise _told(trouble, f"{model.facts.name} did not answer within {left_s:.0f} s", _BUSY) from None
    return Trial(
        loading_s=asked_s - begun_s,
        first_text_s=None if first_s is None else first_s - asked_s,
        total_s=clock() - asked_s,
        text=text,
        prompt_tokens=ending.prompt_tokens if ending else None,
        output_tokens=ending.output_tokens if ending else None,
    )


async def _load(model: LocalModel, deadline_s: float) -> None:
    try:
        await model.warm(_prompt(_BEFORE_IT, model.facts), deadline_s=deadline_s)
    except Trouble as trouble:
        late = f"{model.facts.name} was not ready within {deadline_s:.0f} s"
        raise _told(trouble, late, "have it loaded and look again", TroubleKind.LOADING) from None


def _told(trouble: Trouble, late: str, way_out: str, kind: TroubleKind = TroubleKind.SLOW) -> Trouble:
    """Put more into what a deadline says; leave any other trouble as it is."""
    return Trouble(kind, f"{late}; {way_out}.") if trouble.kind is TroubleKind.SLOW else trouble


def _prompt(excerpt: Excerpt, facts: ModelFacts) -> FimPrompt:
    room, family = Room(window_tokens=facts.window_tokens, output_tokens=TRIAL_TOKENS), FAMILIES.get(facts.family)
    return build(excerpt, family=family, room=room, is_secret=looks_random, single_line=False)[0]
