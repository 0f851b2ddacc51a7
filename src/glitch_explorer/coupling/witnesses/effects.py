"""Effect sizes: efficiency, deadtime, their intervals, and hveto's significance."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.witnesses.slides import Slid

#: Background share below the threshold.
QUANTILE = 0.99
#: Full width of hveto's coincidence window, s.
HVETO_WINDOW_S = 2.0
#: Poisson's mean over-states where N_aux * window / T is above this.
OVERSTATED = 0.1
#: Days or segments are blocks where there are at least so many; the live time is cut into so many.
_BLOCKS = 20
#: Under so many blocks that hold glitches no interval is given.
_LEAST_BLOCKS = 10
#: Draws of the bootstrap, and the interval's ends.
_DRAWS, _ENDS = 1000, (2.5, 97.5)
_DAY_S = 86400.0


@dataclass(frozen=True)
class Effect:
    """What a threshold on one feature at one lag would flag."""

    efficiency: float
    excess: float
    low: float
    high: float
    deadtime: float


def hveto_significance(n: Int64 | int, mu: Float64 | float) -> Float64:
    """Give -log10 P(N >= n | mu) for a Poisson count (Smith 2011), exact however small P is.

    P = exp(-mu) mu^n / n! * 1F1(1; n + 1; mu), in logarithms.
    """
    count, mean = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(mu, dtype=float))
    made = np.zeros(count.shape)
    some = count > 0
    safe = some & (mean > 0)
    made[some & ~safe] = np.inf
    direct = special.gammainc(count[safe], mean[safe])
    with np.errstate(over="ignore", divide="ignore"):
        log = (
            -mean[safe]
            + special.xlogy(count[safe], mean[safe])
            - special.gammaln(count[safe] + 1)
            + np.log(special.hyp1f1(1.0, count[safe] + 1, mean[safe]))
        )
        made[safe] = -np.where(direct > 1e-200, np.log(direct), log) / np.log(10)
    return np.maximum(made, 0.0)


def coincident(primaries: Float64, auxiliary: Float64, window_s: float) -> int:
    """Count primaries with at least one auxiliary trigger within half the window, ends included.

    Never pairs: each primary counts once, by bisection.
    """
    ordered = np.sort(auxiliary)
    first = np.searchsorted(ordered, primaries - window_s / 2, side="left")
    last = np.searchsorted(ordered, primaries + window_s / 2, side="right")
    return int((last > first).sum())


def hveto(
    primaries: Float64, auxiliary: Float64, *, live_s: float, window_s: float = HVETO_WINDOW_S
) -> tuple[float, bool]:
    """Give hveto's significance of a primary train with auxiliary triggers.

    Returns
    -------
    significance
        -log10 of the Poisson tail.
    overstated
        N_aux * window / T > 0.1: overlapping windows make the mean too large.
    """
    cover = len(auxiliary) * window_s / live_s
    n = coincident(primaries, auxiliary, window_s)
    return float(hveto_significance(n, len(primaries) * cover)), cover > OVERSTATED


def crossings(values: Float32, starts: Float64, threshold: float) -> Float64:
    """Give the times of a feature's triggers: the loudest window of each run at or above the threshold.

    `values (n,)` belong to windows whose middles are `starts (n,)`; a NaN ends a run.
    """
    above = np.concatenate([[False], values >= threshold, [False]])
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    first, last = edges[::2], edges[1::2]
    if not len(first):
        return np.empty(0)
    loudest = np.repeat(np.maximum.reduceat(np.append(values, -np.inf), edges)[::2], last - first)
    inside = np.flatnonzero(above[1:-1])
    peak = inside[values[inside] == loudest]
    run = np.searchsorted(first, peak, side="right")
    times: Float64 = starts[peak[np.unique(run, return_index=True)[1]]]
    return times


def bootstrap_blocks(times: Float64, segments: Float64) -> Int64:
    """Give the block of each time: days, else segments, else twentieths of the live time.

    Parameters
    ----------
    times
        ``(n,)`` GPS seconds, inside the segments.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.
    """
    days = np.unique(
        np.concatenate(
            [np.arange(start // _DAY_S, np.ceil(end / _DAY_S)) for start, end in segments] or [np.empty(0)]
        )
    )
    if len(days) >= _BLOCKS:
        return np.asarray(times // _DAY_S, dtype=np.int64)
    segment = np.clip(np.searchsorted(segments[:, 0], times, side="right") - 1, 0, None)
    if len(segments) >= _BLOCKS:
        return segment.astype(np.int64)
    length = segments[:, 1] - segments[:, 0]
    lived = np.append(0.0, np.cumsum(length))
    along = lived[segment] + np.clip(times - segments[segment, 0], 0, length[segment])
    part: Int64 = np.minimum(along / lived[-1] * _BLOCKS, _BLOCKS - 1).astype(np.int64)
    return part


def interval(excess: Float64, blocks: Int64, *, seed: int) -> tuple[float, float]:
    """Bootstrap the mean of `excess (n,)` over blocks; NaN where fewer than ten blocks hold any."""
    _, number = np.unique(blocks, return_inverse=True)
    count = np.bincount(number)
    if len(count) < _LEAST_BLOCKS:
        return np.nan, np.nan
    total = np.bincount(number, excess)
    drawn = np.random.default_rng(seed).integers(0, len(count), (_DRAWS, len(count)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.percentile(means, _ENDS)
    return float(low), float(high)


def effect(
    held: Float32,
    threshold: float,
    slid: Slid,
    lag: int,
    blocks: Int64,
    *,
    seed: int,
) -> Effect:
    """Measure what flagging windows at or above a threshold does.

    Parameters
    ----------
    held
        ``(n,)`` windows of one feature, its sign turned where it is low values that count.
    threshold
        The background's 99 % quantile of the same.
    lag
        Number of the lag in the grid.
    blocks
        ``(n,)`` block of each glitch.
    """
    grid, train, starts = slid.grid, slid.train, slid.starts
    inside = (train.low <= lag) & (lag < train.high)
    at = starts[:, inside] + lag
    values = held[grid.rows]
    known: Bool = ~np.isnan(values[at[0]])
    at = at[:, known]
    flagged = values >= threshold  # NaN is not flagged
    valid = ~np.isnan(values)
    hits = flagged[at[0]].astype(float)
    chance = flagged[at[1:]].sum(axis=0) / np.maximum(valid[at[1:]].sum(axis=0), 1)
    excess = hits - chance
    low, high = interval(excess, blocks[inside][known], seed=seed)
    return Effect(
        efficiency=float(hits.mean()),
        excess=float(excess.mean()),
        low=low,
        high=high,
        deadtime=float((held >= threshold).sum() / max(int((~np.isnan(held)).sum()), 1)),
    )
