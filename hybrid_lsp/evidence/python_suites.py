"""The examples and the tests of Python: what to run for a change, and how to read what was said of it."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hybrid_lsp.evidence.compare import Seen
from hybrid_lsp.evidence.errand import TOOLS, Errand, Limits, Outcome
from hybrid_lsp.evidence.symbols import Examples

MOST_TESTS = 300
_PROGRAM = Path(__file__).with_name("inside.py")
_SOFT_SHARE = 0.6
"""Of a run's time, after which nothing new is begun: the rest is for what is on."""

_FAR_S = 1.0
"""For the tests of a near file that do not mention the change: they count, but nobody waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A changed file in its workspace, and what a sandbox for it sees."""

    root: str
    path: str
    files: tuple[str, ...]
    visible: tuple[str, ...]
    program: str
    """The interpreter, absolute."""


def import_root(path: str, files: frozenset[str]) -> tuple[str, str]:
    """Return the folder that a Python file is imported from, below the root, and its module's name; or no name."""
    pure = PurePosixPath(path)
    parts = [] if pure.stem == "__init__" else [pure.stem]
    folder = pure.parent
    while folder.name and f"{folder}/__init__.py" in files:
        parts.insert(0, folder.name)
        folder = folder.parent
    module = ".".join(parts)
    runnable = pure.stem not in ("__main__", "setup", "conftest") and all(part.isidentifier() for part in parts)
    return ("" if str(folder) == "." else str(folder)), (module if runnable else "")


def surroundings(program: str, **more: str) -> dict[str, str]:
    """Return the whole environment of a run: nothing of ours, the same each time."""
    return {
        "PATH": f"{PurePosixPath(program).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp/home",
        "TMPDIR": "/tmp",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        **more,
    }


class _PythonSuite(ABC):
    name: str
    things: str

    def __init__(self, place: Place) -> None:
        self._place = place
        folder, self._module = import_root(place.path, frozenset(place.files))
        self._roots = list(dict.fromkeys((f"{place.root}/{folder}".rstrip("/"), place.root)))

    def errand(self, text: str, wanted: Seen | None, time_s: float) -> Errand:
        """Return what to run on a version of the file; with `wanted`, only what passed there."""
        order = {
            "kind": self.name,
            "roots": self._roots,
            "time_s": time_s * _SOFT_SHARE if wanted is None else time_s,
            **self._order(wanted),
        }
        environment = surroundings(
            self._place.program,
            PYTHONPATH=":".join(self._roots),
            PYTHONDONTWRITEBYTECODE="1",
            PYTHONHASHSEED="0",
        )
        return Errand(
            root=self._place.root,
            command=(self._place.program, f"{TOOLS}/inside.py"),
            copied=self._place.files,
            written={self._place.path: text},
            tools={"inside.py": _PROGRAM.read_text(encoding="utf-8"), "order.json": json.dumps(order)},
            visible=self._place.visible,
            environment=environment,
            limits=Limits(time_s=time_s),
        )

    @abstractmethod
    def _order(self, wanted: Seen | None) -> Mapping[str, Any]:
        """Return what the program inside is told to run."""


class ExampleSuite(_PythonSuite):
    """The examples in the docstrings near a change, as they were before it."""

    name, things = "doctest", "examples"

    def __init__(self, place: Place, examples: tuple[Examples, ...]) -> None:
        """Nothing is run yet."""
        super().__init__(place)
        self._examples = examples

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be run."""
        return not self._examples or not self._module

    def _order(self, wanted: Seen | None) -> Mapping[str, Any]:
        known: dict[str, dict[str, Any]] = {}
        for one in sorted(wanted.passed) if wanted else ():
            number, _, example = one.partition(":")
            entry = known.setdefault(number, {"flags": wanted.flags.get(number, 0) if wanted else 0, "held": []})
            entry["held"].append(int(example))
        return {"module": self._module, "docstrings": [one.text for one in self._examples], "wanted": known}

    def read(self, outcome: Outcome) -> Seen:
        """Return which examples held and which did not; of a docstring that was begun and never ended, neither."""
        seen: dict[str, set[str]] = {"held": set(), "broken": set()}
        flags: dict[str, int] = {}
        for line in results(outcome):
            number, used = line.get("id"), line.get("flags")
            if isinstance(number, str) and number.isdecimal():
                flags[number] = used if isinstance(used, int) else 0
                for how, examples in seen.items():
                    listed = line.get(how)
                    numbers = listed if isinstance(listed, list) else ()
                    examples |= {f"{number}:{one}" for one in numbers if type(one) is int}
        passed = frozenset(seen["held"] - seen["broken"])
        return Seen(passed=passed, failed=frozenset(seen["broken"]), flags=flags)


class TestSuite(_PythonSuite):
    """The tests of some files, with pytest."""

    name, things = "tests", "tests"

    def __init__(self, place: Place, tests: tuple[str, ...], names: tuple[str, ...]) -> None:
        """`tests` are files, the nearest first; `names` is what was changed."""
        super().__init__(place)
        self._tests, self._names = tests, names

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be run."""
        return not self._tests

    def _order(self, wanted: Seen | None) -> Mapping[str, Any]:
        counted = sorted(wanted.passed) if wanted else []
        return {
            "files": list(self._tests),
            "names": list(self._names),
            "wanted": counted,
            "most": MOST_TESTS,
            "far_s": _FAR_S,
        }

    def read(self, outcome: Outcome) -> Seen:
        """Return what came of each test; one that had begun and never ended has failed."""
        passed: set[str] = set()
        failed: set[str] = set()
        for line in results(outcome):
            if isinstance(begun := line.get("begins"), str):
                failed.add(begun)
            if isinstance(test := line.get("id"), str):
                failed.discard(test)
                (passed if line.get("passed") is True else failed).add(test)
        return Seen(passed=frozenset(passed - failed), failed=frozenset(failed))


def results(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Yield the lines of results that can be read; whoever ran may have written anything."""
    for line in outcome.results.splitlines():
        try:
            read = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(read, dict):
            yield read
