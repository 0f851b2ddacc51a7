"""Effect sizes: efficiency, excess efficiency, deadtime, and hveto's significance.

See docs/explanation/methods.md#effects and docs/explanation/methods.md#hveto-significance.
"""

import numpy as np
from scipy import special

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.witnesses.blocks import bootstrap_interval
from glitch_explorer.coupling.witnesses.slides import TimeSlides

#: Share of the background below the threshold.
QUANTILE = 0.99
#: Full width of hveto's coincidence window, s.
HVETO_WINDOW_S = 2.0
#: The Poisson mean is too large where N_aux * window / T is above this.
OVERSTATED = 0.1


def hveto_significance(n: Int64 | int, mu: Float64 | float) -> Float64:
    """Compute hveto's significance of a Poisson count, -log10 P(N >= n) (Smith 2011).

    Parameters
    ----------
    n
        Number of coincidences.
    mu
        Expected number of coincidences.

    Returns
    -------
    numpy.ndarray
        Significance, exact however small the probability is. 0 for no coincidence, infinite where some
        are observed and none is expected.

    Notes
    -----
    P = exp(-mu) mu^n / n! * 1F1(1; n + 1; mu), in logarithms.
    """
    count, mean = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(mu, dtype=float))
    significance = np.zeros(count.shape)
    some = count > 0
    safe = some & (mean > 0)
    significance[some & ~safe] = np.inf
    direct = special.gammainc(count[safe], mean[safe])
    with np.errstate(over="ignore", divide="ignore"):
        log = (
            -mean[safe]
            + special.xlogy(count[safe], mean[safe])
            - special.gammaln(count[safe] + 1)
            + np.log(special.hyp1f1(1.0, count[safe] + 1, mean[safe]))
        )
        significance[safe] = -np.where(direct > 1e-200, np.log(direct), log) / np.log(10)
    return np.maximum(significance, 0.0)


def coincident(primaries: Float64, auxiliary: Float64) -> int:
    """Count primaries with at least one auxiliary trigger within half of hveto's window, ends included.

    Each primary counts once, however many triggers it has.
    """
    ordered = np.sort(auxiliary)
    first = np.searchsorted(ordered, primaries - HVETO_WINDOW_S / 2, side="left")
    last = np.searchsorted(ordered, primaries + HVETO_WINDOW_S / 2, side="right")
    return int((last > first).sum())


def hveto(primaries: Float64, auxiliary: Float64, *, live_s: float) -> tuple[float, bool]:
    """Compute hveto's significance of primaries with auxiliary triggers (Smith 2011).

    Parameters
    ----------
    primaries, auxiliary
        GPS times of the glitches and of the channel's triggers.
    live_s
        Live time in seconds.

    Returns
    -------
    significance
        -log10 of the Poisson tail.
    overstated
        N_aux * window / T > 0.1: overlapping windows make the mean too large.
    """
    cover = len(auxiliary) * HVETO_WINDOW_S / live_s
    n = coincident(primaries, auxiliary)
    return float(hveto_significance(n, len(primaries) * cover)), cover > OVERSTATED


def crossings(values: Float32, middles: Float64, threshold: float) -> Float64:
    """Return the times of a feature's triggers: the loudest window of each run at or above the threshold.

    Parameters
    ----------
    values, middles
        ``(n,)`` value and GPS middle of each window; a NaN ends a run.
    threshold
        Least value of a trigger.
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
    return np.asarray(middles[peak[np.unique(run, return_index=True)[1]]])


def effect(
    values: Float32, threshold: float, slides: TimeSlides, lag: int, blocks: Int64, *, seed: int
) -> dict[str, float]:
    """Compute what flagging windows at or above a threshold would do.

    Parameters
    ----------
    values
        ``(rows,)`` windows of one feature, with the sign turned where low values count.
    threshold
        99 % quantile of the same feature's windows in the background.
    slides
        The family's triggers and their time slides.
    lag
        Index of the lag in the grid.
    blocks
        ``(n,)`` block of each trigger.
    seed
        Seed of the bootstrap.

    Returns
    -------
    Columns efficiency, excess_efficiency, excess_low, excess_high and deadtime of table "witnesses".
    """
    triggers = slides.triggers
    inside = (triggers.low <= lag) & (lag < triggers.high)
    bins = slides.starts[:, inside] + lag
    stored = values[slides.grid.rows]
    known: Bool = ~np.isnan(stored[bins[0]])
    bins = bins[:, known]
    flagged = stored >= threshold  # NaN is not flagged
    valid = ~np.isnan(stored)
    hits = flagged[bins[0]].astype(float)
    chance = flagged[bins[1:]].sum(axis=0) / np.maximum(valid[bins[1:]].sum(axis=0), 1)
    excess = hits - chance
    low, high = bootstrap_interval(excess, blocks[inside][known], seed=seed)
    return {
        "efficiency": float(hits.mean()),
        "excess_efficiency": float(excess.mean()),
        "excess_low": low,
        "excess_high": high,
        "deadtime": float((values >= threshold).sum() / max(int((~np.isnan(values)).sum()), 1)),
    }
