"""Intervals of costs, and chances to be the largest, over blocks of live time."""

import numpy as np
from scipy import special

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.witnesses.blocks import LEAST_BLOCKS

_LEVEL = 0.975
#: Resamples of the blocks: a chance has a Monte Carlo error of at most 0.005.
RESAMPLES = 10_000
_AT_ONCE = 1_000_000


def block_intervals(total: Float64, deviation: Float64, occupied: Int64) -> tuple[Float64, Float64]:
    """Return 95 % intervals of sums over blocks, corrected for skewness (Hall 1992).

    The skewness-corrected t statistic g(t) = t + s t^2 / 3 + s^2 t^3 / 27 + s / 6 is inverted, with s the
    skewness of the blocks over sqrt(B), and Student's t with one degree of freedom per occupied block, at
    most B - 1. Bootstrap intervals over blocks are too narrow for families with few glitches in few blocks;
    for the coverage of the alternatives see docs/explanation/cost.md#intervals.

    Parameters
    ----------
    total
        ``(k,)`` sums.
    deviation
        ``(k, b)`` contribution of each block to the sum, minus the contribution expected from its length.
    occupied
        ``(k,)`` number of blocks with any contribution.

    Returns
    -------
    low, high
        ``(k,)``, NaN with fewer than 10 blocks.
    """
    n = deviation.shape[1]
    if n < LEAST_BLOCKS:
        return np.full(len(total), np.nan), np.full(len(total), np.nan)
    spread = np.sqrt((deviation**2).mean(axis=1))
    safe = np.where(spread > 0, spread, 1.0)
    skew = (deviation**3).mean(axis=1) / safe**3 / np.sqrt(n)
    error = spread * n / np.sqrt(n - 1)
    t = special.stdtrit(np.clip(occupied, 1, n - 1), _LEVEL)
    low, high = (total - _inverse(side, skew) * error for side in (t, -t))
    return low, high


def chance_first(total: Float64, deviation: Float64, candidate: Bool, seed: int) -> Float64:
    """Return the chance of each sum over blocks to be the largest.

    The chance is the share of bootstrap resamples in which the sum is the largest. Each resample draws the
    blocks of all sums together, so that what the sums have in common cancels. Equal sums share a resample.

    Parameters
    ----------
    total
        ``(k,)`` sums.
    deviation
        ``(k, b)`` contribution of each block to the sum, minus the contribution expected from its length.
    candidate
        ``(k,)`` the sums that are compared; those that are NaN are left out.
    seed
        Seed of the resamples.

    Returns
    -------
    ndarray
        ``(k,)``, of candidates adding up to 1; NaN for others, and with fewer than 10 blocks.
    """
    n = deviation.shape[1]
    chance = np.full(len(total), np.nan)
    rows = np.flatnonzero(candidate & np.isfinite(total))
    if n < LEAST_BLOCKS or not len(rows):
        return chance
    if len(rows) == 1:
        chance[rows] = 1.0
        return chance
    # Resampled sums scatter by sqrt((n - 1) / n) too little.
    scaled = deviation[rows].T * np.sqrt(n / (n - 1))
    rng = np.random.default_rng(seed)
    chance[rows] = 0.0
    for part in np.array_split(np.arange(RESAMPLES), max(1, RESAMPLES * max(n, len(rows)) // _AT_ONCE)):
        weight = rng.multinomial(n, np.full(n, 1.0 / n), len(part)) - 1.0
        sums = total[rows] + weight @ scaled
        largest = sums >= sums.max(axis=1, keepdims=True)
        chance[rows] += (largest / largest.sum(axis=1, keepdims=True)).sum(axis=0)
    return chance / RESAMPLES


def _inverse(value: Float64, skew: Float64) -> Float64:
    """Solve g(t) = value for t."""
    flat = np.abs(skew) < 1e-9
    safe = np.where(flat, 1.0, skew)
    return np.where(flat, value, 3.0 * (np.cbrt(1.0 + safe * (value - safe / 6.0)) - 1.0) / safe)
