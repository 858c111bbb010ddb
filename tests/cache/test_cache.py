"""cache: what is given again, and what is not, with one window."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hybrid_lsp.cache import Cache
from hybrid_lsp.core.price import Usage
from hybrid_lsp.core.record import Origin, Status
from tests.cache.questions import CODE, NOW_MS, Clock, answer, question

Open = Callable[..., Cache]
DAY_MS = 86_400_000


def test_an_answer_is_given_again_from_the_nearest_layer(open_cache: Open, file: Path) -> None:
    """First from memory; in a new window from the file, and from its memory the next time."""
    whole = answer(usage=Usage(input_tokens=9, output_tokens=5), answered_by="sonnet-5")
    first, second = open_cache(file), open_cache(file)
    first.put(question(), whole)

    assert first.get(question()) == whole
    assert (first.statistics().memory_hits, first.statistics().file_hits) == (1, 0)
    assert [second.get(question()) for _ in range(2)] == [whole, whole]
    assert (second.statistics().memory_hits, second.statistics().file_hits) == (1, 1)


def test_another_question_is_a_miss(open_cache: Open, file: Path) -> None:
    """Nothing is given for a question that differs in policy, model, workspace, redaction or words."""
    cache = open_cache(file)
    cache.put(question(), answer())

    for part in ("policy", "workspace", "redaction", "prompt", "backend"):
        assert cache.get(question(**{part: "other"})) is None
    assert cache.statistics().misses == 5


NOT_KEPT: list[dict[str, Any]] = [
    {"text": ""},
    {"text": " \n"},
    {"text": "x" * (1 << 20)},
    {"complete": False},
    *[{"status": status} for status in Status if status is not Status.DONE],
    {"model": "opus-5"},
    {"origin": Origin.LOCAL},
    {"at_ms": NOW_MS + 1},
    {"at_ms": NOW_MS - DAY_MS},
]


@pytest.mark.parametrize("parts", NOT_KEPT, ids=lambda parts: str(parts)[:40])
def test_only_whole_answers_of_the_asked_model_are_kept(open_cache: Open, file: Path, parts: dict[str, Any]) -> None:
    """Cut off, blocked, empty, too long, too old, from the future or by another model: in no layer."""
    cache = open_cache(file)
    cache.put(question(), replace(answer(), **parts))

    assert cache.get(question()) is None
    assert open_cache(file).get(question()) is None
    assert cache.statistics().refused == 1


def test_an_answer_from_the_cache_is_not_kept_as_a_new_one(open_cache: Open) -> None:
    """It would live for another day each time."""
    cache = open_cache()
    cache.put(question(origin=Origin.CACHE), answer(origin=Origin.CACHE))

    assert cache.get(question(origin=Origin.CACHE)) is None


@pytest.mark.parametrize("layer", ["memory", "file"])
@pytest.mark.parametrize(("age_ms", "is_there"), [(DAY_MS - 1, True), (DAY_MS, False), (-1, False)])
def test_a_day_is_a_day_in_every_layer(
    open_cache: Open, file: Path, clock: Clock, layer: str, age_ms: int, is_there: bool
) -> None:
    """Until the last millisecond; and never while the clock says that it is not yet made."""
    cache = open_cache(None if layer == "memory" else file)
    cache.put(question(), answer())
    clock.now_ms += age_ms

    reader = cache if layer == "memory" else open_cache(file)
    assert (reader.get(question()) is not None) is is_there


def test_the_loop_is_answered_from_memory_alone(open_cache: Open, file: Path, clock: Clock) -> None:
    """Without a look at the file: not before this window has looked, and not a second after it last did."""
    open_cache(file).put(question(), answer())
    cache = open_cache(file)

    assert cache.get_in_memory(question()) is None
    cache.get(question())
    assert cache.get_in_memory(question()) == answer()
    clock.now_ms += 999
    assert cache.get_in_memory(question()) == answer()
    clock.now_ms += 1
    assert cache.get_in_memory(question()) is None
    cache.get(question())
    clock.now_ms -= 1
    assert cache.get_in_memory(question()) is None


def test_without_a_file_memory_is_all(open_cache: Open, clock: Clock) -> None:
    """A cache without a file keeps, gives, drops and purges, and nothing needs to be looked at."""
    cache = open_cache()
    cache.put(question("a"), answer())
    cache.put(question("b"), answer())
    clock.now_ms += 5_000

    assert cache.get_in_memory(question("a")) == answer()
    cache.drop(question("a"))
    assert (cache.get(question("a")), cache.get(question("b"))) == (None, answer())
    assert cache.purge() == 1
    assert cache.get(question("b")) is None


def test_a_dropped_answer_is_gone_and_the_others_are_not(open_cache: Open, file: Path) -> None:
    """Somebody wants another answer to this one question."""
    cache = open_cache(file)
    for prompt in "ab":
        cache.put(question(prompt), answer(prompt))
    cache.drop(question("a"))

    assert cache.get(question("a")) is None
    assert cache.get(question("b")) == answer("b")


def test_a_purge_leaves_nothing(open_cache: Open, file: Path) -> None:
    """It says how many answers there were, and the cache is of use again at once."""
    cache = open_cache(file, memory_entries=2)
    for prompt in "abc":
        cache.put(question(prompt), answer())

    assert cache.purge() == 3
    assert [cache.get(question(prompt)) for prompt in "abc"] == [None] * 3
    cache.put(question("a"), answer())
    assert cache.get(question("a")) == answer()


def test_a_closed_cache_has_nothing_and_is_quiet(
    open_cache: Open, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever comes late gets no answer and no error."""
    cache = open_cache(file)
    cache.close()
    cache.close()
    with caplog.at_level(logging.DEBUG):
        cache.put(question(), answer())
        cache.drop(question())
        cache.purge()
        assert cache.get(question()) is None
    assert caplog.messages == []


def test_opening_does_nothing_yet(open_cache: Open, file: Path) -> None:
    """The file is made when it is first needed: opening a cache may be done on the event loop."""
    open_cache(file, redis_url="redis://127.0.0.1:1/0")

    assert not file.parent.exists()


def test_no_question_and_no_answer_can_be_read_in_the_file(open_cache: Open, file: Path) -> None:
    """Who gets hold of the file finds neither code nor who was asked in it."""
    cache = open_cache(file)
    cache.put(question(CODE), answer(f"The name fetch_all says so:\n{CODE}"))
    held = b"".join(path.read_bytes() for path in file.parent.iterdir())

    assert len(held) > 4096
    for word in (b"fetch_all", b"rows", b"sonnet", b"anthropic", b"shop"):
        assert word not in held


def test_statistics_say_what_it_was_good_for(open_cache: Open, file: Path) -> None:
    """Hits of each layer, misses, what was refused, and what it holds."""
    open_cache(file).put(question("a"), answer())
    cache = open_cache(file)
    cache.put(question("b"), answer())
    cache.put(question("c"), answer(""))
    for prompt in "aabx":
        cache.get(question(prompt))
    said = cache.statistics()

    assert (said.memory_hits, said.file_hits, said.redis_hits, said.misses, said.refused) == (2, 1, 0, 1, 1)
    assert (said.memory_entries, said.file_entries, said.troubles) == (2, 2, ())
    assert 2048 < said.memory_bytes < 3000
    assert 0 < said.file_bytes <= file.stat().st_size + 64 * 1024
