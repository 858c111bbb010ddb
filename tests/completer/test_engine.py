"""The engine, read as a conversation with a typist, a model that we ship and a streaming model."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

import pytest

from hybrid_lsp.backends.scripted import Line, Reply, ScriptedBackend, ScriptedModel, ScriptedModels
from hybrid_lsp.completer import Completer, Offer, slot
from hybrid_lsp.core.errors import Trouble, TroubleKind
from hybrid_lsp.core.job import Excerpt, Source
from hybrid_lsp.core.reuse import Fate, LineHistory
from hybrid_lsp.core.stream import Ending, EndReason, FimPrompt, Piece
from hybrid_lsp.core.trim import Shape

HERE = Excerpt(
    workspace=1, document=1, version=1, path="a.py", language="python", line=1, above="def f():\n", prefix=""
)


class Several:
    """A syntax that lets every suggestion run on."""

    def shape(self, excerpt: Excerpt) -> Shape:
        """Return `MULTI`."""
        return Shape.MULTI


@dataclass
class Conversation:
    """A completer between two scripted models, and a typist: `await talk.typed("    ret")`."""

    completer: Completer
    shipped: ScriptedBackend
    model: ScriptedModel
    models: ScriptedModels

    async def typed(self, prefix: str, suffix: str = "", *, asked_for: bool = False, **other: object) -> Offer | None:
        """Come to a cursor by typing, ask, and return what is offered."""
        self.completer.superseded(HERE.document)
        excerpt = replace(HERE, prefix=prefix, suffix=suffix, **other)  # type: ignore[arg-type]
        return await asyncio.create_task(self.completer.complete(excerpt, asked_for=asked_for))


Begin = Callable[..., Conversation]


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begin a conversation with a streaming playbook and a shipped one; nothing is prepared unless asked."""
    monkeypatch.setattr(slot, "WARM_AFTER_S", 0.01)

    def start(
        *replies: Reply, shipped: tuple[Line, ...] = (), several: bool = False, prepare: bool = False
    ) -> Conversation:
        model = ScriptedModel(replies)
        models, backend = ScriptedModels(model), ScriptedBackend(shipped)
        completer = Completer(
            backend, models=models, syntax=Several() if several else None, may_prepare=lambda: prepare
        )
        return Conversation(completer, backend, model, models)

    return start


class Strict(ScriptedModel):
    """A scripted model whose answers a test makes itself."""

    def __init__(self, generate: Callable[..., AsyncGenerator[Piece, None]]) -> None:
        super().__init__()
        self._generate = generate

    def generate(self, prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        """Let the test answer."""
        return self._generate(prompt, max_tokens=max_tokens, deadline_s=deadline_s)


def text(offer: Offer | None) -> str | None:
    """What an offer shows."""
    return offer.suggestion.text if offer else None


async def test_the_streaming_model_writes_the_line(begin: Begin) -> None:
    """What it streams is put together, trimmed, and says which model it is from."""
    talk = begin(Reply(when="    ret", pieces=("urn ", "total", "\nnext")))
    offer = await talk.typed("    ret")

    assert offer is not None
    assert (text(offer), offer.suggestion.source, offer.suggestion.origin) == ("urn total", Source.LOCAL, "scripted")
    assert talk.model.stopped == 1  # closed at the line's end: no token is written for nothing


async def test_an_answer_is_not_asked_for_twice(begin: Begin) -> None:
    """Typed along, deleted and typed again: one question in all."""
    talk = begin(Reply(when="    ret", pieces=("urn total",)))
    shown = [text(await talk.typed(prefix)) for prefix in ("    ret", "    retu", "    ret", "    return")]

    assert shown == ["urn total", "rn total", "urn total", " total"]
    assert talk.model.asked == ["    ret"]


async def test_several_lines_are_typed_along(begin: Begin) -> None:
    """A suggestion of several lines stays, less what was typed, across the end of a line."""
    talk = begin(Reply(when="    if x", pieces=(":\n        return total\n",)), several=True)
    assert text(await talk.typed("    if x")) == ":\n        return total"

    rest = await talk.typed("        re", line=2, above="def f():\n    if x:\n")
    assert text(rest) == "turn total"
    assert talk.model.asked == ["    if x"]


async def test_a_stream_that_says_what_is_typed_is_boarded(begin: Begin) -> None:
    """Who types what is being written does not start the model again."""
    talk = begin(Reply(when="    ret", pieces=("urn", " total", " + tax"), gap_s=0.05))
    first = asyncio.create_task(talk.typed("    ret"))
    await asyncio.sleep(0.08)
    second = await talk.typed("    retu")

    assert text(second) == "rn total + tax"
    assert talk.model.asked == ["    ret"]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_stream_that_says_something_else_is_closed(begin: Begin) -> None:
    """The model stops at once, and is asked anew for what is really typed."""
    talk = begin(
        Reply(when="    ret", pieces=("urn", " total", " + tax"), gap_s=0.05),
        Reply(when="    retx", pieces=("yz = 1",)),
    )
    first = asyncio.create_task(talk.typed("    ret"))
    await asyncio.sleep(0.08)

    assert text(await talk.typed("    retx")) == "yz = 1"
    assert talk.model.asked == ["    ret", "    retx"]
    assert talk.model.stopped == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_answer_that_came_too_late_is_there_for_the_next_request(begin: Begin) -> None:
    """A client that gives up on a slow model gets its answer with the next key, without another question."""
    talk = begin(Reply(when="    ret", pieces=("urn total",), gap_s=0.05))
    given_up = asyncio.create_task(talk.completer.complete(replace(HERE, prefix="    ret")))
    await asyncio.sleep(0.02)
    given_up.cancel()
    await asyncio.sleep(0.1)

    assert text(await talk.typed("    retu")) == "rn total"
    assert talk.model.asked == ["    ret"]


async def test_what_we_ship_answers_where_it_is_sure(begin: Begin) -> None:
    """From 0.7 on the streaming model is not asked; at the start of a line it always is."""
    sure = (Line(when="    ret", say="urn shipped"), Line(when="    ", say="return shipped"))
    talk = begin(Reply(when="    ", pieces=("return streamed",)), shipped=sure)

    assert text(await talk.typed("    ret")) == "urn shipped"
    assert talk.model.asked == []
    assert text(await talk.typed("    ")) == "return streamed"


async def test_what_we_ship_goes_on_when_the_model_fails(begin: Begin) -> None:
    """A broken connection costs nothing but the better answer, and is passed on once."""
    offline = Trouble(TroubleKind.OFFLINE, "Nobody answers.")
    talk = begin(Reply(when="    ", trouble=offline), shipped=(Line(when="    ", say="return shipped"),))

    assert text(await talk.typed("    ")) == "return shipped"
    assert talk.models.troubles == [offline]
    assert text(await talk.typed("    ")) is not None


async def test_while_the_model_is_slow_what_we_ship_goes_before(begin: Begin) -> None:
    """At the first deadline a less sure suggestion of ours is shown; the model's answer comes with the next request."""
    talk = begin(
        Reply(when="    ", pieces=("return streamed",), gap_s=0.8), shipped=(Line(when="    ", say="return shipped"),)
    )

    assert text(await talk.typed("    ")) == "return shipped"
    await asyncio.sleep(0.4)
    talk.completer._history = LineHistory()  # the person has looked away
    assert text(await talk.typed("    ")) == "return streamed"
    assert talk.model.asked == ["    "]


async def test_a_prompt_that_is_too_long_is_asked_once_more_and_shorter(begin: Begin) -> None:
    """By the server's own numbers the second one fits; the person sees nothing of the first."""
    talk = begin()
    prompts: list[FimPrompt] = []

    async def strict(prompt: FimPrompt, *, max_tokens: int, deadline_s: float) -> AsyncGenerator[Piece, None]:
        prompts.append(prompt)
        if len(prompts) == 1:
            raise Trouble(TroubleKind.OVERFLOW, "Too long.", prompt_tokens=4000, window_tokens=1000)
        yield Piece(text="urn total", ending=Ending(reason=EndReason.DONE))

    talk.models.model = Strict(strict)
    offer = await talk.typed("    ret", above="value = compute(1, 2)\n" * 400)

    assert text(offer) == "urn total"
    assert len(prompts) == 2
    assert prompts[1].estimated_tokens < 1000
    assert len(prompts[1].raw) < len(prompts[0].raw) / 2
    assert talk.models.troubles == []


async def test_a_stream_that_breaks_off_is_an_end(begin: Begin) -> None:
    """Ollama ends some streams without saying so; what came is used."""
    talk = begin(Reply(when="    ret", pieces=("urn total",), breaks_off=True))

    assert text(await talk.typed("    ret")) == "urn total"
    assert talk.models.troubles == []


async def test_a_whole_line_is_shown_at_the_first_deadline(begin: Begin) -> None:
    """Of a slow answer, what is settled by then is shown, and the rest comes with the next request."""
    talk = begin(
        Reply(when="    if x", pieces=(":\n", "        return 1\n", "    return 2\n"), gap_s=0.3), several=True
    )

    shown = text(await talk.typed("    if x"))
    assert shown is not None
    assert ":\n        return 1".startswith(shown)
    assert talk.models.answers == 0  # it is still being written


async def test_the_next_question_is_prepared_as_if_accepted(begin: Begin) -> None:
    """After accepting, the answer is there already."""
    talk = begin(
        Reply(when="    ret", pieces=("urn f(x)",)), Reply(when="    return f(x)", pieces=(".strip()",)), prepare=True
    )
    await talk.typed("    ret")
    await asyncio.sleep(0.05)
    assert talk.model.asked == ["    ret", "    return f(x)"]

    assert text(await talk.typed("    return f(x)")) == ".strip()"
    assert talk.model.asked.count("    return f(x)") == 1


async def test_in_idle_moments_the_prompt_is_warmed(begin: Begin) -> None:
    """Where the model was not asked, it reads the prompt all the same, once nothing happens."""
    talk = begin(prepare=True)
    await talk.typed("    ret", "x + 1")
    await asyncio.sleep(0.1)

    assert talk.model.warmed == ["    ret"]


async def test_what_became_of_suggestions_is_inferred(begin: Begin) -> None:
    """Accepted at once, taken in part, typed out, typed against: told apart by the edits alone."""
    talk = begin(*(Reply(when=f"{line}", pieces=("urn total",)) for line in ("a ret", "b ret", "c ret", "d ret")))
    for steps in (
        ("a ret", "a return total"),
        ("b ret", "b return"),
        ("c ret", *("c return total"[:i] for i in range(6, 15))),
        ("d ret", "d retx"),
    ):
        for step in steps:
            await talk.typed(step)
        talk.completer.forget(HERE.document)

    fates = talk.completer.counts.fates
    assert fates == {Fate.ACCEPTED: 1, Fate.PARTLY: 1, Fate.TYPED: 1, Fate.REJECTED: 1}


async def test_paused_and_switched_off_there_is_silence(begin: Begin) -> None:
    """Neither model is asked."""
    talk = begin(Reply(when="    ret", pieces=("urn total",)))
    talk.completer.is_paused = True

    assert await talk.typed("    ret") is None
    assert (talk.model.asked, talk.shipped.asked) == ([], [])
