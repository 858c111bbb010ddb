"""Whether this machine runs on its battery: then no model is asked for what nobody has asked for yet."""

import asyncio
import subprocess
import sys
from pathlib import Path

INTERVAL_S = 30.0
_ASK_TIMEOUT_S = 5.0
_SUPPLIES = Path("/sys/class/power_supply")


class Power:
    """What was last seen of the power supply. A machine that does not say is taken to be plugged in."""

    def __init__(self) -> None:
        self.on_battery = False

    async def keep(self) -> None:
        """Look every half minute. Never ends; the loop does not wait for the system."""
        while True:
            self.on_battery = await asyncio.to_thread(on_battery)
            await asyncio.sleep(INTERVAL_S)


def _linux_on_battery(supplies: Path) -> bool:
    """By what the kernel says of each supply (Linux, Documentation/ABI/testing/sysfs-class-power)."""
    discharging = False
    for supply in sorted(supplies.glob("*")):
        kind = _text(supply / "type")
        if kind in {"Mains", "USB"} and _text(supply / "online") == "1":
            return False
        if kind == "Battery" and _text(supply / "scope") != "Device":
            discharging |= _text(supply / "status") == "Discharging"
    return discharging


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


if sys.platform == "win32":

    def on_battery(supplies: Path = _SUPPLIES) -> bool:
        """Say whether this machine runs on its battery now: GetSystemPowerStatus begins with 0. Never raises."""
        import ctypes

        status = (ctypes.c_ubyte * 12)()
        told = ctypes.windll.kernel32.GetSystemPowerStatus(ctypes.byref(status))
        return bool(told) and status[0] == 0

elif sys.platform == "darwin":

    def on_battery(supplies: Path = _SUPPLIES) -> bool:
        """Say whether this machine runs on its battery now, as `pmset` tells. Never raises; may take a moment."""
        try:
            done = subprocess.run(
                ["pmset", "-g", "batt"], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return "'Battery Power'" in done.stdout

else:

    def on_battery(supplies: Path = _SUPPLIES) -> bool:
        """Say whether this machine runs on its battery now, as the kernel shows it. Never raises."""
        return _linux_on_battery(supplies)
