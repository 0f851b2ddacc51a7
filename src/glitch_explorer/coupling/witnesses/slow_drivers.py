"""Slow drivers: rank correlation of a family's rate with slow channels, by default ground motion.

They are tested separately: the test for witnesses compares each glitch with the ten minutes around it, and
scores are relative to the last five minutes; both remove slow changes. See
docs/explanation/methods.md#slow-drivers.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.p_values import counted_p_values

#: Ground-motion bands in Hz, by source ("human": anthropogenic).
GROUND_BANDS = {"earthquake": (0.03, 0.1), "microseism": (0.1, 0.3), "human": (1.0, 6.0)}
#: Minimum number of independent blocks of time for a p-value; with fewer, column `answer` is "too short".
LEAST_INDEPENDENT = 20
#: The null shifts minutes within stretches if the mean stretch is at least this many correlation times long;
#: otherwise it permutes stretches.
_LONG = 5
#: Autocorrelation below which minutes count as independent.
_INDEPENDENT = 0.2
#: rho, the function that draws that many values of it under the null (None with too few independent blocks
#: of time), and the number of these blocks.
_Null = tuple[float, Callable[[int], Float64] | None, int]


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
    counts: Float64, level: Float64, known: Bool, stretch: Int64, least: int, *, seed: int
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
        return np.nan, None, blocks
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    length = np.diff(np.append(starts, len(stretch)))
    number = np.repeat(np.arange(len(starts)), length)
    within = np.arange(len(stretch)) - starts[number]
    rate, motion = _centred_ranks(counts), _centred_ranks(level[known])

    def shifted() -> float:
        offset = rng.integers(least, length - least + 1)
        moved = rate[starts[number] + (within + offset[number]) % length[number]]
        return _rho(moved[known], motion)

    return _rho(rate[known], motion), lambda n: np.array([shifted() for _ in range(n)]), blocks


def _by_permutation(counts: Float64, level: Float64, known: Bool, stretch: Int64, *, seed: int) -> _Null:
    """Correlate the means of stretches; the null permutes stretches."""
    rng = np.random.default_rng(seed)
    _, number = np.unique(stretch[known], return_inverse=True)
    minutes = np.bincount(number)
    if len(minutes) < LEAST_INDEPENDENT:
        return np.nan, None, len(minutes)
    rate = _centred_ranks(np.bincount(number, counts[known]) / minutes)
    motion = _centred_ranks(np.bincount(number, level[known]) / minutes)

    def permuted(n: int) -> Float64:
        return np.array([_rho(rng.permutation(rate), motion) for _ in range(n)])

    return _rho(rate, motion), permuted, len(minutes)


def slow_drivers(
    counts: Float64,
    levels: Float64,
    stretch: Int64,
    columns: pd.DataFrame,
    *,
    draws: int,
    most: int,
    seed: int,
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
    draws, most, seed
        Number of draws of the null at first and at most, and the seed. `most` is raised to what one
        significant row needs.

    Returns
    -------
    Table "slow_drivers" without family and ifo: channel, band, rho, p_value (two-sided), n_draws (draws that
    it is counted among), p_fwer (Bonferroni over the rows with a p_value), blocks (independent blocks of
    time), correlation_min, null ("shift" within stretches by more than the correlation time, "segments" for
    permuted stretches, empty without data), and answer ("rises", "falls", "nothing found", or "too short"
    below `LEAST_INDEPENDENT` blocks).
    """
    most = max(most, int(np.ceil(levels.shape[1] / ALPHA)))
    rows = [
        _driver(counts, levels[:, k].astype(float), stretch, draws=draws, most=most, seed=seed + k)
        for k in range(levels.shape[1])
    ]
    table = pd.DataFrame(rows, columns=["rho", "p_value", "n_draws", "blocks", "correlation_min", "null"])
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
    counts: Float64, level: Float64, stretch: Int64, *, draws: int, most: int, seed: int
) -> tuple[float, float, int, int, int, str]:
    """Return rho, p, draws, independent blocks of time, correlation time in minutes and the kind of null."""
    known = ~np.isnan(level)
    if not known.any():
        return np.nan, np.nan, 0, 0, 0, ""
    time = correlation_time(level, stretch)
    lengths = np.bincount(stretch[known])
    if lengths[lengths > 0].mean() >= _LONG * time:
        kind = "shift"
        rho, draw, blocks = _by_shift(counts, level, known, stretch, time + 1, seed=seed)
    else:
        kind = "segments"
        rho, draw, blocks = _by_permutation(counts, level, known, stretch, seed=seed)
    if draw is None:
        return np.nan, np.nan, 0, blocks, time, kind
    null = draw

    def above(n: int) -> Int64:
        return np.array([np.count_nonzero(np.abs(null(n)) >= abs(rho))])

    p, drawn = counted_p_values(above(draws), draws, most, above)
    return rho, float(p[0]), drawn, blocks, time, kind
