"""What a sandbox is told to do before it is believed in: to break out. Where it can, it leaves nothing behind."""

from pathlib import Path

from hybrid_lsp.evidence.errand import RESULTS

PASSED = "held"
_TRIAL = """
import ctypes, os, socket, sys
said = []

def must_fail(what, attempt):
    try:
        attempt()
    except (OSError, AttributeError):
        return
    said.append(what)

def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)

def become_another():
    child = os.fork()
    if child == 0:
        try:
            os.setuid(0 if os.getuid() else 1)
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise OSError

def have_a_world():
    if ctypes.CDLL(None).unshare(0x10000000):
        raise OSError

def set_something():
    os.close(os.open("/proc/sys/vm/swappiness", os.O_WRONLY))

def fork_on():
    children = []
    try:
        for _ in range(40):
            child = os.fork()
            if child == 0:
                import time
                time.sleep(1)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)

home = HOME
must_fail("files outside can be written", lambda: write(os.path.join(home, "hybrid-lsp-trial")))
must_fail("files outside can be written", lambda: write("/hybrid-lsp-trial"))
must_fail("processes have no limit", fork_on)
must_fail("it can be another user", become_another)
if sys.platform == "linux":  # CLONE_NEWUSER, and AF_VSOCK
    must_fail("it can have namespaces of its own", have_a_world)
    must_fail("settings of the machine can be changed", set_something)
    must_fail("the host of a virtual machine can be reached", lambda: socket.socket(40, socket.SOCK_STREAM).close())
try:
    with open("/proc/net/dev") as file:
        names = [line.split(":")[0].strip() for line in file.read().splitlines()[2:]]
    if [name for name in names if name != "lo"]:
        said.append("there is a network")
    if os.getpid() > 50:
        said.append("the processes outside are seen")
except OSError:
    if sys.platform == "linux":
        said.append("there is no /proc")
if [name for name in os.environ if name not in ("LC_CTYPE", "__CF_USER_TEXT_ENCODING")]:
    said.append("the surroundings are seen")
with open("RESULTS", "w") as file:
    file.write("; ".join(said) or "PASSED")
"""


def trial(home: Path) -> str:
    """Return the program of the trial, in Python. It writes `PASSED`, or what it could do and should not."""
    return _TRIAL.replace("HOME", repr(str(home))).replace("RESULTS", RESULTS).replace("PASSED", PASSED)
