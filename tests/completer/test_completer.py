"""The completer, read as a conversation with a typist."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from hybrid_lsp import completer as completer_module
from hybrid_lsp.backends.scripted import Line, ScriptedBackend
from hybrid_lsp.completer import Completer, Offer
from hybrid_lsp.core.job import Excerpt, Source, Suggestion

HERE = Excerpt(workspace=1, document=1, version=1, path="a.py", language="python", line=3, above="x\n", prefix="")


def conversation(*playbook: Line) -> tuple[Completer, ScriptedBackend, Callable[..., Awaitable[Offer | None]]]:
    """A completer over a scripted model, and a typist: `await typed("ret")`."""
    backend = ScriptedBackend(playbook)
    completer = Completer(backend)

    async def typed(prefix: str, suffix: str = "", *, asked_for: bool = False, **other: object) -> Offer | None:
        excerpt = replace(HERE, prefix=prefix, suffix=suffix, **other)  # type: ignore[arg-type]
        return await asyncio.create_task(completer.complete(excerpt, asked_for=asked_for))

    return completer, backend, typed


def text(offer: Offer | None) -> str | None:
    """What an offer shows."""
    return offer.suggestion.text if offer else None


async def test_typing_along_is_answered_from_memory() -> None:
    """The model is asked once; every further right key gets the rest of the same suggestion, under the same id."""
    _, backend, typed = conversation(Line(when="ret", say="urn total"))
    first, second = await typed("ret"), await typed("retur")

    assert (text(first), text(second), text(await typed("return tota"))) == ("urn total", "n total", "l")
    assert first is not None
    assert second is not None
    assert first.id == second.id
    assert (first.suggestion.source, second.suggestion.source) == (Source.SCRIPTED, Source.MEMORY)
    assert backend.asked == [("ret", 0.0)]


async def test_typed_to_its_end_the_model_is_asked_again() -> None:
    """When nothing is left of a suggestion, what comes next is a new question, without doubt."""
    _, backend, typed = conversation(Line(when="ret", say="urn"), Line(when="return", say=" 1"))
    await typed("ret")

    assert text(await typed("return")) == " 1"
    assert backend.asked == [("ret", 0.0), ("return", 0.0)]


async def test_typing_against_makes_the_next_one_harder() -> None:
    """A suggestion typed against is gone, and doubt grows for this line and no other."""
    _, backend, typed = conversation(Line(when="a", say="bc"), Line(when="ax", say="yz"))
    await typed("a")
    await typed("ax")
    await typed("axx")
    await typed("b", line=9)

    assert backend.asked == [("a", 0.0), ("ax", 0.1), ("axx", 0.2), ("b", 0.0)]


async def test_a_person_who_asks_is_shown_something_less_sure() -> None:
    """An invoked request lowers the bar by 0.1."""
    _, backend, typed = conversation()
    await typed("a", asked_for=True)

    assert backend.asked == [("a", -0.1)]


async def test_auto_closed_brackets_are_typed_over() -> None:
    """The rest of a suggestion fits whatever closers stand right of the cursor by now."""
    _, _, typed = conversation(Line(when="f", say="(a, b)"))
    await typed("f")

    assert text(await typed("f(", ")")) == "a, b"
    assert text(await typed("f(a, b", ")")) is None


@pytest.mark.parametrize(
    "moment", [{"suffix": "x + 1"}, {"path": ".env"}, {"path": "keys/id_rsa"}, {"focus": "selected"}]
)
async def test_where_nothing_may_be_shown_no_model_is_asked(moment: dict[str, str]) -> None:
    """Text right of the cursor, a selection, a secret file: no question, no answer."""
    _, backend, typed = conversation(Line(when="a", say="bcd"))

    assert await typed("a", **moment) is None
    assert backend.asked == []


async def test_a_newer_request_cancels_the_older() -> None:
    """Of two requests for one document in flight, the first is cancelled and the second answered."""
    gate = asyncio.Event()
    completer, _, typed = conversation(Line(when="a", say="bc", wait=gate), Line(when="ab", say="cd"))
    first = asyncio.create_task(completer.complete(replace(HERE, prefix="a")))
    await asyncio.sleep(0.01)

    assert text(await typed("ab")) == "cd"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_edit_cancels_what_is_in_flight_for_its_document_only() -> None:
    """The answer for a text that is no more is never given; other documents are not disturbed."""
    gate = asyncio.Event()
    completer, _, _ = conversation(Line(when="a", say="bc", wait=gate))
    here = asyncio.create_task(completer.complete(replace(HERE, prefix="a")))
    there = asyncio.create_task(completer.complete(replace(HERE, prefix="a", document=2)))
    await asyncio.sleep(0.01)
    completer.superseded(HERE.document)
    gate.set()

    with pytest.raises(asyncio.CancelledError):
        await here
    assert text(await there) == "bc"


async def test_what_the_client_sent_meanwhile_supersedes_before_the_model_is_asked() -> None:
    """A burst of keys costs one question, not one each."""
    completer, backend, _ = conversation(Line(when="ab", say="cd"))
    tasks = [asyncio.create_task(completer.complete(replace(HERE, prefix=p))) for p in ("a", "ab")]
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(results[0], asyncio.CancelledError)
    assert text(results[1]) == "cd"  # type: ignore[arg-type]
    assert backend.asked == [("ab", 0.0)]


async def test_a_failing_model_offers_nothing_and_is_logged_without_user_text(caplog: pytest.LogCaptureFixture) -> None:
    """A model that raises costs a suggestion, not an answer."""
    _, _, typed = conversation(Line(when="my secret text", fail=True))
    with caplog.at_level(logging.WARNING):
        assert await typed("my secret text") is None

    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_model_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every wait has a deadline."""
    monkeypatch.setattr(completer_module, "MODEL_TIMEOUT_S", 0.02)
    _, _, typed = conversation(Line(when="a", say="b", wait=asyncio.Event()))

    assert await typed("a") is None
    assert "no answer within" in caplog.text


async def test_accepting_is_counted_once() -> None:
    """An id is good for one acceptance; an unknown id for none."""
    completer, _, typed = conversation(Line(when="a", say="bcd"))
    offer = await typed("a")
    assert offer is not None

    assert completer.accepted(offer.id) == offer.suggestion
    assert completer.accepted(offer.id) is None
    assert completer.accepted(999) is None
    assert (completer.counts.shown, completer.counts.accepted, completer.counts.accepted_chars) == (1, 1, 3)


async def test_a_closed_document_is_forgotten() -> None:
    """A document that comes back is not haunted by what was shown in it before."""
    completer, backend, typed = conversation(Line(when="a", say="bcd"))
    await typed("a")
    completer.closed(HERE.document)
    await typed("ab")

    assert backend.asked == [("a", 0.0), ("ab", 0.0)]


class Told:
    """Rows as they were told."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, str]] = []

    def shown(self, offer: int, excerpt: Excerpt, suggestion: Suggestion, *, latency_ms: int) -> None:
        """See the completer's ports."""
        assert latency_ms >= 0
        self.rows.append(("shown", offer, suggestion.source.value))

    def accepted(self, offer: int) -> None:
        """See the completer's ports."""
        self.rows.append(("accepted", offer, ""))


async def test_each_new_suggestion_is_a_row_and_what_is_typed_along_is_none() -> None:
    """The ledger hears of what was shown once, and that it was taken; the rest of the same suggestion is nothing new."""
    told = Told()
    completer = Completer(ScriptedBackend([Line(when="ret", say="urn total")]), rows=told)
    for prefix in ("ret", "retu", "retur"):
        offer = await completer.complete(replace(HERE, prefix=prefix))
    assert offer is not None
    completer.accepted(offer.id)
    completer.accepted(offer.id)

    assert told.rows == [("shown", offer.id, "scripted"), ("accepted", offer.id, "")]
