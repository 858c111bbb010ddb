"""Jobs with secrets in every place that a question has, and vendors that answer with what they were sent."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from types import ModuleType

from hybrid_lsp.assistant import Whole
from hybrid_lsp.core.job import Job, Task, Wish, cut
from tests.doubles import anthropic, gemini, openai_cloud
from tests.doubles.cloud import Says
from tests.doubles.http_server import Asked
from tests.tools.secrets import named_texts, vendor_texts, wire_texts

TASKS = (Task.REFACTOR, Task.REVIEW, Task.FIX, Task.EXPLAIN)
_PART = re.compile(r"The part:\n(?P<fence>`{3,})[a-z]*\n(?P<text>.*?)\n(?P=fence)(?:\n|$)", re.DOTALL)
_DOUBLES: dict[str, ModuleType] = {"anthropic": anthropic, "openai": openai_cloud, "gemini": gemini}
_LEAD = "version = 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One job, what is secret in it, and what the vendor's answer must come to."""

    job: Job
    whole: Whole
    kinds: tuple[str, ...]
    secrets: tuple[str, ...]
    answer: str


def spread(*, seed: int, jobs: int) -> list[Spread]:
    """Return jobs that hold more than 300 secrets between them: in code, comments, diagnostics and instructions."""
    texts = [*vendor_texts(seed, 2), *named_texts(seed), *wire_texts(seed)]
    unique = list({secret: (kind, secret, text) for kind, secret, text in texts}.values())
    Random(seed).shuffle(unique)
    return [_job(number, unique[number::jobs]) for number in range(jobs)]


def _job(number: int, texts: list[tuple[str, str, str]]) -> Spread:
    said = [text for _, _, text in texts]
    asked, seen, above, below = said[:2], said[2:6], said[6:16], said[16:26]
    # Half of what is marked stands in comments.
    marked = [_LEAD, *(_commented(text) if at % 2 else text for at, text in enumerate(said[26:])), "end = 1"]
    focus = "\n\n".join(marked)
    before, after = "\n\n".join(above), "\n\n".join(below)
    whole = f"{before}\n{focus}\n{after}\n"
    first = before.count("\n") + 2
    excerpt = cut(whole, first, first + focus.count("\n"), path="deploy/settings.txt", language="plaintext",
                  diagnostics=tuple(seen))  # fmt: skip
    assert (excerpt.focus, excerpt.above) == (focus, f"{before}\n")
    task = TASKS[number % len(TASKS)]
    job = Job(
        id=f"planted-{number}", task=task, excerpt=excerpt, instruction=" and ".join(asked), deliberate=True,
        wish=Wish.CLOUD,
    )  # fmt: skip
    return Spread(
        job=job, whole=Whole(text=whole), kinds=tuple(kind for kind, _, _ in texts),
        secrets=tuple(secret for _, secret, _ in texts), answer=_answer(task, focus, first),
    )  # fmt: skip


def _commented(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.split("\n"))


def _answer(task: Task, focus: str, first: int) -> str:
    if task is Task.REVIEW:
        focus = "\n".join(f"{number}: {line}" for number, line in enumerate(focus.split("\n"), first))
    focus = focus.replace(_LEAD, "version = 2", 1)
    return focus if task in (Task.REFACTOR, Task.FIX) else f"```\n{focus}\n```"


def echo(vendor: str, contract: Callable[[Asked], Says | None]) -> Callable[[Asked], Says | None]:
    """Return what a vendor says who sends the marked part back, with one line changed, in small pieces."""

    def says(asked: Asked) -> Says | None:
        if refused := contract(asked):
            return refused
        found = next(match for text in _texts(json.loads(asked.body)) if (match := _PART.search(text)))
        text = f"```\n{found['text'].replace(_LEAD, 'version = 2', 1)}\n```"
        pieces = [text[at : at + 17] for at in range(0, len(text), 17)]
        good: Says = _DOUBLES[vendor].answer(pieces)
        return replace(good, cut_bytes=4096)

    return says


def _texts(value: object) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]
