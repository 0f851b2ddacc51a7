"""Effect sizes: efficiency, excess efficiency, deadtime, and hveto's significance.

See docs/explanation/methods.md#effects and docs/explanation/methods.md#hveto-significance.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.witnesses.blocks import share_interval
from glitch_explorer.coupling.witnesses.slides import TimeSlides

#: Share of the background below the threshold.
QUANTILE = 0.99
#: Full width of hveto's coincidence window, s.
HVETO_WINDOW_S = 2.0
#: The Poisson mean is too large where N_aux * window / T is above this.
OVERSTATED = 0.1
#: Effect of a channel and its interval, by the effect of a band.
CHANNEL_EFFECT = {
    "channel_excess": "excess_efficiency",
    "channel_excess_low": "excess_low",
    "channel_excess_high": "excess_high",
}


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


@dataclass(frozen=True)
class Effect:
    """What flagging windows of a feature at or above a threshold would do."""

    #: ``(n,)`` of each trigger: flagged (1 or 0) minus the same of its time slides; NaN without data.
    excess: Float64
    efficiency: float
    deadtime: float

    def columns(self, blocks: Int64) -> dict[str, float]:
        """Return columns of table "witnesses", with an interval over the blocks ``(n,)``."""
        mean, low, high = mean_excess(self.excess, blocks)
        excess = {"excess_efficiency": mean, "excess_low": low, "excess_high": high}
        return {"efficiency": self.efficiency, **excess, "deadtime": self.deadtime}


def mean_excess(excess: Float64, blocks: Int64) -> tuple[float, float, float]:
    """Return the mean of the known values ``(n,)`` and its 95 % interval over their blocks ``(n,)``.

    The interval is that of the share of flagged glitches, whose excess is above 0; the mean over the time
    slides, treated as exact, is subtracted.
    """
    known = ~np.isnan(excess)
    values = excess[known]
    low, high = share_interval(values > 0, blocks[known])
    mean, chance = float(values.mean()), float((values > 0).mean() - values.mean())
    return mean, low - chance, high - chance


def effect(values: Float32, threshold: float, slides: TimeSlides, lag: int) -> Effect:
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
    excess = np.full(len(inside), np.nan)
    excess[np.flatnonzero(inside)[known]] = hits - chance
    deadtime = float((values >= threshold).sum() / max(int((~np.isnan(values)).sum()), 1))
    return Effect(excess, float(hits.mean()), deadtime)


def cross_fitted(excess: Float64, blocks: Int64) -> Float64:
    """Return for each trigger the excess of the band that is best on the blocks of the other parity.

    Parameters
    ----------
    excess
        ``(k, n)`` excess of k bands at n triggers, NaN without data.
    blocks
        ``(n,)`` block of each trigger.

    Returns
    -------
    numpy.ndarray
        ``(n,)``; where a band has no data in the other half, the bands are compared on all blocks.
    """
    even = np.unique(blocks, return_inverse=True)[1] % 2 == 0
    chosen = np.empty(excess.shape[1])
    for half in (even, ~even):
        rest = excess[:, ~half] if (~np.isnan(excess[:, ~half])).any(axis=1).all() else excess
        chosen[half] = excess[int(np.nanmean(rest, axis=1).argmax()), half]
    return chosen


def representatives(
    channels: pd.Series, excess: list[Float64], significant: Bool, blocks: Int64
) -> pd.DataFrame:
    """Choose the band that represents each channel: its significant band with the largest effect.

    The largest of several effects is flattered by the choice, so the channel's effect is cross-fitted: of the
    band that is best on the other half of the blocks.

    Parameters
    ----------
    channels
        ``(m,)`` channel of each feature.
    excess
        m arrays ``(n,)``, the excess of each feature at each trigger.
    significant
        ``(m,)``.
    blocks
        ``(n,)`` block of each trigger.

    Returns
    -------
    DataFrame
        Columns represents, channel_excess, channel_excess_low and channel_excess_high of table "witnesses".
    """
    table = pd.DataFrame({"represents": False}, index=range(len(channels)))
    table[list(CHANNEL_EFFECT)] = np.nan
    for _, rows in channels[significant].groupby(channels[significant]):
        bands = np.array([excess[k] for k in rows.index])
        best = rows.index[int(np.nanmean(bands, axis=1).argmax())]
        values = mean_excess(cross_fitted(bands, blocks), blocks)
        table.loc[best, ["represents", *CHANNEL_EFFECT]] = [True, *values]
    return table
