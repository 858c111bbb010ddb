"""Replacing a small file so that whoever reads it sees the old text or the new one, and two writers take turns."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hybrid_lsp.core.errors import Refused

LOCK_TIMEOUT_S = 5.0
_LOOK_AGAIN_S = 0.02
_REPLACE_PAUSES_S = (0.02, 0.1, 0.4) if sys.platform == "win32" else ()
"""Windows does not replace a file that somebody reads at that moment."""

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(path: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Be the only one to change `path` among all processes that ask here; raise `Refused` after `timeout_s`.

    The lock is the system's own, on a file next to `path`: it ends with its process, so none is ever left behind.
    """
    place = path.with_name(f".{path.name}.lock")
    descriptor = _lock(place, path.name, time.monotonic() + timeout_s)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows keeps a file that is open
            place.unlink()
        os.close(descriptor)


def _lock(place: Path, name: str, deadline_s: float) -> int:
    while True:
        if (descriptor := _locked_file(place)) is not None:
            return descriptor
        if time.monotonic() >= deadline_s:
            raise Refused(f"Another program is changing {name} and does not end; nothing was changed. Try again later.")
        time.sleep(_LOOK_AGAIN_S)


def _locked_file(place: Path) -> int | None:
    """Return the descriptor of the lock, locked; None while somebody else has it."""
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    kept = False
    try:
        _try_lock(descriptor)
        # Whoever had it before may have removed the file that we have just locked: then it is nobody's.
        kept = os.path.samestat(os.stat(place), os.fstat(descriptor))
    except (BlockingIOError, PermissionError, FileNotFoundError):
        return None
    finally:
        if not kept:
            os.close(descriptor)
    return descriptor if kept else None


@contextlib.contextmanager
def prepared(path: Path, content: bytes) -> Iterator[Path]:
    """Write `content` next to `path`, safely on the disk and for its owner only; `put` then puts it in place."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def put(prepared_file: Path, path: Path) -> None:
    """Put a prepared file in the place of `path`, at once and for good."""
    for pause_s in _REPLACE_PAUSES_S:
        try:
            os.replace(prepared_file, path)
            return
        except PermissionError:
            time.sleep(pause_s)
    os.replace(prepared_file, path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        except OSError:  # some file systems know no such thing; the file itself is on the disk
            return
        finally:
            os.close(folder)
