"""What is put into the copy of a workspace, file by file. Runs in the child process only."""

import os
import stat

_CHUNK = 256 * 1024


def copy_file(source: str, target: str) -> None:
    """Copy a file or a link, without following it. One that has vanished or may not be read is left out."""
    try:
        stats = os.lstat(source)
        if stat.S_ISLNK(stats.st_mode):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(os.readlink(source), target)
            return
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "xb") as copy:
            while chunk := file.read(_CHUNK):
                copy.write(chunk)
        os.chmod(target, 0o600 | stats.st_mode & 0o100)


def write_text(room: str, path: str, text: str) -> None:
    """Write a text below a folder, in the place of what may be there.

    Raises `OSError` where a link that was copied leads out of the folder: outside, the person's own files still are.
    """
    target = os.path.join(room, path)
    if not stays_in(room, os.path.dirname(target)):
        raise OSError("a link leads out of the copy")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        os.unlink(target)
    with open(target, "x", encoding="utf-8", newline="") as file:
        file.write(text)


def stays_in(room: str, path: str) -> bool:
    """Say whether a path is one inside a folder, wherever links on it lead."""
    real = os.path.realpath(room)
    return os.path.commonpath((real, os.path.realpath(path))) == real
