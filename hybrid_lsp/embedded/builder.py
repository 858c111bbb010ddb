"""Building segments in a child process, so that learning a folder never takes the interpreter away from typing."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

from hybrid_lsp.embedded.parcel import Answer, Order, ParcelError, read_answer, write_order

log = logging.getLogger(__name__)

WORKER = ("-P", "-m", "hybrid_lsp.embedded.worker")
_QUIET = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class Build:
    """One order at work. A daemon thread waits for the child; neither can outlive this process."""

    def __init__(
        self,
        order: Order,
        done: Callable[[Answer | None], None],
        *,
        deadline_s: float,
        command: Sequence[str] = (sys.executable, *WORKER),
    ) -> None:
        """Begin at once. `done` is called exactly once, in another thread, with None if there is no answer in time."""
        self._order, self._done, self._deadline_s = order, done, deadline_s
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="hybrid-lsp index", daemon=True).start()

    def kill(self) -> None:
        """End the child now. Harmless when it has ended already."""
        with self._lock:
            self._is_killed = True
            if self._process is not None:
                self._process.kill()

    def _run(self) -> None:
        answer = None
        try:
            answer = self._ask()
        except (OSError, ParcelError) as error:
            if not self._is_killed:
                log.warning("learning a folder failed: %s", type(error).__name__)
        self._done(answer)

    def _ask(self) -> Answer:
        process = self._start()
        timer = threading.Timer(self._deadline_s, process.kill)
        timer.daemon = True
        timer.start()
        with process:
            try:
                if process.stdin is None or process.stdout is None:
                    raise ParcelError("no pipes")
                write_order(self._order, process.stdin.write)
                process.stdin.flush()
                return read_answer(process.stdout.read)
            finally:
                timer.cancel()
                process.kill()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._is_killed:
                raise ParcelError("closed before it began")
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(os.environ),
                creationflags=_QUIET,
            )
            return self._process


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Let the child find the same modules that we run on, and nothing that lies in the workspace."""
    return {**ours, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONIOENCODING": "utf-8"}
