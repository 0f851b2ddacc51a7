"""Slow drivers: rank correlation of a family's rate with slow channels, by default ground motion.

They are tested separately: the test for witnesses compares each glitch with the ten minutes around it, and
scores are relative to the last five minutes; both remove slow changes. See
docs/explanation/methods.md#slow-drivers.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.p_values import fit_tail

#: Ground-motion bands in Hz, by source ("human": anthropogenic).
GROUND_BANDS = {"earthquake": (0.03, 0.1), "microseism": (0.1, 0.3), "human": (1.0, 6.0)}
#: Minimum number of independent blocks of time for a p-value; with fewer, column `answer` is "too short".
LEAST_INDEPENDENT = 20
#: The null shifts minutes within stretches if the mean stretch is at least this many correlation times long;
#: otherwise it permutes stretches.
_LONG = 5
#: Autocorrelation below which minutes count as independent.
_INDEPENDENT = 0.2
#: rho, its values under the null (empty with too few independent blocks of time), and the number of these.
_Null = tuple[float, Float64, int]


def correlation_time(values: Float64, stretch: Int64) -> int:
    """Return the correlation time in minutes: the first lag with an autocorrelation below `_INDEPENDENT`.

    The autocorrelation is computed within stretches. The mean over all stretches is subtracted, so level
    differences between stretches add to it. If it never falls below the limit, the length of the longest
    stretch is returned.

    Parameters
    ----------
    values
        ``(n,)`` one value per minute, NaN without data.
    stretch
        ``(n,)`` ascending number of each minute's stretch.
    """
    known = ~np.isnan(values)
    away = np.where(known, values - np.nanmean(values), 0.0)
    spread = (away**2).sum() / max(int(known.sum()), 1)
    longest = int(np.bincount(stretch).max())
    for lag in range(1, longest):
        both = (stretch[lag:] == stretch[:-lag]) & known[lag:] & known[:-lag]
        if not both.any():
            break
        if (away[lag:] * away[:-lag])[both].mean() < _INDEPENDENT * spread:
            return lag
    return longest


def _centred_ranks(values: Float64) -> Float64:
    """Compute ranks minus their mean. Draws of the null only reorder them."""
    return np.asarray(rankdata(values) - (len(values) + 1) / 2)


def _rho(a: Float64, b: Float64) -> float:
    """Compute the correlation of centred ranks, 0 where one of them does not vary."""
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / norm) if norm > 0 else 0.0


def _by_shift(
    counts: Float64, level: Float64, known: Bool, stretch: Int64, least: int, *, draws: int, seed: int
) -> _Null:
    """Correlate counts and levels minute by minute.

    The null shifts the counts circularly within each stretch, by at least `least` minutes in either
    direction; stretches too short for that are left out. Counts are ranked over all minutes, also those
    without a level.
    """
    rng = np.random.default_rng(seed)
    part = np.bincount(stretch)[stretch] > 2 * least
    counts, level, known, stretch = counts[part], level[part], known[part], stretch[part]
    blocks = int((np.bincount(stretch[known]) // (least - 1)).sum()) if known.any() else 0
    if blocks < LEAST_INDEPENDENT:
        return np.nan, np.empty(0), blocks
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    length = np.diff(np.append(starts, len(stretch)))
    number = np.repeat(np.arange(len(starts)), length)
    within = np.arange(len(stretch)) - starts[number]
    rate, motion = _centred_ranks(counts), _centred_ranks(level[known])
    null = np.empty(draws)
    for draw in range(draws):
        offset = rng.integers(least, length - least + 1)
        shifted = rate[starts[number] + (within + offset[number]) % length[number]]
        null[draw] = _rho(shifted[known], motion)
    return _rho(rate[known], motion), null, blocks


def _by_permutation(
    counts: Float64, level: Float64, known: Bool, stretch: Int64, *, draws: int, seed: int
) -> _Null:
    """Correlate the means of stretches; the null permutes stretches."""
    rng = np.random.default_rng(seed)
    _, number = np.unique(stretch[known], return_inverse=True)
    minutes = np.bincount(number)
    if len(minutes) < LEAST_INDEPENDENT:
        return np.nan, np.empty(0), len(minutes)
    rate = _centred_ranks(np.bincount(number, counts[known]) / minutes)
    motion = _centred_ranks(np.bincount(number, level[known]) / minutes)
    null = np.array([_rho(rng.permutation(rate), motion) for _ in range(draws)])
    return _rho(rate, motion), null, len(minutes)


def slow_drivers(
    counts: Float64, levels: Float64, stretch: Int64, columns: pd.DataFrame, *, draws: int, seed: int
) -> pd.DataFrame:
    """Correlate a family's glitch rate with slow channels by rank.

    The correlation is minute by minute, or by means of stretches where these are short.

    Parameters
    ----------
    counts
        ``(n,)`` glitches of the family in each live minute, in order of time.
    levels
        ``(n, m)`` mean log RMS up to the end of each minute, over as many minutes as three periods of the
        band's lower edge need (at least one), without local normalisation; NaN without data.
    stretch
        ``(n,)`` ascending number of each minute's stretch.
    columns
        One row per column of `levels`, with channel and band.
    draws, seed
        Number of draws of the null, and the seed.

    Returns
    -------
    Table "slow_drivers" without family and ifo: channel, band, rho, p_value (two-sided, generalised Pareto
    tail as in `p_values`), p_fwer (Bonferroni over the rows with a p_value), blocks (independent blocks of
    time), correlation_min, null ("shift" within stretches by more than the correlation time, "segments" for
    permuted stretches, empty without data), and answer ("rises", "falls", "nothing found", or "too short"
    below `LEAST_INDEPENDENT` blocks).
    """
    rows = [
        _driver(counts, levels[:, k].astype(float), stretch, draws=draws, seed=seed + k)
        for k in range(levels.shape[1])
    ]
    table = pd.DataFrame(rows, columns=["rho", "p_value", "blocks", "correlation_min", "null"])
    table = pd.concat([columns[["channel", "band"]].reset_index(drop=True), table], axis=1)
    known = table["p_value"].notna()
    table["p_fwer"] = np.minimum(table["p_value"] * known.sum(), 1.0)
    significant = table["p_fwer"] <= ALPHA
    table["answer"] = np.select(
        [~known, significant & (table["rho"] > 0), significant],
        ["too short", "rises", "falls"],
        "nothing found",
    )
    return table


def _driver(
    counts: Float64, level: Float64, stretch: Int64, *, draws: int, seed: int
) -> tuple[float, float, int, int, str]:
    """Return rho, p, independent blocks of time, correlation time in minutes and the kind of null."""
    known = ~np.isnan(level)
    if not known.any():
        return np.nan, np.nan, 0, 0, ""
    time = correlation_time(level, stretch)
    lengths = np.bincount(stretch[known])
    if lengths[lengths > 0].mean() >= _LONG * time:
        kind = "shift"
        rho, null, blocks = _by_shift(counts, level, known, stretch, time + 1, draws=draws, seed=seed)
    else:
        kind = "segments"
        rho, null, blocks = _by_permutation(counts, level, known, stretch, draws=draws, seed=seed)
    if not len(null):
        return np.nan, np.nan, blocks, time, kind
    p = float(fit_tail(np.abs(null), seed=seed).p_value(np.array([abs(rho)]))[0])
    return rho, p, blocks, time, kind
