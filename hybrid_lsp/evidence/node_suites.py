"""The tests of JavaScript and TypeScript: with vitest or jest where a project has them, else by Node's own runner."""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybrid_lsp.evidence.compare import Seen
from hybrid_lsp.evidence.errand import MIB, RESULTS, TOOLS, Errand, Limits, Outcome
from hybrid_lsp.evidence.node_runners import Kind, Runner, runner_of
from hybrid_lsp.evidence.python_suites import Place, surroundings

_QUICKER = Path(__file__).with_name("quicker.cjs")
_SUBTEST = re.compile(r"^(?P<indent>\s*)# Subtest: (?P<name>.*)$")
_RESULT = re.compile(
    r"^(?P<indent>\s*)(?P<verdict>ok|not ok) \d+(?: - (?P<name>.*?))?(?:\s+# (?P<aside>SKIP|TODO).*)?$"
)
_STEP = 4
"""Spaces that a nested result is indented by."""
_POOL = ("--pool=threads",) if sys.platform == "darwin" else ()
"""In the sandbox of macOS nothing can start a process."""
_THREADS = 8
"""For each processor, on top of the usual."""
_RESULTS_BYTES = 16 * MIB
"""Each test that fails says at length why; half of what was said would be no JSON."""


class NodeSuite:
    """The tests of some files, with the runner that they were written for."""

    name, things = "tests", "tests"

    def __init__(self, place: Place, tests: tuple[str, ...]) -> None:
        """`tests` are files, the nearest first. Those are run that the runner of the nearest one is for."""
        self._place = place
        runners = {test: runner_of(Path(place.root), test) for test in tests}
        self._runner = next(filter(None, runners.values()), Runner(kind=Kind.NODE))
        self._tests = tuple(test for test, runner in runners.items() if runner == self._runner)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be run."""
        return not self._tests

    def errand(self, text: str, wanted: Seen | None, time_s: float) -> Errand:
        """Return what to run on a version of the file. The files are run as a whole, whatever is wanted."""
        place = self._place
        return Errand(
            root=place.root,
            cwd=self._runner.folder,
            command=(place.program, *self._runner.options, *self._words()),
            copied=place.files,
            written={place.path: text},
            tools={_QUICKER.name: _QUICKER.read_text(encoding="utf-8")} if self._runner.kind is Kind.JEST else {},
            visible=place.visible,
            environment=surroundings(place.program, NODE_ENV="test", CI="1"),
            limits=_limits(time_s),
        )

    def _words(self) -> tuple[str, ...]:
        """Return the words of the command after the program."""
        root = self._place.root
        program, files = f"{root}/{self._runner.program}", [f"{root}/{test}" for test in self._tests]
        said = ("--bail=0", "--coverage=false", f"--outputFile={RESULTS}")
        if self._runner.kind is Kind.VITEST:
            return (program, "run", "--reporter=json", "--watch=false", *_POOL, *said, *files)
        if self._runner.kind is Kind.JEST:
            words = ("--ci", "--json", "--cacheDirectory=/tmp/jest", "--watchman=false", "--runInBand", "--forceExit")
            return ("--require", f"{TOOLS}/{_QUICKER.name}", program, *words, *said, "--runTestsByPath", *files)
        return ("--test", "--test-reporter=tap", f"--test-reporter-destination={RESULTS}", *files)

    def read(self, outcome: Outcome) -> Seen:
        """Return what came of each test."""
        found = list(_from_tap(outcome.results) if self._runner.kind is Kind.NODE else _from_json(outcome.results))
        failed = frozenset(name for name, passed in found if not passed)
        passed = frozenset(name for name, passed in found if passed) - failed
        return Seen(passed=passed, failed=failed)


def _limits(time_s: float) -> Limits:
    """Return what a runner may use; node, esbuild and rolldown start threads for each processor."""
    usual = Limits(time_s=time_s)
    threads = usual.processes + _THREADS * (os.cpu_count() or 1)
    return replace(usual, address_bytes=0, open_files=2048, results_bytes=_RESULTS_BYTES, processes=threads)


def _from_tap(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each test's name, with those around it, and whether it passed; skipped ones are left out."""
    around: dict[int, str] = {}
    for line in text.splitlines():
        if match := _SUBTEST.match(line):
            around[len(match["indent"]) // _STEP] = match["name"]
        elif (match := _RESULT.match(line)) and not match["aside"]:
            depth = len(match["indent"]) // _STEP
            names = [around.get(level, "") for level in range(depth)]
            yield " > ".join([*names, match["name"] or ""]), match["verdict"] == "ok"


def _from_json(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the same from what jest writes, and vitest in the same form."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return
    for file in _dicts(read.get("testResults") if isinstance(read, dict) else None):
        name = os.path.basename(str(file.get("name", "")))
        for test in _dicts(file.get("assertionResults")):
            if test.get("status") in ("passed", "failed"):
                yield f"{name} > {test.get('fullName')}", test["status"] == "passed"


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
