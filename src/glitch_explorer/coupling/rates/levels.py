"""Levels of slow drivers: logarithms of trends, with a meaning of zero and negative values by channel."""

from enum import StrEnum

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.intervals import DAY_S, MINUTE_S

#: The unit changes where all later medians of hours are above, or below, all earlier ones by more than
#: this factor, with a day of data or more on either side.
_UNIT_FACTOR = 10.0
_HOUR = 60


class Scale(StrEnum):
    """How the values of a channel become a level.

    Attributes
    ----------
    POSITIVE
        Logarithm; zero and less is no data (ground motion, range: gaps are filled with 0 or -1).
    CALM
        Logarithm of the value plus the median of those above zero; 0 is a value (no wind), less is no data.
    SIGNED
        The value itself (temperature).
    """

    POSITIVE = "positive"
    CALM = "calm"
    SIGNED = "signed"


#: Parts of the names of channels that are not on a positive scale.
_SCALES = {"WIND": Scale.CALM, "TEMP": Scale.SIGNED, "TILT": Scale.SIGNED}


def scale_of(channel: str) -> Scale:
    """Return the scale of a channel by its name; `Scale.POSITIVE` where no part of the name is known."""
    name = channel.upper()
    return next((scale for part, scale in _SCALES.items() if part in name), Scale.POSITIVE)


def calm_offset(values: Float64) -> float:
    """Return the median of the finite values above zero, NaN without any."""
    above = values[(values > 0) & np.isfinite(values)]
    return float(np.median(above)) if len(above) else np.nan


def driver_levels(values: Float64, scale: Scale) -> Float64:
    """Return the levels ``(n,)`` of a driver's values ``(n,)``; NaN where they are no data.

    The logarithm is natural. See `Scale`.
    """
    values = np.asarray(values, dtype=float)
    if scale is Scale.SIGNED:
        return np.where(np.isfinite(values), values, np.nan)
    least = 0.0 if scale is Scale.CALM else np.nextafter(0, 1)
    offset = calm_offset(values) if scale is Scale.CALM else 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isfinite(values) & (values >= least), np.log(values + offset), np.nan)


def unit_changes(level: Float64) -> bool:
    """Check whether the unit of a driver changes, as from m/s to nm/s: its levels jump and never return.

    Medians of hours are compared, so that single spikes do not count.

    Parameters
    ----------
    level
        ``(n,)`` natural logarithm in consecutive minutes, NaN without data.
    """
    hours = np.full((-(-len(level) // _HOUR), _HOUR), np.nan)
    hours.ravel()[: len(level)] = level
    known = hours[np.isfinite(hours).any(axis=1)]
    day = round(DAY_S / MINUTE_S) // _HOUR
    if len(known) < 2 * day:
        return False
    medians = np.nanmedian(known, axis=1)
    jumps = [
        np.minimum.accumulate(side[::-1])[::-1][1:] - np.maximum.accumulate(side)[:-1]
        for side in (medians, -medians)
    ]
    return bool(np.max(jumps, axis=0)[day - 1 : -day].max(initial=0.0) > np.log(_UNIT_FACTOR))


def censored_shares(level: Float64, live: Bool) -> tuple[float, float]:
    """Compute which share of the minutes is not live, of all and of those in the driver's top tenth.

    Strong ground motion ends the lock: its minutes are missing because the driver was high.

    Parameters
    ----------
    level
        ``(n,)`` driver in every minute, live or not, NaN without data.
    live
        ``(n,)`` which minutes are live.

    Returns
    -------
    all_minutes, top_tenth : float
        NaN where the driver has no data outside the live time, so that nothing is known.
    """
    known = ~np.isnan(level)
    if not (known & ~live).any():
        return np.nan, np.nan
    top = known & (level >= np.nanquantile(level, 0.9))
    return float(1 - live[known].mean()), float(1 - live[top].mean())
