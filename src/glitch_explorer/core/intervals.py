"""Intervals of GPS time: arrays ``(n, 2)`` of starts and ends in seconds, half open: [start, end).

Where each interval has an owner (a family, say), `owner` ``(n,)`` holds its number. All functions sort the
interval ends instead of comparing pairs, so that a year of glitches takes seconds.
"""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64

#: Lengths in seconds; the year is a Julian one.
MINUTE_S, DAY_S, YEAR_S = 60.0, 86400.0, 365.25 * 86400.0


def union(intervals: Float64) -> Float64:
    """Return the union of intervals ``(n, 2)`` as sorted, disjoint intervals."""
    if not len(intervals):
        return np.empty((0, 2))
    ordered = intervals[np.argsort(intervals[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    opens = np.concatenate([[True], ordered[1:, 0] > reach[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return np.column_stack([ordered[opens, 0], reach[closes]])


def segments_of(segments: pd.DataFrame, ifo: str) -> Float64:
    """Return the analysis segments ``(k, 2)`` of a detector, sorted and disjoint, from table "segments"."""
    rows = segments.loc[segments["ifo"] == ifo, ["start", "end"]].to_numpy(dtype=float)
    return union(rows[rows[:, 1] > rows[:, 0]])


def subtract(start: float, end: float, blocked: Float64) -> Float64:
    """Return what is left of [start, end) outside `blocked`, which is sorted and disjoint."""
    first = np.searchsorted(blocked[:, 1], start, side="right")
    last = np.searchsorted(blocked[:, 0], end, side="left")
    near = blocked[first:last]
    left = np.column_stack([np.concatenate([[start], near[:, 1]]), np.concatenate([near[:, 0], [end]])])
    return left[left[:, 1] > left[:, 0]]


def complement(intervals: Float64) -> Float64:
    """Return the complement of intervals as sorted, disjoint intervals; the outer two are unbounded."""
    edges = np.concatenate([[-np.inf], union(intervals).ravel(), [np.inf]])
    return edges.reshape(-1, 2)


def contains(intervals: Float64, times: Float64) -> Bool:
    """Return which times ``(m,)`` lie in any of the intervals; bool ``(m,)``."""
    disjoint = union(intervals)
    after = np.searchsorted(disjoint[:, 0], times, side="right") - 1
    ends = np.append(disjoint[:, 1], -np.inf)  # index -1: before the first interval
    return np.asarray(times < ends[after], dtype=bool)


def lengths(intervals: Float64) -> Float64:
    """Return the lengths ``(n,)`` of intervals in seconds."""
    return np.asarray(intervals[:, 1] - intervals[:, 0])


def intersect(intervals: Float64, cells: Float64) -> tuple[Float64, Int64, Int64]:
    """Return the pieces of intervals that lie in each cell.

    Parameters
    ----------
    intervals
        ``(n, 2)``, in any order, overlapping or not.
    cells
        ``(m, 2)``, sorted and disjoint.

    Returns
    -------
    pieces
        ``(p, 2)`` of positive length.
    origin, cell
        ``(p,)`` index of the interval and of the cell.
    """
    first = np.searchsorted(cells[:, 1], intervals[:, 0], side="right")
    last = np.searchsorted(cells[:, 0], intervals[:, 1], side="left")
    count = np.maximum(last - first, 0)
    origin = np.repeat(np.arange(len(intervals)), count)
    within = np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    cell = first[origin] + within
    low = np.maximum(intervals[origin, 0], cells[cell, 0])
    high = np.minimum(intervals[origin, 1], cells[cell, 1])
    overlap = high > low
    return np.column_stack([low, high])[overlap], origin[overlap], cell[overlap]


def union_by_owner(intervals: Float64, owner: Int64) -> tuple[Float64, Int64]:
    """Return each owner's union as disjoint intervals, sorted by owner and time, and their owners."""
    n = len(intervals)
    time = intervals.T.ravel()
    closes = np.repeat([0, 1], n)
    owners = np.tile(owner, 2)
    # Starts sort before ends of the same time, so that touching intervals become one.
    order = np.lexsort((closes, time, owners))
    depth = np.cumsum(1 - 2 * closes[order])
    start = (depth == 1) & (closes[order] == 0)
    end = depth == 0
    merged = np.column_stack([time[order][start], time[order][end]])
    return merged, owners[order][start].astype(np.int64)


def exclusive(intervals: Float64, owner: Int64) -> tuple[Float64, Int64]:
    """Return the time that exactly one owner covers, and its owner, in one sweep.

    Parameters
    ----------
    intervals
        ``(n, 2)``, each owner's disjoint, as from `union_by_owner`.
    owner
        ``(n,)``.

    Returns
    -------
    intervals, owner
        Sorted by time. Their length is what would be free without that owner:
        |union of all| - |union of all but one|.
    """
    n = len(intervals)
    time = intervals.T.ravel()
    sign = np.repeat([1, -1], n)
    order = np.argsort(time, kind="stable")
    depth = np.cumsum(sign[order])[:-1]
    # Where one interval is open, the sum of the open owners' numbers is its owner's.
    owners = np.cumsum(sign[order] * np.tile(owner, 2)[order])[:-1]
    edges = time[order]
    single = (depth == 1) & (np.diff(edges) > 0)
    return np.column_stack([edges[:-1][single], edges[1:][single]]), owners[single].astype(np.int64)
