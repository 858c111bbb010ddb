"""Tests and examples that mean harm, run for real: nothing outside their sandbox is harmed, and none of them lasts."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hybrid_lsp.evidence.errand import MIB, RESULTS, End, Errand, Limits, Outcome
from hybrid_lsp.evidence.interpreters import needed_by
from hybrid_lsp.evidence.sandbox import Sandbox

SANDBOX = Sandbox()
SAY = f"\nwith open({RESULTS!r}, 'w') as file:\n    file.write(str(said))\n"
TRY = """
import os, socket, subprocess, sys
said = []
def attempt(what, do):
    try:
        do()
    except BaseException as error:
        return
    said.append(what)
"""

pytestmark = [
    pytest.mark.privilege,
    pytest.mark.skipif(not SANDBOX.available(), reason=SANDBOX.why_not()),
]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one file, beside somebody else's."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    (tmp_path / "other.txt").write_text("a secret")
    return folder


def errand(workspace: Path, program: str, **limits: float) -> Errand:
    """An errand that runs a Python program."""
    python = Path(sys.executable)
    return Errand(
        root=str(workspace),
        command=(str(python), "-I", "-S", "-c", program),
        copied=("kept.txt",),
        visible=needed_by(python, Path.home()),
        limits=Limits(**{"time_s": 5.0} | limits),  # type: ignore[arg-type]
    )


def run(workspace: Path, program: str, **limits: float) -> Outcome:
    """Run a program in a sandbox."""
    return asyncio.run(SANDBOX.run(errand(workspace, program, **limits)))


def alive(mark: str) -> list[str]:
    """The processes of the machine whose command holds a mark."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if mark in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"):
                found.append(pid)
        except OSError:
            continue
    return found


def soon_gone(mark: str) -> bool:
    """Whether none of them is left, within seconds."""
    until = time.monotonic() + 5
    while alive(mark):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_there_is_a_copy_and_it_can_be_changed(workspace: Path) -> None:
    """What runs sees the workspace at its own place, writes to it, and nothing of that reaches the disk."""
    program = "said = open('kept.txt').read()\nopen('kept.txt', 'w').write('lost')\nopen('new', 'w').write('x')" + SAY
    outcome = run(workspace, program)

    assert (outcome.end, outcome.status, outcome.results) == (End.DONE, 0, "kept")
    assert (workspace / "kept.txt").read_text() == "kept"
    assert sorted(path.name for path in workspace.iterdir()) == ["kept.txt"]


def test_nothing_of_the_machine_is_seen_or_changed(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours, homes, keys, sockets and the surroundings are absent; what is there cannot be written."""
    monkeypatch.setenv("HARMLESS_API_KEY", "planted")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(workspace / "agent"))
    ssh = Path.home() / ".ssh"
    program = (
        TRY
        + f"""
attempt("neighbour", lambda: open({str(workspace.parent / "other.txt")!r}))
attempt("ssh", lambda: os.listdir({str(ssh)!r}))
attempt("run", lambda: os.listdir("/run") + os.listdir("/var/run"))
attempt("shadow", lambda: open("/etc/shadow"))
attempt("sys", lambda: os.listdir("/sys"))
attempt("memory", lambda: open("/dev/mem"))
attempt("terminal", lambda: open("/dev/tty"))
attempt("write /usr", lambda: open("/usr/hybrid-lsp-was-here", "w"))
attempt("write /etc", lambda: open("/etc/passwd", "a"))
attempt("write python", lambda: open(sys.prefix + "/hybrid-lsp-was-here", "w"))
attempt("write /", lambda: os.mkdir("/hybrid-lsp-was-here"))
attempt("remove", lambda: os.unlink("/etc/passwd"))
attempt("kernel", lambda: open("/proc/sys/kernel/core_pattern", "w"))
attempt("first process", lambda: os.listdir("/proc/1/fd"))
attempt("first process's memory", lambda: open("/proc/1/mem", "rb"))
attempt("first process's root", lambda: os.listdir("/proc/1/root"))
home = os.environ.get("SSH_AUTH_SOCK") or os.environ.get("HARMLESS_API_KEY")
said += [home] if home else []
said += [name for name in os.listdir("/") if name in ("old", "var", "sys", "boot", "srv")]
"""
    )
    outcome = run(workspace, program + SAY)

    assert (outcome.end, outcome.results) == (End.DONE, "[]")


@pytest.mark.skipif(sys.platform != "linux", reason="its walls are those of Linux")
def test_a_sandbox_with_a_wall_missing_is_not_believed_in() -> None:
    """Where the kernel would not forbid namespaces, the trial makes one, and nothing is run."""
    program = (
        "from hybrid_lsp.evidence import worker\nworker._forbid_worlds = lambda: None\nraise SystemExit(worker.main())"
    )
    sandbox = Sandbox(command=(sys.executable, "-P", "-c", program))

    assert "namespaces of its own" in sandbox.why_not()


def test_there_is_no_network(workspace: Path) -> None:
    """Neither the world, nor this machine's servers, nor its sockets without a network can be reached."""
    program = (
        TRY
        + """
attempt("world", lambda: socket.create_connection(("192.0.2.1", 80), timeout=1))
attempt("loopback", lambda: socket.create_connection(("127.0.0.1", 22), timeout=1))
attempt("name", lambda: socket.getaddrinfo("localhost.localdomain.invalid", 80))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("send", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
"""
    )
    outcome = run(workspace, program + SAY)

    assert (outcome.end, outcome.results) == (End.DONE, "[]")


def needs_loopback(workspace: Path) -> None:
    """Skip where the kernel gives the sandbox no loopback: its walls hold, and tests with servers do not count."""
    program = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    said = "there"
"""
    asked = replace(errand(workspace, program + SAY), copied=())
    if asyncio.run(SANDBOX.run(asked)).results != "there":
        pytest.skip("there is no loopback in a sandbox here")


def test_its_own_loopback_is_nobody_elses(workspace: Path) -> None:
    """A test asks a server that it has started, by each name of loopback; a server of the machine is not there."""
    needs_loopback(workspace)
    program = """
import os, socket, threading
said = []
def serve(server):
    with server, server.accept()[0] as connection:
        connection.sendall(b"own")
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "localhost")):
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError:
        if family == socket.AF_INET:
            raise
        continue  # a machine without IPv6
    threading.Thread(target=serve, args=(server,)).start()
    with socket.create_connection((host, server.getsockname()[1]), timeout=2) as client:
        said.append(client.recv(3).decode())
for address in MACHINES:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    try:
        with socket.socket(family) as client:
            client.settimeout(1)
            client.connect(address)
        said.append(str(address))
    except OSError:
        pass
"""
    name = f"\0hybrid-lsp-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as nameless:
        nameless.bind(name)
        nameless.listen()
        machines = [("127.0.0.1", server.getsockname()[1]), name]
        outcome = run(workspace, program.replace("MACHINES", repr(machines)) + SAY)

    assert outcome.end is End.DONE
    assert outcome.results in ("['own', 'own', 'own']", "['own', 'own']")


def test_no_socket_leaves_the_namespace(workspace: Path) -> None:
    """A virtual machine's host is reached by sockets that no network namespace holds; none can be had, by no call."""
    program = (
        TRY
        + """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
def ring():
    if libc.syscall(ctypes.c_long(425), ctypes.c_uint(1), ctypes.create_string_buffer(120)) < 0:
        raise OSError
for family in set(range(64)) - {1, 2, 10, 16}:
    for kind in (1, 2, 3, 5):
        attempt(f"family {family}", lambda: socket.socket(family, kind).close())
        attempt(f"pair of {family}", lambda: socket.socketpair(family, kind))
attempt("io_uring", ring)
"""
    )
    outcome = run(workspace, program + SAY)

    assert (outcome.end, outcome.results) == (End.DONE, "[]")


def test_connections_are_bounded(workspace: Path) -> None:
    """What thousands of connections hold is the whole machine's memory, and no process's."""
    needs_loopback(workspace)
    program = """
import os, socket, time
server = socket.create_server(("127.0.0.1", 0), backlog=4096)
for _ in range(8):
    if os.fork() == 0:
        kept = []
        while True:
            try:
                kept.append(socket.create_connection(server.getsockname()))
                kept[-1].setblocking(False)
                kept[-1].send(b"x" * 4_000_000)
            except OSError:
                pass
time.sleep(60)
"""
    outcome = run(workspace, program, time_s=4.0)

    assert (outcome.end, outcome.status) == (End.MEMORY, -1)


def test_no_right_can_be_had(workspace: Path) -> None:
    """No namespace, no mount, no other user, no set-user-id program: what runs inside is nobody, for good."""
    program = (
        TRY
        + """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
attempt("user namespace", lambda: call("unshare", 0x10000000))
attempt("mount namespace", lambda: call("unshare", 0x00020000))
attempt("mount", lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None))
attempt("remount", lambda: call("mount", b"none", b"/usr", None, 32 | 4096, None))
attempt("umount", lambda: call("umount2", b"/usr", 2))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("hostname", lambda: call("sethostname", b"x", 1))
attempt("user", lambda: os.setuid(0 if os.getuid() else 1))
attempt("trace", lambda: call("ptrace", 16, 1, 0, 0))
with open("/proc/self/status") as file:
    status = dict(line.split(":", 1) for line in file)
said += [name for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb") if int(status[name], 16)]
said += ["new privileges"] if int(status["NoNewPrivs"]) != 1 else []
"""
    )
    outcome = run(workspace, program + SAY)

    assert (outcome.end, outcome.results) == (End.DONE, "[]")


@pytest.mark.parametrize(
    ("program", "end"),
    [
        ("while True: pass", End.LATE),
        ("import signal, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\ntime.sleep(60)", End.LATE),
        ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", End.LATE),
        ("import os, sys\nwhile True: os.write(1, b'x' * 1000000)", End.LATE),
        ("import threading\nwhile True:\n    try: threading.Thread(target=lambda: threading.Event().wait()).start()\n    except RuntimeError: pass", End.LATE),
    ],
    ids=["loop", "deaf", "fork bomb", "prints for ever", "threads"],
)  # fmt: skip
def test_what_never_ends_is_ended(workspace: Path, program: str, end: End) -> None:
    """At the deadline the whole tree is gone, whatever it does with signals."""
    mark = f"mark_{os.getpid()}_{time.monotonic_ns()}"
    outcome = run(workspace, f"{mark} = 1\n{program}", time_s=0.4)

    assert outcome.end is end
    assert soon_gone(mark)


def test_daemons_do_not_stay_behind(workspace: Path) -> None:
    """What was left running, in a session of its own, ends with the errand."""
    mark = f"mark_{os.getpid()}_{time.monotonic_ns()}"
    program = f"""
import os, time
said = "{mark}"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
os.wait()
"""
    outcome = run(workspace, program + SAY)

    assert (outcome.end, outcome.results) == (End.DONE, mark)
    assert soon_gone(mark)


def test_killing_everybody_kills_nobody_outside(workspace: Path) -> None:
    """Neither its parent, nor the first process, nor any other of the machine."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        program = f"""
import os, signal
said = []
for pid in (1, os.getppid(), {bystander.pid}, {os.getpid()}):
    try:
        os.kill(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGTERM)
    except OSError as error:
        said.append(error.errno)
"""
        outcome = run(workspace, program + SAY + "\nos.kill(-1, signal.SIGKILL)")
        lives = bystander.poll() is None
        bystander.kill()

    assert outcome.end is End.DONE
    assert lives


@pytest.mark.parametrize(
    "program",
    [
        "x = []\nwhile True: x.append(bytearray(50_000_000))",
        "import os\nfor _ in range(6): os.fork()\nx = []\nwhile True: x.append(b'x' * 4_000_000)",
        "import mmap\nx = []\nwhile True:\n    x.append(mmap.mmap(-1, 20_000_000))\n    x[-1].write(b'x' * 20_000_000)",
    ],
    ids=["one", "many", "shared"],
)
def test_memory_is_bounded(workspace: Path, program: str) -> None:
    """One process or many, private or shared: it ends by an error of its own, or is ended; the machine keeps its own."""
    outcome = run(
        workspace, program, time_s=4.0, process_bytes=200 * MIB, address_bytes=600 * MIB, memory_bytes=500 * MIB
    )

    assert (outcome.end, outcome.status) in {(End.MEMORY, -1), (End.DONE, 1)}


def test_the_disk_is_bounded(workspace: Path) -> None:
    """Ten gigabytes in one file or in many are not written, and no file too many is made."""
    program = (
        TRY
        + """
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def one():
    with open("big", "wb") as file:
        for _ in range(10_000):
            file.write(b"x" * 1_000_000)
def many():
    for number in range(1000):
        with open(f"big{number}", "wb") as file:
            file.write(b"x" * 10_000_000)
def names():
    for number in range(100_000):
        open(str(number), "w").close()
attempt("one", one)
attempt("many", many)
attempt("names", names)
written = sum(os.stat(name).st_size for name in os.listdir("."))
said += [written] if written > 40_000_000 else []
"""
    )
    outcome = run(workspace, program + SAY, disk_bytes=32 * MIB, file_bytes=16 * MIB, files=500)

    assert (outcome.end, outcome.results) == (End.DONE, "[]")
    assert [path.name for path in workspace.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("program", "results"),
    [
        (f"import os\nos.symlink('/etc/passwd', {RESULTS!r})", ""),
        (f"import os\nos.mkfifo({RESULTS!r})", ""),
        (f"open({RESULTS!r}, 'wb').write(b'\\xff' * 5_000_000)", "\ufffd" * 1000),
    ],
    ids=["link", "pipe", "huge"],
)
def test_results_are_a_small_file_or_nothing(workspace: Path, program: str, results: str) -> None:
    """Whatever is laid in the place of the results, nothing hangs and little is read."""
    outcome = run(workspace, program, results_bytes=1000)

    assert (outcome.end, outcome.results) == (End.DONE, results)


def test_cancelling_ends_all_of_it(workspace: Path) -> None:
    """Who gives up leaves nothing running."""
    mark = f"mark_{os.getpid()}_{time.monotonic_ns()}"

    async def give_up() -> bool:
        task = asyncio.create_task(SANDBOX.run(errand(workspace, f"{mark} = 1\nwhile True: pass")))
        until = time.monotonic() + 5
        while not alive(mark) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        begun = bool(alive(mark))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return begun

    assert asyncio.run(give_up())
    assert soon_gone(mark)


def test_it_ends_with_whoever_asked(workspace: Path) -> None:
    """When the server is killed in the middle, nothing of the sandbox stays."""
    mark = f"mark_{os.getpid()}_{time.monotonic_ns()}"
    line = errand(workspace, f"{mark} = 1\nimport time\ntime.sleep(60)", time_s=60.0).line()
    code = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-P", "-m", "hybrid_lsp.evidence.worker"], stdin=subprocess.PIPE)
child.stdin.write({line!r})
child.stdin.flush()
child.wait()
"""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL) as server:
        until = time.monotonic() + 5
        while len(alive(mark)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        begun = len(alive(mark))
        server.kill()

    assert begun >= 2
    assert soon_gone(mark)


def test_a_link_in_the_workspace_leads_nowhere(workspace: Path) -> None:
    """Neither reading nor writing goes through a link to what lies outside; a text behind one breaks the errand."""
    outside = workspace.parent / "outside"
    outside.mkdir()
    (workspace / "away").symlink_to("../outside")
    (workspace / "up").symlink_to("/" + "../" * 30 + "old" + str(outside))
    (workspace / "other").symlink_to(workspace.parent / "other.txt")
    order = errand(workspace, "import os\nsaid = [os.path.exists(name) for name in ('away', 'up', 'other')]" + SAY)
    copied = replace(order, copied=("away", "up", "other"))

    assert asyncio.run(SANDBOX.run(copied)).results == "[False, False, False]"
    for link in ("away", "up"):
        outcome = asyncio.run(SANDBOX.run(replace(copied, written={f"{link}/new.py": "x"})))
        assert (outcome.end, outcome.trouble) == (End.BROKEN, "a link leads out of the copy")
    assert list(outside.iterdir()) == []
