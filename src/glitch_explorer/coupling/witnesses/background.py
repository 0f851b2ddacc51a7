"""The background of a family: the time bins that ranks, thresholds and models refer to.

See docs/explanation/methods.md#background.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.intervals import complement, union
from glitch_explorer.coupling.channels.live_time import LiveTime

#: Range of lags, seconds before and after a glitch.
LAGS_S = (60.0, 10.0)
#: Least share of the live time that the background should have.
LEAST_SHARE = 0.1
#: Ranges of lags in the order of preference, seconds before and after the glitch.
LAG_RANGES: tuple[tuple[float, float], ...] = (LAGS_S, (30.0, 10.0), (20.0, 10.0), (10.0, 5.0), (5.0, 2.0))


@dataclass(frozen=True)
class Background:
    """The background, and the range of lags around the family's glitches that it excludes."""

    #: ``(n,)`` the time bin is background.
    mask: Bool
    #: Seconds before and after a glitch.
    lags_s: tuple[float, float]


def away_from_family(live: LiveTime, family_times: Float64, lags_s: tuple[float, float]) -> Bool:
    """Return which time bins have no part in the range of lags around a glitch of the family.

    Parameters
    ----------
    live
        Live time, n bins.
    family_times
        GPS times of the family's glitches.
    lags_s
        Seconds before and after a glitch.

    Returns
    -------
    bool ``(n,)``.
    """
    before, after = lags_s
    return ~live.overlaps(union(np.column_stack([family_times - before, family_times + after])))


def family_background(live: LiveTime, family_times: Float64, quiet: Float64) -> Background | None:
    """Select the longest range of lags whose background is at least a tenth of the live time.

    Parameters
    ----------
    live
        Live time, n bins.
    family_times
        GPS times of the family's glitches.
    quiet
        ``(k, 2)`` quiet time, GPS seconds (`map.members`).

    Returns
    -------
    The background: whole bins of quiet time, away from the family. None where even the shortest range
    leaves less: the family is too dense.
    """
    is_quiet = ~live.overlaps(complement(quiet))
    for lags_s in LAG_RANGES:
        mask = is_quiet & away_from_family(live, family_times, lags_s)
        if len(mask) and mask.mean() >= LEAST_SHARE:
            return Background(mask, lags_s)
    return None
