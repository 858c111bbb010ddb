"""Which files of a workspace a sandbox gets: those near the file that is changed, by size and number; no secrets.

What is large and made by a machine (installed packages, virtual environments) is not copied but seen as it is. The
folders of Node's packages around the changed file are new ones with each package in them: vite writes its settings
there for a moment.
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
_PACKAGES = "node_modules"
_SEEN = frozenset({_PACKAGES, "site-packages"})
_CACHES = frozenset({".cache", ".vite", ".vite-temp", ".vitest"})
"""Beside packages: what runners keep there from one run to the next."""
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
    links: list[str] = []
    while folders and not is_late():
        folder = heapq.heappop(folders)[1]
        for entry in _entries(root, folder):
            entries += 1
            path = f"{folder}/{entry.name}" if folder else entry.name
            kind = _kind(entry, path)
            if kind == "folder" and path.count("/") < _MOST_DEPTH:
                heapq.heappush(folders, (distance(path, here), path))
            elif kind == "seen":
                more = _installed(root, path) if _is_around(path, near) else ([], [path])
                links += more[0]
                seen += more[1]
            elif kind == "file" and len(files) < MOST_FILES and entries < MOST_ENTRIES:
                bytes_ = entry.stat(follow_symlinks=False).st_size
                if bytes_ <= MOST_FILE_BYTES and size + bytes_ <= MOST_BYTES:
                    size += bytes_
                    files.append(path)
        if entries >= MOST_ENTRIES:
            break
    return Share(files=(*links, *files), seen=tuple(seen))


def _is_around(path: str, near: str) -> bool:
    """Say whether a folder of Node's packages is one that a file's imports are looked for in."""
    folder, _, name = path.rpartition("/")
    return name == _PACKAGES and f"{near}/".startswith(f"{folder}/" if folder else "")


def _installed(root: Path, folder: str) -> tuple[list[str], list[str]]:
    """Return the links in a folder of packages, to the workspace's own or to pnpm's, and what really lies there."""
    links: list[str] = []
    packages: list[str] = []
    for entry in _entries(root, folder):
        path = f"{folder}/{entry.name}"
        kind = _kind_of_package(entry)
        if kind == "scope":
            inner = _installed(root, path)
            links += inner[0]
            packages += inner[1]
        elif kind:
            (links if kind == "link" else packages).append(path)
    return links, packages


def _kind_of_package(entry: "os.DirEntry[str]") -> str:
    """Say whether an entry beside packages is a `link`, a `scope` with packages in it, a `package`, or none."""
    try:
        entry.name.encode()
        if entry.is_symlink():
            return "link"
        if entry.name in _CACHES or not entry.is_dir(follow_symlinks=False):
            return ""
    except (OSError, UnicodeEncodeError):
        return ""
    return "scope" if entry.name.startswith("@") else "package"


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
