"""cli: what holds for every command, before it begins and after it has ended."""

from pathlib import Path

import pytest

from hybrid_lsp import cli


def test_ctrl_c_while_a_command_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Imports take half a second on a busy machine, and whoever stops in them sees no traceback."""
    (tmp_path / "imported_slowly.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(cli._COMMANDS, "doctor", ("imported_slowly", "run"))
    assert cli.main(["doctor"]) == 130
    assert capfd.readouterr() == ("", "")
