"""Gates: the time that a search leaves out around glitches, and whose time it is.

Intervals are arrays (n, 2) of GPS seconds; `owner` (n,) numbers whose each of them is.
Everything is done by sorting ends, so that a year of glitches takes seconds.
"""

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def windows(times: Float64, durations: Float64, least_gate_s: float) -> Float64:
    """Give the gates [t - w, t + w], w = max(duration / 2, least_gate_s); no duration counts as 0.

    Parameters
    ----------
    times, durations
        (n,) GPS seconds and seconds.
    least_gate_s
        Least half width of a gate, s.

    Returns
    -------
    ndarray
        (n, 2).
    """
    half = np.maximum(np.nan_to_num(durations) / 2, least_gate_s)
    return np.column_stack([times - half, times + half])


def lengths(intervals: Float64) -> Float64:
    """Give the lengths (n,) of intervals, s."""
    made: Float64 = intervals[:, 1] - intervals[:, 0]
    return made


def sums(index: Int64, n: int, weights: npt.ArrayLike | None = None) -> Float64:
    """Sum weights, else 1, by index: (n,)."""
    return np.bincount(index, weights, minlength=n).astype(float)


def cut(intervals: Float64, cells: Float64) -> tuple[Float64, Int64, Int64]:
    """Cut intervals into what lies in each of the cells.

    Parameters
    ----------
    intervals
        (n, 2), in any order, overlapping or not.
    cells
        (m, 2), sorted and disjoint.

    Returns
    -------
    pieces
        (p, 2) of positive length.
    origin, cell
        (p,) number of the interval and of the cell.
    """
    first = np.searchsorted(cells[:, 1], intervals[:, 0], side="right")
    last = np.searchsorted(cells[:, 0], intervals[:, 1], side="left")
    count = np.maximum(last - first, 0)
    origin = np.repeat(np.arange(len(intervals)), count)
    within = np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    cell = first[origin] + within
    low = np.maximum(intervals[origin, 0], cells[cell, 0])
    high = np.minimum(intervals[origin, 1], cells[cell, 1])
    there = high > low
    return np.column_stack([low, high])[there], origin[there], cell[there]


def unions(intervals: Float64, owner: Int64) -> tuple[Float64, Int64]:
    """Give each owner's union as disjoint intervals, sorted by owner and time, and their owners."""
    n = len(intervals)
    time = intervals.T.ravel()
    closes = np.repeat([0, 1], n)
    whose = np.tile(owner, 2)
    # What closes where another opens is one with it: openings come first.
    order = np.lexsort((closes, time, whose))
    depth = np.cumsum(1 - 2 * closes[order])
    start = (depth == 1) & (closes[order] == 0)
    end = depth == 0
    made = np.column_stack([time[order][start], time[order][end]])
    return made, whose[order][start].astype(np.int64)


def alone(intervals: Float64, owner: Int64) -> tuple[Float64, Int64]:
    """Give the time that exactly one owner covers, and whose it is, in one sweep.

    Parameters
    ----------
    intervals
        (n, 2), each owner's disjoint, as `unions` gives them.
    owner
        (n,).

    Returns
    -------
    intervals, owner
        Sorted by time. Their length is what would be free if that owner were not there:
        |union of all| - |union of all but one|.
    """
    n = len(intervals)
    time = intervals.T.ravel()
    sign = np.repeat([1, -1], n)
    order = np.argsort(time, kind="stable")
    depth = np.cumsum(sign[order])[:-1]
    # Where one is open, the sum of the open owners' numbers is its number.
    whose = np.cumsum(sign[order] * np.tile(owner, 2)[order])[:-1]
    edges = time[order]
    single = (depth == 1) & (np.diff(edges) > 0)
    return np.column_stack([edges[:-1][single], edges[1:][single]]), whose[single].astype(np.int64)
