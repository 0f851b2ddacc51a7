"""Statistics that several stages use."""

import numpy as np
from scipy import special

from glitch_explorer.core.arrays import Float64, Int64

#: 97.5 % point of the normal distribution.
_Z = 1.959963984540054


def count_above(values: Float64, null: Float64) -> Int64:
    """Count the draws of `null` at least as high as each of the values ``(n,)``."""
    return np.asarray(len(null) - np.searchsorted(np.sort(null), values, side="left"))


def share_above(values: Float64, null: Float64) -> Float64:
    """Return (1 + draws of `null` at least as high) / (1 + draws) for each of the values ``(n,)``."""
    return np.asarray((1.0 + count_above(values, null)) / (1.0 + len(null)), dtype=float)


def binomial_tail(k: int, n: int, p: float) -> float:
    """Compute the probability of at least `k` successes in `n` trials with probability `p`.

    It is that of scipy.stats, whose import takes half a second (Abramowitz & Stegun 1964, 26.5.24).
    """
    return float(special.betainc(k, n - k + 1, p))


def wilson_interval(hits: float, n: int) -> tuple[float, float]:
    """Compute the 95 % interval of a share (Wilson 1927).

    Parameters
    ----------
    hits
        Number of hits; a fraction of a hit counts as such.
    n
        Number of trials.

    Returns
    -------
    low, high : float
        Bounds of the share; 0 and 1 without trials.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if hits == 0 else float(centre - half)
    return low, 1.0 if hits == n else float(centre + half)
