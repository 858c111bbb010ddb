"""What every test stands on: no way out of this machine, no secrets from the environment, no test skipped in CI."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

NO_SKIPS = "HYBRID_LSP_NO_SKIPS"
"""Set by .ci/run, which installs everything: there, a skipped test is a failed run."""
FOR_TESTS = "HYBRID_LSP_TEST_"

_skipped: list[str] = []

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has Ctrl-C ignored for what it starts in the background, and all that is started here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same change passes or fails alike, however often CI looks at it; on a person's machine each run looks further.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("person", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "person")


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither this machine's settings nor its keys reach a test or the servers that it starts."""
    for name in list(os.environ):
        ours = name.startswith("HYBRID_LSP_") and name != NO_SKIPS and not name.startswith(FOR_TESTS)
        if ours or name.endswith(("_API_KEY", "_TOKEN")):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # or each server that is started compiles everything
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped, in whichever process it ran."""
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that promised to skip nothing."""
    if os.environ.get(NO_SKIPS) and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a run that promised to skip nothing has failed."""
    if os.environ.get(NO_SKIPS) and _skipped:
        terminalreporter.write_line(f"{NO_SKIPS} is set, but {len(_skipped)} skipped: {', '.join(_skipped)}", red=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small workspace folder that an editor takes for a repository."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    return folder
