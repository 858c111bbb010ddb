"""A sandbox that does not hold is none; and what goes to the child process and comes back."""

import asyncio
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.evidence.errand import RESULTS, End, Errand, Limits, Outcome, read_errand, read_outcome
from hybrid_lsp.evidence.sandbox import Sandbox
from hybrid_lsp.evidence.seatbelt import furnish, profile
from hybrid_lsp.evidence.trial import PASSED, trial

UNPROTECTED = """
import sys
from hybrid_lsp.evidence.errand import End, Outcome, read_errand
import os, subprocess
errand = read_errand(sys.stdin.buffer.readline())
program = errand.command[-1].replace("/tmp/evidence/results", sys.argv[1])
done = subprocess.run([errand.command[0], "-I", "-S", "-c", program], check=False)
text = open(sys.argv[1]).read()
sys.stdout.buffer.write(Outcome(end=End.DONE, status=done.returncode, results=text).line())
"""
"""What a sandbox would be that has no walls."""


def test_a_sandbox_without_walls_is_not_believed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial finds what it should not be able to do, and nothing is run from then on."""
    monkeypatch.setenv("HOME", str(tmp_path))
    sandbox = Sandbox(command=(sys.executable, "-c", UNPROTECTED, str(tmp_path / "results")))

    assert not sandbox.available()
    assert "files outside can be written" in sandbox.why_not()
    outcome = asyncio.run(sandbox.run(Errand(root="/", command=("true",))))
    assert outcome.end is End.BROKEN


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "pass"),
        (sys.executable, "-c", "print('{}')"),
        (sys.executable, "-c", "print('[' * 100000)"),
        (sys.executable, "-c", "raise SystemExit(3)"),
        ("hybrid-lsp-no-such-program",),
    ],
    ids=["silent", "nonsense", "deep nonsense", "fails", "absent"],
)
def test_a_child_that_says_nothing_is_no_sandbox(command: tuple[str, ...]) -> None:
    """There is a sentence, not an error."""
    why_not = Sandbox(command=command).why_not()

    assert why_not.startswith("tests and examples are not run to check an answer: the sandbox does not hold here (")


texts = st.text(max_size=20)


@given(texts, st.lists(texts, max_size=3), st.dictionaries(texts, texts, max_size=3), st.floats(0.1, 10))
def test_an_errand_goes_over_as_it_is(text: str, words: list[str], files: dict[str, str], time_s: float) -> None:
    """One line, and the same errand at the other end; an outcome likewise."""
    errand = Errand(
        root=text, cwd=text, command=tuple(words), copied=tuple(words), written=files, tools=files,
        visible=tuple(words), environment=files, limits=Limits(time_s=time_s),
    )  # fmt: skip
    outcome = Outcome(end=End.LATE, status=-9, results=text, wall_s=time_s)

    assert errand.line().count(b"\n") == 1
    assert read_errand(errand.line()) == errand
    assert read_outcome(outcome.line()) == outcome


@given(st.binary(max_size=40))
def test_what_is_no_outcome_is_a_broken_errand(line: bytes) -> None:
    """Whatever a child says."""
    assert read_outcome(line).end is End.BROKEN


def test_the_copy_on_macos_stands_for_the_workspace(tmp_path: Path) -> None:
    """Files, texts and our own tools lie in one folder, and every place in the errand is there; the rules deny the rest."""
    root, place = tmp_path / "work", tmp_path / "place"
    (root / ".venv").mkdir(parents=True)
    (root / "a.py").write_text("a")
    errand = Errand(
        root=str(root), command=(f"{root}/.venv/bin/python", "/tmp/evidence/inside.py"), copied=("a.py", "gone.py"),
        written={"b/c.py": "c"}, tools={"order.json": f'"{root}/b"'}, visible=(f"{root}/.venv",),
        environment={"HOME": "/tmp/home", "PYTHONPATH": str(root)},
    )  # fmt: skip
    moved = furnish(errand, str(place))
    room = place / "workspace"

    assert moved.root == str(room)
    assert moved.command[-2:] == (errand.command[0], f"{place}/tmp/evidence/inside.py")
    assert ((room / "a.py").read_text(), (room / "b/c.py").read_text()) == ("a", "c")
    assert (room / ".venv").readlink() == root / ".venv"
    assert (place / "tmp/evidence/order.json").read_text() == f'"{room}/b"'
    assert moved.environment == {"HOME": f"{place}/tmp/home", "PYTHONPATH": str(room), "TMPDIR": f"{place}/tmp"}
    rules = profile('/a "quoted" \\ place', ("/b/node_modules/c", "/b/node_modules/@d/e", "/f"))
    assert rules.count("/b/") == 1
    assert '(subpath "/b/node_modules") (subpath "/f")' in rules
    assert "(deny default)" in rules
    assert "network" not in rules
    assert "process-fork" not in rules
    assert '(allow file-write* (subpath "/a \\"quoted\\" \\\\ place") (literal "/dev/null"))' in rules


def test_the_trial_is_a_program_for_this_home() -> None:
    """It names the home, says where its results go, and is Python."""
    program = trial(Path("/home/o'neil"))

    compile(program, "trial", "exec")
    assert repr("/home/o'neil") in program
    assert RESULTS in program
    assert PASSED in program
