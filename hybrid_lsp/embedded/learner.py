"""Keeps the index of one folder in step with the disk: what to learn when, one child process at a time.

A base holds the folder as it was; a delta holds every file that differs from it, learned anew each time; a delta that
grows too large makes a new base. While nothing can be learned, the open documents go on speaking.
"""

import time
from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from hybrid_lsp.embedded.folder import FolderModel
from hybrid_lsp.embedded.ignore import IGNORE_FILES
from hybrid_lsp.embedded.names import family, language_of, may_be_learned
from hybrid_lsp.embedded.parcel import Answer, Order

BASE_BYTES = 10_000_000
DELTA_BYTES = 1_000_000
DEADLINE_S = 120.0
SCAN_SECONDS = 20.0
_MAX_CHANGED_PATHS = 2_000
_RETRY_AFTER_S = (5.0, 30.0, 120.0, 600.0)
_NEARLY_FULL = 0.9


class Want(IntEnum):
    """What is to be learned next; a greater one covers the lesser."""

    NOTHING = 0
    DELTA = 1
    RESCAN = 2
    BASE = 3


class Running(Protocol):
    """A build that has begun."""

    def kill(self) -> None:
        """End it; its answer, if any, is not wanted."""
        ...


Start = Callable[[Order, Callable[[Answer | None], None], float], Running | None]
"""Begins a build with a deadline in seconds and calls back on the caller's own thread; None: not now."""


class Learner:
    """The index of one folder. Not thread-safe: everything, the call back included, happens on one thread."""

    def __init__(
        self, root: Path, model: FolderModel, start: Start, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root, self._model, self._start, self._clock = root, model, start, clock
        self._near = self._language = ""
        self._want = Want.NOTHING
        self._building = Want.NOTHING
        self._build: Running | None = None
        self._has_base = self._has_begun = self._is_closed = False
        self._changed: set[str] = set()
        """Paths that differ from the base."""
        self._changed_meanwhile: set[str] = set()
        """Those of them that changed after the running build began."""
        self._failures = 0
        self._not_before_s = 0.0

    @property
    def is_building(self) -> bool:
        """Whether a child process is at work."""
        return self._build is not None

    @property
    def is_ready(self) -> bool:
        """Whether the folder has been learned at least once."""
        return self._has_base

    @property
    def _is_nearly_full(self) -> bool:
        return self._model.base.source_bytes >= _NEARLY_FULL * BASE_BYTES

    def begin(self, near: str = "", language_id: str = "") -> None:
        """Learn the folder for the first time, what is near the file in hand first.

        Later calls change nothing; but one that is the first to name a file has a folder learned again that was too
        large to be learned whole.
        """
        is_first, names_first = not self._has_begun, bool(near) and not self._near
        self._has_begun = True
        if names_first:
            self._near, self._language = near, language_of(near) or family(language_id)
        if is_first or (names_first and (not self._has_base or self._is_nearly_full)):
            self._ask_for(Want.BASE)

    def changed(self, paths: Iterable[str]) -> None:
        """Note what was changed, made or deleted on disk. None of it speaks until it is learned again."""
        learnable = set()
        for path in paths:
            if path.rpartition("/")[2] in IGNORE_FILES:
                self._ask_for(Want.BASE)
            elif may_be_learned(path):
                learnable.add(path)
            elif below := self._model.learned_below(path):
                learnable.update(below)
        if not learnable:
            return
        self._model.silence(learnable)
        self._changed |= learnable
        self._changed_meanwhile |= learnable
        if len(self._changed) > _MAX_CHANGED_PATHS:
            self._ask_for(Want.BASE)
        elif not all(map(self._model.has_page_of, learnable)):
            self._ask_for(Want.DELTA)

    def page_closed(self, path: str) -> None:
        """Learn a file that was changed on disk while it was open."""
        if path in self._changed:
            self._ask_for(Want.DELTA)

    def rescan(self) -> None:
        """Look for changes on disk that nobody told of."""
        self._ask_for(Want.RESCAN)

    def tend(self) -> None:
        """Begin what is due. Cheap when nothing is."""
        if self._want and self._build is None and self._clock() >= self._not_before_s and not self._is_closed:
            want = self._want if self._has_base else Want.BASE
            build = self._start(self._order(want), self._finish, DEADLINE_S)
            if build is not None:
                self._build, self._building, self._want = build, want, Want.NOTHING
                self._changed_meanwhile = set()

    def close(self) -> None:
        """End the child. Nothing is learned any more."""
        self._is_closed = True
        if self._build is not None:
            self._build.kill()
            self._build = None

    def _ask_for(self, want: Want) -> None:
        if self._has_begun:
            self._want = max(self._want, want)
            self.tend()

    def _order(self, want: Want) -> Order:
        base = self._model.base
        return Order(
            root=str(self._root),
            near=self._near,
            language=self._language,
            budget_bytes=BASE_BYTES if want is Want.BASE else DELTA_BYTES,
            scan_seconds=SCAN_SECONDS,
            paths=tuple(sorted(self._changed)) if want is Want.DELTA else None,
            known=base.stamps if want is Want.RESCAN else None,
            accept_new=not self._is_nearly_full,
        )

    def _finish(self, answer: Answer | None) -> None:
        if self._is_closed:
            return
        self._build = None
        if answer is None:
            self._not_before_s = self._clock() + _RETRY_AFTER_S[min(self._failures, len(_RETRY_AFTER_S) - 1)]
            self._failures += 1
            self._want = max(self._want, self._building)
            return
        self._failures = 0
        if answer.is_too_much:
            self._want = Want.BASE
        else:
            self._adopt(answer)
        if not all(map(self._model.has_page_of, self._changed_meanwhile)):
            self._want = max(self._want, Want.DELTA)
        self.tend()

    def _adopt(self, answer: Answer) -> None:
        meanwhile = self._changed_meanwhile
        if self._building is Want.BASE:
            self._has_base = True
            self._changed = set(meanwhile)
            self._model.adopt_base(answer.segment, meanwhile)
        else:
            self._changed = set(answer.overtaken) | {stamp.path for stamp in answer.segment.stamps} | meanwhile
            self._model.adopt_delta(answer.segment, answer.overtaken, meanwhile)
