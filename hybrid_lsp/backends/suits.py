"""Which models suit this machine, by its memory and cores. A graphics card is not guessed at."""

import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path

AS_OF = "2026-11"
"""When the table was last looked through."""
SHARE_OF_MEMORY = 0.5
"""What a model may take of the memory: an editor and a browser want the rest."""
_GB = 1_000_000_000
_RUNNER_GB = 0.5
"""What a server needs beside the model's own size, for 4096 tokens and itself; an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    name: str
    size_gb: float
    """Of the file that Ollama fetches, four bits a weight."""
    billions: float
    """Parameters that one token passes through: for a mixture of experts fewer than it has."""
    about: str


_TABLE = (
    _Row(name="qwen2.5-coder:1.5b-base", size_gb=1.0, billions=1.5, about="the usual choice for typing"),
    _Row(name="qwen2.5-coder:3b-base", size_gb=1.9, billions=3.1, about="better, and slower; research licence"),
    _Row(name="qwen2.5-coder:0.5b-base", size_gb=0.4, billions=0.5, about="the fastest that is of use"),
    _Row(name="starcoder2:3b", size_gb=1.7, billions=3.0, about="trained on 17 languages"),
    _Row(name="granite-code:3b-base", size_gb=2.0, billions=3.5, about="by IBM, under Apache 2.0"),
    _Row(name="codegemma:2b-code", size_gb=1.6, billions=2.5, about="made for filling in alone"),
    _Row(name="deepseek-coder:1.3b-base", size_gb=0.8, billions=1.3, about="older, and good in few lines"),
    _Row(name="qwen2.5-coder:7b-base", size_gb=4.7, billions=7.6, about="better still"),
    _Row(name="deepseek-coder-v2:16b-lite-base-q4_0", size_gb=8.9, billions=2.4,
         about="large in memory and quick for it, as only a part of it works at a time"),
)  # fmt: skip
"""Models that fill in the middle, best first for a machine that can take them all. Sizes are rounded up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suit:
    """One model that this machine can take."""

    name: str
    """As Ollama fetches it."""
    size_bytes: int
    """What is fetched, about."""
    needs_bytes: int
    """Of memory while it runs, by our estimate."""
    keeps_up: bool
    """Whether these cores are likely to keep up with typing, without a graphics card."""
    reason: str


def suggestions(memory_bytes: int, cores: int) -> tuple[Suit, ...]:
    """Return what fits into half of the memory, what is likely to keep up with typing first; empty if nothing fits."""
    fitting = [_suit(row, cores) for row in _TABLE if _needs(row) <= memory_bytes * SHARE_OF_MEMORY]
    return tuple(sorted(fitting, key=lambda suit: not suit.keeps_up))


def memory_bytes() -> int:
    """Return how much memory this machine has, within what a container allows; 0 where it cannot be told."""
    installed = _windows_memory() if sys.platform == "win32" else _posix_memory()
    allowed = _container_memory()
    return min(installed, allowed) if installed and allowed else installed


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _needs(row: _Row) -> int:
    return int((row.size_gb + _RUNNER_GB) * _GB)


def _suit(row: _Row, cores: int) -> Suit:
    needs, keeps_up = _needs(row), row.billions <= _comfortable_billions(cores)
    wants = "a graphics card" if row.billions > _comfortable_billions(64) else "a graphics card or more cores"
    count = f"{cores} core{'s' if cores > 1 else ''}"
    pace = f"likely to keep up on {count}" if keeps_up else f"slow without {wants}"
    reason = f"{row.about}; needs about {needs / _GB:.1f} GB of memory; {pace}"
    return Suit(name=row.name, size_bytes=int(row.size_gb * _GB), needs_bytes=needs, keeps_up=keeps_up, reason=reason)


def _comfortable_billions(cores: int) -> float:
    """By rule of thumb: a model in four bits reads half a byte a parameter for each token, and memory is the limit."""
    return 0.6 if cores <= 2 else 1.6 if cores <= 6 else 3.6


def _posix_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return _proc_memory()


def _proc_memory() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return 0


def _container_memory() -> int:
    """What a container of Linux may use, where it is limited."""
    try:
        return int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of Windows."""

    _fields_ = (
        ("length", ctypes.c_uint32), ("load", ctypes.c_uint32), ("total", ctypes.c_uint64),
        ("free", ctypes.c_uint64), ("total_page", ctypes.c_uint64), ("free_page", ctypes.c_uint64),
        ("total_virtual", ctypes.c_uint64), ("free_virtual", ctypes.c_uint64), ("free_extended", ctypes.c_uint64),
    )  # fmt: skip


def _windows_memory() -> int:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    windll = getattr(ctypes, "windll", None)
    found = windll is not None and windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total) if found else 0
