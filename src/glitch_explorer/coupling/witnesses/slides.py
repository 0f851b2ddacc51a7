"""The triggers of a family on the grid, and their time slides.

A time slide shifts the triggers of each ring of live time circularly, each ring by its own offset, which is
larger than the largest lag: the triggers keep their bursts, the channel its autocorrelation.
See docs/explanation/methods.md#t-statistic.
"""

from dataclasses import dataclass, replace

import numba
import numpy as np
from scipy.sparse import csr_array

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.witnesses.ranks import STEP, Grid

#: A ring has time slides only if it is at least this many times as long as the least offset.
LEAST_LENGTH = 3
#: Two slides are near if the rings in which their offsets differ by less than the least offset contain
#: at least this share of the glitches.
_SHARED = 0.1
#: Families with fewer glitches that have time slides are not tested.
LEAST_GLITCHES = 8


@dataclass(frozen=True)
class Triggers:
    """Glitches that the statistics use, on a grid."""

    #: ``(n,)`` index among the family's times.
    used: Int64
    #: ``(n,)`` number of the ring.
    ring: Int64
    #: ``(n,)`` window of the first lag, counted from the ring's start; negative before it.
    window: Int64
    #: ``(n,)`` lags low … high - 1 lie in the trigger's stretch.
    low: Int64
    high: Int64

    def part(self, selected: Bool) -> "Triggers":
        """Return some of the triggers."""
        return Triggers(*(array[selected] for array in vars(self).values()))


@dataclass(frozen=True)
class TimeSlides:
    """Triggers on their grid, with S time slides."""

    grid: Grid
    triggers: Triggers
    #: ``(1 + S, n)`` index in `grid.rows` of each trigger's first lag; row 0 is not shifted.
    starts: Int32
    #: ``(S, S)`` the two slides are nearly the same; 1 on the diagonal.
    near: csr_array

    def part(self, selected: Bool) -> "TimeSlides":
        """Return the time slides of some of the triggers."""
        return replace(self, triggers=self.triggers.part(selected), starts=self.starts[:, selected])

    def sums(self, values: Float32, *, high: Int64 | None = None) -> Float32:
        """Sum values of windows over the triggers at each lag.

        Parameters
        ----------
        values
            ``(rows,)`` a value for each window.
        high
            ``(n,)`` lags below `triggers.high` that count, where fewer do.

        Returns
        -------
        ``(1 + S, L)``, row 0 of the triggers themselves.
        """
        triggers = self.triggers
        high = triggers.high if high is None else high
        stored, lags = values[self.grid.rows], len(self.grid.lags)
        return np.asarray(_sum_at(stored, self.starts, triggers.low, high, lags))

    def unshifted(self, values: Float32) -> Float32:
        """Sum values of windows ``(rows,)`` over the triggers themselves at each lag, ``(L,)``."""
        return np.asarray(replace(self, starts=self.starts[:1]).sums(values)[0])


@numba.njit(nogil=True, cache=True)
def _sum_at(stored: Float32, starts: Int32, low: Int64, high: Int64, lags: int) -> Float32:
    """Sum stored values over each row of `starts` ``(s, n)`` at each lag, ``(s, lags)``.

    Only lags low[j] … high[j] - 1 of trigger j count.
    """
    sums = np.zeros((starts.shape[0], lags), dtype=np.float32)
    for number in range(starts.shape[0]):
        total = sums[number]
        for j in range(starts.shape[1]):
            offset = starts[number, j]
            for lag in range(low[j], high[j]):
                total[lag] += stored[offset + lag]
    return sums


def least_offset(grid: Grid) -> int:
    """Return the least offset of a slide in time bins: larger than the largest lag."""
    return STEP * (int(np.abs(grid.lags).max()) + 1)


def make_triggers(times: Float64, grid: Grid) -> Triggers:
    """Find the windows of glitches at GPS times ``(t,)``.

    The window of lag l is the one whose middle is nearest to the glitch's time plus l. Glitches outside the
    live time, or in rings too short for a time slide, are left out.
    """
    live = grid.live
    row, inside = live.rows(np.floor(times / BIN_S).astype(np.int64))
    ring = grid.ring(row)
    used = np.flatnonzero(inside & (grid.length[ring] >= LEAST_LENGTH * least_offset(grid)))
    ring, row = ring[used], row[used]
    middle = row + np.rint(times[used] / BIN_S).astype(np.int64) - 1 - live.bins[row]
    first_window = middle + STEP * grid.lags[0]
    edges = live.edges
    stretch = np.searchsorted(edges, row, side="right") - 1
    low = np.clip(-((first_window - edges[stretch]) // STEP), 0, len(grid.lags))
    high = np.clip((edges[stretch + 1] - 2 - first_window) // STEP + 1, 0, len(grid.lags))
    return Triggers(used, ring, first_window - grid.first[ring], low, np.maximum(high, low))


def _offsets(rings: Int64, grid: Grid, size: int | None, rng: np.random.Generator) -> Int64:
    """Draw offsets of each ring in time bins, ``(size, all rings)``; 0 in rings without triggers."""
    least = least_offset(grid)
    offsets = np.zeros((size or 1, len(grid.first)), dtype=np.int64)
    for number in np.unique(rings):
        offsets[:, number] = rng.integers(least, grid.length[number] - least + 1, size)
    return offsets


def distinct_slides(triggers: Triggers, grid: Grid) -> float:
    """Return how many slides differ: the product of the offsets that each ring with triggers has."""
    least = least_offset(grid)
    return float(np.prod([grid.length[ring] - 2.0 * least + 1 for ring in np.unique(triggers.ring)]))


def time_slides(triggers: Triggers, grid: Grid, *, slides: int, rng: np.random.Generator) -> TimeSlides:
    """Shift triggers in each ring by its own offsets, larger than the largest lag."""
    offsets = np.concatenate(
        [np.zeros((1, len(grid.first)), np.int64), _offsets(triggers.ring, grid, slides, rng)]
    )
    starts = _starts(triggers.window + offsets[:, triggers.ring], triggers.ring, grid)
    rings, count = np.unique(triggers.ring, return_counts=True)
    near = near_slides(offsets[1:, rings], grid.length[rings], count, least=least_offset(grid))
    return TimeSlides(grid, triggers, starts, near)


def near_slides(offsets: Int64, length: Int64, count: Int64, *, least: int) -> csr_array:
    """Find slides that are nearly the same.

    The real triggers are at least the least offset away from every slide, but slides may coincide.

    Parameters
    ----------
    offsets
        ``(S, rings)`` offset of each slide in time bins.
    length, count
        ``(rings,)`` time bins and triggers of each ring.
    least
        Least offset of a slide.

    Returns
    -------
    ``(S, S)`` sparse 0 and 1, 1 on the diagonal. Where a slide would be left with less than half of the
    others, as in a ring of few minutes, it is near to itself only.
    """
    shared = np.zeros((len(offsets), len(offsets)))
    for column, size, triggers in zip(offsets.T, length, count, strict=True):
        apart = np.abs(column[:, None] - column)
        shared += triggers * (np.minimum(apart, size - apart) < least)
    near = shared >= _SHARED * count.sum()
    near[near.sum(axis=1) > len(near) / 2] = False
    np.fill_diagonal(near, val=True)
    return csr_array(near.astype(float))


def _starts(window: Int64, ring: Int64, grid: Grid) -> Int32:
    """Return the index in `grid.rows` of windows ``(..., n)`` counted from their ring's start."""
    step = window % grid.length[ring]
    return np.asarray(grid.base[ring] + (step % STEP) * grid.half[ring] + step // STEP, dtype=np.int32)


def shifted_times(times: Float64, triggers: Triggers, grid: Grid, *, rng: np.random.Generator) -> Float64:
    """Shift the real triggers by one offset a ring: a pseudo-family with the family's own bursts.

    Parameters
    ----------
    times
        ``(t,)`` GPS times that the triggers were made of.
    triggers, grid
        The family's triggers, and their grid (`make_triggers`).
    rng
        Random generator of the offsets.

    Returns
    -------
    GPS times, sorted, of the triggers that are used.
    """
    live, first = grid.live, grid.first[triggers.ring]
    offset = _offsets(triggers.ring, grid, None, rng)[0, triggers.ring]
    start = np.floor(times[triggers.used] / BIN_S).astype(np.int64)
    row = first + (live.rows(start)[0] - first + offset) % grid.length[triggers.ring]
    return np.sort(times[triggers.used] + (live.bins[row] - start) * BIN_S)


def quiet_slides(quiet: Bool, grid: Grid, *, count: int, slides: int, rng: np.random.Generator) -> TimeSlides:
    """Draw quiet times as a pseudo-family, and time slides that stay within quiet time.

    The quiet windows of each ring are joined end to end, and times shift on these; all lags count,
    as the features wrap with the ring.

    Parameters
    ----------
    quiet
        ``(rows,)`` the window is quiet.
    grid
        Rings and lags.
    count, slides
        Number of times, and of time slides.
    rng
        Random generator of the times and of the slides.
    """
    rows = np.flatnonzero(quiet)
    drawn = np.sort(rng.choice(rows, min(count, len(rows)), replace=False))
    ring = grid.ring(drawn)
    window = np.empty((1 + slides, len(drawn)), dtype=np.int64)
    rings, counts = np.unique(ring, return_counts=True)
    offsets, lengths = np.empty((slides, len(rings)), dtype=np.int64), np.empty(len(rings), dtype=np.int64)
    for k, number in enumerate(rings):
        start = grid.first[number]
        free = rows[(rows >= start) & (rows < start + grid.length[number])] - start
        least = min(least_offset(grid), len(free) // 4)
        offsets[:, k], lengths[k] = rng.integers(least, len(free) - least + 1, slides), len(free)
        index = np.searchsorted(free, drawn[ring == number] - start)
        window[:, ring == number] = free[(index + np.append(0, offsets[:, k])[:, None]) % len(free)]
    window += STEP * grid.lags[0]
    lags = np.full(len(drawn), len(grid.lags))
    triggers = Triggers(np.arange(len(drawn)), ring, window[0], np.zeros_like(lags), lags)
    near = near_slides(offsets, lengths, counts, least=least_offset(grid))
    return TimeSlides(grid, triggers, _starts(window, ring, grid), near)
