"""Blocks of time, and intervals over them. See docs/explanation/methods.md#blocks."""

import numpy as np
from scipy import special

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import DAY_S

#: With fewer blocks models and costs have no interval.
LEAST_BLOCKS = 10
#: Days or segments are blocks if there are at least this many; otherwise the live time is cut into this many.
_BLOCKS = 20
#: Draws of the bootstrap, and the percentiles of the interval.
DRAWS, PERCENTILES = 1000, (2.5, 97.5)
_LEVEL = 0.975


def bootstrap_blocks(times: Float64, segments: Float64) -> Int64:
    """Return the block of each time: days, else segments, else twentieths of the live time.

    Parameters
    ----------
    times
        ``(n,)`` GPS seconds, inside the segments.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.
    """
    spans = [np.arange(start // DAY_S, np.ceil(end / DAY_S)) for start, end in segments]
    if len(np.unique(np.concatenate([np.empty(0), *spans]))) >= _BLOCKS:
        return np.asarray(times // DAY_S, dtype=np.int64)
    segment = np.clip(np.searchsorted(segments[:, 0], times, side="right") - 1, 0, None)
    if len(segments) >= _BLOCKS:
        return segment.astype(np.int64)
    length = segments[:, 1] - segments[:, 0]
    before = np.append(0.0, np.cumsum(length))
    along = before[segment] + np.clip(times - segments[segment, 0], 0, length[segment])
    return np.asarray(np.minimum(along / before[-1] * _BLOCKS, _BLOCKS - 1), dtype=np.int64)


def share_interval(hits: Bool, blocks: Int64) -> tuple[float, float]:
    """Compute the 95 % interval of a share of glitches that come in blocks (Korn & Graubard 1998).

    The exact binomial interval (Clopper & Pearson 1934) with an effective number of glitches:
    that of independent glitches whose share would have the variance observed between blocks, reduced by the
    ratio of Student's t quantiles where there are few blocks. A bootstrap over blocks is too narrow; for its
    coverage see docs/explanation/methods.md#effects.

    Parameters
    ----------
    hits
        ``(n,)`` whether each glitch counts.
    blocks
        ``(n,)`` block of each glitch.

    Returns
    -------
    low, high : float
        NaN where all glitches are in one block.
    """
    n = len(hits)
    _, number = np.unique(blocks, return_inverse=True)
    count = int(number.max(initial=-1)) + 1
    if count < 2:
        return np.nan, np.nan
    share = float(hits.mean())
    variance = count / (count - 1) * float((np.bincount(number, hits - share) ** 2).sum()) / n**2
    effective = share * (1 - share) / variance if variance > 0 else float(n)
    each, between = special.stdtrit(np.array([n - 1, count - 1]), _LEVEL)
    effective = min(effective * float(each / between) ** 2, float(n))
    k = share * effective
    low = float(special.betaincinv(k, effective - k + 1, 1 - _LEVEL)) if share > 0 else 0.0
    high = float(special.betaincinv(k + 1, effective - k, _LEVEL)) if share < 1 else 1.0
    return low, high
