"""An asyncio loop whose clock jumps: a session of an hour runs in seconds, and twice the same to the last digit.

Rules:
1. Time stands still while anything is ready to run, and jumps to the next timer when nothing is.
2. It moves in whole microseconds, and a timer fires in the microsecond after its time: never early, not even by a
   rounding error, so that whoever waits for a moment finds it passed.
3. Nothing but timers may be waited for: a loop with no timer and nothing ready would wait for ever, and says so.
"""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")
_TICKS_PER_S = 1_000_000
_ROUNDING_TICKS = 1e-3


class Deadlock(RuntimeError):
    """Everything waits, and no timer will ever end it."""


class _JumpingSelector(selectors.BaseSelector):
    """Lets the loop's clock jump where another selector would block."""

    def __init__(self) -> None:
        self._inner = selectors.SelectSelector()
        self.ticks = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        ready = self._inner.select(0)
        if ready:
            return ready
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        self.ticks += max(1, round(timeout * _TICKS_PER_S))
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that begins at 0 s and never waits."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.ticks / _TICKS_PER_S

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back in the first microsecond after a time."""
        ticks = math.floor(when * _TICKS_PER_S + _ROUNDING_TICKS) + 1
        return super().call_at(ticks / _TICKS_PER_S, callback, *args, context=context)


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a fresh virtual loop, and return what it returns; whatever it left running is cancelled."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
