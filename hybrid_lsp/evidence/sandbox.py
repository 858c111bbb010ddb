"""Running what nobody vouches for: without a network, with a copy of the files, and an end to it. Or not at all.

Rules:
1. Never without a sandbox. Where the machine has none, `why_not` says what is missing, and nothing is run.
2. A sandbox is believed in only after a trial: it is told to break out, in each way, and must fail.
3. It ends with this process, however that ends: its standard input does.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from hybrid_lsp.evidence.errand import End, Errand, Limits, Outcome, read_outcome
from hybrid_lsp.evidence.interpreters import needed_by
from hybrid_lsp.evidence.trial import PASSED, trial

WORKERS = {"linux": "hybrid_lsp.evidence.worker", "darwin": "hybrid_lsp.evidence.seatbelt"}
GRACE_S = 1.5
"""For the child process to start and to say what came of it."""
_TRIAL_S = 4.0
_DISMISS_S = 0.5
_NONE = "tests and examples are not run to check an answer: "
_NO_KIND = _NONE + "this system has no sandbox that we know how to use; it takes Linux or macOS."


class Sandbox:
    """Runs errands, each in a sandbox of its own that is gone afterwards."""

    def __init__(self, *, platform: str = sys.platform, command: Sequence[str] | None = None) -> None:
        """Nothing is tried yet. `command` takes the place of the child process that makes the sandbox."""
        module = WORKERS.get(platform)
        self._command = command or ((sys.executable, "-P", "-m", module) if module else ())
        self._lock = threading.Lock()
        self._why_not: str | None = None

    def available(self) -> bool:
        """Say whether there is a sandbox here. The first call tries it, for some tenths of a second."""
        return not self.why_not()

    def why_not(self) -> str:
        """Return a sentence that says why nothing can be run here; empty where it can. Tried once, then known."""
        with self._lock:
            if self._why_not is None:
                self._why_not = self._try()
            return self._why_not

    async def run(self, errand: Errand) -> Outcome:
        """Run an errand and return what came of it, at the latest shortly after its time. Cancelling ends it at once.

        Without a sandbox nothing runs, and it is `BROKEN`.
        """
        why_not = await asyncio.to_thread(self.why_not)
        if why_not:
            return Outcome(end=End.BROKEN, trouble=why_not)
        try:
            process = _spawn(self._command)
        except OSError as error:
            return Outcome(end=End.BROKEN, trouble=type(error).__name__)
        try:
            async with asyncio.timeout(errand.limits.time_s + GRACE_S):
                return await asyncio.to_thread(_converse, process, errand)
        except TimeoutError:
            return Outcome(end=End.LATE)
        finally:
            _dismiss(process)

    def _try(self) -> str:
        if not self._command:
            return _NO_KIND
        home = Path.home()
        python = Path(sys.executable)
        errand = Errand(
            root="/hybrid-lsp/trial",
            command=(str(python), "-I", "-S", "-c", trial(home)),
            visible=needed_by(python, home),
            limits=Limits(time_s=_TRIAL_S, processes=12),
        )
        outcome = _ask(self._command, errand)
        if outcome.end is End.DONE and outcome.results == PASSED:
            return ""
        said = outcome.results.strip() or outcome.trouble or f"the trial ended as {outcome.end.value}"
        return f"{_NONE}the sandbox does not hold here ({said[:120]}); {_WAY_OUT}"


_WAY_OUT = "on Linux it takes user namespaces, which a container or a setting may forbid."
_QUIET = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def _ask(command: Sequence[str], errand: Errand) -> Outcome:
    try:
        process = _spawn(command)
    except OSError as error:
        return Outcome(end=End.BROKEN, trouble=type(error).__name__)
    timer = _later(errand.limits.time_s + GRACE_S, process.kill)
    try:
        return _converse(process, errand)
    finally:
        timer.cancel()


def _dismiss(process: "subprocess.Popen[bytes]") -> None:
    """Have the child end, whatever it is doing: it does when its input ends, and must when it does not."""
    if process.returncode is None:
        try:
            if process.stdin is not None:
                process.stdin.close()
        except (OSError, ValueError):
            process.kill()
        _later(_DISMISS_S, process.kill)


def _later(after_s: float, do: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(after_s, do)
    timer.daemon = True
    timer.start()
    return timer


def _spawn(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start the child with the modules that we run on, and nothing else of our surroundings."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(one for one in sys.path if one), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        creationflags=_QUIET,
    )


def _converse(process: "subprocess.Popen[bytes]", errand: Errand) -> Outcome:
    """Hand over the errand and return what comes back; then the child is gone. Meanwhile its input stays open."""
    line = b""
    with suppress(OSError, ValueError), process:  # it ended or was dismissed in the middle: then the line says so
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(errand.line())
        process.stdin.flush()
        line = process.stdout.readline()
    return read_outcome(line)
