"""The last step of our own before a command begins, and the first after it has ended. In the child process only."""

import os
import resource
import stat
import sys
from typing import NoReturn

from hybrid_lsp.evidence.errand import Errand, Limits


def become(errand: Errand, processes: int) -> NoReturn:
    """Turn into the command of an errand, within its limits and with nothing of ours open; never returns."""
    try:
        _limit(errand.limits, processes)
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.closerange(3, 256)
        os.setsid()
        os.chdir(f"{errand.root}/{errand.cwd}" if errand.cwd else errand.root)
        os.umask(0o022)
        os.execve(errand.command[0], errand.command, dict(errand.environment))
    except OSError:
        os._exit(127)
    finally:
        os._exit(126)


def _limit(limits: Limits, processes: int) -> None:
    bounds = {
        resource.RLIMIT_CORE: 0,
        # of all threads together: a runner that keeps every processor busy is not late yet
        resource.RLIMIT_CPU: (int(limits.time_s) + 1) * (os.cpu_count() or 1),
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_DATA: limits.process_bytes,
        resource.RLIMIT_MEMLOCK: 64 * 1024,
    }
    if sys.platform == "linux":
        bounds |= {resource.RLIMIT_NPROC: processes, resource.RLIMIT_MSGQUEUE: 64 * 1024}
    if limits.address_bytes and sys.platform == "linux":
        bounds[resource.RLIMIT_AS] = limits.address_bytes
    for name, most in bounds.items():
        hard = resource.getrlimit(name)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (most, most))


def read_results(path: str, most_bytes: int) -> str:
    """Return what an errand had to say: a plain file's first bytes, or nothing. It hangs on nothing that lies there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(most_bytes).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
