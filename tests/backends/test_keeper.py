"""backends.keeper: one model at hand, looked for when there is none."""

import asyncio
from collections.abc import Callable

import pytest

from hybrid_lsp.backends import keeper as module
from hybrid_lsp.backends.keeper import Keeper
from hybrid_lsp.backends.scripted import ScriptedModel
from hybrid_lsp.completer.ports import State, StateKind
from hybrid_lsp.core.errors import Refused, Trouble, TroubleKind


class Watch:
    """What a keeper finds, one entry a look, and what it tells."""

    def __init__(self, *finds: ScriptedModel | Exception | None) -> None:
        self.finds = list(finds)
        self.told: list[State] = []
        self.looks = 0
        self.keeper = Keeper(self._find, self.told.append)
        self.task = asyncio.create_task(self.keeper.keep())

    async def _find(self) -> ScriptedModel | None:
        self.looks += 1
        found = self.finds.pop(0) if self.finds else None
        if isinstance(found, Exception):
            raise found
        return found

    async def until(self, what: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(5):
            while not what():
                await asyncio.sleep(0.005)

    @property
    def kinds(self) -> list[StateKind]:
        """The kinds of state that were told."""
        return [state.kind for state in self.told]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "SELDOM_S", 0.02)


async def test_a_model_that_is_there_is_told_once() -> None:
    """Starting, then ready with the model's name; nothing is looked for any more."""
    model = ScriptedModel()
    watch = Watch(model)
    await watch.until(watch.keeper.current)
    await asyncio.sleep(0.05)

    assert watch.kinds == [StateKind.STARTING, StateKind.READY]
    assert "scripted" in watch.told[-1].sentence
    assert watch.looks == 1
    watch.task.cancel()


async def test_a_model_that_fails_is_looked_for_until_it_is_back() -> None:
    """Offline with the way out, then ready again, each told once."""
    model = ScriptedModel()
    watch = Watch(
        model, Trouble(TroubleKind.OFFLINE, "Nobody answers."), Trouble(TroubleKind.OFFLINE, "Nobody answers."), model
    )
    await watch.until(watch.keeper.current)
    watch.keeper.failed(model, Trouble(TroubleKind.OFFLINE, "Nobody answers."))
    assert watch.keeper.current() is None
    await watch.until(watch.keeper.current)

    assert watch.kinds == [StateKind.STARTING, StateKind.READY, StateKind.OFFLINE, StateKind.READY]
    assert watch.told[2].sentence == "Nobody answers. Until then, ghost text comes from your own files."
    watch.task.cancel()


async def test_no_server_at_all_is_no_trouble() -> None:
    """Who runs no model server is told so once, and is looked after all the same."""
    watch = Watch()
    await watch.until(lambda: watch.looks >= 3)

    assert watch.kinds == [StateKind.STARTING, StateKind.READY]
    assert "your own files" in watch.told[-1].sentence
    watch.task.cancel()


async def test_what_may_not_be_used_is_said() -> None:
    """A refusal reaches the person as it stands."""
    watch = Watch(Refused("gpt-oss:cloud would run elsewhere; name another."))
    await watch.until(lambda: watch.told[1:])

    assert watch.told[1].kind is StateKind.OFFLINE
    assert watch.told[1].sentence.startswith("gpt-oss:cloud would run elsewhere; name another.")
    watch.task.cancel()


async def test_slowness_is_said_only_when_it_lasts_and_goes_with_an_answer() -> None:
    """One late answer is nothing; three in a row are slow; the next good one is ready."""
    model = ScriptedModel()
    watch = Watch(model)
    await watch.until(watch.keeper.current)
    for _ in range(3):
        watch.keeper.failed(model, Trouble(TroubleKind.SLOW, "It takes long."))
    assert watch.keeper.current() is model
    watch.keeper.answered()

    assert watch.kinds == [StateKind.STARTING, StateKind.READY, StateKind.SLOW, StateKind.READY]
    watch.task.cancel()


@pytest.mark.parametrize(
    ("find", "seldom"),
    [
        (None, True),
        (Trouble(TroubleKind.NO_FIM, "It only chats."), True),
        (Trouble(TroubleKind.BAD_KEY, "The key is wrong."), True),
        (Refused("It is not yours."), True),
        (Trouble(TroubleKind.OFFLINE, "Nobody answers."), False),
        (Trouble(TroubleKind.LOADING, "It is loading."), False),
    ],
)
async def test_nobody_is_pestered(monkeypatch: pytest.MonkeyPatch, find: Exception | None, seldom: bool) -> None:
    """What may pass by itself is looked at again soon; what waits for a person, or is not there, seldom."""
    monkeypatch.setattr(module, "SELDOM_S", 60.0)
    watch = Watch(*[find] * 50)
    await asyncio.sleep(0.3)

    assert (watch.looks == 1) is seldom
    watch.task.cancel()


async def test_one_that_was_there_is_looked_for_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that went away is awaited, although for a while no server is found at all."""
    monkeypatch.setattr(module, "SELDOM_S", 60.0)
    model = ScriptedModel()
    watch = Watch(model, None, None, model)
    await watch.until(watch.keeper.current)
    watch.keeper.failed(model, Trouble(TroubleKind.OFFLINE, "Nobody answers."))
    await watch.until(watch.keeper.current)

    assert watch.looks == 4
    watch.task.cancel()
