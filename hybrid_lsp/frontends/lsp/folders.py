"""Workspace folders: which one a document belongs to, what it is called in there, and by whose rules it may leave.

Beyond this module a place is a handle and a relative path, so that no URI and no absolute path travels inward.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pygls import uris

from hybrid_lsp.core.policy import SECRET_FOLDERS

NO_FOLDER = 0
_UNKNOWN = -1
"""The handle of no folder at all: nothing leaves from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One folder that the editor has opened."""

    handle: int
    """Not reused within one session; never `NO_FOLDER`."""
    uri: str
    root: Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document lies: the handle of its folder and its path in there, with `/`."""

    workspace: int
    path: str


@dataclass(slots=True)
class Folders:
    """The folders that are open now. Nested folders are told apart: a document belongs to the innermost."""

    _open: dict[str, Folder] = field(default_factory=dict)
    _around: dict[int, Folder] = field(default_factory=dict)
    """By document, outside every folder: where the rules for it are, a repository or just where it lies."""
    _last_handle: int = NO_FOLDER
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a root has come whose rules nobody has read yet."""

    def __iter__(self) -> Iterator[Folder]:
        return iter(list(self._open.values()))

    def add(self, uri: str) -> Folder | None:
        """Open a folder; None when it is open already or is not on this machine's file system."""
        root = file_path(uri)
        if root is None or uri in self._open:
            return None
        folder = self._open[uri] = self._new(uri, root)
        return folder

    def _new(self, uri: str, root: Path) -> Folder:
        self._last_handle += 1
        self.news.set()
        return Folder(handle=self._last_handle, uri=uri, root=root)

    def found(self, document: int, root: Path) -> None:
        """Note where the rules are for a document outside every folder."""
        known = (folder for folder in self._around.values() if folder.root == root)
        self._around[document] = next(known, None) or self._new("", root)

    def forget(self, document: int) -> None:
        """Be done with a document that was closed."""
        self._around.pop(document, None)

    def remove(self, uri: str) -> Folder | None:
        """Close a folder; None when it is not open."""
        return self._open.pop(uri, None)

    def root(self, handle: int) -> Path | None:
        """Return where a folder is; None for `NO_FOLDER` and for one that is not open any more."""
        return next((folder.root for folder in self._all() if folder.handle == handle), None)

    def roots(self) -> list[Path]:
        """Return every root that has rules for an open document or folder."""
        return list(dict.fromkeys(folder.root for folder in self._all()))

    def _all(self) -> Iterator[Folder]:
        yield from self._open.values()
        yield from self._around.values()

    def place(self, uri: str) -> Place:
        """Return where a document lies. One that is in no file yet belongs to the only folder, if there is just one."""
        path = file_path(uri)
        if path is None:
            only = next(iter(self._open.values())).handle if len(self._open) == 1 else NO_FOLDER
            return Place(only, _last_part(uri))
        best, relative = NO_FOLDER, path.name
        deepest = -1
        for folder in self._open.values():
            inside = _relative(path, folder.root)
            if inside is not None and len(folder.root.parts) > deepest:
                best, relative, deepest = folder.handle, inside, len(folder.root.parts)
        return Place(best, _from_secrets_on(path) or relative)

    def place_to_ask(self, document: int, uri: str) -> Place:
        """Return where a document lies for who asks about it: outside every folder, where the rules for it are.

        As long as nobody has looked where that is, nothing leaves from there.
        """
        place, path = self.place(uri), file_path(uri)
        if place.workspace != NO_FOLDER or path is None:
            return place
        around = self._around.get(document)
        if around is None:
            return Place(_UNKNOWN, place.path)
        return Place(around.handle, _relative(path, around.root) or place.path)


def file_path(uri: str) -> Path | None:
    """Return the absolute path that a `file:` URI names, without touching the disk; None for any other URI."""
    try:
        if urlsplit(uri).scheme != "file":
            return None
        path = uris.to_fs_path(uri)
    except ValueError:
        return None
    return Path(os.path.normpath(path)) if path else None


def _relative(path: Path, root: Path) -> str | None:
    parts, above = path.parts, root.parts
    if len(parts) <= len(above) or any(
        os.path.normcase(a) != os.path.normcase(b) for a, b in zip(above, parts, strict=False)
    ):
        return None
    return "/".join(parts[len(above) :])


def _from_secrets_on(path: Path) -> str:
    """Return a path from a folder of secrets on, also where that is open itself: only so it says what the file is."""
    at = next((at for at, part in enumerate(path.parts) if part.lower() in SECRET_FOLDERS), len(path.parts))
    return "/".join(path.parts[at:])


def _last_part(uri: str) -> str:
    return unquote(uri.split("#")[0].rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1])
