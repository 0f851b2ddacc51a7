"""Blocks of time and the bootstrap over them. See docs/explanation/methods.md#blocks."""

import numpy as np

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import DAY_S

#: With fewer blocks that contain glitches there is no interval.
LEAST_BLOCKS = 10
#: Days or segments are blocks if there are at least this many; otherwise the live time is cut into this many.
_BLOCKS = 20
#: Draws of the bootstrap, and the percentiles of the interval.
DRAWS, PERCENTILES = 1000, (2.5, 97.5)


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


def bootstrap_interval(values: Float64, blocks: Int64, *, seed: int) -> tuple[float, float]:
    """Bootstrap the mean of values ``(n,)`` over their blocks ``(n,)``: the ends of its 95 % interval.

    NaN where there are fewer than `LEAST_BLOCKS` blocks.
    """
    _, number = np.unique(blocks, return_inverse=True)
    count = np.bincount(number)
    if len(count) < LEAST_BLOCKS:
        return np.nan, np.nan
    total = np.bincount(number, values)
    drawn = np.random.default_rng(seed).integers(0, len(count), (DRAWS, len(count)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.percentile(means, PERCENTILES)
    return float(low), float(high)
