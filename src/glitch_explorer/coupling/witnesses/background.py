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


def background_mask(
    live: LiveTime,
    family_times: Float64,
    quiet: Float64,
    *,
    lags_s: tuple[float, float] = LAGS_S,
    both_sides: bool = False,
) -> Bool:
    """Return which time bins are background.

    Parameters
    ----------
    live
        Live time, n bins.
    family_times
        GPS times of the family's glitches.
    quiet
        ``(k, 2)`` quiet time, GPS seconds (`map.members`).
    lags_s
        Seconds before and after a glitch of the family that are excluded.
    both_sides
        Exclude the longer of the two on both sides, as models need it.

    Returns
    -------
    ``(n,)`` bool: the whole bin is quiet, and no part of it lies in the family's range of lags.
    """
    around = (max(lags_s), max(lags_s)) if both_sides else lags_s
    return _whole(live, quiet) & _away(live, family_times, around)


def _whole(live: LiveTime, quiet: Float64) -> Bool:
    """Return which time bins are wholly quiet."""
    return ~live.overlaps(complement(quiet))


def _away(live: LiveTime, family_times: Float64, around: tuple[float, float]) -> Bool:
    """Return which time bins are nowhere in the seconds before and after a glitch of the family."""
    before, after = around
    return ~live.overlaps(union(np.column_stack([family_times - before, family_times + after])))


def family_background(live: LiveTime, family_times: Float64, quiet: Float64) -> Background | None:
    """Select the longest range of lags whose background is at least a tenth of the live time.

    Parameters
    ----------
    live, family_times, quiet
        As in `background_mask`.

    Returns
    -------
    The background, or None where even the shortest range leaves less: the family is too dense.
    """
    whole = _whole(live, quiet)
    for lags_s in LAG_RANGES:
        mask = whole & _away(live, family_times, lags_s)
        if len(mask) and mask.mean() >= LEAST_SHARE:
            return Background(mask, lags_s)
    return None
