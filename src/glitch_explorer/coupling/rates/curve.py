"""Curves of a driver: natural cubic splines with three degrees of freedom."""

from typing import NamedTuple

import numpy as np

from glitch_explorer.core.arrays import Float64

#: Quantiles of the knots (Harrell 2001, table 2.3).
_KNOTS = (0.05, 0.35, 0.65, 0.95)
#: Share of equal lowest levels from which on they form a step of their own: calm wind.
_MASS = 0.05


class Curve(NamedTuple):
    """Basis of a natural cubic spline, linear outside the outer knots (Hastie, Tibshirani & Friedman, 5.2.1).

    Attributes
    ----------
    knots
        ``(k,)`` in standardised levels.
    centre, scale
        Mean and standard deviation of the levels.
    """

    knots: Float64
    centre: float
    scale: float

    def standard(self, level: Float64) -> Float64:
        """Return standardised levels."""
        return (np.asarray(level) - self.centre) / self.scale

    def terms(self, level: Float64) -> Float64:
        """Return the basis ``(n, k - 1)`` at levels ``(n,)``; without its constant."""
        x, knots = self.standard(level), self.knots
        if len(knots) < 3:
            return x[:, None]
        cubes = np.maximum(x[:, None] - knots, 0) ** 3
        slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
        return np.column_stack([x, slopes[:, :-1] - slopes[:, -1:]])


def curve_of(level: Float64) -> Curve | None:
    """Return the curve for levels ``(n,)``, None where they do not vary.

    Knots are at quantiles of the levels. Equal lowest levels count once, with a knot of their own: half of
    all minutes may be without wind. Levels with fewer than three different knots get a straight line.
    """
    scale = float(level.std())
    if not scale > 1e-9 * (1 + abs(float(level.mean()))):
        return None
    lowest = level == level.min()
    heap = lowest.mean() > _MASS
    knots = np.quantile(level[~lowest] if heap else level, _KNOTS)
    if heap:
        knots[0] = level.min()
    centre = float(level.mean())
    return Curve(np.unique((knots - centre) / scale), centre, scale)


def effect_levels(level: Float64) -> tuple[float, float]:
    """Return the levels that an effect compares: the median and the 90th percentile of levels ``(n,)``."""
    median, high = np.quantile(level, (0.5, 0.9))
    return float(median), float(high)
