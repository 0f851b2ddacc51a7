"""The statistic T, its family-wise null, and the calibration of both.

See docs/explanation/methods.md#t-statistic and docs/explanation/methods.md#family-wise-p.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.core.statistics import binomial_tail
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.witnesses.ranks import placements, window_mask, windows
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES, TimeSlides

#: Columns that a thread works on at once; a constant, so that the number of threads changes nothing.
_COLUMNS = 16
#: Patterns of missing data whose counts are kept for the features that follow.
_PATTERNS = 16
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


def live_placements(values: Float32, live: LiveTime, *, threads: int) -> Float32:
    """Rank the windows of features in all live time nearby.

    T ranks on-source values in all live time nearby, not in the background: the background excludes
    the surroundings of the triggers, but not those of their slides, and where a channel drifts for
    minutes the triggers then look special.

    Parameters
    ----------
    values
        ``(n, m)`` features over the live time.
    live
        Live time, n bins.
    threads
        Threads at work; the result does not depend on it.

    Returns
    -------
    ``(m, n)`` as `ranks.placements` returns them.
    """
    placement = np.empty(values.shape[::-1], dtype=np.float32)
    all_windows = window_mask(np.ones(len(live), dtype=bool))

    def work(first: int) -> None:
        columns = slice(first, first + _COLUMNS)
        placement[columns] = placements(windows(values[:, columns], live), all_windows, live)

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(work, range(0, values.shape[1], _COLUMNS)))
    return placement


def measure(placement: Sequence[Float32], families: Sequence[TimeSlides], *, threads: int) -> list[Measured]:
    """Compute T of every feature at every lag, for the triggers of each family and their time slides.

    Parameters
    ----------
    placement
        m arrays ``(n,)``, from `live_placements`.
    families
        Time slides of each (pseudo-)family. Their grids differ in lags, not in live time.
    threads
        Threads at work; the result does not depend on it.
    """
    roots: list[dict[bytes, tuple[Float32, Float64]]] = [{} for _ in families]

    def work(first: int) -> list[Measured]:
        rows = placement[first : first + _COLUMNS]
        return [_measure(rows, slides, cache) for slides, cache in zip(families, roots, strict=True)]

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        parts = list(pool.map(work, range(0, len(placement), _COLUMNS)))
    return [
        Measured(*(np.concatenate([getattr(part, name) for part in of]) for name in ("t", "peaks", "count")))
        for of in zip(*parts, strict=True)
    ]


def _measure(
    placement: Sequence[Float32], slides: TimeSlides, roots: dict[bytes, tuple[Float32, Float64]]
) -> Measured:
    """Compute the statistics of a few features, m arrays of placement values ``(n,)``.

    `roots` maps the times with data, which many features share, to the counts of the triggers and to what
    sums are divided by.
    """
    triggers, lags = slides.triggers, len(slides.grid.lags)
    m = len(placement)
    t, count = np.zeros((m, lags)), np.zeros((m, lags), dtype=np.int64)
    peaks = np.zeros((m, len(slides.starts) - 1), dtype=np.float32)
    inside = np.zeros(lags + 1, dtype=np.int64)
    np.add.at(inside, triggers.low, 1)
    np.add.at(inside, triggers.high, -1)
    whole = np.cumsum(inside)[:-1]
    last = slides.grid.live.edges[1:] - 1
    for k in range(m):
        known = ~np.isnan(placement[k])
        known[last] = True  # between a stretch's end and what comes next: 0, neither high nor low
        key = known.tobytes()
        entry = roots.get(key)
        if entry is None:
            counts = slides.sums(known.astype(np.float32))
            # The root makes the spread of a slide independent of how many of its triggers have data.
            entry = counts[0], np.sqrt(np.maximum(counts, 1.0) * np.maximum(whole, 1.0))
            if len(roots) >= _PATTERNS:
                roots.clear()
            roots[key] = entry
        count[k], root = entry
        scores = slides.sums(np.nan_to_num(placement[k])) / root
        t[k], peaks[k] = standardise(scores[0], scores[1:], count[k] >= LEAST_GLITCHES, slides.near)
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
    live, quiet = slides.grid.live, window_mask(background)
    auc = np.full((values.shape[1], len(slides.grid.lags)), np.nan)
    for first in range(0, len(auc), _COLUMNS):
        placement = placements(windows(values[:, first : first + _COLUMNS], live), quiet, live)
        for k, row in enumerate(placement, start=first):
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
    return t, np.asarray(_peaks(away, squares, good, near.indptr, near.indices))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _peaks(away: Float64, squares: Float64, good: Bool, first: Int32, near: Int32) -> Float32:
    """Return the largest abs(T) of each slide over the `good` lags, by the slides that are not near it.

    Parameters
    ----------
    away, squares
        Scores ``(S, L)`` less their mean, and the sum of their squares ``(L,)``.
    good
        ``(L,)`` the lag counts.
    first, near
        The slides near slide i are ``near[first[i] : first[i + 1]]``.
    """
    slides, lags = away.shape
    peaks = np.zeros(slides, np.float32)
    sums, of_squares = np.empty(lags), np.empty(lags)
    for i in range(slides):
        sums[:] = 0.0
        of_squares[:] = 0.0
        for k in range(first[i], first[i + 1]):
            other = away[near[k]]
            for lag in range(lags):
                sums[lag] += other[lag]
                of_squares[lag] += other[lag] * other[lag]
        n = float(slides - (first[i + 1] - first[i]))
        for lag in range(lags):
            centre = -sums[lag] / n
            left = (squares[lag] - of_squares[lag] - n * (centre * centre)) / (n - 1)
            sums[lag] = abs(away[i, lag] - centre) / np.sqrt(left)
        for lag in range(lags):
            if good[lag] and sums[lag] > peaks[i]:  # not where nothing varies: NaN
                peaks[i] = sums[lag]
    return peaks


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
