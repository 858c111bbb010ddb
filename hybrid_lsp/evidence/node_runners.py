"""Which program runs a JavaScript or TypeScript test, and from where: as the test says, else the nearest package."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath


class Kind(StrEnum):
    """A test runner."""

    VITEST = "vitest"
    JEST = "jest"
    NODE = "node"
    """Node's own."""


_PROGRAMS = {Kind.VITEST: "node_modules/vitest/vitest.mjs", Kind.JEST: "node_modules/jest/bin/jest.js"}
_IMPORTS = {
    Kind.NODE: re.compile(r"""["']node:test["']"""),
    Kind.VITEST: re.compile(r"""["']vitest["']"""),
    Kind.JEST: re.compile(r"""["']@jest/globals["']|\bjest\.\w+\("""),
}
_SETTINGS = {
    Kind.VITEST: re.compile(r"vitest\.(?:config|workspace|projects)\."),
    Kind.JEST: re.compile(r"jest\.config\."),
}
_MODULES = "--experimental-vm-modules"
"""What a project tells Node.js, in its scripts, where jest is to load modules as they are."""
_HEAD_CHARS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What runs a test. Paths are relative to the workspace folder, with `/`."""

    kind: Kind
    program: str = ""
    """Its file; Node's own has none."""
    folder: str = ""
    """Where it is started: there it finds its settings."""
    options: tuple[str, ...] = ()
    """For Node.js itself."""


def runner_of(root: Path, test: str) -> Runner | None:
    """Return what runs a test file, or None where that is not installed, or nobody says what it is written for."""
    text = _head(root / test)
    meant = next((kind for kind, words in _IMPORTS.items() if words.search(text)), None)
    if meant is Kind.NODE:
        return Runner(kind=Kind.NODE)
    folders = ["" if folder.name == "" else str(folder) for folder in PurePosixPath(test).parents]
    for said_by in (_said_by_settings, _installed_in):
        for folder in folders:
            for kind in said_by(root, folder):
                if meant in (None, kind) and (program := _program(root, folder, kind)):
                    return Runner(kind=kind, program=program, folder=folder, options=_options(root, folder, kind))
    return None


def _said_by_settings(root: Path, folder: str) -> list[Kind]:
    """Return what a folder is set up for; the surest first."""
    names, package = _names(root / folder), _head(root / folder / "package.json")
    sure: dict[Kind, int] = {}
    for kind, settings in _SETTINGS.items():
        if any(map(settings.match, names)):
            sure[kind] = 3
        elif re.search(rf"\b{kind}\b", package):
            sure[kind] = 2
    if any(name.startswith("vite.config.") for name in names):
        sure.setdefault(Kind.VITEST, 1)
    return sorted(sure, key=lambda kind: -sure[kind])


def _installed_in(root: Path, folder: str) -> Iterator[Kind]:
    yield from (kind for kind, program in _PROGRAMS.items() if (root / folder / program).is_file())


def _program(root: Path, folder: str, kind: Kind) -> str:
    """Return the file of a runner that is installed in a folder or above it."""
    places = (PurePosixPath(folder), *PurePosixPath(folder).parents)
    return next((str(one / _PROGRAMS[kind]) for one in places if (root / one / _PROGRAMS[kind]).is_file()), "")


def _options(root: Path, folder: str, kind: Kind) -> tuple[str, ...]:
    said = kind is Kind.JEST and any(_MODULES in _head(root / one / "package.json") for one in (folder, ""))
    return (_MODULES,) if said else ()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _head(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_HEAD_CHARS)
    except OSError:
        return ""
