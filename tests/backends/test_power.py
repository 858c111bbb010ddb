"""backends.power: plugged in or not."""

import sys
from pathlib import Path

import pytest

from hybrid_lsp.backends.power import Power, on_battery

AC, FULL = {"type": "Mains", "online": "1"}, {"type": "Battery", "status": "Full"}
UNPLUGGED, DRAINING = {"type": "Mains", "online": "0"}, {"type": "Battery", "status": "Discharging"}
MOUSE = {"type": "Battery", "scope": "Device", "status": "Discharging"}


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="reads what Linux shows of its power supplies")
@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, False),
        ({"AC": AC, "BAT0": FULL}, False),
        ({"AC": UNPLUGGED, "BAT0": DRAINING}, True),
        ({"AC": AC, "BAT0": DRAINING}, False),
        ({"mouse": MOUSE}, False),
        ({"BAT0": {"type": "Battery"}}, False),
    ],
)
def test_the_supplies_tell(tmp_path: Path, supplies: dict[str, dict[str, str]], expected: bool) -> None:
    """Only a battery of the machine itself that is being drained, with nothing plugged in, is running on battery."""
    for name, entries in supplies.items():
        (tmp_path / name).mkdir()
        for key, value in entries.items():
            (tmp_path / name / key).write_text(value + "\n", encoding="ascii")

    assert on_battery(tmp_path) is expected


def test_until_it_is_known_the_machine_is_plugged_in() -> None:
    """Nothing is switched off on a guess, and this machine can be asked."""
    assert Power().on_battery is False
    assert isinstance(on_battery(), bool)
