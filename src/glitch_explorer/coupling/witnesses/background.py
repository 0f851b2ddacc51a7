"""The background of a family: the one set of cells that ranks, thresholds and models refer to."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import complement, union
from glitch_explorer.coupling.channels.bands import CELL_S

#: Seconds before and after a glitch that are looked at.
LAGS_S = (60.0, 10.0)
#: Least share of the live time that the background should have.
LEAST_SHARE = 0.1
#: Lag ranges tried in turn, seconds before and after the glitch.
LAG_RANGES: tuple[tuple[float, float], ...] = (LAGS_S, (30.0, 10.0), (20.0, 10.0), (10.0, 5.0), (5.0, 2.0))


@dataclass(frozen=True)
class Background:
    """Background cells, and the lag range that they keep free of the family."""

    #: ``(n,)`` the cell is background.
    mask: Bool
    #: Seconds before and after a glitch that are looked at.
    lags_s: tuple[float, float]

    @property
    def share(self) -> float:
        """Share of the live time."""
        return float(self.mask.mean()) if len(self.mask) else 0.0


def background_mask(
    cells: Int64,
    family_times: Float64,
    quiet: Float64,
    *,
    lags_s: tuple[float, float] = LAGS_S,
    both_sides: bool = False,
) -> Bool:
    """Say which cells are background (METHODS §6).

    Parameters
    ----------
    cells
        ``(n,)`` grid indices of the live time, ascending.
    family_times
        GPS times of the family's glitches.
    quiet
        ``(k, 2)`` GPS seconds: stretches that keep clear of every glitch (`map.members`).
    lags_s
        Seconds before and after a glitch of the family that are kept out.
    both_sides
        Keep the longer of the two out on both sides, as models need it.

    Returns
    -------
    ``(n,)`` bool: the whole cell is quiet, and no part of it lies in the family's lag range.
    """
    before, after = (max(lags_s), max(lags_s)) if both_sides else lags_s
    own = np.column_stack([family_times - before, family_times + after])
    return ~_touched(cells, union(np.concatenate([complement(quiet), own])))


def _touched(cells: Int64, intervals: Float64) -> Bool:
    """Say which cells share more than a point with sorted, disjoint intervals."""
    start, end = cells * CELL_S, (cells + 1) * CELL_S
    first = np.searchsorted(intervals[:, 1], start, side="right")
    starts = np.append(intervals[:, 0], np.inf)
    touched: Bool = starts[first] < end
    return touched


def family_background(
    cells: Int64,
    family_times: Float64,
    quiet: Float64,
    *,
    ranges: Iterable[tuple[float, float]] = LAG_RANGES,
) -> Background | None:
    """Find the longest lag range whose background is at least a tenth of the live time.

    Returns
    -------
    The background, or None where even the shortest range leaves less: such a family
    is too dense for an answer.
    """
    for lags_s in ranges:
        found = Background(background_mask(cells, family_times, quiet, lags_s=lags_s), lags_s)
        if found.share >= LEAST_SHARE:
            return found
    return None
