"""Trains of glitches on the grid, and where they may be slid to.

A slide turns each ring of live time by an offset of its own that is larger than the
largest lag: the train keeps its bursts, the channel its memory.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from glitch_explorer.core.arrays import Bool, Float64, Int32, Int64
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.witnesses.ranks import STEP, Grid

#: A ring is slid in only if it is so many times as long as the least offset.
LEAST_LENGTH = 3
#: Two slides stand apart unless the rings in which they are nearer than the least offset hold this
#: share of the glitches.
_SHARED = 0.1
#: Families with fewer glitches that can be slid get no answer.
LEAST_GLITCHES = 8


@dataclass(frozen=True)
class Train:
    """Glitches that the statistics use."""

    #: ``(n,)`` which of the times given they are.
    used: Int64
    #: ``(n,)`` their ring.
    block: Int64
    #: ``(n,)`` window of the first lag, counted from the ring's start; negative before it.
    place: Int64
    #: ``(n,)`` lags low … high - 1 lie in the glitch's own interval.
    low: Int64
    high: Int64

    def part(self, chosen: Bool) -> "Train":
        """Keep some of the glitches."""
        return Train(*(array[chosen] for array in (self.used, self.block, self.place, self.low, self.high)))


@dataclass(frozen=True)
class Slid:
    """A train on its grid, with its slides."""

    grid: Grid
    train: Train
    #: ``(1 + S, n)`` where each glitch's first lag stands in the ring; row 0 is unslid.
    starts: Int32
    #: ``(S, S)`` the two slides are nearly the same, each with itself.
    near: csr_array

    def part(self, chosen: Bool) -> "Slid":
        """Keep some of the glitches."""
        return Slid(self.grid, self.train.part(chosen), self.starts[:, chosen], self.near)


def guard(grid: Grid) -> int:
    """Give the least offset of a slide in cells: larger than the largest lag."""
    return STEP * (int(np.abs(grid.lags).max()) + 1)


def make_train(times: Float64, cells: Int64, grid: Grid) -> Train:
    """Place glitches on the grid; those outside it, or in rings too short to slide in, are left out.

    The window of lag l is the one whose middle is nearest to the glitch's time plus l.
    """
    cell = np.floor(times / CELL_S).astype(np.int64)
    row = np.minimum(np.searchsorted(cells, cell), len(cells) - 1)
    block = np.searchsorted(grid.first, row, side="right") - 1
    used = np.flatnonzero((cells[row] == cell) & (grid.length[block] >= LEAST_LENGTH * guard(grid)))
    block, row = block[used], row[used]
    middle = row + np.rint(times[used] / CELL_S).astype(np.int64) - 1 - cells[row]
    at = middle + STEP * grid.lags[0]
    low = np.clip(-((at - grid.start[row]) // STEP), 0, len(grid.lags))
    high = np.clip((grid.end[row] - 2 - at) // STEP + 1, 0, len(grid.lags))
    place = at - grid.first[block]
    return Train(used, block, place, low, np.maximum(high, low))


def slide(train: Train, grid: Grid, *, slides: int, rng: np.random.Generator) -> Slid:
    """Turn a train in each ring by offsets of its own, larger than the largest lag."""
    least = guard(grid)
    offsets = np.zeros((1 + slides, len(grid.first)), dtype=np.int64)
    for number in np.unique(train.block):
        offsets[1:, number] = rng.integers(least, grid.length[number] - least + 1, slides)
    starts = _starts(train.place + offsets[:, train.block], train.block, grid)
    rings, count = np.unique(train.block, return_counts=True)
    near = near_slides(offsets[1:, rings], grid.length[rings], count, least=least)
    return Slid(grid, train, starts, near)


def near_slides(offsets: Int64, length: Int64, count: Int64, *, least: int) -> csr_array:
    """Say which slides are nearly the same.

    The real train is at least the least offset away from every slide, but slides may fall on each other.

    Parameters
    ----------
    offsets
        ``(S, rings)`` cells that each slide is turned by.
    length, count
        ``(rings,)`` cells and glitches of each ring.
    least
        Least offset of a slide.

    Returns
    -------
    ``(S, S)`` sparse 0 and 1, 1 on the diagonal. Where a slide would be left with less than half of the
    others, as in a ring of few minutes, it is near to itself alone.
    """
    shared = np.zeros((len(offsets), len(offsets)))
    for column, size, glitches in zip(offsets.T, length, count, strict=True):
        apart = np.abs(column[:, None] - column)
        shared += glitches * (np.minimum(apart, size - apart) < least)
    near = shared >= _SHARED * count.sum()
    near[near.sum(axis=1) > len(near) / 2] = False
    np.fill_diagonal(near, val=True)
    return csr_array(near.astype(float))


def _starts(place: Int64, block: Int64, grid: Grid) -> Int32:
    at = place % grid.length[block]
    starts: Int32 = (grid.base[block] + (at % STEP) * grid.half[block] + at // STEP).astype(np.int32)
    return starts


def shifted(times: Float64, train: Train, cells: Int64, grid: Grid, *, rng: np.random.Generator) -> Float64:
    """Turn the real train by one offset a ring: a pseudo-family with the family's own bursts."""
    least = guard(grid)
    offset = np.zeros(len(grid.first), dtype=np.int64)
    for number in np.unique(train.block):
        offset[number] = rng.integers(least, grid.length[number] - least + 1)
    cell = np.floor(times[train.used] / CELL_S).astype(np.int64)
    first = grid.first[train.block]
    row = first + (np.searchsorted(cells, cell) - first + offset[train.block]) % grid.length[train.block]
    turned: Float64 = np.sort(times[train.used] + (cells[row] - cell) * CELL_S)
    return turned


def quiet_train(quiet: Bool, grid: Grid, *, count: int, slides: int, rng: np.random.Generator) -> Slid:
    """Draw quiet times as a pseudo-family, and slides of it that stay within quiet time.

    Each ring's quiet windows, laid end to end, are what its times turn on; all lags count,
    as the features wrap with the ring.
    """
    rows = np.flatnonzero(quiet)
    chosen = np.sort(rng.choice(rows, min(count, len(rows)), replace=False))
    block = np.searchsorted(grid.first, chosen, side="right") - 1
    place = np.empty((1 + slides, len(chosen)), dtype=np.int64)
    rings, held = np.unique(block, return_counts=True)
    offsets, lengths = np.empty((slides, len(rings)), dtype=np.int64), np.empty(len(rings), dtype=np.int64)
    for k, number in enumerate(rings):
        mine = block == number
        start = grid.first[number]
        ring = rows[(rows >= start) & (rows < start + grid.length[number])] - start
        least = min(guard(grid), len(ring) // 4)
        offsets[:, k], lengths[k] = rng.integers(least, len(ring) - least + 1, slides), len(ring)
        offset = np.append(0, offsets[:, k])
        at = np.searchsorted(ring, chosen[mine] - start)
        place[:, mine] = ring[(at + offset[:, None]) % len(ring)]
    first = STEP * grid.lags[0]
    lags = np.full(len(chosen), len(grid.lags))
    train = Train(np.arange(len(chosen)), block, place[0] + first, np.zeros_like(lags), lags)
    near = near_slides(offsets, lengths, held, least=guard(grid))
    return Slid(grid, train, _starts(place + first, block, grid), near)
