"""A statistic that can be compared across windows, SNR thresholds, lags and channels.

See docs/explanation/methods.md#coincidence-statistic.
"""

import numpy as np
from scipy import special

from glitch_explorer.core.arrays import Float64, Int32

#: Weight of the binomial variance in the estimate of the dispersion, in coincidences: where few are expected,
#: the time slides cannot tell it.
_PRIOR = 10.0
#: Least expected number; 0 where all triggers lie in rings without glitches.
_LEAST_MEAN = 1e-6


def dispersions(slides: Int32, mean: Float64, n: int) -> tuple[Float64, Float64]:
    """Estimate by how much counts vary more than binomially, because glitches and triggers come in bursts.

    Parameters
    ----------
    slides
        ``(S, cells)`` coincidences of the time slides.
    mean
        ``(cells,)`` expected coincidences.
    n
        Number of glitches.

    Returns
    -------
    observed, slid
        Variance over binomial variance: ``(cells,)`` for the glitches themselves, from all slides, and
        ``(S, cells)`` for each slide, from the others.
    """
    squares = (slides - mean) ** 2
    total = squares.sum(axis=0)
    binomial = mean * (1 - mean / n)
    observed = (total + _PRIOR) / (len(slides) * binomial + _PRIOR)
    slid = (total - squares + _PRIOR) / ((len(slides) - 1) * binomial + _PRIOR)
    return observed, slid


def coincidence_statistic(counts: Int32, mean: Float64, n: int, dispersion: Float64) -> Float64:
    """Compute the signed root of the deviance of counts, 0 where they are not above their mean.

    Parameters
    ----------
    counts
        ``(..., cells)`` glitches with a coincidence.
    mean
        ``(cells,)`` expected number at uniform times of each glitch's ring.
    n
        Number of glitches.
    dispersion
        ``(..., cells)`` variance over binomial variance.

    Returns
    -------
    numpy.ndarray
        ``(..., cells)``. Without coupling nearly standard normal, for small counts too, which
        (count - mean) / sigma is not.

    Notes
    -----
    T = √(2 [x ln(x / μ) + (n - x) ln((n - x) / (n - μ))] / φ), the binomial deviance with a dispersion φ
    (McCullagh & Nelder 1989, sections 4.4 and 9.2).
    """
    expected = np.clip(mean, _LEAST_MEAN, n)
    rest = n - counts
    # xlogy(0, 0) is 0: all glitches are coincident, or all of the time is covered.
    missed = special.xlogy(rest, np.maximum(rest, 1)) - special.xlogy(rest, np.maximum(n - expected, 1e-12))
    deviance = special.xlogy(counts, counts) - special.xlogy(counts, expected) + missed
    return np.asarray(np.where(counts > mean, np.sqrt(2 * np.maximum(deviance, 0) / dispersion), 0.0))
