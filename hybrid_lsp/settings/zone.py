"""The time zone that a month is counted in."""

import time
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOUR = timedelta(hours=1)


class SystemZone(tzinfo):
    """The time zone that this machine is set to, with its summer times, whatever the system."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Return how far local clocks are ahead of UTC at a moment given in local time."""
        if moment is None:
            return timedelta(seconds=-time.timezone)
        return timedelta(seconds=time.localtime(_stamp(moment)).tm_gmtoff)

    def dst(self, moment: datetime | None) -> timedelta:
        """Return by how much summer time shifts the clocks at a moment given in local time."""
        summer = moment is not None and time.localtime(_stamp(moment)).tm_isdst > 0
        return _HOUR if summer else timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        """Return what the time zone is called there and then."""
        return "local" if moment is None else time.tzname[bool(self.dst(moment))]

    def fromutc(self, moment: datetime) -> datetime:
        """Return local time for a moment given in UTC."""
        stamp = int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())
        local = datetime(*time.localtime(stamp)[:6], moment.microsecond, tzinfo=self)
        return local if _stamp(local) == stamp else local.replace(fold=1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SystemZone)

    def __hash__(self) -> int:
        return hash(SystemZone)

    def __repr__(self) -> str:
        return "SystemZone()"


def zone_called(name: str) -> tzinfo | None:
    """Return the time zone of an IANA name; this machine's for an empty one; None where there is none of that name."""
    if not name:
        return SystemZone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _stamp(moment: datetime) -> float:
    """Seconds since 1970 of a local time; of the two that are told alike when clocks go back, as `fold` says."""
    clock = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    both = {time.mktime((*clock, 0, 0, summer)) for summer in (0, 1)}
    meant = sorted(stamp for stamp in both if time.localtime(stamp)[:6] == clock)
    return meant[-1 if moment.fold else 0] if meant else time.mktime((*clock, 0, 0, -1))
