"""ledger: the SQLite file, when it is broken, locked, full, somebody else's or not to be written."""

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from hybrid_lsp.core.errors import Refused
from tests.ledger.opened import WAIT_S, Opened, denied, hold, record_for, written

CONFIRM = "hybrid-lsp spend --confirm"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A file, in a folder that is not there yet."""
    return tmp_path / "state" / "ledger.sqlite3"


def with_rows(opened: Opened, count: int = 300) -> None:
    """Make a ledger of some pages, with money in it, and close it."""
    ledger = opened.window()
    hold(ledger, "3")
    for number in range(count):
        ledger.record(record_for(f"job-{number}", opened.clock))
    written(ledger)
    ledger.close()


def overwritten(path: Path) -> None:
    """Something else lies there."""
    path.write_bytes(b"this is no database" * 1000)


def truncated(path: Path) -> None:
    """The second half of it is gone."""
    os.truncate(path, path.stat().st_size // 2)


def damaged(path: Path) -> None:
    """The middle of it is rubbish."""
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 16384)


@pytest.mark.parametrize("spoil", [overwritten, truncated, damaged])
def test_a_file_that_cannot_be_read_is_set_aside(spoil: Callable[[Path], None], place: Path, opened: Opened) -> None:
    """It is kept under another name, and the new one begins blocked, in every window, until a person confirms."""
    with_rows(opened)
    spoil(place)
    kept = place.read_bytes()

    ledger, other = opened.window("1.00"), opened.window("1.00")

    aside = place.with_name("ledger.sqlite3.corrupt-20261123-120000")
    assert aside.read_bytes() == kept
    (problem,) = ledger.problems
    assert aside.name in problem.sentence
    assert str(place.parent) not in problem.sentence
    for window in (ledger, other):
        answer = denied(window, "0.10")
        assert answer.rule == "budget.blocked"
        assert CONFIRM in answer.sentence
        assert window.budget().blocked == answer.sentence
    ledger.record(record_for("job", opened.clock))
    written(ledger)
    assert len(other.recent(since_ms=0)) == 1
    other.confirm()
    hold(ledger, "0.10")
    assert ledger.budget().blocked == ""
    assert opened.window("1.00").budget().held_usd == Decimal("0.10")


def test_a_file_that_breaks_while_it_is_in_use_is_set_aside(place: Path, opened: Opened) -> None:
    """Windows that have it open find the new one by themselves; no money is held in the old one any more."""
    one, other = opened.window("1.00"), opened.window("1.00")
    held = hold(one, "0.50")
    other.budget()
    for beside in ("-wal", "-shm"):
        shutil.move(f"{place}{beside}", f"{place}{beside}.gone")
    overwritten(place)

    assert denied(opened.window("1.00"), "0.10").rule == "budget.blocked"
    assert denied(one, "0.10").rule == "budget.blocked"
    assert denied(other, "0.10").rule == "budget.blocked"
    one.settle(held, record_for("job", opened.clock, "0.20"))
    other.confirm()
    assert one.budget().settled_usd == Decimal("0.20")
    assert len(list(place.parent.glob("*.corrupt-*"))) == 1


def test_a_second_file_that_breaks_in_the_same_second_gets_a_name_of_its_own(place: Path, opened: Opened) -> None:
    """Nothing that was set aside is ever overwritten."""
    for _ in range(2):
        with_rows(opened, 1)
        overwritten(place)
        opened.window().confirm()
        opened.close()

    assert len(list(place.parent.glob("*.corrupt-*"))) == 2


def test_a_file_that_is_taken_away_begins_anew_blocked(place: Path, opened: Opened) -> None:
    """Deleting the ledger under a window does not give it a fresh month's money."""
    ledger = opened.window("1.00")
    hold(ledger, "0.90")
    for name in (place, Path(f"{place}-wal"), Path(f"{place}-shm")):
        name.unlink()

    assert denied(ledger, "0.10").rule == "budget.blocked"
    (problem,) = ledger.problems
    assert "taken away" in problem.sentence
    assert opened.window().budget().blocked == problem.sentence


def test_a_new_ledger_that_never_took_its_place_is_not_forgotten(place: Path, opened: Opened) -> None:
    """A window that died between setting aside and beginning anew leaves no unblocked ledger behind."""
    place.parent.mkdir()
    place.with_name("ledger.sqlite3.new").touch()

    assert CONFIRM in opened.window().budget().blocked


def test_another_programs_database_is_left_alone(place: Path, opened: Opened) -> None:
    """A database with tables that are not ours is refused, and nothing is added to it."""
    place.parent.mkdir()
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = place.read_bytes()

    with pytest.raises(Refused, match="something else"):
        opened.window()
    assert place.read_bytes()[100:] == before[100:]


def test_a_ledger_of_another_shape_is_told(place: Path, opened: Opened) -> None:
    """A ledger that somebody has changed denies paid calls with a sentence, and raises nothing."""
    with_rows(opened, 1)
    with sqlite3.connect(place) as connection:
        connection.execute("ALTER TABLE attempt RENAME TO attempted")
    connection.close()
    ledger = opened.window()

    answer = denied(ledger, "0.10")
    assert answer.rule == "ledger"
    assert "not built as" in answer.sentence


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_only_the_owner_can_read_it(place: Path, opened: Opened) -> None:
    """The folder is 0700, and every file in it 0600, also one that was wider before."""
    ledger = opened.window()
    hold(ledger, "1")

    assert place.parent.stat().st_mode & 0o777 == 0o700
    files = ("ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm", "ledger.sqlite3.lock")
    modes = {path.name: path.stat().st_mode & 0o777 for path in place.parent.iterdir()}
    assert modes == dict.fromkeys(files, 0o600)
    ledger.close()
    place.chmod(0o644)
    opened.window()
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_locked_for_too_long_denies(place: Path, opened: Opened) -> None:
    """Somebody who keeps the ledger to himself past the deadline makes paid calls rest; free rows wait for him."""
    ledger = opened.window(wait_s=0.05)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ledger.record(record_for("job", opened.clock))

    answer = denied(ledger, "0.10")
    assert answer.rule == "ledger"
    assert "busy" in answer.sentence
    assert ledger.budget().blocked == ""
    assert [problem.sentence for problem in ledger.problems] == [answer.sentence]
    other.execute("ROLLBACK")
    other.close()
    written(ledger)
    hold(ledger, "0.10")
    assert ledger.problems == ()
    assert len(ledger.recent(since_ms=0)) == 1


def test_a_settlement_that_finds_it_locked_is_written_later(place: Path, opened: Opened) -> None:
    """What a call cost is not lost because somebody else kept the ledger to himself at that moment."""
    ledger = opened.window("1.00", wait_s=0.05)
    held = hold(ledger, "0.50")
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ledger.settle(held, record_for("job", opened.clock, "0.20"))
    assert ledger.budget().held_usd == Decimal("0.50")
    other.execute("ROLLBACK")
    other.close()

    assert ledger.flush(WAIT_S)
    assert (ledger.budget().settled_usd, ledger.budget().held_usd) == (Decimal("0.20"), 0)


def test_a_place_that_is_no_place_denies(tmp_path: Path) -> None:
    """A folder that cannot be made: a sentence, no exception, and it is tried again."""
    (tmp_path / "file").touch()
    windows = Opened(tmp_path / "file" / "ledger.sqlite3")
    ledger = windows.window()
    ledger.record(record_for("job", windows.clock))

    answer = denied(ledger, "0.10")
    assert (answer.rule, "writable" in answer.sentence, str(tmp_path) in answer.sentence) == ("ledger", True, False)
    assert (ledger.budget().blocked, ledger.budget().is_known) == (answer.sentence, False)
    assert ledger.recent(since_ms=0) == ()
    with pytest.raises(Refused, match="writable"):
        ledger.attempts(since_ms=0)
    (tmp_path / "file").unlink()
    hold(ledger, "0.10")
    windows.close()


def test_a_folder_in_its_place_denies(place: Path, opened: Opened) -> None:
    """Where a folder has the ledger's name, nothing is spent and nothing is raised."""
    place.mkdir(parents=True)

    assert denied(opened.window(), "0.10").rule == "ledger"


ON_A_SMALL_DISK = """
import subprocess, sys
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from hybrid_lsp.core.record import Reservation
from hybrid_lsp.ledger import Ledger
from tests.ledger.opened import Clock, record_for

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", disk], check=True)
clock = Clock()
ledger = Ledger.open(disk / "ledger.sqlite3", clock_ms=clock, zone=UTC, limit_usd=Decimal(10), wait_s=0.2)
first = ledger.reserve(job="job", model="m", worst_usd=Decimal(1))
assert isinstance(first, Reservation), first
"""
FULL = """
(disk / "ballast").write_bytes(bytes(4096))
try:
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        while ballast.write(bytes(4096)):
            pass
except OSError:
    pass
answers = []
for number in range(400):
    ledger.record(record_for(f"job-{number}", clock))
    answers.append(ledger.reserve(job="job", model="m", worst_usd=Decimal("0.001")))
denied = [answer for answer in answers if not isinstance(answer, Reservation)]
assert denied and all(answer.rule == "ledger" and "disk is full" in answer.sentence for answer in denied), denied[:1]
assert ledger.problems
held = [answer for answer in answers if isinstance(answer, Reservation)]
(disk / "ballast").unlink()
assert ledger.budget().held_usd == 1 + len(held) * Decimal("0.001"), ledger.budget()
assert ledger.flush(20)
assert len(ledger.recent(since_ms=0)) == 400
"""
READ_ONLY = """
ledger.close()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
ledger = Ledger.open(disk / "ledger.sqlite3", clock_ms=clock, zone=UTC, limit_usd=Decimal(10), wait_s=0.2)
ledger.record(record_for("job", clock))
answer = ledger.reserve(job="job", model="m", worst_usd=Decimal("0.001"))
assert answer.rule == "ledger" and "writable" in answer.sentence, answer
assert ledger.budget().blocked or ledger.budget().held_usd == 1
assert ledger.summary() and ledger.problems
subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
assert ledger.flush(20)
assert isinstance(ledger.reserve(job="job", model="m", worst_usd=Decimal("0.001")), Reservation)
"""
OWN_DISK = ["unshare", "--map-root-user", "--mount"]


def can_mount(tmp_path: Path) -> bool:
    """Say whether this user may mount a small disk that only one process sees."""
    if shutil.which("unshare") is None:
        return False
    mount = [*OWN_DISK, "mount", "-t", "tmpfs", "none", str(tmp_path)]
    return subprocess.run(mount, capture_output=True, timeout=10, check=False).returncode == 0


@pytest.mark.privilege
@pytest.mark.parametrize("trouble", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_a_real_disk_that_is_full_or_read_only_denies(trouble: str, tmp_path: Path) -> None:
    """Paid calls rest with a sentence, free rows wait, nothing is raised; with room again, all goes on."""
    if not can_mount(tmp_path):
        pytest.skip("needs unshare and the right to mount")
    code = textwrap.dedent(ON_A_SMALL_DISK + trouble)
    done = subprocess.run(
        [*OWN_DISK, sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=50, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]


def test_pruning_makes_the_file_smaller(place: Path, opened: Opened) -> None:
    """The room of old rows goes back to the disk."""
    ledger = opened.window()
    for number in range(3000):
        ledger.record(record_for(f"job-{number}", opened.clock))
    written(ledger)
    ledger.close()
    before = place.stat().st_size
    opened.clock.now_ms += 100 * 86_400_000
    ledger = opened.window()

    assert ledger.prune(keep_days=30) == 3000
    ledger.close()
    assert place.stat().st_size < before / 3
