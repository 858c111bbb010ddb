"""The child process that runs one errand in macOS's own sandbox, on a copy in a folder that is removed afterwards.

Rules:
1. What runs reads the system, its interpreter and the copy, writes to the copy, and reaches nothing else: no network,
   no service, no other process.
2. It cannot start another process. There are no process namespaces here, so what it started could outlive it; threads
   are fine. Tests that need a process of their own fail before the edit too, and do not count.
3. It ends with this process, and this one with its standard input.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from hybrid_lsp.evidence.errand import End, Errand, Outcome, read_errand
from hybrid_lsp.evidence.furniture import copy_file, write_text
from hybrid_lsp.evidence.leash import become, read_results

_PROGRAM = "/usr/bin/sandbox-exec"
_READ = (
    "/usr", "/bin", "/sbin", "/System", "/Library/Frameworks", "/Library/Apple", "/opt/homebrew", "/opt/local",
    "/private/var/db/dyld", "/private/var/db/timezone", "/private/etc/localtime", "/private/etc/passwd",
    "/private/etc/group", "/private/etc/ssl/openssl.cnf", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
)  # fmt: skip
_PACKAGE = re.compile(r"^(.*/node_modules)/.*")
"""A thousand of them would be a thousand rules."""
_POLL_S = 0.05
_LOOK_S = 0.25
"""How often the memory is looked at: it takes a process to ask."""


def main() -> int:
    """Read one errand from standard input, and write its outcome to standard output. Returns the exit status."""
    began_s = time.monotonic()
    errand = read_errand(sys.stdin.buffer.readline())
    place = os.path.realpath(tempfile.mkdtemp(prefix="hybrid-lsp-"))
    try:
        outcome = _run(furnish(errand, place), place, began_s)
    except OSError as error:
        outcome = Outcome(end=End.BROKEN, trouble=type(error).__name__)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    sys.stdout.buffer.write(outcome.line())
    sys.stdout.buffer.flush()
    return 0


def furnish(errand: Errand, place: str) -> Errand:
    """Copy the workspace below `place`, and return the errand as it is there, inside the sandbox."""
    room, temporary = f"{place}/workspace", f"{place}/tmp"
    for folder in (room, f"{temporary}/home", f"{temporary}/evidence"):
        os.makedirs(folder)
    for path in errand.visible:
        below = os.path.relpath(path, errand.root)
        if not below.startswith("..") and os.path.isdir(path):
            os.makedirs(os.path.dirname(f"{room}/{below}"), exist_ok=True)
            os.symlink(path, f"{room}/{below}")
    for path in errand.copied:
        copy_file(f"{errand.root}/{path}", f"{room}/{path}")

    ours = re.compile(rf"{re.escape(errand.root)}(?![\w.-])|(?<![\w./-])/tmp(?=/)")

    def moved(text: str) -> str:
        """Put our places where a text names those of an errand."""
        return ours.sub(lambda match: temporary if match[0] == "/tmp" else room, text)

    for path, text in errand.written.items():
        write_text(room, path, text)
    for path, text in errand.tools.items():
        write_text(f"{temporary}/evidence", path, moved(text) if path.endswith(".json") else text)
    command = (errand.command[0], *map(moved, errand.command[1:]))
    environment = {name: moved(value) for name, value in errand.environment.items()} | {"TMPDIR": temporary}
    rules = profile(place, (*errand.visible, errand.command[0]))
    return replace(errand, root=room, command=(_PROGRAM, "-p", rules, *command), environment=environment)


def profile(place: str, visible: tuple[str, ...]) -> str:
    """Return the rules: all is denied but what is named here."""
    grounds = dict.fromkeys(_PACKAGE.sub(r"\1", path) for path in visible)
    seen = "".join(f" (subpath {_quoted(path)})" for path in (*_READ, place, *grounds))
    return (
        "(version 1)(deny default)(allow process-exec*)(allow process-info* (target self))(allow signal (target self))"
        f'(allow sysctl-read)(allow file-read-metadata)(allow file-read* (literal "/"){seen})'
        f'(allow file-write* (subpath {_quoted(place)}) (literal "/dev/null"))'
    )


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _run(errand: Errand, place: str, began_s: float) -> Outcome:
    started_s = time.monotonic()
    child = os.fork()
    if child == 0:
        become(errand, errand.limits.processes)
    end, status = _watch(child, errand, began_s + errand.limits.time_s)
    if end is not End.DONE:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    results = read_results(f"{place}/tmp/evidence/results", errand.limits.results_bytes)
    return Outcome(end=end, status=status, results=results, wall_s=time.monotonic() - started_s)


def _watch(child: int, errand: Errand, late_at_s: float) -> tuple[End, int]:
    look_at_s = time.monotonic() + _LOOK_S
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return End.DONE, os.waitstatus_to_exitcode(status)
        now_s = time.monotonic()
        if now_s >= late_at_s or select.select([0], [], [], _POLL_S)[0]:
            return End.LATE, -1
        if now_s >= look_at_s:
            look_at_s = now_s + _LOOK_S
            if _used_bytes(child, Path(errand.root)) > errand.limits.memory_bytes:
                return End.MEMORY, -1


def _used_bytes(pid: int, room: Path) -> int:
    """Return the memory of the process and what lies in its folder: there is no other bound on that here."""
    asked = subprocess.run(["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, timeout=5, check=False)
    memory = asked.stdout.strip()
    files = sum(entry.lstat().st_size for entry in room.parent.rglob("*"))
    return (int(memory) * 1024 if memory.isdigit() else 0) + files


if __name__ == "__main__":
    sys.exit(main())
