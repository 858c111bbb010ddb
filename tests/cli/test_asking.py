"""cli.asking: putting a change into a file."""

import os
from pathlib import Path

import pytest

from hybrid_lsp.cli.asking import replace_file
from hybrid_lsp.frontends.terminal.original import Original


@pytest.mark.skipif(os.name == "nt", reason="there files have no such modes, and links need a right")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o4755])
def test_a_file_that_is_replaced_stays_the_same_file(tmp_path: Path, mode: int) -> None:
    """Its permissions, its times to come, and the link that led to it stay; nothing is left beside it."""
    (tmp_path / "real").mkdir()
    path, link = tmp_path / "real" / "a.sh", tmp_path / "a.sh"
    path.write_bytes(b"old\n")
    path.chmod(mode)
    os.utime(path, (1, 1))
    link.symlink_to(path)
    Original(path=link.resolve(), data=b"old\n").put(b"new\n", replace_file)

    assert link.is_symlink()
    assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (b"new\n", mode)
    assert path.stat().st_mtime > 1
    assert [entry.name for entry in path.parent.iterdir()] == ["a.sh"]
