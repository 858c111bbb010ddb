"""cli: what holds for every command, before it begins and after it has ended."""

import os
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


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that somebody is in")
@pytest.mark.parametrize("command", ["ask a.py --task fix", "route a.py --task fix", "review", "whitelist show"])
def test_in_a_folder_that_is_gone(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is one sentence, and no traceback."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert cli.main(command.split()) == 2
    assert capfd.readouterr().err == "The folder that this terminal is in is not there any more; go to another one.\n"
