"""The model behind the plain interface of a completer under test: no editor, no child process, segments built in place.

`Completer.complete` follows what the server does with a model: a suggestion that is typed along stays, and one that is
typed against makes the next one on that line harder (`hybrid_lsp.core.reuse`).
"""

import json
from pathlib import Path

from hybrid_lsp.core.job import Excerpt
from hybrid_lsp.core.policy import is_secret_path
from hybrid_lsp.core.reuse import LineHistory, Shown, advance, rest_of
from hybrid_lsp.embedded.folder import Appraisal, FolderModel
from hybrid_lsp.embedded.scoring import Weights, shipped_weights
from hybrid_lsp.embedded.segment import FileStamp, Segment, build_segment


class Completer:
    """One workspace and the document that is edited in it."""

    def __init__(self, *, buffer_only: bool = False, doubt: float = 0.0, weights: str = "") -> None:
        """Begin with an empty workspace; `doubt` is added to the threshold, `weights` is a file of other weights."""
        self._buffer_only, self._doubt = buffer_only, doubt
        fitted = Weights(json.loads(Path(weights).read_text())) if weights else shipped_weights()
        self._model = FolderModel(fitted)
        self._changed: dict[str, str] = {}
        self._overtaken: set[str] = set()
        self._delta_is_old = False
        self._path, self._document, self._version = "", 0, 0
        self._above = self._below = ""
        self._history = LineHistory()

    def open_workspace(self, files: dict[str, str]) -> None:
        """Learn a whole tree."""
        if not self._buffer_only:
            self._model.adopt_base(learned(files), ())

    def update_files(self, changes: dict[str, str | None]) -> None:
        """Note what was written (a text) or deleted (None)."""
        self._overtaken.update(changes)
        for path, text in changes.items():
            self._changed.pop(path, None)
            if text is not None:
                self._changed[path] = text
        self._delta_is_old = not self._buffer_only

    def prepare(self) -> None:
        """Do what a server does between keys."""
        if self._delta_is_old:
            self._model.adopt_delta(learned(self._changed), self._overtaken, ())
            self._delta_is_old = False

    def complete(self, path: str, text: str, offset: int) -> list[tuple[int, int, str, float]]:
        """Return what would be shown: at most one `(start, end, text, score)`."""
        excerpt = self.excerpt(path, text, offset)
        self._history = advance(self._history, excerpt)
        shown = self._history.shown
        if shown is not None:
            rest = rest_of(shown, excerpt)
            if rest:
                kept = len(excerpt.suffix) if rest.endswith(excerpt.suffix) else 0
                return [(offset, offset, rest[: len(rest) - kept], shown.suggestion.score)]
        suggestion = self._model.suggest(excerpt, self._history.doubt + self._doubt)
        if suggestion is None:
            return []
        shown = Shown(id=0, excerpt=excerpt, suggestion=suggestion)
        self._history = LineHistory(
            document=excerpt.document, line=excerpt.line, shown=shown, rejections=self._history.rejections
        )
        return [(offset, offset + suggestion.replaces, suggestion.text, suggestion.score)]

    def appraise(self, path: str, text: str, offset: int) -> list[Appraisal]:
        """Return everything the model thought of at a cursor."""
        return self._model.appraise(self.excerpt(path, text, offset))

    def excerpt(self, path: str, text: str, offset: int) -> Excerpt:
        """Return the Excerpt a server would make; the same string objects for the same lines around."""
        if path != self._path:
            self._model.close_page(self._document)
            self._path, self._document = path, self._document + 1
            self._model.open_page(self._document, path, text)
        start = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        above, below = text[:start], text[end + 1 :]
        self._above = self._above if self._above == above else above
        self._below = self._below if self._below == below else below
        self._version += 1
        return Excerpt(
            workspace=1,
            document=self._document,
            version=self._version,
            path=path,
            language="",
            line=text.count("\n", 0, start),
            above=self._above,
            prefix=text[start:offset],
            suffix=text[offset:end],
            below=self._below,
        )


def learned(files: dict[str, str]) -> Segment:
    """Build a segment of texts in memory."""
    return build_segment(
        (FileStamp(path=path, size_bytes=len(text.encode()), mtime_ns=0), text)
        for path, text in files.items()
        if not is_secret_path(path)
    )
