"""Folds of whole analysis segments, with an embargo between what is learnt from and what is held out."""

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import union
from glitch_explorer.coupling.witnesses.background import LAGS_S

#: Folds at most.
FOLDS = 5
#: Least number of glitches, and of segments that hold them: with fewer the interval of the average
#: precision is wider than any gain, and a fold has no glitches to learn from.
LEAST_GLITCHES, LEAST_SEGMENTS = 20, 3
#: Seconds that are kept between windows of different folds, more than a window's longest reach.
EMBARGO_S = sum(LAGS_S) + 10.0


def make_folds(counts: Int64) -> Int64:
    """Deal segments out to folds so that each holds about as many glitches.

    The segment with most glitches first, each to the fold that has fewest (ties: the first).

    Parameters
    ----------
    counts
        ``(k,)`` glitches of each segment.

    Returns
    -------
    Fold of each segment ``(k,)``; at most `FOLDS`, and no more than segments with glitches.
    """
    folds = min(FOLDS, int((counts > 0).sum()))
    fold = np.zeros(len(counts), dtype=np.int64)
    held = np.zeros(max(folds, 1), dtype=np.int64)
    segments = np.zeros(max(folds, 1), dtype=np.int64)
    for number in np.argsort(-counts, kind="stable"):
        # Segments without glitches are dealt out evenly too: their time is held out as well.
        chosen = np.lexsort((segments, held))[0]
        fold[number] = chosen
        held[chosen] += counts[number]
        segments[chosen] += 1
    return fold


def learnt_from(times: Float64, fold: Int64, number: int, segments: Float64, of_segment: Int64) -> Bool:
    """Say which windows a fold's model learns from.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of the windows.
    fold
        ``(n,)`` fold of each.
    number
        Fold that is held out.
    segments
        ``(k, 2)`` analysis segments, and their folds `of_segment`.

    Returns
    -------
    ``(n,)`` bool: of another fold, and no nearer than the embargo to the held-out segments.
    """
    held = segments[of_segment == number]
    near = union(np.column_stack([held[:, 0] - EMBARGO_S, held[:, 1] + EMBARGO_S]))
    place = np.searchsorted(near[:, 0], times, side="right") - 1
    ends = np.append(near[:, 1], -np.inf)
    inside = (place >= 0) & (times <= ends[place])
    learnt: Bool = (fold != number) & ~inside
    return learnt
