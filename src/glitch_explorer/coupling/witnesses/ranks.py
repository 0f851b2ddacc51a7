"""Placement values against the background nearby, and the grid of rings and lags.

A feature's value at a lag is the larger of the lag's two time bins (a window). Its placement value
u is the share of background values below it (ties count half), among background at most
ten minutes away. The mean of u over the triggers is the AUC of on-source
against background (Mann & Whitney 1947; placement values: DeLong 1988).

Time is cut into tiles of five minutes; all bins of a tile are ranked against the
background within 7.5 minutes of the tile's centre, so that one sort serves 600 bins.
See docs/explanation/methods.md#t-statistic.
"""

from dataclasses import dataclass

import numba
import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.map.members import MATCH_S

#: Seconds from one lag to the next, and its number of time bins.
LAG_STEP_S = 1.0
STEP = round(LAG_STEP_S / BIN_S)
#: Bins of a tile, and half the bins that it is ranked against: nothing is further away than MATCH_S.
TILE = round(MATCH_S / BIN_S) // 2
HALF_RANGE = round(MATCH_S / BIN_S) - TILE // 2
#: Consecutive stretches are joined to rings of at least this length. In rings of a few minutes,
#: time slides that keep away from the glitches all see the same far part, and drifting
#: channels are significant with any family: 8 of 40 uncoupled families at 0.05 instead of 2.
RING_S = 7200.0
#: Fewer background values than this rank nothing.
LEAST_BACKGROUND = 40


@dataclass(frozen=True)
class Grid:
    """Live time as rings, for features and triggers alike.

    Row i of the features starts window i: time bins i and i + 1. The rows of a ring,
    followed by its first ones again, are stored in two halves: even positions, then odd ones.
    Windows at successive lags of a trigger are then adjacent.
    """

    #: Live time, n bins.
    live: LiveTime
    #: ``(b,)`` first row and length of each ring.
    first: Int64
    length: Int64
    #: ``(b,)`` index in `rows` where the ring's even half begins, and the length of a half.
    base: Int64
    half: Int64
    #: Row of the features that is stored at each index.
    rows: Int32
    #: Lags in seconds, ``(L,)``.
    lags: Int64

    def ring(self, rows: Int64) -> Int64:
        """Return the number of the ring of each row."""
        return np.searchsorted(self.first, rows, side="right") - 1


def make_grid(live: LiveTime, lags_s: tuple[float, float]) -> Grid:
    """Build the rings of a live time, and the lags -before … +after."""
    first = _ring_starts(live.edges)
    length = np.diff(np.append(first, len(live))).astype(np.int64)
    lags = np.arange(-round(lags_s[0]), round(lags_s[1]) + 1, dtype=np.int64)
    half = (length + STEP * (len(lags) - 1) + STEP) // STEP
    base = np.concatenate([[0], np.cumsum(STEP * half)])
    rows = np.empty(base[-1], dtype=np.int32)
    for begin, size, to, count in zip(first, length, base, half, strict=False):
        order = np.arange(STEP * count).reshape(count, STEP).T.ravel()
        rows[to : to + STEP * count] = begin + order % size
    return Grid(live, first, length, base[:-1], half, rows, lags)


def _ring_starts(edges: Int64) -> Int64:
    """Return the first row of each ring: stretches are joined until long enough, the rest to the last."""
    starts = [0]
    for edge in edges[1:-1]:
        if min(edge - starts[-1], edges[-1] - edge) >= RING_S / BIN_S:
            starts.append(int(edge))
    return np.array(starts, dtype=np.int64)


def delays_s(settling_s: Float64) -> Float64:
    """Return the delay of features in s, in whole lag steps: a causal filter responds to a burst that late.

    A feature that settles within s seconds is highest after about half of them: 2.4 s in 0.3-1 Hz, which
    settles in 5.5 s.
    """
    return np.asarray(np.floor(settling_s / 2 / LAG_STEP_S) * LAG_STEP_S)


def align(values: Float32, live: LiveTime, delays: Float64) -> None:
    """Shift each feature ``(n, m)`` back by its delay in s, in place, within its stretch.

    Rows are then times of the channel; the last rows of a stretch are NaN.
    """
    for column, shift in enumerate(np.rint(delays / BIN_S).astype(int)):
        if shift:
            same = live.stretch[shift:] == live.stretch[:-shift]
            shifted = np.where(same, values[shift:, column], np.float32(np.nan))
            values[:-shift, column], values[-shift:, column] = shifted, np.nan


def windows(values: Float32, live: LiveTime) -> Float32:
    """Return the largest value of each window, ``(m, n)`` from values ``(n, m)``.

    A window with a NaN, or beyond its stretch, is NaN: a maximum over fewer bins
    would be lower than the background's.
    """
    largest = np.full((values.shape[1], len(live)), np.nan, dtype=np.float32)
    whole = np.diff(live.stretch) == 0
    largest[:, :-1] = np.where(whole, np.maximum(values[:-1], values[1:]).T, np.float32(np.nan))
    return largest


def window_mask(mask: Bool) -> Bool:
    """Return which windows consist of background bins only."""
    return np.append(mask[:-1] & mask[1:], False)[: len(mask)]


def placements(values: Float32, background: Bool, live: LiveTime) -> Float32:
    """Rank windows against the background near them (DeLong 1988).

    Parameters
    ----------
    values
        ``(m, n)`` values of windows, NaN where there is none.
    background
        ``(n,)`` the window is background.
    live
        Live time, n bins.

    Returns
    -------
    ``(m, n)`` float32, u - 0.5; NaN where the value is NaN, or where fewer than
    `LEAST_BACKGROUND` background values are near.
    """
    placement = np.full(values.shape, np.nan, dtype=np.float32)
    rows = np.flatnonzero(background)
    for tile in np.unique(live.bins // TILE):
        start, end = np.searchsorted(live.bins, [tile * TILE, (tile + 1) * TILE])
        centre = tile * TILE + TILE // 2
        near = np.searchsorted(live.bins[rows], [centre - HALF_RANGE, centre + HALF_RANGE])
        known = np.sort(values[:, rows[near[0] : near[1]]], axis=1)  # NaN come last
        count = np.count_nonzero(~np.isnan(known), axis=1)
        _rank(values, start, end, known, count, placement)
    return placement


@numba.njit(nogil=True, cache=True)
def _rank(  # noqa: PLR0917 - a numba kernel takes no keyword-only arguments
    values: Float32, start: int, end: int, known: Float32, count: Int64, placement: Float32
) -> None:
    """Write u - 0.5 of columns start … end, from each row's sorted background.

    All columns take each step of the bisection together, and unsigned indices never wrap around: both let
    the compiler use vector instructions.
    """
    one = np.uint32(1)
    below = np.empty(end - start, np.uint32)
    for row in range(values.shape[0]):
        total = count[row]
        if total < LEAST_BACKGROUND:
            continue
        ordered, sought = known[row, :total], values[row, start:end]
        below[:] = 0
        left = np.uint32(total)
        while left > 1:
            half = np.uint32(left >> one)
            for k in range(sought.size):
                below[k] += half if ordered[below[k] + half - one] < sought[k] else np.uint32(0)
            left -= half
        for k in range(sought.size):
            value = sought[k]
            if np.isnan(value):
                continue
            first = np.int64(below[k])
            first += ordered[first] < value
            last = first
            if first < total and ordered[first] == value:
                last += 1
                if last < total and ordered[last] == value:
                    last = np.searchsorted(ordered, value, side="right")
            placement[row, start + k] = np.float32((first + last) / (2.0 * total) - 0.5)
