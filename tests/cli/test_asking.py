"""cli.asking: putting a change into a file, and what a job cost."""

import os
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from hybrid_lsp.cli.asking import cost_of, replace_file
from hybrid_lsp.cli.desk import Desk
from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.record import Reservation
from hybrid_lsp.frontends.terminal.original import Original
from hybrid_lsp.settings import Config


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


def test_what_is_still_held_is_not_told_as_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settlement that could not be written leaves a hold that will be charged: no amount is told of such a job."""
    monkeypatch.setenv("HYBRID_LSP_STATE", str(tmp_path))
    with closing(Desk(Config()).ledger()) as ledger:
        held = ledger.reserve(job="a", model="m", worst_usd=Decimal("0.5"))
        assert isinstance(held, Reservation)
    assert cost_of(Config(), "b", 0) == 0
    with pytest.raises(Refused, match=r"\$0\.50 is still held for it"):
        cost_of(Config(), "a", 0)
