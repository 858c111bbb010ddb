"""A PostgreSQL server of our own, in a folder that goes with it, reached over a socket in that folder."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_WAIT_S = 30.0


def programs() -> Path | None:
    """Return where PostgreSQL's own programs are, the newest version of them; None: not installed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Cluster:
    """A running server. It keeps nothing through a power failure, which makes it quick."""

    def __init__(self, binaries: Path) -> None:
        """Make and start it. Raises `subprocess.SubprocessError` or `TimeoutError` when that fails."""
        memory = Path("/dev/shm")
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="hl-pg-", dir=memory if os.access(memory, os.W_OK) else None))
        self._as = _account()
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-A", "trust", "-U", "ledger", "-E", "UTF8", "--no-locale", "--no-sync")
        self._arguments = [
            "-D",
            data,
            "-F",
            "-k",
            str(self.folder),
            "-c",
            "listen_addresses=",
            "-c",
            "max_connections=150",
        ]
        self._server = self._start()

    @property
    def url(self) -> str:
        """How it is reached."""
        return f"postgresql:///postgres?host={self.folder}&user=ledger"

    def stop(self) -> None:
        """Stop it as a machine that goes down would, at once."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(_WAIT_S)

    def start(self) -> None:
        """Start it again."""
        self._server = self._start()

    def remove(self) -> None:
        """Stop it and leave nothing."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen(
                [self._binaries / "postgres", *self._arguments], cwd=self.folder, **self._as,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + _WAIT_S
        while self._run("pg_isready", "-q", "-h", str(self.folder), check=False):
            if server.poll() is not None or time.monotonic() > deadline:
                server.send_signal(signal.SIGQUIT)
                raise TimeoutError((self.folder / "log").read_text())
            time.sleep(0.05)
        return server

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command: Sequence[str | Path] = [self._binaries / program, *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, timeout=_WAIT_S, check=check, **self._as)
        return done.returncode


def _account() -> dict[str, int]:
    """Return whom it is run as: the server refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid}
