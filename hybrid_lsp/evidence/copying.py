"""Which files of a workspace a sandbox gets: those near the file that is changed, by size and number; no secrets.

What is large and made by a machine (installed packages, virtual environments) is not copied but seen as it is.
"""

import heapq
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hybrid_lsp.core.policy import is_secret_path

MOST_FILES = 5_000
MOST_BYTES = 50 * 1024 * 1024
MOST_FILE_BYTES = 4 * 1024 * 1024
MOST_ENTRIES = 60_000
_MOST_DEPTH = 30
_SEEN = frozenset({"node_modules", "site-packages"})
_LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".cache",
        ".hypothesis", ".idea", ".vscode", ".next", ".nuxt", ".turbo", ".parcel-cache", "coverage", "htmlcov", "target",
    }
)  # fmt: skip
_CODE = frozenset({".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"})
"""A module that is called after secrets is code all the same; without it nothing can be imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a sandbox gets of a workspace. Paths are relative to its folder, with `/`."""

    files: tuple[str, ...]
    """To be copied, the nearest first."""
    seen: tuple[str, ...] = ()
    """Folders that are seen as they are."""


def share_of(root: Path, near: str, *, is_late: Callable[[], bool] = lambda: False) -> Share:
    """Return what a sandbox for a change in the file `near` gets. Reads names and sizes only, and follows no link."""
    here = str(PurePosixPath(near).parent).removeprefix(".")
    folders, entries, size = [(0, "")], 0, 0
    files: list[str] = []
    seen: list[str] = []
    while folders and not is_late():
        folder = heapq.heappop(folders)[1]
        for entry in _entries(root, folder):
            entries += 1
            path = f"{folder}/{entry.name}" if folder else entry.name
            kind = _kind(entry, path)
            if kind == "folder" and path.count("/") < _MOST_DEPTH:
                heapq.heappush(folders, (distance(path, here), path))
            elif kind == "seen":
                seen.append(path)
            elif kind == "file" and len(files) < MOST_FILES and entries < MOST_ENTRIES:
                bytes_ = entry.stat(follow_symlinks=False).st_size
                if bytes_ <= MOST_FILE_BYTES and size + bytes_ <= MOST_BYTES:
                    size += bytes_
                    files.append(path)
        if entries >= MOST_ENTRIES:
            break
    return Share(files=tuple(files), seen=tuple(seen))


def distance(one: str, other: str) -> int:
    """Return how many steps lead from one folder to another; up costs as much as down."""
    ours, theirs = [part for part in one.split("/") if part], [part for part in other.split("/") if part]
    common = 0
    while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
        common += 1
    return len(ours) + len(theirs) - 2 * common


def _entries(root: Path, folder: str) -> "Iterator[os.DirEntry[str]]":
    try:
        with os.scandir(root / folder) as entries:
            yield from entries
    except OSError:
        return


def _kind(entry: "os.DirEntry[str]", path: str) -> str:
    """Say whether an entry is a `folder` to look into, a `file` to copy, to be `seen` as it is, or nothing of these."""
    try:
        path.encode()
        if entry.is_symlink():
            return "file"
        if not entry.is_dir(follow_symlinks=False):
            may_be_read = not is_secret_path(path) or PurePosixPath(path).suffix in _CODE
            return "file" if may_be_read and entry.is_file(follow_symlinks=False) else ""
        if entry.name in _SEEN or os.path.lexists(os.path.join(entry.path, "pyvenv.cfg")):
            return "seen"
    except (OSError, UnicodeEncodeError):
        return ""
    return "" if entry.name in _LEFT_OUT or is_secret_path(path) else "folder"
