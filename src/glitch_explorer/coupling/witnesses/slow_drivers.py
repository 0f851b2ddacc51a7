"""Slow drivers: the rate of a family against the ground, the wind and the weather.

They are tested apart: matching within ten minutes and local normalisation would take
away just what is asked.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.witnesses.p_values import fit_tail

#: Ground-motion bands in Hz, and what moves the ground there.
GROUND_BANDS = {"earthquake": (0.03, 0.1), "microseism": (0.1, 0.3), "human": (1.0, 6.0)}
#: Fewer independent stretches of time give no answer.
LEAST_BLOCKS = 20
#: Minutes are shifted within segments that are on average at least so many correlation times long.
_LONG = 5
#: Correlation below which two minutes count as independent.
_INDEPENDENT = 0.2


def correlation_time(values: Float64, segment: Int64) -> int:
    """Give the minutes after which a series is independent of itself, within its segments.

    Deviations are from the mean of all segments, so that levels that differ between
    segments count as memory. Not found within the longest segment: its length.
    """
    known = ~np.isnan(values)
    away = np.where(known, values - np.nanmean(values), 0.0)
    spread = (away**2).sum() / max(int(known.sum()), 1)
    longest = int(np.bincount(segment).max())
    for lag in range(1, longest):
        both = (segment[lag:] == segment[:-lag]) & known[lag:] & known[:-lag]
        if not both.any():
            break
        if (away[lag:] * away[:-lag])[both].mean() < _INDEPENDENT * spread:
            return lag
    return longest


def _centred_ranks(values: Float64) -> Float64:
    """Ranks less their mean: they are made once, as a null only moves them."""
    ranks: Float64 = rankdata(values) - (len(values) + 1) / 2
    return ranks


def _rho(a: Float64, b: Float64) -> float:
    """Correlation of centred ranks, 0 where one of them does not vary."""
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / norm) if norm > 0 else 0.0


def _by_shift(
    counts: Float64, level: Float64, known: Bool, segment: Int64, least: int, *, draws: int, seed: int
) -> tuple[float, Float64, int]:
    """Correlate minutes, against counts turned in each segment by `least` minutes or more.

    Segments too short to turn in take no part.
    """
    rng = np.random.default_rng(seed)
    lengths = np.bincount(segment)
    part = lengths[segment] > 2 * least
    counts, level, known, segment = counts[part], level[part], known[part], segment[part]
    blocks = int((np.bincount(segment[known]) // (least - 1)).sum()) if known.any() else 0
    if blocks < LEAST_BLOCKS:
        return np.nan, np.empty(0), blocks
    starts = np.flatnonzero(np.diff(segment, prepend=-1))
    length = np.diff(np.append(starts, len(segment)))
    number = np.repeat(np.arange(len(starts)), length)
    within = np.arange(len(segment)) - starts[number]
    rate, own = _centred_ranks(counts), _centred_ranks(level[known])
    null = np.empty(draws)
    for draw in range(draws):
        offset = rng.integers(least, length - least + 1)
        place = starts[number] + (within + offset[number]) % length[number]
        null[draw] = _rho(rate[place][known], own)
    return _rho(rate[known], own), null, blocks


def _by_segment(
    counts: Float64, level: Float64, known: Bool, segment: Int64, *, draws: int, seed: int
) -> tuple[float, Float64, int]:
    """Correlate the segments' means, against segments in another order."""
    rng = np.random.default_rng(seed)
    _, number = np.unique(segment[known], return_inverse=True)
    minutes = np.bincount(number)
    if len(minutes) < LEAST_BLOCKS:
        return np.nan, np.empty(0), len(minutes)
    rate = _centred_ranks(np.bincount(number, counts[known]) / minutes)
    mean = _centred_ranks(np.bincount(number, level[known]) / minutes)
    null = np.array([_rho(rng.permutation(rate), mean) for _ in range(draws)])
    return _rho(rate, mean), null, len(minutes)


def slow_drivers(
    counts: Float64, levels: Float64, segment: Int64, columns: pd.DataFrame, *, draws: int, seed: int
) -> pd.DataFrame:
    """Correlate a family's counts per minute with slow channels.

    Parameters
    ----------
    counts
        ``(n,)`` glitches of the family in each live minute, in order of time.
    levels
        ``(n, m)`` mean log RMS of each minute, from windows of at least 3 / f_low and
        without local normalisation; NaN where there is none.
    segment
        ``(n,)`` ascending number of the segment that each minute belongs to.
    columns
        One row a column of `levels`: channel, band.
    draws, seed
        Draws of the null and their seed.

    Returns
    -------
    Table "slow_drivers" less family and detector: rho (Spearman), p_value (two-sided, its
    tail continued as in `tails`), p_fwer (Bonferroni over the rows that have an answer), blocks
    (independent stretches), null ("shift" within segments by more than the correlation
    time, or "segments" permuted), and answer ("rises", "falls", "nothing found", or "too
    short" below 20 blocks).
    """
    rows = [
        _driver(counts, levels[:, k].astype(float), segment, draws=draws, seed=seed + k)
        for k in range(levels.shape[1])
    ]
    names = ["rho", "p_value", "blocks", "correlation_min", "null"]
    table = pd.DataFrame(rows, columns=names)
    table.insert(0, "band", columns["band"].to_numpy())
    table.insert(0, "channel", columns["channel"].to_numpy())
    answered = table["p_value"].notna()
    table["p_fwer"] = np.minimum(table["p_value"] * answered.sum(), 1.0)
    found = table["p_fwer"] <= 0.05
    table["answer"] = np.select(
        [~answered, found & (table["rho"] > 0), found], ["too short", "rises", "falls"], "nothing found"
    )
    return table


def _driver(
    counts: Float64, level: Float64, segment: Int64, *, draws: int, seed: int
) -> tuple[float, float, int, int, str]:
    """Give rho, p, independent blocks, correlation time in minutes and the kind of null."""
    known = ~np.isnan(level)
    if not known.any():
        return np.nan, np.nan, 0, 0, ""
    time = correlation_time(level, segment)
    lengths = np.bincount(segment[known])
    long = lengths[lengths > 0].mean() >= _LONG * time
    if long:
        rho, null, blocks = _by_shift(counts, level, known, segment, time + 1, draws=draws, seed=seed)
    else:
        rho, null, blocks = _by_segment(counts, level, known, segment, draws=draws, seed=seed)
    kind = "shift" if long else "segments"
    if not len(null):
        return np.nan, np.nan, blocks, time, kind
    p = float(fit_tail(np.abs(null), seed=seed).p_value(np.array([abs(rho)]))[0])
    return rho, p, blocks, time, kind
