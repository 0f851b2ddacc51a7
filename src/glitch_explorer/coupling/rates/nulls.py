"""What chance makes of a driver's effect: the scores of surrogates of all drivers, drawn together."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.statistics import share_above
from glitch_explorer.coupling.rates.problem import Driver
from glitch_explorer.coupling.rates.score import Comparison
from glitch_explorer.coupling.rates.surrogates import random_phases, surrogates_of

#: Surrogates of each driver.
DRAWS = 499
#: Logarithms beyond this have no finite exponential.
_LARGEST_LOG = 700.0


class Estimate(NamedTuple):
    """A log rate ratio, and what chance makes of it.

    Attributes
    ----------
    value, error
        Log ratio of the most likely model, and its error if counts had no memory.
    score
        z of the score test.
    null
        ``(d,)`` the same of surrogates: wider than normal, because counts and drivers have memory.
    """

    value: float
    error: float
    score: float
    null: Float64

    @property
    def spread(self) -> float:
        """Root mean square of the scores of the surrogates and the driver itself, which is one more draw."""
        return float(np.sqrt((np.sum(self.null**2) + self.score**2) / (len(self.null) + 1)))

    @property
    def size(self) -> float:
        """Size of the score over the spread."""
        return abs(self.score) / self.spread

    @property
    def p_value(self) -> float:
        """Two-sided p of no effect, counted: (1 + surrogates with at least as large a score) / (1 + all)."""
        return float(share_above(np.array([abs(self.score)]), np.abs(self.null))[0])

    def half_width(self, error: float | Float64) -> Float64:
        """Return half of the 95 % interval of a log ratio with an error that ignores memory.

        The error is widened until it covers 95 % of the surrogates' scores.
        """
        return np.asarray(_quantile(np.abs(self.null), 0.95) * error)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the rate ratio."""
        ends = self.value + self.half_width(self.error) * np.array([-1.0, 1.0])
        low, high = np.exp(ends.clip(-_LARGEST_LOG, _LARGEST_LOG)).tolist()
        return low, high

    @property
    def least_ratio(self) -> float:
        """Smallest rate ratio above 1 that would have p up to 0.05 with probability 0.8."""
        size = np.abs(self.null)
        # 80 % of a symmetric null lie above minus the 60 % quantile of its size.
        return float(np.exp(min((_quantile(size, 0.95) + _quantile(size, 0.6)) * self.error, _LARGEST_LOG)))


def _quantile(values: Float64, share: float) -> float:
    """Return a quantile of `values` and the observed one, as a counted p uses them."""
    index = int(np.ceil(share * (len(values) + 1))) - 1
    return float(np.sort(values)[min(index, len(values) - 1)])


def surrogate_scores(
    drivers: Mapping[int, Driver],
    comparisons: Mapping[int, Sequence[Comparison]],
    *,
    draws: int = DRAWS,
    seed: int,
) -> dict[int, list[Float64]]:
    """Compute the scores of surrogates.

    Parameters
    ----------
    drivers
        Number to driver; all in the same minutes.
    comparisons
        The score tests of each driver; of the same families.
    draws
        Number of surrogates.
    seed
        Their seed. A draw has the same phases for all drivers.

    Returns
    -------
    dict of int to list of Float64
        For each driver and comparison the scores ``(draws, f)``.
    """
    sources = {number: surrogates_of(drivers[number].level, drivers[number].curve) for number in comparisons}
    scores: dict[int, list[list[Float64]]] = {
        number: [[] for _ in tests] for number, tests in comparisons.items()
    }
    minutes = max((len(source.terms) for source in sources.values()), default=0)
    for draw in range(draws):
        phases = random_phases(minutes, draw, seed)
        for number, source in sources.items():
            terms = source.draw(phases)
            for test, rows in zip(comparisons[number], scores[number], strict=True):
                rows.append(test.scores(terms, drivers[number].contrast))
    return {number: [np.array(rows) for rows in lists] for number, lists in scores.items()}


def corrected_p(estimates: Sequence[Estimate]) -> Float64:
    """Correct p-values for the number of correlated tests, by max-t over surrogates that were drawn together.

    Scores are divided by their spread, and compared with the largest of all tests in each draw (Westfall &
    Young 1993).

    Returns
    -------
    Float64
        ``(m,)``, no lower than the p-values themselves.
    """
    if not estimates:
        return np.empty(0)
    largest = np.max([np.abs(estimate.null) / estimate.spread for estimate in estimates], axis=0)
    sizes = np.array([estimate.size for estimate in estimates])
    p = np.array([estimate.p_value for estimate in estimates])
    return np.asarray(np.maximum(p, share_above(sizes, largest)))
