"""The child process that makes a sandbox of Linux namespaces, runs one errand in it and says what came of it.

Rules:
1. What runs inside sees its own processes, a loopback of its own and no other network, no other user, and of the file
   system what it was given.
2. Nothing that it writes reaches a disk, and nothing that it starts outlives the errand: the kernel ends a process
   namespace with its first process, which is ours, and the files with the mounts.
3. All that needs a right is done before; what runs has none, and no way to get one.
4. A step that fails ends the errand: there is no sandbox with a wall missing.
"""

import os
import signal
import sys
import time

from hybrid_lsp.evidence import kernel
from hybrid_lsp.evidence.errand import End, Errand, Outcome, read_errand
from hybrid_lsp.evidence.house import build, furnish, move_in
from hybrid_lsp.evidence.warden import Warden

_OWN = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
_CONNECTION_BYTES = "4096 65536 262144"
"""At least, at first and at most, in each direction."""
NOBODY = 65534
"""Who a sandbox of the administrator runs as: only then do limits on processes hold."""


def main() -> int:
    """Read one errand from standard input, and write its outcome to standard output. Returns the exit status."""
    began_s = time.monotonic()
    errand = read_errand(sys.stdin.buffer.readline())
    try:
        as_root = _enter()
        warden = os.fork()
        if warden == 0:
            os._exit(_inside(errand, as_root=as_root, began_s=began_s))
        os.close(1)
        _, status = os.waitpid(warden, 0)
        return os.waitstatus_to_exitcode(status)
    except OSError as error:
        _say(Outcome(end=End.BROKEN, trouble=str(error)))
        return 1


def _enter() -> bool:
    """Leave the namespaces of the machine. Returns whether that was done with the administrator's own rights."""
    if os.geteuid() == 0:
        try:
            kernel.unshare(_OWN)
            return True
        except OSError:  # a container gives its administrator the name, but not the rights
            pass
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.CLONE_NEWUSER | _OWN)
    kernel.map_own_user(uid, gid)
    return False


def _inside(errand: Errand, *, as_root: bool, began_s: float) -> int:
    """Run as the first process of the namespace: when this returns, all others are killed."""
    try:
        kernel.die_with_parent()
        _out_of_the_way()
        owner = (NOBODY, NOBODY) if as_root else (os.getuid(), os.getgid())
        house = build(errand, owner)
        furnish(errand, house, owner)
        move_in(house)
        has_loopback = _have_own_loopback()
        kernel.leave_keyring()
        _drop_rights(owner if as_root else None, has_loopback=has_loopback)
        outcome = Warden(errand, began_s=began_s).run()
    except OSError as error:
        outcome = Outcome(end=End.BROKEN, trouble=str(error))
    _say(outcome)
    return 0


def _out_of_the_way() -> None:
    """If memory gets short on the machine, this goes first; and the person's own work has the processor first."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    os.nice(5)
    os.setsid()
    os.umask(0o022)


def _have_own_loopback() -> bool:
    """Let tests ask servers of their own; where that cannot be had, those fail before the edit too."""
    try:
        for name in ("tcp_rmem", "tcp_wmem"):  # the memory of connections is the whole machine's
            with open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as file:
                file.write(_CONNECTION_BYTES)
        kernel.raise_loopback()
    except OSError:
        return False
    return True


def _drop_rights(owner: tuple[int, int] | None, *, has_loopback: bool) -> None:
    if owner is not None:
        os.setgroups([])
        os.setresgid(owner[1], owner[1], owner[1])
        os.setresuid(owner[0], owner[0], owner[0])
        kernel.be_inspectable(True)  # becoming somebody else took away the right to write to one's own /proc
        _enter_small_world(owner, has_loopback=has_loopback)
    _forbid_worlds()
    kernel.gain_nothing()
    kernel.keep_to_the_network()
    kernel.die_with_parent()  # becoming somebody else took this away too
    if os.getppid() != 0:  # the parent is outside, where it has no number here
        raise OSError("the first process of the sandbox is not the first")
    kernel.be_inspectable(False)


def _enter_small_world(owner: tuple[int, int], *, has_loopback: bool) -> None:
    """Have a user namespace of one's own, so that the next ones can be forbidden; where that is allowed."""
    try:
        kernel.unshare(kernel.CLONE_NEWUSER)
        kernel.map_own_user(*owner)
        if not has_loopback:  # the administrator of a container may have no say over networks but over those made here
            kernel.unshare(kernel.CLONE_NEWNET)
            _have_own_loopback()
    except OSError:
        return  # then nobody but the administrator may make one here, and who runs inside is not that


def _forbid_worlds() -> None:
    """In a user namespace of its own anybody is an administrator, of little; inside, there are none."""
    try:
        with open("/proc/sys/user/max_user_namespaces", "w", encoding="ascii") as file:
            file.write("0")
    except OSError:
        return  # the trial finds out whether one can be had all the same, and then there is no sandbox


def _say(outcome: Outcome) -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.buffer.write(outcome.line())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
