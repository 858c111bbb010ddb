"""The few calls to the Linux kernel that Python does not have. Only a child process with one thread uses them."""

import ctypes
import errno
import os
import platform
import struct

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_SETATTR = 442
"""The same number on every processor, since Linux 5.12."""
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "armv7l": 311, "ppc64le": 271, "s390x": 280}
_JOIN_SESSION_KEYRING = 1
_NO_KEYRINGS = frozenset({errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP})
"""How the call fails where nobody may make it, inside neither."""
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_SOCKET_CALLS = {
    "x86_64": (0xC000003E, 41, 53),
    "aarch64": (0xC00000B7, 198, 199),
    "riscv64": (0xC00000F3, 198, 199),
}
"""What seccomp calls a processor, and its numbers of `socket` and `socketpair`."""
_IO_URING_SETUP = 425
"""The same number on every processor; it makes sockets without the call."""
_FIRST_X32_CALL = 0x40000000
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK: what belongs to a network namespace."""
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _RETURN = 0x20, 0x15, 0x35, 0x06
_CALL, _PROCESSOR, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _NO_SUCH_CALL, _NO_SUCH_FAMILY = 0x7FFF0000, 0x00050000 | 38, 0x00050000 | 97
_AF_INET, _SOCK_DGRAM, _SOCK_CLOEXEC = 2, 2, 0o2000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64
_SIGKILL = 9

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


class _CapabilityHead(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("if_so", ctypes.c_uint8), ("else_", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave what this process shares with others. Raises `OSError` where the kernel or its settings forbid it."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def map_own_user(uid: int, gid: int) -> None:
    """In a new user namespace, be who one was before: nobody else is known there."""
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(content)


def _mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    encoded = [os.fsencode(word) for word in (source, target, kind, data)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _check(result, f"mount {kind or 'bind'}")


def keep_mounts_to_ourselves() -> None:
    """No mount from here on is seen outside, nor the other way."""
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE, "")


def mount_tmpfs(target: str, options: str) -> None:
    """Mount a file system in memory; `options` bound its size."""
    _mount("tmpfs", target, "tmpfs", _MS_NOSUID | _MS_NODEV, options)


def mount_proc(target: str) -> None:
    """Mount the list of the processes of this namespace."""
    _mount("proc", target, "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "")


def bind(source: str, target: str) -> None:
    """Let what is at `source` be seen at `target` too."""
    _mount(source, target, "", _MS_BIND | _MS_REC, "")


def make_read_only(target: str, *, below: bool = True) -> None:
    """Forbid writing at a mount and, if wanted, at all below it; no set-user-id programs, no devices."""
    attributes = _MountAttr(attr_set=_ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_long(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_long(_AT_RECURSIVE if below else 0),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    _check(result, "mount_setattr")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root of everything; what was the root is then at `old`."""
    _check(_libc.pivot_root(os.fsencode(new), os.fsencode(old)), "pivot_root")


def detach(target: str) -> None:
    """Take away what is mounted at `target`, with all below it."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(_MNT_DETACH)), "umount")


def name_machine(name: str) -> None:
    """Give the machine another name, as seen from here."""
    encoded = name.encode("ascii")
    _check(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")


def raise_loopback() -> None:
    """Bring up the loopback of a new network namespace: what runs in it can ask its own servers, and nobody else's."""
    asking = _libc.socket(_AF_INET, _SOCK_DGRAM | _SOCK_CLOEXEC, 0)
    _check(min(asking, 0), "socket")
    try:
        _check(_libc.ioctl(asking, ctypes.c_ulong(_SIOCSIFFLAGS), struct.pack("16sH22x", b"lo", _IFF_UP)), "lo")
    finally:
        os.close(asking)


def _prctl(option: int, *arguments: int) -> int:
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    return int(_libc.prctl(ctypes.c_int(option), *words))


def die_with_parent() -> None:
    """Be killed when the parent ends, however it does."""
    _check(_prctl(_PR_SET_PDEATHSIG, _SIGKILL), "prctl")


def be_inspectable(inspectable: bool) -> None:
    """Say whether others of the same user may look into this process."""
    _check(_prctl(_PR_SET_DUMPABLE, int(inspectable)), "prctl")


def gain_nothing() -> None:
    """Give up every privilege, for good: no capability is left, and no program brings one back."""
    _check(_prctl(_PR_SET_NO_NEW_PRIVS, 1), "prctl")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(_MOST_CAPABILITIES):
        _prctl(_PR_CAPBSET_DROP, capability)  # fails for those that this kernel does not know, or that are gone
    head = _CapabilityHead(version=_CAPABILITY_VERSION_3, pid=0)
    _check(_libc.capset(ctypes.byref(head), (ctypes.c_uint32 * 6)()), "capset")


def keep_to_the_network() -> None:
    """Allow sockets of those kinds only that a network namespace holds, for good, where we know how to ask for it.

    A virtual machine reaches its host by a kind (AF_VSOCK) that no namespace stops.
    """
    known = _SOCKET_CALLS.get(platform.machine())
    if known is None:
        return
    processor, socket, socketpair = known
    # Of each step: what it does, how many steps are passed over if so and if not, and its number.
    allow, refuse = len(_FAMILIES) + 9, len(_FAMILIES) + 10
    steps = [(_LOAD, 0, 0, _PROCESSOR), (_JUMP_EQUAL, 0, refuse - 2, processor), (_LOAD, 0, 0, _CALL)]
    steps += [(_JUMP_FROM, refuse - 4, 0, _FIRST_X32_CALL), (_JUMP_EQUAL, refuse - 5, 0, _IO_URING_SETUP)]
    steps += [(_JUMP_EQUAL, 1, 0, socket), (_JUMP_EQUAL, 0, allow - 7, socketpair), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    steps += [(_JUMP_EQUAL, allow - at, 0, family) for at, family in enumerate(_FAMILIES, 9)]
    steps += [(_RETURN, 0, 0, _NO_SUCH_FAMILY), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _NO_SUCH_CALL)]
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    _check(_prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program)), "seccomp")


def leave_keyring() -> None:
    """Have an empty session keyring in the place of the person's own, where we know how to ask for it."""
    number = _KEYCTL.get(platform.machine())
    if number is not None:
        result = _libc.syscall(ctypes.c_long(number), ctypes.c_long(_JOIN_SESSION_KEYRING), None)
        if result < 0 and ctypes.get_errno() not in _NO_KEYRINGS:
            _check(-1, "keyctl")
