"""Leap seconds, for pages that convert between GPS time and UTC."""

import calendar

import lal

#: Seconds from the Unix epoch to the GPS epoch, 1980-01-06.
GPS_EPOCH = 315964800


def leap_seconds(until: float) -> list[tuple[int, int]]:
    """List the steps of GPS − UTC up to the year of GPS time `until`, from LAL's table.

    Returns
    -------
    list of (int, int)
        First GPS second, and the difference in seconds from then on. Leap seconds come at the end of
        June or December.
    """
    steps, known = [], 0
    for year in range(1981, lal.GPSToUTC(int(until))[0] + 1):
        for month in (1, 7):
            moment = (year, month, 1, 0, 0, 0)
            gps = int(lal.UTCToGPS((*moment, 0, 0, 0)))
            offset = gps - (calendar.timegm(moment) - GPS_EPOCH)
            if offset != known:
                steps.append((gps, offset))
                known = offset
    return steps
