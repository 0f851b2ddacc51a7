"""Leap seconds, for pages that convert between GPS time and UTC."""

from itertools import pairwise

import lal

#: TAI − UTC at the GPS epoch, in seconds.
_EPOCH = 19


def leap_seconds(until: float) -> list[tuple[int, int]]:
    """List the steps of GPS − UTC up to the year of GPS time `until`, from LAL's table.

    Returns
    -------
    list of (int, int)
        First GPS second, and the difference in seconds from then on. Leap seconds come at the end of
        June or December.
    """
    years = range(1981, lal.GPSToUTC(int(until))[0] + 1)
    starts = [int(lal.UTCToGPS((year, month, 1, 0, 0, 0, 0, 0, 0))) for year in years for month in (1, 7)]
    steps = [(0, 0), *((gps, lal.LeapSeconds(gps) - _EPOCH) for gps in starts)]
    return [after for before, after in pairwise(steps) if after[1] != before[1]]
