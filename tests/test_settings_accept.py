"""One setting of config.toml, changed by a person's yes."""

from pathlib import Path

import pytest

from hybrid_lsp.core.errors import Refused
from hybrid_lsp.core.job import Task
from hybrid_lsp.settings import read_config
from hybrid_lsp.settings.accept import set_in_config

OWN = """# my own
profile = "performance"   # fast

[routing.cloud_from]
review = 0.9 # tried
[inline]
prepare = false
"""


@pytest.mark.parametrize("before", ["", OWN, "[routing]\n", "[budget]\nmonthly_usd = 3\n"])
def test_the_setting_is_in_force_and_the_rest_stays(tmp_path: Path, before: str) -> None:
    """What was written by hand is still there, line by line, and the file is read without a problem."""
    path = tmp_path / "deeper" / "config.toml"
    if before:
        path.parent.mkdir()
        path.write_text(before, encoding="utf-8")
    set_in_config(path, "routing.cloud_from.fix", 0.7)
    set_in_config(path, "routing.local_first.fix", False)
    set_in_config(path, "routing.cloud_from.fix", 0.8)
    config = read_config(path, {})
    assert config.problems == ()
    assert config.asking.profile_for(Task.FIX).cloud_from == 0.8
    assert config.asking.profile_for(Task.FIX).local_first is False
    after = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in before.splitlines() if line not in after] == []


@pytest.mark.parametrize("text", ["profile = ", "routing = 3\n", "[routing]\ncloud_from = 3\n"])
def test_a_file_that_is_not_in_order_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    """Nothing is lost where there is no place for the setting."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"config\.toml is not in order"):
        set_in_config(path, "routing.cloud_from.fix", 0.7)
    assert path.read_text(encoding="utf-8") == text


def test_what_is_no_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """A folder in the place of the file, or bytes that are no text, are named."""
    folder = tmp_path / "config.toml"
    folder.mkdir()
    with pytest.raises(Refused, match="is not a file"):
        set_in_config(folder, "routing.cloud_from.fix", 0.7)
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused, match="UTF-8"):
        set_in_config(odd, "routing.cloud_from.fix", 0.7)
