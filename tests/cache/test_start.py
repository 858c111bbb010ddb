"""cache: nothing heavy before it is needed."""

import subprocess
import sys


def test_importing_it_opens_no_database() -> None:
    """Neither SQLite nor a Redis client is imported with the package: both are for when a cache is opened."""
    code = "import sys, hybrid_lsp.cache; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert {"sqlite3", "redis", "ssl"} & set(done.stdout.split()) == set()
