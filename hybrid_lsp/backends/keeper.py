"""Keeps one model on this machine at hand: looks for it, takes notice when it fails, and looks again.

Rules:
1. There is a model or there is none; nobody ever waits for one here.
2. One that went away is looked for every few seconds, so that it is in use within five of its return. One that never
   was, or that cannot be used, is looked for less often: nobody's server is to be pestered.
3. What is the matter is said once, in one sentence with the way out, and again only when it changes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hybrid_lsp.backends.local import LocalModel
from hybrid_lsp.completer.ports import State, StateKind, Tell
from hybrid_lsp.core.errors import HybridError, Trouble, TroubleKind, fault_told

log = logging.getLogger(__name__)

RETRY_S = 3.0
SELDOM_S = 20.0
SLOW_IN_A_ROW = 3

Find = Callable[[], Awaitable[LocalModel | None]]
"""Returns a model that is ready, or None where there is no model server at all; raises what is the matter with one."""

_PASSING = frozenset({TroubleKind.SLOW, TroubleKind.BUSY, TroubleKind.OVERFLOW})
"""The model is there all the same."""
_COMES_BACK = frozenset({TroubleKind.OFFLINE, TroubleKind.LOADING, TroubleKind.BUSY, TroubleKind.SLOW})
"""Whoever has this trouble may be well the next moment; the others wait for a person."""


class Keeper:
    """The model that there is now. Not thread-safe: everything happens on the event loop."""

    def __init__(self, find: Find, tell: Tell) -> None:
        self._find = find
        self._tell = tell
        self._model: LocalModel | None = None
        self._state: State | None = None
        self._lost = asyncio.Event()
        self._slow = 0
        self._pause_s = SELDOM_S

    @property
    def state(self) -> State | None:
        """What was told last."""
        return self._state

    def current(self) -> LocalModel | None:
        """Return the model to ask, or None while there is none."""
        return self._model

    def failed(self, model: object, trouble: Trouble) -> None:
        """Give a model up, unless what happened passes by itself."""
        if model is not self._model:
            return
        if trouble.kind in _PASSING:
            self._slow += 1
            if self._slow >= SLOW_IN_A_ROW:
                self._say(StateKind.SLOW, str(trouble))
            return
        self._say(StateKind.OFFLINE, f"{trouble} Until then, ghost text comes from your own files.")
        self._model = None
        self._lost.set()

    def answered(self) -> None:
        """Take notice that the model has answered: whatever was the matter is over."""
        self._slow = 0
        if self._model is not None:
            self._say(StateKind.READY, f"Ghost text comes from {self._model.facts.name} ({self._model.facts.server}).")

    async def keep(self) -> None:
        """Look for a model now, and whenever there is none. Never ends."""
        self._say(StateKind.STARTING, "Looking for a model on this machine.")
        while True:
            if await self._look():
                self._lost.clear()
                await self._lost.wait()
                self._pause_s = RETRY_S
            await asyncio.sleep(self._pause_s)

    async def close(self) -> None:
        """Let go of the model."""
        if self._model is not None:
            await self._model.close()

    async def _look(self) -> bool:
        try:
            model = await self._find()
        except HybridError as error:
            comes_back = isinstance(error, Trouble) and error.kind in _COMES_BACK
            self._pause_s = RETRY_S if comes_back else SELDOM_S
            self._say(StateKind.OFFLINE, f"{error} Until then, ghost text comes from your own files.")
            return False
        except Exception as fault:
            log.error("looking for a model failed (%s)", fault_told(fault))
            return False
        if model is None:
            self._say(
                StateKind.READY, "Ghost text comes from your own files; no model server was found on this machine."
            )
            return False
        self._model = model
        self.answered()
        return True

    def _say(self, kind: StateKind, sentence: str) -> None:
        state = State(kind=kind, sentence=sentence)
        if state != self._state:
            self._state = state
            self._tell(state)
