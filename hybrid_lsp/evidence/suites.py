"""What there is to run for a change: examples and tests near it, and what a sandbox for them sees."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hybrid_lsp.evidence.compare import Suite
from hybrid_lsp.evidence.copying import Share, share_of
from hybrid_lsp.evidence.interpreters import find_node, find_python, holds, needed_by
from hybrid_lsp.evidence.near import near_tests
from hybrid_lsp.evidence.node_suites import NodeSuite
from hybrid_lsp.evidence.python_suites import ExampleSuite, Place, TestSuite
from hybrid_lsp.evidence.symbols import in_javascript, in_python


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one file."""

    root: Path
    """The workspace folder."""
    path: str
    before: str
    lines: tuple[int, int]
    """The first and the last that differ, from 0 on."""


def suites_for(change: Change, language: str, *, is_late: Callable[[], bool]) -> list[Suite]:
    """Return what can be run for a change, without running it. Reads the workspace, until `is_late` says so."""
    home, change = Path.home(), replace(change, root=Path(os.path.realpath(change.root)))
    if holds(change.root, home):
        return []  # a home is nobody's project, and a sandbox gets none
    share = share_of(change.root, change.path, is_late=is_late)
    return (_in_python if language == "python" else _in_javascript)(change, share, home, is_late)


def _in_python(change: Change, share: Share, home: Path, is_late: Callable[[], bool]) -> list[Suite]:
    changed = in_python(change.before, *change.lines)
    place = _place(change, share, find_python(change.root, (change.root / change.path).parent, os.environ), home)
    tests = near_tests(change.root, share.files, change.path, changed.names, is_late=is_late)
    suites = (ExampleSuite(place, changed.examples), TestSuite(place, tests, changed.names))
    return [suite for suite in suites if not suite.is_empty]


def _in_javascript(change: Change, share: Share, home: Path, is_late: Callable[[], bool]) -> list[Suite]:
    node = find_node(os.environ)
    if node is None:
        return []
    names = in_javascript(change.before, *change.lines).names
    tests = near_tests(change.root, share.files, change.path, names, is_late=is_late)
    suite = NodeSuite(_place(change, share, node, home), tests)
    return [] if suite.is_empty else [suite]


def _place(change: Change, share: Share, program: Path, home: Path) -> Place:
    seen = (str(change.root / folder) for folder in share.seen)
    visible = dict.fromkeys((*needed_by(program, home), *seen))
    return Place(
        root=str(change.root), path=change.path, files=share.files, visible=tuple(visible), program=str(program)
    )
