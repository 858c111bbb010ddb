"""The programs that run a project's tests, found by name and never run here, and what they need of the machine."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_VENV_FOLDERS = (".venv", "venv", "env")
_PYTHONS = ("bin/python", "bin/python3", "Scripts/python.exe")
_BIN = frozenset({"bin", "Scripts"})
_MOST_LINKS = 20


def find_python(root: Path, folder: Path, environment: Mapping[str, str]) -> Path:
    """Return the interpreter of the project that `folder` belongs to: of its virtual environment, else our own."""
    places = [where / name for where in (folder, *folder.parents) if _inside(where, root) for name in _VENV_FOLDERS]
    if environment.get("VIRTUAL_ENV"):
        places.append(Path(environment["VIRTUAL_ENV"]))
    found = (place / name for place in places for name in _PYTHONS)
    return next((python.absolute() for python in found if python.is_file()), Path(sys.executable))


def find_node(environment: Mapping[str, str]) -> Path | None:
    """Return Node.js as a shell would find it, or None where there is none."""
    found = shutil.which("node", path=environment.get("PATH"))
    return Path(found).absolute() if found else None


def needed_by(program: Path, home: Path) -> tuple[str, ...]:
    """Return the folders and files without which a program does not start: itself, and the installation around it.

    A folder that holds somebody's home is never among them.
    """
    seen: dict[str, None] = {}
    for place in _chain(program):
        prefix = place.parent.parent if place.parent.name in _BIN else place
        for one in (prefix, *_base(prefix)):
            safe = one if not holds(one, home) else place
            seen[str(safe)] = None
    return tuple(seen)


def holds(folder: Path, home: Path) -> bool:
    """Say whether a home, or everything, lies in a folder."""
    real, its_home = Path(os.path.realpath(folder)), Path(os.path.realpath(home))
    return real == its_home or real in its_home.parents


def _chain(program: Path) -> Iterator[Path]:
    """Yield the program, what it is a link to, and so on; and where all that really is."""
    for _ in range(_MOST_LINKS):
        yield program
        yield Path(os.path.realpath(program.parent)) / program.name
        if not program.is_symlink():
            return
        program = Path(os.path.normpath(program.parent / os.readlink(program)))


def _base(prefix: Path) -> Iterator[Path]:
    """Yield the installation that a virtual environment stands on."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "home" and os.path.isabs(value.strip()):
            yield Path(value.strip()).parent


def _inside(folder: Path, root: Path) -> bool:
    return folder == root or root in folder.parents
