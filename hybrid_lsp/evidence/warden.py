"""The first process of a sandbox: it starts the command, watches it and everything it starts, and ends it in time.

Nobody inside can end, stop or look into it: the kernel keeps signals from the first process of a namespace.
"""

import os
import resource
import select
import signal
import time

from hybrid_lsp.evidence.errand import RESULTS, End, Errand, Outcome
from hybrid_lsp.evidence.leash import become, read_results

_POLL_S = 0.02
_LEAST_FREE = 0.04
"""The share of the machine's memory that an errand must leave."""
_MOST_SOCKETS = 400
"""Of the network in the sandbox: what they hold is no process's memory."""
_PAGE_BYTES = resource.getpagesize()
_OWN_COUNT_SINCE = (5, 14)
"""Since this version of Linux the processes of a user are counted for each user namespace by itself."""


class Warden:
    """Runs the command of one errand."""

    def __init__(self, errand: Errand, *, began_s: float) -> None:
        """The errand's time counts from `began_s` on, by the monotonic clock."""
        self._errand, self._limits = errand, errand.limits
        self._late_at_s = began_s + errand.limits.time_s

    def run(self) -> Outcome:
        """Return what came of it. Until then nothing else is running that it started."""
        began_s = time.monotonic()
        processes = most_processes(self._limits.processes)
        child = os.fork()
        if child == 0:
            become(self._errand, processes)
        end, status = self._watch(child)
        wall_s = time.monotonic() - began_s
        _end_all()
        return Outcome(end=end, status=status, results=read_results(RESULTS, self._limits.results_bytes), wall_s=wall_s)

    def _watch(self, child: int) -> tuple[End, int]:
        wait_s = _POLL_S / 10
        while True:
            while (reaped := _reap()) is not None:
                if reaped[0] == child:
                    return End.DONE, reaped[1]
            if time.monotonic() >= self._late_at_s:
                return End.LATE, -1
            if self._takes_too_much():
                return End.MEMORY, -1
            gone, _, _ = select.select([0], [], [], wait_s)
            if gone:  # whoever asked has ended, or wants no answer any more
                return End.LATE, -1
            wait_s = min(_POLL_S, wait_s * 1.5)

    def _takes_too_much(self) -> bool:
        used = sum(_resident_bytes(name) for name in os.listdir("/proc") if name.isdecimal())
        return used > self._limits.memory_bytes or _free_share() < _LEAST_FREE or _sockets() > _MOST_SOCKETS


def most_processes(wanted: int) -> int:
    """Return the limit on processes that leaves the errand as many as wanted.

    Where they are counted together with all others of the same user, those come on top.
    """
    release = os.uname().release.split(".")
    if tuple(int(part) for part in release[:2] if part.isdecimal()) >= _OWN_COUNT_SINCE:
        return wanted
    with open("/proc/loadavg", encoding="ascii") as file:
        return wanted + int(file.read().split()[3].rpartition("/")[2])


def _reap() -> tuple[int, int] | None:
    """Take leave of one child that has ended; as the first process, everybody's orphans are ours."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


def _end_all() -> None:
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _resident_bytes(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _sockets() -> int:
    """Return how many sockets this network namespace has."""
    count = 0
    for name in ("sockstat", "sockstat6"):
        try:
            with open(f"/proc/net/{name}", encoding="ascii") as file:
                rows = [line.split() for line in file]
        except OSError:
            continue
        count += sum(int(row[2]) for row in rows if row[1:2] == ["inuse"])
    return count


def _free_share() -> float:
    with open("/proc/meminfo", encoding="ascii") as file:
        head = dict(line.split(":", 1) for line in file.read(512).splitlines()[:3])
    return int(head["MemAvailable"].split()[0]) / max(1, int(head["MemTotal"].split()[0]))
