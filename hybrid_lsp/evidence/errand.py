"""What is to be run in a sandbox, and what came of it: as values, and as the lines that go to the child process."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum

TOOLS = "/tmp/evidence"
"""The folder in the sandbox with our own files."""
RESULTS = TOOLS + "/results"
"""Where what runs in the sandbox writes what it has to say."""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one errand may use. All of it is memory in the end: the sandbox has no disk."""

    time_s: float = 10.0
    memory_bytes: int = 2048 * MIB
    """Of all processes together."""
    process_bytes: int = 1024 * MIB
    """What one process may write to."""
    address_bytes: int = 8192 * MIB
    """The addresses of one process; 0 where a runtime reserves many that it never uses."""
    processes: int = 200
    """And threads."""
    file_bytes: int = 64 * MIB
    disk_bytes: int = 192 * MIB
    files: int = 20_000
    open_files: int = 512
    results_bytes: int = MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A command, and the files that it sees. Nothing else of the machine is there but its programs and libraries."""

    root: str
    """The workspace folder, absolute and real. The sandbox has a copy of it at the same place."""
    command: tuple[str, ...]
    cwd: str = ""
    """Below the root."""
    copied: tuple[str, ...] = ()
    """Files of the workspace that are copied, relative to its folder."""
    written: Mapping[str, str] = field(default_factory=dict)
    """Texts that stand in the copy in the place of the files."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Texts below `TOOLS`."""
    visible: tuple[str, ...] = ()
    """Folders and files of the machine that are seen as they are, but cannot be changed. Absolute."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole of it."""
    limits: Limits = field(default_factory=Limits)

    def line(self) -> bytes:
        """Return it as one line for the child process."""
        return json.dumps(asdict(self)).encode() + b"\n"


class End(StrEnum):
    """How an errand ended."""

    DONE = "done"
    LATE = "late"
    MEMORY = "memory"
    """It took more than it was given, and was ended."""
    BROKEN = "broken"
    """The sandbox could not be made, or not be kept up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an errand. `results` is what it wrote to `RESULTS`, whatever that may be: never trust it."""

    end: End
    status: int = -1
    """The exit status of the command, where it is done; negative for a signal."""
    results: str = ""
    wall_s: float = 0.0
    trouble: str = ""
    """What the sandbox failed with, where it is broken. For a log."""

    def line(self) -> bytes:
        """Return it as one line for the parent process."""
        return json.dumps(asdict(self)).encode() + b"\n"


def read_errand(line: bytes) -> Errand:
    """Read what `Errand.line` wrote."""
    read = json.loads(line)
    return Errand(
        root=read["root"],
        cwd=read["cwd"],
        command=tuple(read["command"]),
        copied=tuple(read["copied"]),
        written=read["written"],
        tools=read["tools"],
        visible=tuple(read["visible"]),
        environment=read["environment"],
        limits=Limits(**read["limits"]),
    )


def read_outcome(line: bytes) -> Outcome:
    """Read what `Outcome.line` wrote; anything else is an errand that broke."""
    try:
        read = json.loads(line)
        known = {one.name for one in fields(Outcome)}
        return Outcome(**{name: value for name, value in read.items() if name in known} | {"end": End(read["end"])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Outcome(end=End.BROKEN, trouble="the child process said nothing that can be read")
