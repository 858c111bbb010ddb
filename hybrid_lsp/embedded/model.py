"""The model that we ship, as the server sees it: folders, open documents, and what may be suggested in them.

Rules:
1. Everything is called from one thread, and nothing waits. Learning is left to child processes; what they have learned
   is taken in at the next call.
2. Folders never mix, and what was learned of one is gone when it is closed. Nothing is ever written to disk.
3. A document outside every folder has nobody to learn from but itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from hybrid_lsp.core.job import Excerpt, Suggestion
from hybrid_lsp.embedded.builder import Build
from hybrid_lsp.embedded.folder import FolderModel
from hybrid_lsp.embedded.learner import Learner, Running
from hybrid_lsp.embedded.parcel import Answer, Order
from hybrid_lsp.embedded.scoring import shipped_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """How far a folder has been learned."""

    files: int = 0
    """How many files on disk can be drawn from."""
    bytes: int = 0
    """How much source they hold."""
    building: bool = False
    ready: bool = False
    """Whether it has been learned at least once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    model: FolderModel
    learner: Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    model: FolderModel
    folder: _Folder | None
    workspace: int
    path: str


class EmbeddedModel:
    """Suggests from the user's own files. Typing never waits for it to learn: open documents speak at once."""

    def __init__(self) -> None:
        self._weights = shipped_weights()
        self._folders: dict[int, _Folder] = {}
        self._documents: dict[int, _Document] = {}
        self._finished: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._is_building = False

    def open_folder(self, workspace: int, root: Path) -> None:
        """Know a workspace folder by a handle above 0. It is learned once a document of it is open, or on `start`."""
        self.close_folder(workspace)
        model = FolderModel(self._weights)
        self._folders[workspace] = _Folder(model=model, learner=Learner(root, model, self._start_build))

    def start(self, workspace: int) -> None:
        """Learn a folder without waiting for a document of it."""
        self._take_in()
        if folder := self._folders.get(workspace):
            folder.learner.begin()

    def close_folder(self, workspace: int) -> None:
        """Forget a folder, its documents and all that was learned, and end its child process."""
        folder = self._folders.pop(workspace, None)
        if folder is not None:
            folder.learner.close()
            self._documents = {n: known for n, known in self._documents.items() if known.folder is not folder}

    def files_changed(self, workspace: int, paths: Iterable[str]) -> None:
        """Note which files (relative to the folder, with `/`) were changed, made or deleted on disk."""
        self._take_in()
        if folder := self._folders.get(workspace):
            folder.learner.changed(paths)

    def rescan(self, workspace: int) -> None:
        """Look for changes on disk, for an editor that does not tell of them."""
        self._take_in()
        if folder := self._folders.get(workspace):
            folder.learner.rescan()

    def buffer_opened(self, workspace: int, document: int, path: str, language: str, text: str) -> None:
        """Take in an open document; a document that is open already is taken in anew."""
        self._take_in()
        self.buffer_closed(document)
        folder = self._folders.get(workspace)
        model = folder.model if folder is not None else FolderModel(self._weights)
        self._documents[document] = _Document(model=model, folder=folder, workspace=workspace, path=path)
        model.open_page(document, path, text)
        if folder is not None:
            folder.learner.begin(path, language)
            folder.learner.tend()

    def buffer_closed(self, document: int) -> None:
        """Forget an open document; its file on disk speaks again."""
        known = self._documents.pop(document, None)
        if known is not None:
            known.model.close_page(document)
            if known.folder is not None:
                known.folder.learner.page_closed(known.path)

    def suggest(self, excerpt: Excerpt, *, doubt: float = 0.0) -> Suggestion | None:
        """Return the best suggestion for the cursor, or None when nothing is likely enough.

        `doubt` is added to the threshold. An excerpt of a document that was never opened opens it.
        """
        self._take_in()
        known = self._documents.get(excerpt.document)
        if known is None or known.workspace != excerpt.workspace:
            text = f"{excerpt.above}{excerpt.prefix}{excerpt.suffix}\n{excerpt.below}"
            self.buffer_opened(excerpt.workspace, excerpt.document, excerpt.path, excerpt.language, text)
            known = self._documents[excerpt.document]
        if known.folder is not None:
            known.folder.learner.tend()
        return known.model.suggest(excerpt, doubt)

    def state(self, workspace: int) -> FolderState:
        """Return how far a folder has been learned; of an unknown one, nothing has."""
        self._take_in()
        folder = self._folders.get(workspace)
        if folder is None:
            return FolderState()
        return FolderState(
            files=folder.model.indexed_files,
            bytes=folder.model.indexed_bytes,
            building=folder.learner.is_building,
            ready=folder.learner.is_ready,
        )

    def close(self) -> None:
        """Forget everything and end every child process."""
        for workspace in list(self._folders):
            self.close_folder(workspace)
        self._documents.clear()

    def _start_build(self, order: Order, done: Callable[[Answer | None], None], deadline_s: float) -> Running | None:
        """Begin a build unless one is running: several folders at once would slow the editor down."""
        if self._is_building:
            return None
        self._is_building = True
        return Build(order, lambda answer: self._finished.put(lambda: done(answer)), deadline_s=deadline_s)

    def _take_in(self) -> None:
        """Adopt what has been learned since the last call, and let the next folder begin."""
        try:
            finish = self._finished.get_nowait()
        except Empty:
            return
        self._is_building = False
        finish()
        for folder in self._folders.values():
            folder.learner.tend()
