"""Placement values against the matched background, and their sums over trains and slides.

A feature's value at a lag is the largest of the lag's two cells. Its placement value
u is the share of background values below it (ties count half), among background times
no more than ten minutes away. The mean of u over a train is the AUC of on-source
against background (Mann & Whitney 1947; placement values: DeLong 1988).

Time runs in tiles of five minutes; all cells of a tile are ranked against the
background within 7.5 minutes of the tile's centre, so that one sort serves 600 cells.
"""

from dataclasses import dataclass

import numba
import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.map.members import MATCH_S

#: Seconds from one lag to the next, and its number of cells.
LAG_STEP_S = 1.0
STEP = round(LAG_STEP_S / CELL_S)
#: Cells of a tile, and half the cells that it is ranked against: nothing is further than MATCH_S.
TILE = round(MATCH_S / CELL_S) // 2
HALF_WINDOW = round(MATCH_S / CELL_S) - TILE // 2
#: Live intervals one after the other are joined to rings of at least this length. In rings of a
#: few minutes slides that keep away from the glitches all see the same far part, and drifting
#: channels light up with any family: 8 of 40 null families at 0.05 instead of 2.
RING_S = 7200.0
#: Fewer background values than this rank nothing.
LEAST_BACKGROUND = 40


@dataclass(frozen=True)
class Grid:
    """Live time as rings, for features and trains alike.

    Row i of the features starts window i: cells i and i + 1. The rows of a ring,
    followed by its first ones again, stand in two halves: even places, then odd ones.
    Windows at successive lags of a glitch then lie side by side.
    """

    #: ``(b,)`` first row and length of each ring.
    first: Int64
    length: Int64
    #: ``(n,)`` first row of each row's own contiguous interval, and the row after its last.
    start: Int64
    end: Int64
    #: ``(b,)`` where the ring's even half begins, and the length of a half.
    base: Int64
    half: Int64
    #: Row that stands at each place.
    rows: Int32
    #: Lags in seconds, ``(L,)``.
    lags: Int64


def make_grid(cells: Int64, block: Int32, lags_s: tuple[float, float]) -> Grid:
    """Lay out the live time: rings of intervals of consecutive cells, and the lags -before … +after."""
    cuts = np.flatnonzero((np.diff(block) != 0) | (np.diff(cells) != 1)) + 1
    edges = np.concatenate([[0], cuts, [len(cells)]]).astype(np.int64)
    start, end = (np.repeat(side, np.diff(edges)) for side in (edges[:-1], edges[1:]))
    first = _ring_starts(edges)
    length = np.diff(np.append(first, len(cells))).astype(np.int64)
    lags = np.arange(-round(lags_s[0]), round(lags_s[1]) + 1, dtype=np.int64)
    half = (length + STEP * (len(lags) - 1) + STEP) // STEP
    base = np.concatenate([[0], np.cumsum(STEP * half)])
    rows = np.empty(base[-1], dtype=np.int32)
    for begin, size, to, count in zip(first, length, base, half, strict=False):
        places = np.arange(STEP * count).reshape(count, STEP).T.ravel()
        rows[to : to + STEP * count] = begin + places % size
    return Grid(first, length, start, end, base[:-1], half, rows, lags)


def _ring_starts(edges: Int64) -> Int64:
    """Give the first row of each ring: intervals joined until they are long enough, the rest to the last."""
    starts = [0]
    for edge in edges[1:-1]:
        if min(edge - starts[-1], edges[-1] - edge) >= RING_S / CELL_S:
            starts.append(int(edge))
    return np.array(starts, dtype=np.int64)


def delays_s(settling_s: Float64) -> Float64:
    """Give the delay of features in s, whole lag steps: a causal filter answers a burst that late.

    What has settled after s seconds is highest about halfway: 2.4 s in 0.3-1 Hz, which settles in 5.5 s.
    """
    made: Float64 = np.floor(settling_s / 2 / LAG_STEP_S) * LAG_STEP_S
    return made


def align(values: Float32, block: Int32, delays: Float64) -> None:
    """Move each feature ``(n, m)`` back by its delay in s, in place, within its block.

    The channel's time is then the row's; the last rows of a block are NaN.
    """
    for column, cells in enumerate(np.rint(delays / CELL_S).astype(int)):
        if cells:
            same = block[cells:] == block[:-cells]
            moved = np.where(same, values[cells:, column], np.float32(np.nan))
            values[:-cells, column], values[-cells:, column] = moved, np.nan


def windows(values: Float32, cells: Int64, block: Int32) -> Float32:
    """Give the largest value of each window, ``(m, n)`` from values ``(n, m)``.

    A window that holds a NaN, or leaves its block, is NaN: a maximum over fewer cells
    would be lower than the background's.
    """
    made = np.full((values.shape[1], len(cells)), np.nan, dtype=np.float32)
    whole = (np.diff(cells) == 1) & (np.diff(block) == 0)
    made[:, :-1] = np.where(whole, np.maximum(values[:-1], values[1:]).T, np.float32(np.nan))
    return made


def window_mask(mask: Bool) -> Bool:
    """Say which windows consist of background cells alone."""
    made = np.zeros(len(mask), dtype=bool)
    made[:-1] = mask[:-1] & mask[1:]
    return made


def placements(values: Float32, background: Bool, cells: Int64) -> Float32:
    """Rank windows against the background near them.

    Parameters
    ----------
    values : ``(m, n)``
        Windows' values, NaN where there is none.
    background : ``(n,)``
        The window is background.
    cells : ``(n,)``
        Grid index of each window's first cell, ascending.

    Returns
    -------
    ``(m, n)`` float32, u - 0.5; NaN where the value is, or where fewer than
    `LEAST_BACKGROUND` background values are near.
    """
    placed = np.full(values.shape, np.nan, dtype=np.float32)
    quiet = np.flatnonzero(background)
    if not len(cells):
        return placed
    for tile in np.unique(cells // TILE):
        start, end = np.searchsorted(cells, [tile * TILE, (tile + 1) * TILE])
        centre = tile * TILE + TILE // 2
        near = np.searchsorted(cells[quiet], [centre - HALF_WINDOW, centre + HALF_WINDOW])
        known = np.sort(values[:, quiet[near[0] : near[1]]], axis=1)  # NaN come last
        count = np.count_nonzero(~np.isnan(known), axis=1)
        _rank(values, start, end, known, count, placed)
    return placed


@numba.njit(nogil=True, cache=True)
def _rank(  # noqa: PLR0917 - a numba kernel takes no keyword-only arguments
    values: Float32, start: int, end: int, known: Float32, count: Int64, placed: Float32
) -> None:
    """Write u - 0.5 of columns start … end, by bisection in each row's sorted background."""
    for row in range(values.shape[0]):
        total = count[row]
        if total < LEAST_BACKGROUND:
            continue
        ordered = known[row]
        for column in range(start, end):
            value = values[row, column]
            if np.isnan(value):
                continue
            below = 0
            size = total
            while size > 0:
                step = size // 2
                if ordered[below + step] < value:
                    below += step + 1
                    size -= step + 1
                else:
                    size = step
            upto = below
            size = total - below
            if size > 0 and ordered[below] == value:
                while size > 0:
                    step = size // 2
                    if ordered[upto + step] <= value:
                        upto += step + 1
                        size -= step + 1
                    else:
                        size = step
            placed[row, column] = np.float32((below + upto) / (2.0 * total) - 0.5)


@numba.njit(nogil=True, cache=True)
def sum_at(ring: Float32, starts: Int32, low: Int64, high: Int64, lags: int) -> Float32:
    """Sum a ring's values over each train at each lag, ``(trains, lags)``.

    `starts` ``(trains, n)`` is where each glitch's first lag stands in the ring; only lags
    low[j] … high[j] - 1 of glitch j count.
    """
    made = np.zeros((starts.shape[0], lags), dtype=np.float32)
    for train in range(starts.shape[0]):
        total = made[train]
        for j in range(starts.shape[1]):
            at = starts[train, j]
            for lag in range(low[j], high[j]):
                total[lag] += ring[at + lag]
    return made
