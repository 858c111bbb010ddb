"""embedded.builder and embedded.worker: child processes that learn, fail, dawdle, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hybrid_lsp.embedded.builder import Build
from hybrid_lsp.embedded.parcel import Answer, Order
from hybrid_lsp.embedded.worker import learn

WAIT_S = 20.0


def order_for(root: Path, **changes: object) -> Order:
    """Return the order to learn a whole folder."""
    return Order(**{"root": str(root), "budget_bytes": 10**7, "scan_seconds": 10.0, **changes})  # type: ignore[arg-type]


class Outcome:
    """What a build ended with."""

    def __init__(self) -> None:
        self.answers: list[Answer | None] = []
        self._ended = threading.Event()

    def __call__(self, answer: Answer | None) -> None:
        """Take the answer, as a build gives it."""
        self.answers.append(answer)
        self._ended.set()

    def wait(self) -> Answer | None:
        """Return the answer once there is one."""
        assert self._ended.wait(WAIT_S)
        return self.answers[0]


def python(code: str) -> tuple[str, ...]:
    """Return a command that runs some Python."""
    return (sys.executable, "-c", code)


def test_a_child_learns_a_folder(tmp_path: Path) -> None:
    """What comes back is what was learned there."""
    (tmp_path / "a.py").write_text("value = compute(ü)\n", encoding="utf-8")
    (tmp_path / ".env").write_text("KEY=1\n")
    outcome = Outcome()

    Build(order_for(tmp_path), outcome, deadline_s=WAIT_S)

    answer = outcome.wait()
    assert answer == learn(order_for(tmp_path))
    assert answer is not None
    assert [stamp.path for stamp in answer.segment.stamps] == ["a.py"]
    assert "ü" in answer.segment.tokens


@pytest.mark.parametrize(
    "code",
    ["raise SystemExit(3)", "print('x' * 100)", "import sys; sys.stdout.buffer.write(b'\\x05' + bytes(7) + b'{}')"],
    ids=["crash", "nonsense", "half an answer"],
)
def test_a_child_that_fails_is_logged_and_no_answer(
    code: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In a sentence without the name of a file."""
    outcome = Outcome()

    Build(order_for(tmp_path), outcome, deadline_s=WAIT_S, command=python(code))

    assert outcome.wait() is None
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(tmp_path) not in record.getMessage()


def test_a_program_that_is_not_there_is_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As on a machine where no process may be started."""
    outcome = Outcome()

    Build(order_for(tmp_path), outcome, deadline_s=WAIT_S, command=(str(tmp_path / "nothing"),))

    assert outcome.wait() is None


def test_a_child_that_dawdles_is_ended_at_the_deadline(tmp_path: Path) -> None:
    """And there is no answer."""
    outcome, begun = Outcome(), time.monotonic()

    Build(order_for(tmp_path), outcome, deadline_s=0.3, command=python("import time; time.sleep(60)"))

    assert outcome.wait() is None
    assert time.monotonic() - begun < WAIT_S / 2


def test_a_build_can_be_killed_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At any moment; it was not wanted any more."""
    for wait_s in (0.0, 0.3):
        outcome = Outcome()
        build = Build(order_for(tmp_path), outcome, deadline_s=60, command=python("import time; time.sleep(60)"))
        time.sleep(wait_s)
        build.kill()

        assert outcome.wait() is None
    assert caplog.records == []


PARENT = """
import sys, time
from hybrid_lsp.embedded.builder import Build
from hybrid_lsp.embedded.parcel import Order
order = Order(root=sys.argv[1], budget_bytes=10**7, scan_seconds=60.0)
build = Build(order, lambda answer: print("answered", flush=True), deadline_s=60)
while build._process is None:
    time.sleep(0.01)
time.sleep(0.7)
print(build._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """In the middle of its work, within two seconds."""
    for number in range(20):
        words = "".join(f"name_{number}_{i} = other_{i % 97}(value, {i})\n" for i in range(10_000))
        (tmp_path / f"m{number}.py").write_text(words)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_running(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 2
        while _is_running(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _is_running(child)


def _is_running(pid: int) -> bool:
    """Say whether a process is at work; one that has ended and that nobody asked about is not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")


def test_only_what_is_named_is_learned(tmp_path: Path) -> None:
    """And all of it counts as overtaken, whether it is there or not."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n")

    answer = learn(order_for(tmp_path, paths=("a.py", "gone.py", ".env")))

    assert [stamp.path for stamp in answer.segment.stamps] == ["a.py"]
    assert answer.overtaken == ("a.py", "gone.py", ".env")


def test_only_what_differs_is_learned(tmp_path: Path) -> None:
    """New files too, unless the base was full; what went is named."""
    for name in ("same.py", "edited.py", "deleted.py"):
        (tmp_path / name).write_text("x = 1\n")
    known = learn(order_for(tmp_path)).segment.stamps
    (tmp_path / "edited.py").write_text("x = 12\n")
    (tmp_path / "deleted.py").unlink()
    (tmp_path / "new.py").write_text("y = 1\n")

    answer = learn(order_for(tmp_path, known=known))
    full = learn(order_for(tmp_path, known=known, accept_new=False))

    assert {stamp.path for stamp in answer.segment.stamps} == {"edited.py", "new.py"}
    assert set(answer.overtaken) == {"edited.py", "deleted.py"}
    assert {stamp.path for stamp in full.segment.stamps} == {"edited.py"}


def test_more_than_a_delta_may_hold_is_not_learned(tmp_path: Path) -> None:
    """It is said to be too much."""
    (tmp_path / "a.py").write_text("x = 1\n" * 100)

    answer = learn(order_for(tmp_path, paths=("a.py",), budget_bytes=10))

    assert answer.is_too_much
    assert answer.segment.stamps == ()
