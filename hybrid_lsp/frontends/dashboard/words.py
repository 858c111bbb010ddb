"""Counts, times, shares and dates as people read them. What is not known is a dash, never a nought."""

from datetime import date

UNKNOWN = "–"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EXACT_BELOW = 10_000
_UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def count_told(count: int) -> str:
    """Return a count, exactly below ten thousand, with three digits from there on: `9,410`, `41.2k`, `3.06M`."""
    if count < _EXACT_BELOW:
        return f"{count:,}"
    size, unit = next((size, unit) for size, unit in _UNITS if count >= size * 0.9995)
    scaled = count / size
    return f"{scaled:.3g}{unit}" if scaled < 99.95 else f"{scaled:,.0f}{unit}"


def counted(count: int, one: str, many: str) -> str:
    """Return a count with its noun."""
    return f"{count_told(count)} {one if count == 1 else many}"


def time_told(milliseconds: float | None) -> str:
    """Return a time as people say it, and a dash for one that nobody measured."""
    if milliseconds is None:
        return UNKNOWN
    seconds = milliseconds / 1000
    if seconds < 0.9995:
        return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "<1 ms"
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds / 60:,.0f} min"


def share_told(part: int, whole: int) -> str:
    """Return a share in per cent: `<1 %` for a little and `>99 %` for not quite all; a dash of nothing."""
    if whole <= 0:
        return UNKNOWN
    percent = round(part * 100 / whole)
    if percent <= 0 < part:
        return "<1 %"
    return ">99 %" if percent >= 100 and part < whole else f"{percent} %"


def month_told(month: str) -> str:
    """Return `November 2026` for `2026-11`, and anything else as it is."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return month
    return f"{month_name(first)} {first.year}"


def month_name(day: date) -> str:
    """Return the name of a day's month."""
    return _MONTHS[day.month - 1]


def day_told(day: date) -> str:
    """Return a day as `Mon 23 Nov`."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {month_name(day)[:3]}"
