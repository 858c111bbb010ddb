"""Ledgers for the tests: in a file, and in a PostgreSQL server that is started where there is one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.cluster import Cluster, programs
from tests.ledger.opened import Opened

NO_POSTGRES = (
    "NO POSTGRESQL HERE: the ledger is tested in SQLite only. Install it (apt-get install postgresql) to test all."
)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server, one for each process that runs tests."""
    binaries = programs()
    if binaries is None:
        pytest.skip(NO_POSTGRES)
    server = Cluster(binaries)
    yield server
    server.remove()


@pytest.fixture
def postgres_url(cluster: Cluster) -> str:
    """The server, without a ledger in it."""
    import psycopg

    with psycopg.connect(cluster.url, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("DROP SCHEMA IF EXISTS hybrid_lsp CASCADE")
    return cluster.url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a ledger can be opened, of both kinds."""
    if request.param == "sqlite":
        return tmp_path / "state" / "ledger.sqlite3"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def opened(place: str | Path) -> Iterator[Opened]:
    """Ledgers of some windows at one place, closed when the test ends."""
    windows = Opened(place)
    yield windows
    windows.close()
