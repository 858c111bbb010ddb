"""The file system of a sandbox: programs and libraries that cannot be changed, and a copy of the workspace in memory.

It is built from nothing. What is not put there (homes, other workspaces, sockets, keys) is not hidden but absent.
"""

import os
from pathlib import PurePosixPath

from hybrid_lsp.evidence import kernel
from hybrid_lsp.evidence.errand import TOOLS, Errand, Limits
from hybrid_lsp.evidence.furniture import copy_file, stays_in, write_text

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
SETTINGS = (
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
    "/etc/mime.types", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/ssl/openssl.cnf",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
LINKS = {"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1"}
HOME = "/tmp/home"
"""An empty folder."""
_STAGES = ("/tmp", "/var/tmp", "/mnt", "/run")
"""A folder of the machine is needed for a moment as the place to build at; nobody outside sees it."""


def build(errand: Errand, owner: tuple[int, int]) -> str:
    """Mount all that the errand is to see, and return where it stands. The machine's root is then at `/old`."""
    stage = next(path for path in _STAGES if os.path.isdir(path))
    kernel.keep_mounts_to_ourselves()
    kernel.mount_tmpfs(stage, "size=1m,nr_inodes=4096,mode=755")
    os.mkdir(f"{stage}/new")
    os.mkdir(f"{stage}/old")
    kernel.pivot_root(stage, f"{stage}/old")
    os.chdir("/")
    new = "/new"
    kernel.mount_tmpfs(new, "size=4m,nr_inodes=8192,mode=755")
    os.makedirs(f"{new}/proc")
    kernel.mount_proc(f"{new}/proc")
    for device in DEVICES:
        _show(device, new, read_only=False)
    for path, target in LINKS.items():
        os.symlink(target, new + path)
    places: dict[str, int | None] = dict.fromkeys((*SYSTEM, *SETTINGS, *errand.visible))
    places |= {"/tmp": 64 * 1024 * 1024, "/dev/shm": 64 * 1024 * 1024, errand.root: errand.limits.disk_bytes}
    for place in sorted(places, key=lambda path: PurePosixPath(path).parts):
        size = places[place]
        if size is None:
            _show(place, new)
        else:
            _room(new + place, size, errand.limits, owner)
    return new


def _room(target: str, size: int, limits: Limits, owner: tuple[int, int]) -> None:
    if not stays_in("/new", target):
        raise OSError("the workspace lies behind a link")
    os.makedirs(target, exist_ok=True)
    kernel.mount_tmpfs(target, f"size={size},nr_inodes={limits.files},mode=700,uid={owner[0]},gid={owner[1]}")


def _show(path: str, new: str, *, read_only: bool = True) -> None:
    """Let something of the machine be seen at its own place, if it is there at all and not there already."""
    source, target = "/old" + path, new + path
    if not os.path.lexists(source) or (os.path.lexists(target) and not os.path.isdir(target)):
        return
    if os.path.islink(source) and not os.path.isabs(os.readlink(source)) and path in SYSTEM:
        os.symlink(os.readlink(source), target)
        return
    source = _real(source)
    if not source or not stays_in(new, target):
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    kernel.bind(source, target)
    if read_only:
        kernel.make_read_only(target)


def _real(source: str) -> str:
    """Follow links as they were meant: an absolute one is absolute in the machine's root."""
    for _ in range(40):
        if not os.path.islink(source):
            return source if os.path.exists(source) else ""
        link = os.readlink(source)
        source = "/old" + link if os.path.isabs(link) else os.path.join(os.path.dirname(source), link)
    return ""


def furnish(errand: Errand, new: str, owner: tuple[int, int]) -> None:
    """Copy the files of the workspace and write the texts of the errand."""
    room = new + errand.root
    for path in errand.copied:
        copy_file(f"/old{errand.root}/{path}", f"{room}/{path}")
    for folder in (HOME, TOOLS):
        os.makedirs(new + folder, exist_ok=True)
    for place, texts in ((room, errand.written), (new + TOOLS, errand.tools)):
        for path, text in texts.items():
            write_text(place, path, text)
    if owner != (os.getuid(), os.getgid()):
        for top in (room, new + HOME, new + TOOLS):
            _give(top, owner)


def _give(top: str, owner: tuple[int, int]) -> None:
    os.chown(top, *owner)
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            # what is mounted inside is the machine's own, and cannot be changed
            if not os.path.ismount(path) or os.path.islink(path):
                os.chown(path, *owner, follow_symlinks=False)
        folders[:] = [name for name in folders if not os.path.ismount(os.path.join(folder, name))]


def move_in(new: str) -> None:
    """Make it the root of everything; the machine's own is gone from here."""
    kernel.name_machine("sandbox")
    kernel.make_read_only(new, below=False)
    os.chdir(new)
    kernel.pivot_root(".", ".")
    kernel.detach(".")
    os.chdir("/")
