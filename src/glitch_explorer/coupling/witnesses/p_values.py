"""p-values below what the number of time slides resolves, and q-values.

Families first, channels within them (Benjamini & Bogomolov 2014).
A family's p-value is that of its largest T over channel x band x lag; within a selected
family a channel's is the same family-wise p. There are then as many tests as families, not
10 000, and the correlation between channels costs nothing. The tail of the maximum
is still continued (Knijnenburg 2009), since with many families the floor 1 / (1 + slides)
would decide; it is continued by a factor of about ten, not of thousands.
See docs/explanation/methods.md#q-value.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import genpareto

from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.statistics import share_above

#: With more slides than this above it, a p-value is counted, not continued.
_COUNTED = 10
#: Share of the slides that the tail is first fitted to, the minimum number of them, and the steps down.
_TAIL, _LEAST, _STEP = 0.25, 30, 10
#: A fit is accepted where its Cramér-von Mises distance has at least this p-value.
_FITS = 0.05
#: Draws of the fitted tail that the distance is compared with.
_DRAWS = 400
#: Range of the shape; a lighter tail than exponential counts as exponential, which keeps p > 0.
_SHAPES = (0.0, 0.5)


@dataclass(frozen=True)
class Tail:
    """A generalised Pareto tail of a null distribution."""

    threshold: float
    share: float
    shape: float
    scale: float
    null: Float64

    def p_value(self, value: Float64) -> Float64:
        """Return p-values: counted where enough slides are above, continued by the tail elsewhere."""
        counted = share_above(value, self.null)
        over = np.maximum(value - self.threshold, 0.0)
        continued = self.share * genpareto.sf(over, self.shape, scale=self.scale)
        many = counted * (1 + len(self.null)) > _COUNTED
        return np.asarray(np.where(many | (value <= self.threshold), counted, np.minimum(continued, counted)))


def fit_tail(null: Float64, *, seed: int) -> Tail:
    """Fit the upper tail of a null distribution (Knijnenburg 2009).

    The threshold rises until the fit is good by the Cramér-von Mises distance of draws from itself;
    the parameters are those of probability-weighted moments (Hosking & Wallis 1987).

    Parameters
    ----------
    null
        ``(S,)`` draws of the null distribution.
    seed
        Seed of the draws that test the fit.
    """
    rng = np.random.default_rng(seed)
    ordered = np.sort(null)[::-1]
    most = max(int(_TAIL * len(null)), min(_LEAST, len(null) - 1))
    for count in range(most, min(_LEAST, most) - 1, -_STEP):
        threshold = (ordered[count - 1] + ordered[count]) / 2
        over = np.sort(ordered[:count] - threshold)
        shape, scale = _moments(over[None])
        drawn = np.sort(genpareto.rvs(shape[0], scale=scale[0], size=(_DRAWS, count), random_state=rng))
        distance = _distance(over[None], shape, scale)[0]
        if np.mean(_distance(drawn, *_moments(drawn)) >= distance) >= _FITS:
            break
    return Tail(float(threshold), count / len(null), float(shape[0]), float(scale[0]), np.sort(null))


def _moments(over: Float64) -> tuple[Float64, Float64]:
    """Estimate shape and scale from sorted exceedances ``(d, n)``."""
    n = over.shape[1]
    a0 = np.maximum(over.mean(axis=1), 1e-12)
    a1 = (over * (1 - (np.arange(n) + 0.65) / n)).mean(axis=1)
    free = np.clip(2 - a0 / np.maximum(a0 - 2 * a1, 1e-12), *_SHAPES)
    return free, a0 * (1 - free)


def _distance(over: Float64, shape: Float64, scale: Float64) -> Float64:
    """Compute the Cramér-von Mises distance of sorted exceedances ``(d, n)`` from their fits."""
    n = over.shape[1]
    expected = (np.arange(n) + 0.5) / n
    fitted = genpareto.cdf(over, shape[:, None], scale=scale[:, None])
    return np.asarray(((fitted - expected) ** 2).sum(axis=1))


def q_values(families: npt.NDArray[np.integer], p_values: Float64) -> Float64:
    """Compute q-values over families and channels, families first (Benjamini & Bogomolov 2014).

    With K families of which R are selected by Benjamini & Hochberg at level q (each by its
    smallest p), a channel counts where p <= q R / K. The expected share of selected families
    with any false channel is then at most q.

    Parameters
    ----------
    families
        ``(n,)`` number of each row's family and detector. Families without any row that could be
        tested do not count.
    p_values
        ``(n,)`` family-wise p of each row; NaN for unsafe channels.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` smallest level at which the row counts, at most 1; NaN where p is.
    """
    q = np.full(len(p_values), np.nan)
    known = ~np.isnan(p_values)
    if not known.any():
        return q
    ordered = pd.Series(p_values).groupby(families).min().dropna().sort_values().to_numpy()
    k = np.arange(1, len(ordered) + 1)
    needed = np.maximum(ordered[None, :], p_values[known][:, None]) * len(ordered) / k
    q[known] = np.minimum(needed.min(axis=1), 1.0)
    return q
