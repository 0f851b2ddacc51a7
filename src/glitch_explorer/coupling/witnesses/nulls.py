"""The statistic T, its family-wise null, and the calibration of both.

See docs/explanation/methods.md#t-statistic and docs/explanation/methods.md#family-wise-p.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.core.statistics import binomial_tail
from glitch_explorer.coupling.witnesses.ranks import placements, window_mask, windows
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES, TimeSlides

#: Columns that a thread works on at once; a constant, so that the number of threads changes nothing.
_COLUMNS = 16
#: Levels at which the calibration of p-values is checked.
ALPHAS = (0.01, 0.05, 0.1)
#: A calibration fails if the binomial probability of at least as many p-values up to alpha is below this.
FAIL_BELOW = 0.025


@dataclass(frozen=True)
class Measured:
    """Statistics of m features at L lags, and of their S time slides."""

    #: ``(m, L)`` T; 0 where fewer than `LEAST_GLITCHES` have data.
    t: Float64
    #: ``(m, S)`` largest abs(T) over the lags of each slide.
    peaks: Float32
    #: ``(m, L)`` glitches with data.
    count: Int64

    def part(self, selected: Bool) -> "Measured":
        """Return the statistics of some of the features."""
        return Measured(self.t[selected], self.peaks[selected], self.count[selected])


def measure(values: Float32, families: Sequence[TimeSlides], *, threads: int) -> list[Measured]:
    """Compute T of every feature at every lag, for the triggers of each family and their time slides.

    T ranks on-source values in all live time nearby, not in the background: the background excludes
    the surroundings of the triggers, but not those of their slides, and where a channel drifts for
    minutes the triggers then look special. The ranks are computed once for all families.

    Parameters
    ----------
    values
        ``(n, m)`` features over the live time.
    families
        Time slides of each (pseudo-)family. Their grids differ in lags, not in live time.
    threads
        Threads at work; the result does not depend on it.
    """
    live = families[0].grid.live
    all_windows = window_mask(np.ones(len(live), dtype=bool))
    last = live.edges[1:] - 1

    def work(first: int) -> list[Measured]:
        placement = placements(windows(values[:, first : first + _COLUMNS], live), all_windows, live)
        placement[:, last] = 0.0  # between a stretch's end and what comes next: neither high nor low
        return [_measure(placement, slides) for slides in families]

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        parts = list(pool.map(work, range(0, values.shape[1], _COLUMNS)))
    return [
        Measured(*(np.concatenate([getattr(part, name) for part in of]) for name in ("t", "peaks", "count")))
        for of in zip(*parts, strict=True)
    ]


def _measure(placement: Float32, slides: TimeSlides) -> Measured:
    """Compute the statistics of a few features, placement values ``(m, n)``."""
    triggers, lags = slides.triggers, len(slides.grid.lags)
    m = len(placement)
    t, count = np.zeros((m, lags)), np.zeros((m, lags), dtype=np.int64)
    peaks = np.zeros((m, len(slides.starts) - 1), dtype=np.float32)
    inside = np.zeros(lags + 1, dtype=np.int64)
    np.add.at(inside, triggers.low, 1)
    np.add.at(inside, triggers.high, -1)
    whole = np.cumsum(inside)[:-1]
    counts_of: dict[bytes, Float32] = {}  # many features have data at the same times
    for k in range(m):
        known = ~np.isnan(placement[k])
        key = known.tobytes()
        if key not in counts_of:
            counts_of[key] = slides.sums(known.astype(np.float32))
        counts = counts_of[key]
        sums = slides.sums(np.nan_to_num(placement[k]))
        count[k] = counts[0]
        enough = counts[0] >= LEAST_GLITCHES
        # The root makes the spread of a slide independent of how many of its triggers have data.
        scores = sums / np.sqrt(np.maximum(counts, 1.0) * np.maximum(whole, 1.0))
        t[k], peaks[k] = standardise(scores[0].astype(float), scores[1:].astype(float), enough, slides.near)
    return Measured(t, peaks, count)


def areas(values: Float32, background: Bool, slides: TimeSlides) -> Float64:
    """Compute the AUC of on-source values against the background nearby (Mann & Whitney 1947).

    Parameters
    ----------
    values
        ``(n, m)`` features over the live time.
    background
        ``(n,)`` the time bin is background.
    slides
        The family's triggers.

    Returns
    -------
    ``(m, L)``, NaN where fewer than `LEAST_GLITCHES` have data.
    """
    live = slides.grid.live
    placement = placements(windows(values, live), window_mask(background), live)
    auc = np.full((len(placement), len(slides.grid.lags)), np.nan)
    for k, row in enumerate(placement):
        count = slides.unshifted((~np.isnan(row)).astype(np.float32))
        total = slides.unshifted(np.nan_to_num(row))
        enough = count >= LEAST_GLITCHES
        auc[k, enough] = 0.5 + total[enough] / count[enough]
    return auc


def standardise(observed: Float64, slides: Float64, enough: Bool, near: csr_array) -> tuple[Float64, Float32]:
    """Standardise scores by their time slides, and each slide by those that are not near it.

    What is highest in a slide is high in its neighbours too. Standardised by them it would look smaller
    than the real triggers, which have no such neighbours: 19 of 178 uncoupled families at 0.05
    instead of 9.

    Parameters
    ----------
    observed, slides
        Scores ``(L,)`` of the triggers and ``(S, L)`` of their slides.
    enough
        ``(L,)`` enough glitches have data at this lag.
    near
        ``(S, S)`` as `slides.near_slides` returns it.

    Returns
    -------
    t
        ``(L,)`` T, signed; 0 at lags that are not `enough` or do not vary.
    peaks
        ``(S,)`` largest abs(T) of each slide.
    """
    s = len(slides)
    mean = slides.mean(axis=0)
    away = slides - mean
    squares: Float64 = np.asarray((away**2).sum(axis=0))
    good = enough & (squares > 1e-12 * s)
    t = np.zeros(len(observed))
    t[good] = (observed - mean)[good] / np.sqrt(squares[good] / (s - 1))
    away, squares = away[:, good], squares[good]
    n = s - np.asarray(near.sum(axis=1))[:, None]
    centre = -(near @ away) / n
    left = (squares - near @ away**2 - n * centre**2) / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        others = np.abs(away - centre) / np.sqrt(left)
    return t, np.nan_to_num(others).max(axis=1, initial=0.0).astype(np.float32)


def calibration_table(p_values: pd.DataFrame) -> pd.DataFrame:
    """Compare the p-values of pseudo-families with a uniform distribution.

    Parameters
    ----------
    p_values
        Columns kind (e.g. shifted or quiet) and p_value, one row per pseudo-family.

    Returns
    -------
    Table "calibration": for each kind and level alpha, how many p-values are at most
    alpha, the exact binomial probability of at least as many if p is uniform, and
    whether it `passed`.
    """
    rows = []
    for kind, part in p_values.groupby("kind", sort=True):
        n = len(part)
        for alpha in ALPHAS:
            below = int((part["p_value"] <= alpha).sum())
            chance = binomial_tail(below, n, alpha)
            rows.append((str(kind), alpha, n, below, below / n, chance, chance >= FAIL_BELOW))
    names = ["kind", "alpha", "n", "n_below", "share", "binomial_p", "passed"]
    return pd.DataFrame(rows, columns=names)
