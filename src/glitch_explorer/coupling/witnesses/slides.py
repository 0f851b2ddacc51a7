"""The triggers of a family on the grid, and their time slides.

A time slide shifts the triggers of each ring of live time circularly, each ring by its own offset, which is
larger than the largest lag, over the ring's stretches in another order: the triggers keep their bursts, the
channel its autocorrelation within stretches. Without the other order, a ring has few slides that differ: the
largest value over all lags is nearly the same for offsets that differ by less than the range of lags.
See docs/explanation/methods.md#t-statistic.
"""

import math
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
#: Times that slides near the real triggers are drawn again, in rings so short that few are not near.
_TRIES = 20
#: More distinct slides than this are not told apart.
_MOST = 1e9
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
        for j in range(starts.shape[1]):
            # Slices of equal length from 0 on, of which the compiler knows that no index is negative.
            start = starts[number, j]
            total, values = sums[number, low[j] : high[j]], stored[start + low[j] : start + high[j]]
            for k in range(total.size):
                total[k] += values[k]
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


def _offsets(rings: Int64, grid: Grid, rng: np.random.Generator) -> Int64:
    """Draw an offset of each ring ``(all rings,)`` in time bins; 0 in rings without triggers."""
    least = least_offset(grid)
    offsets = np.zeros(len(grid.first), dtype=np.int64)
    for number in np.unique(rings):
        offsets[number] = rng.integers(least, grid.length[number] - least + 1)
    return offsets


def distinct_slides(triggers: Triggers, grid: Grid) -> float:
    """Return how many slides differ.

    It is the product over the rings with triggers of the orders of their stretches and of the offsets that
    differ by more than the range of lags; at most `_MOST`.
    """
    span = STEP * len(grid.lags)
    logs = 0.0
    for ring in np.unique(triggers.ring):
        offsets = (grid.length[ring] - 2 * least_offset(grid)) / span
        logs += math.lgamma(len(_stretches(ring, grid)) + 1) + math.log(max(1.0, offsets))
    return float(min(math.exp(min(logs, 99.0)), _MOST))


def _stretches(ring: int, grid: Grid) -> Int64:
    """Return the first window of each stretch of a ring, counted from the ring's start."""
    first, edges = grid.first[ring], grid.live.edges
    return np.asarray(edges[(edges >= first) & (edges < first + grid.length[ring])] - first)


def slid_positions(position: Int64, length: int, starts: Int64, offset: Int64, order: Int64) -> Int64:
    """Shift positions on a ring, and place them on its stretches in another order.

    Parameters
    ----------
    position
        ``(n,)`` from 0 to `length` - 1.
    length
        Length of the ring.
    starts
        ``(k,)`` first position of each stretch, ascending from 0.
    offset, order
        Offset ``(S,)`` of each slide, and its order of the stretches ``(S, k)``.

    Returns
    -------
    ``(S, n)``. For each slide the ring is mapped to itself, each position once.
    """
    sizes = np.diff(np.append(starts, length))[order]
    ends = np.cumsum(sizes, axis=1)
    turned = (position + offset[:, None]) % length
    # The rows of `ends`, one after the other, are ascending.
    base = length * np.arange(len(offset))[:, None]
    slot = np.searchsorted((ends + base).ravel(), (turned + base).ravel(), side="right").reshape(turned.shape)
    slot -= order.shape[1] * np.arange(len(offset))[:, None]
    behind = turned - np.take_along_axis(ends - sizes, slot, axis=1)
    return np.asarray(starts[np.take_along_axis(order, slot, axis=1)] + behind)


def time_slides(triggers: Triggers, grid: Grid, *, slides: int, rng: np.random.Generator) -> TimeSlides:
    """Draw time slides: each ring by its own offset, its stretches in an order of its own."""
    least, shift = least_offset(grid), STEP * grid.lags[0]
    # The middle window of each trigger; `window` is that of the first lag.
    slid = np.empty((1 + slides, len(triggers.used)), dtype=np.int64)
    slid[0] = triggers.window - shift
    places, lengths, counts = [], [], []
    for ring in np.unique(triggers.ring):
        here, length, starts = triggers.ring == ring, grid.length[ring], _stretches(ring, grid)
        real = slid[0, here] % length
        slid[1:, here] = _draw_slides(real, length, starts, slides=slides, least=least, rng=rng)
        # Triggers of one stretch move together.
        own = np.searchsorted(starts, real, side="right")
        _, first, count = np.unique(own, return_index=True, return_counts=True)
        places.append(slid[1:, here][:, first])
        lengths.append(np.full(len(first), length))
        counts.append(count)
    near = near_slides(
        np.concatenate(places, axis=1), np.concatenate(lengths), np.concatenate(counts), least=least
    )
    return TimeSlides(grid, triggers, _starts(slid + shift, triggers.ring, grid), near)


def _draw_slides(
    real: Int64, length: int, starts: Int64, *, slides: int, least: int, rng: np.random.Generator
) -> Int64:
    """Draw positions ``(S, n)`` of triggers on a ring of that length, whose stretches begin at `starts`.

    Slides that leave a tenth of the triggers near their real positions ``(n,)``, closer than the least
    offset, are drawn again: they would see the family's own witness.
    """
    slid = np.empty((slides, len(real)), dtype=np.int64)
    left = np.arange(slides)
    for _ in range(_TRIES):
        offset = rng.integers(least, length - least + 1, len(left))
        order = rng.permuted(np.tile(np.arange(len(starts)), (len(left), 1)), axis=1)
        slid[left] = slid_positions(real, length, starts, offset, order)
        apart = np.abs(slid[left] - real)
        close = np.minimum(apart, length - apart) < least
        left = left[close.mean(axis=1) >= _SHARED]
        if not len(left):
            break
    return slid


def near_slides(offsets: Int64, length: Int64, count: Int64, *, least: int) -> csr_array:
    """Find slides that are nearly the same.

    Parameters
    ----------
    offsets
        ``(S, groups)`` place of each group of triggers in its ring, or offset, in time bins.
    length, count
        ``(groups,)`` time bins of its ring, and triggers of the group.
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
    offset = _offsets(triggers.ring, grid, rng)[triggers.ring]
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
