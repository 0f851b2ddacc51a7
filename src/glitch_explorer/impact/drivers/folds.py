"""Folds of whole analysis segments, with an embargo around what is held out."""

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import union
from glitch_explorer.coupling.witnesses.background import LAGS_S

#: Largest number of folds.
FOLDS = 5
#: Minimum number of glitches, and of segments with glitches: with fewer, the interval of the average
#: precision is wider than any gain, and a fold has no glitches to fit.
LEAST_GLITCHES, LEAST_SEGMENTS = 20, 3
#: Seconds between windows of different folds, more than a window's longest reach.
EMBARGO_S = sum(LAGS_S) + 10.0


def make_folds(counts: Int64) -> Int64:
    """Return the fold of each segment, so that folds have about as many glitches each.

    The segment with most glitches is assigned first, each to the fold with fewest (ties: the first).
    Segments without glitches are spread evenly too, because their time is held out as well.

    Parameters
    ----------
    counts
        ``(k,)`` glitches of each segment.

    Returns
    -------
    ndarray
        ``(k,)`` fold of each segment; at most `FOLDS`, and no more than segments with glitches.
    """
    folds = max(min(FOLDS, int((counts > 0).sum())), 1)
    fold = np.zeros(len(counts), dtype=np.int64)
    glitches, segments = np.zeros(folds, dtype=np.int64), np.zeros(folds, dtype=np.int64)
    for number in np.argsort(-counts, kind="stable"):
        fold[number] = np.lexsort((segments, glitches))[0]
        glitches[fold[number]] += counts[number]
        segments[fold[number]] += 1
    return fold


def is_fitted(times: Float64, fold: Int64, number: int, segments: Float64, segment_fold: Int64) -> Bool:
    """Return which windows ``(n,)`` the model of a fold is fitted to.

    These are windows of other folds, at least the embargo away from the held-out segments.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of the windows.
    fold
        ``(n,)`` fold of each window.
    number
        Fold that is held out.
    segments, segment_fold
        ``(k, 2)`` analysis segments, and ``(k,)`` their folds.
    """
    held_out = segments[segment_fold == number]
    near = union(np.column_stack([held_out[:, 0] - EMBARGO_S, held_out[:, 1] + EMBARGO_S]))
    last = np.searchsorted(near[:, 0], times, side="right") - 1
    ends = np.append(near[:, 1], -np.inf)
    return np.asarray((fold != number) & ~((last >= 0) & (times <= ends[last])))
