"""An editor and the person in front of it: asks as real ones do, shows what comes, and notes how long it took.

Rules:
1. The keys, their rhythm, the editor and the person are the same for all contestants.
2. What is on screen stays there while it is typed along, and is gone with the first key that differs.
3. A suggestion is right when, a few keys later, the file really read as it would have after accepting it. A right one
   that has been on screen for `LOOK_S` without a key is accepted; the keys that had typed it are then not struck.
4. A pause counts when the gap after a typed character is at least `PAUSE_S`, nothing but closers stands right of the
   cursor, and the model has something to say there. It is answered at the moment from which ghost text is visible.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.keystrokes import Buffer, Trace
from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.trim import only_closers

PAUSE_S = 1.0
LOOK_S = 0.3
_RIGHT_WITHIN_KEYS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is shown at the cursor."""

    text: str
    replaces: int = 0
    """How many characters right of the cursor it takes the place of."""
    id: int = 0


class Contestant(Protocol):
    """A language server, as far as ghost text goes."""

    def edited(self, excerpt: Excerpt, next_gap_s: float) -> None:
        """The text has changed. Only an ideal may look at how long the next key will take to come."""
        ...

    async def ask(self, excerpt: Excerpt) -> Item | None:
        """Return what to show; cancelled when the editor no longer wants it, and raises `CancelledError` of its own."""
        ...

    def accepted(self, item: Item) -> None:
        """The person took what was shown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """When an editor asks, and when it no longer wants an answer."""

    name: str
    asks_after_s: float
    """After the last key."""
    cancels: bool
    """Whether a key cancels the question before it, whose answer is then not shown."""
    gives_up_s: float | None = None
    """After the last key; None: never."""
    only_at_pauses: bool = False


VSCODE = Editor(name="VS Code", asks_after_s=0.035, cancels=True, gives_up_s=0.75)
NEOVIM = Editor(name="Neovim", asks_after_s=0.2, cancels=False)
FORESEEING = Editor(name="any", asks_after_s=0.0, cancels=True, only_at_pauses=True)


@dataclass(slots=True)
class Notes:
    """What was seen on screen."""

    pause_s: list[float] = field(default_factory=list)
    """For each pause, how long after its last key ghost text was visible; infinite when it was not."""
    asked: int = 0
    shown: int = 0
    """Answers that put something on screen."""
    stale: int = 0
    """Of these, those for a text that had changed since."""
    accepted: int = 0
    accepted_chars: int = 0


class Session:
    """One trace, typed once, in front of one contestant."""

    def __init__(
        self, trace: Trace, editor: Editor, contestant: Contestant, has_answer: Callable[[Excerpt], bool]
    ) -> None:
        self.notes = Notes()
        self.now = -1
        """The key that was struck last."""
        self._keys = trace.keys
        self._buffer = Buffer(trace.start)
        self._editor = editor
        self._contestant = contestant
        self._has_answer = has_answer
        self._version = 0
        self._struck_s = 0.0
        self._next_s = 0.0
        self._shown: tuple[int, str, Item] | None = None
        self._pausing = False
        self._questions: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._key_timer: asyncio.TimerHandle | None = None

    async def run(self) -> Notes:
        """Type everything; return what was seen."""
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        self._await_key(0.0)
        await self._over
        for question in self._questions:
            question.cancel()
        await asyncio.gather(*self._questions, return_exceptions=True)
        return self.notes

    def _await_key(self, at_least_s: float) -> None:
        if self.now + 1 == len(self._keys):
            if not self._over.done():
                self._over.set_result(None)
            return
        gap_s = max(at_least_s, self._keys[self.now + 1].gap_s)
        self._struck_s = self._loop.time()
        self._next_s = self._struck_s + gap_s
        self._key_timer = self._loop.call_at(self._next_s, self._strike)

    def _strike(self) -> None:
        """Another key."""
        self._end_pause()
        self.now += 1
        key = self._keys[self.now]
        self._buffer.apply(key.patches)
        if self._shown is not None and not (key.types and self._visible()):
            self._shown = None
        self._changed(typed=key.types, asks=len(key.patches) == 1)

    def _changed(self, *, typed: bool, asks: bool) -> None:
        """Do what an editor does after a change, and set the next key's time."""
        self._version += 1
        self._await_key(0.0)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        gap_s = self._next_s - self._struck_s
        excerpt = self._buffer.excerpt(self._version)
        self._contestant.edited(excerpt, gap_s)
        if self._editor.cancels:
            self._give_up()
        self._pausing = typed and gap_s >= PAUSE_S and only_closers(excerpt.suffix) and self._has_answer(excerpt)
        if self._visible():
            self._seen()
        if asks and (gap_s >= PAUSE_S or not self._editor.only_at_pauses):
            self._after(self._editor.asks_after_s, self._ask)
        if self._editor.gives_up_s is not None:
            self._after(self._editor.gives_up_s, self._give_up)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        if self._loop.time() + seconds < self._next_s:
            self._timers.append(self._loop.call_later(seconds, call))

    def _ask(self) -> None:
        self.notes.asked += 1
        question = self._loop.create_task(self._question(self._buffer.excerpt(self._version)))
        self._questions.add(question)
        question.add_done_callback(self._answered)

    def _answered(self, question: asyncio.Task[None]) -> None:
        """Forget a question; whatever it failed with ends the session, for no contestant may fail."""
        self._questions.discard(question)
        failure = None if question.cancelled() else question.exception()
        if failure is not None and not self._over.done():
            self._over.set_exception(failure)

    def _give_up(self) -> None:
        for question in self._questions:
            question.cancel()

    async def _question(self, excerpt: Excerpt) -> None:
        item = await self._contestant.ask(excerpt)
        stale = excerpt.version != self._version
        if item is None or not item.text:
            if not stale:
                self._shown = None
            return
        self.notes.shown += 1
        self.notes.stale += stale
        if not stale:
            self._shown = (excerpt.line, excerpt.prefix + item.text, item)
            self._seen()

    def _visible(self) -> Item | None:
        """Return what is still to be typed of the suggestion; None when nothing is, or something else was typed."""
        if self._shown is None:
            return None
        line, promised, item = self._shown
        left = self._buffer.left()
        if self._buffer.line != line or not promised.startswith(left) or not promised[len(left) :].strip():
            return None
        return Item(text=promised[len(left) :], replaces=item.replaces, id=item.id)

    def _seen(self) -> None:
        """Ghost text is on screen from now on."""
        if self._pausing:
            self.notes.pause_s.append(self._loop.time() - self._struck_s)
            self._pausing = False
        self._after(LOOK_S, self._look)

    def _end_pause(self) -> None:
        if self._pausing:
            self.notes.pause_s.append(float("inf"))
            self._pausing = False

    def _look(self) -> None:
        """Accept what is on screen, if it is right."""
        item = self._visible()
        after = self._key_after(item) if item is not None else None
        if item is None or after is None or self._key_timer is None:
            return
        self._key_timer.cancel()
        self._shown = None
        self.notes.accepted += 1
        self.notes.accepted_chars += len(item.text)
        self._contestant.accepted(item)
        while self.now < after:
            self.now += 1
            self._buffer.apply(self._keys[self.now].patches)
        self._changed(typed=False, asks=True)

    def _key_after(self, item: Item) -> int | None:
        """Return the key after which the file first read as it would with the item accepted; None if it never did."""
        here = self._buffer
        wanted = (here.left() + item.text + here.right()[item.replaces :]).split("\n")
        first, last, lines = here.line, here.line + len(wanted) - 1, len(here.lines) + len(wanted) - 1
        ahead = here.fork()
        for now in range(self.now + 1, min(self.now + 1 + _RIGHT_WITHIN_KEYS, len(self._keys))):
            ahead.apply(self._keys[now].patches)
            if not first <= ahead.line <= last:
                return None
            if len(ahead.lines) == lines and ahead.line == last and ahead.lines[first : last + 1] == wanted:
                return now
        return None
