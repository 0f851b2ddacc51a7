"""Local time at a detector's site: terms of a rate model for time of day and day of the week."""

from datetime import datetime
from zoneinfo import ZoneInfo

import lal
import numpy as np

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import DAY_S, MINUTE_S

#: Time zones of the sites; other detectors count in UTC.
TIME_ZONES = {
    "L1": "America/Chicago",
    "H1": "America/Los_Angeles",
    "V1": "Europe/Rome",
    "K1": "Asia/Tokyo",
    "G1": "Europe/Berlin",
}
#: Days needed for terms of the time of day, and for those of the day of the week.
DAYS_FOR_HOURS, DAYS_FOR_WEEK = 4, 21
#: Harmonics of the day.
_HARMONICS = 2
#: Seconds from the Unix epoch to that of GPS, and TAI - UTC there.
_GPS_EPOCH, _LEAP_AT_EPOCH = 315964800, 19
_HOUR_S = 3600


def local_seconds(minute: Int64, ifo: str) -> Float64:
    """Return local time of GPS minutes ``(n,)`` in seconds since 1970-01-01, with daylight saving.

    The offset is read once an hour; leap seconds are those of LAL's table.
    """
    zone = ZoneInfo(TIME_ZONES.get(ifo, "UTC"))
    gps = minute * MINUTE_S
    hours, inverse = np.unique(gps // _HOUR_S, return_inverse=True)
    offsets = []
    for hour in hours.tolist():
        unix = hour * _HOUR_S + _GPS_EPOCH - (lal.LeapSeconds(int(hour * _HOUR_S)) - _LEAP_AT_EPOCH)
        # In the middle of the hour, because GPS hours begin some seconds before those of UTC.
        change = datetime.fromtimestamp(unix + _HOUR_S / 2, zone).utcoffset()
        offsets.append(unix - hour * _HOUR_S + (change.total_seconds() if change else 0.0))
    return np.asarray(gps + np.array(offsets)[inverse], dtype=float)


def clock_terms(minute: Int64, ifo: str) -> Float64 | None:
    """Return the terms ``(n, p)`` of local time of day and day of the week for GPS minutes ``(n,)``.

    Two harmonics of the day, and with three weeks or more an indicator of each day but one. None with fewer
    than four days.
    """
    days = (minute[-1] - minute[0] + 1) * MINUTE_S / DAY_S
    if days < DAYS_FOR_HOURS:
        return None
    local = local_seconds(minute, ifo)
    angle = 2 * np.pi * np.arange(1, _HARMONICS + 1) * (local / DAY_S)[:, None]
    parts = [np.cos(angle), np.sin(angle)]
    if days >= DAYS_FOR_WEEK:
        weekday = np.floor(local / DAY_S).astype(np.int64) % 7
        parts.append((weekday[:, None] == np.arange(1, 7)).astype(float))
    return np.concatenate(parts, axis=1)
