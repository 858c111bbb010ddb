"""Runs in the sandbox, by the project's own interpreter: the examples and tests of an order, one line for each result.

It stands alone: it imports nothing of ours, and its language is Python 3.7, whatever the project has.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
import time
from typing import Any

FOLDER = os.path.dirname(os.path.abspath(__file__))


def say(**result: Any) -> None:
    """Write one line of results, at once: whoever is ended has said what it knew."""
    with open(os.path.join(FOLDER, "results"), "a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def run_examples(order: dict[str, Any]) -> None:
    """Run each docstring's examples in the names of its module, and say of each which ones hold.

    An order may want some docstrings only; then the first example that no longer holds is enough.
    """
    import doctest

    module = importlib.import_module(order["module"])
    lenient = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    for number, docstring in enumerate(order["docstrings"]):
        known = order["wanted"].get(str(number))
        if order["wanted"] and not known:
            continue
        say(begins=str(number))
        seen = [(_examples(docstring, module, flags), flags) for flags in ([known["flags"]] if known else [0])]
        if not known and seen[0][0][1]:
            seen.append((_examples(docstring, module, lenient), lenient))
        (held, broken), flags = max(seen, key=lambda one: len(one[0][0]))
        say(id=str(number), flags=flags, held=held, broken=broken)
        if (known and set(known["held"]) - set(held)) or time.monotonic() > order["until"]:
            return


def _examples(docstring: str, module: Any, flags: int) -> tuple[list[int], list[int]]:
    """Return the numbers of the examples that hold, and of those that do not."""
    import doctest

    passed: list[int] = []
    failed: list[int] = []

    class Runner(doctest.DocTestRunner):
        def report_start(self, *_: Any) -> None:
            pass

        def report_success(self, out: Any, test: Any, example: Any, *_: Any) -> None:
            passed.append(test.examples.index(example))

        def report_failure(self, out: Any, test: Any, example: Any, *_: Any) -> None:
            failed.append(test.examples.index(example))

        def report_unexpected_exception(self, out: Any, test: Any, example: Any, *_: Any) -> None:
            failed.append(test.examples.index(example))

    try:
        test = doctest.DocTestParser().get_doctest(docstring, dict(vars(module)), "examples", None, 0)
    except ValueError:
        return passed, failed
    Runner(verbose=False, optionflags=flags).run(test, out=lambda _: None)
    return passed, failed


class Plugin:
    """Lets pytest run what is near, the nearest first, and says what came of each test."""

    def __init__(self, order: dict[str, Any]) -> None:
        """The order names the tests that count, or none: then all do."""
        self.order = order
        self.wanted = set(order["wanted"])
        self.failed: set[str] = set()
        self.passed: set[str] = set()
        self.far: set[str] = set()
        self.far_until = time.monotonic() + order["far_s"]

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out what does not count, put first what speaks of the change, and stop at a number."""
        if self.wanted:
            items[:] = [item for item in items if item.nodeid in self.wanted]
        else:
            distances = {item: self._distance(item) for item in items}
            items.sort(key=distances.__getitem__)
            del items[self.order["most"] :]
            self.far = {item.nodeid for item in items if distances[item] == len(self.order["names"])}

    def _distance(self, item: Any) -> int:
        """Say how far a test is from the change: by the first of the changed names that it mentions."""
        try:
            text = inspect.getsource(item.function)
        except (AttributeError, OSError, TypeError):
            text = ""
        names: list[str] = self.order["names"]
        words = set(re.findall(r"\w+", text))
        return next((at for at, name in enumerate(names) if name in words), len(names))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note each phase; a test has passed when all three have."""
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
            self.passed.add(report.nodeid)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test is on, in case it never ends."""
        say(begins=nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Say what came of it."""
        say(id=nodeid, passed=nodeid in self.passed and nodeid not in self.failed)

    def pytest_runtest_protocol(self, item: Any) -> None:
        """Stop after this one when time is up."""
        until = self.order["until"]
        if time.monotonic() > (min(until, self.far_until) if item.nodeid in self.far else until):
            item.session.shouldstop = "enough"


def run_tests(order: dict[str, Any]) -> None:
    """Run the test files of the order with pytest, with the project's own settings."""
    import pytest

    # rewriting assertions makes better sentences, for nobody here, and takes longer than most tests
    words = ["-q", "--assert=plain", "-p", "no:cacheprovider", "--rootdir", os.getcwd()]
    words += order["files"] + (["-x"] if order["wanted"] else [])
    quiet: list[str] = []
    for module, more in (
        ("xdist", ["-n0"]),
        ("pytest_cov", ["--no-cov"]),
        ("pytest_randomly", ["-p", "no:randomly"]),
        ("pytest_benchmark", ["--benchmark-disable"]),
    ):
        if importlib.util.find_spec(module) is not None:
            quiet += more
    # a project may have switched such a plugin off: then its words are not known
    if pytest.main(words + quiet, plugins=[Plugin(order)]) == pytest.ExitCode.USAGE_ERROR and quiet:
        pytest.main(words, plugins=[Plugin(order)])


def main() -> None:
    """Do what the order says."""
    with open(os.path.join(FOLDER, "order.json"), encoding="utf-8") as file:
        order = json.load(file)
    sys.path[:] = order["roots"] + [one for one in sys.path if os.path.abspath(one) != FOLDER]
    order["until"] = time.monotonic() + order["time_s"]
    (run_examples if order["kind"] == "doctest" else run_tests)(order)


if __name__ == "__main__":
    main()
