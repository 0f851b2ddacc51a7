"""The statistic T, its family-wise null, and the calibration of both."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import binom

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.coupling.witnesses.ranks import placements, sum_at, window_mask, windows
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES, Slid

#: Columns worked on at once; a constant, so that threads change nothing.
_CHUNK = 16
#: Levels at which p-values are held against what they promise.
ALPHAS = (0.01, 0.05, 0.1)
#: A calibration fails where so many p-values below alpha had a smaller chance than this.
FAIL_BELOW = 0.025


@dataclass(frozen=True)
class Measured:
    """Statistics of m features at L lags, and of their slides."""

    #: ``(m, L)`` T; 0 where fewer than `LEAST_GLITCHES` have data.
    t: Float64
    #: ``(m, S)`` largest abs(T) over the lags of each slide.
    peaks: Float32
    #: ``(m, L)`` glitches with data.
    count: Int64

    def part(self, chosen: Bool) -> "Measured":
        """Keep some of the features."""
        return Measured(self.t[chosen], self.peaks[chosen], self.count[chosen])


def measure(
    values: Float32, cells: Int64, block: Int32, trains: Sequence[Slid], *, threads: int
) -> list[Measured]:
    """Measure every feature of ``values (n, m)`` at every lag, for each train and its slides.

    T ranks on-source against all live time near, not against the background: the background leaves
    the train's own surroundings out, but not those of its slides, and where a channel wanders for
    minutes the train then looks special. The ranks are made once for all trains. The answer does not
    depend on `threads`.
    """
    everything = window_mask(np.ones(len(cells), dtype=bool))
    seam = np.unique(trains[0].grid.end) - 1  # the grids differ by their lags, not by their intervals

    def work(first: int) -> list[Measured]:
        held = windows(values[:, first : first + _CHUNK], cells, block)
        placed = placements(held, everything, cells)
        placed[:, seam] = 0.0  # between an interval's end and what comes next: neither high nor low
        return [_chunk(placed, slid) for slid in trains]

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        parts = list(pool.map(work, range(0, values.shape[1], _CHUNK)))
    return [
        Measured(*(np.concatenate([getattr(one, name) for one in own]) for name in ("t", "peaks", "count")))
        for own in zip(*parts, strict=True)
    ]


def _chunk(placed: Float32, slid: Slid) -> Measured:
    """Measure a few features."""
    grid, train, starts = slid.grid, slid.train, slid.starts
    m, lags = len(placed), len(grid.lags)
    t, count = np.zeros((m, lags)), np.zeros((m, lags), dtype=np.int64)
    peaks = np.zeros((m, len(starts) - 1), dtype=np.float32)
    inside = np.zeros(lags + 1, dtype=np.int64)
    np.add.at(inside, train.low, 1)
    np.add.at(inside, train.high, -1)
    whole = np.cumsum(inside)[:-1]
    known_counts: dict[bytes, Float32] = {}
    for k in range(m):
        known = ~np.isnan(placed[k])
        key = known.tobytes()
        if key not in known_counts:
            known_counts[key] = sum_at(
                known.astype(np.float32)[grid.rows], starts, train.low, train.high, lags
            )
        counts = known_counts[key]
        sums = sum_at(np.nan_to_num(placed[k])[grid.rows], starts, train.low, train.high, lags)
        count[k] = counts[0]
        enough = counts[0] >= LEAST_GLITCHES
        # The root makes the spread of a slide independent of how many of its glitches have data.
        scores = sums / np.sqrt(np.maximum(counts, 1.0) * np.maximum(whole, 1.0))
        t[k], peaks[k] = standardise(scores[0].astype(float), scores[1:].astype(float), enough, slid.near)
    return Measured(t, peaks, count)


def areas(values: Float32, cells: Int64, block: Int32, background: Bool, slid: Slid) -> Float64:
    """Give the AUC of on-source against the background near it.

    Returns
    -------
    ``(m, L)``, NaN where fewer than `LEAST_GLITCHES` have data.
    """
    grid, train = slid.grid, slid.train
    held = windows(values, cells, block)
    placed = placements(held, window_mask(background), cells)
    auc = np.full((len(placed), len(grid.lags)), np.nan)
    for k, row in enumerate(placed):
        known, score = (~np.isnan(row)).astype(np.float32), np.nan_to_num(row)
        count, total = (
            sum_at(each[grid.rows], slid.starts[:1], train.low, train.high, len(grid.lags))[0]
            for each in (known, score)
        )
        enough = count >= LEAST_GLITCHES
        auc[k, enough] = 0.5 + total[enough] / count[enough]
    return auc


def standardise(observed: Float64, slides: Float64, enough: Bool, near: csr_array) -> tuple[Float64, Float32]:
    """Standardise scores ``(L,)`` by their slides ``(S, L)``, and each slide by those that are not `near` it.

    What is highest in a slide is high in its neighbours too. Held against them it would look
    smaller than the real train, which has none: 19 of 178 null families at 0.05 instead of 9.

    Returns
    -------
    t : ``(L,)``
        T, signed; 0 at lags that are not `enough` or do not vary.
    peaks : ``(S,)``
        Largest abs(T) of each slide.
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


def share_above(value: Float64, null: Float64) -> Float64:
    """Give (1 + draws of `null` at least as high) / (1 + draws) for each value."""
    ordered = np.sort(null)
    above = len(null) - np.searchsorted(ordered, value, side="left")
    p: Float64 = np.asarray((1.0 + above) / (1.0 + len(null)), dtype=float)
    return p


def calibration_table(p_values: pd.DataFrame) -> pd.DataFrame:
    """Hold the p-values of null families against what they promise.

    Parameters
    ----------
    p_values
        Columns kind (e.g. shifted or quiet) and p_value, one row a pseudo-family.

    Returns
    -------
    Table "calibration": for each kind and level alpha, how many p-values are at most
    alpha, the exact binomial chance of so many or more if the promise holds, and
    whether it `passed`. It is shown whatever it says.
    """
    rows = []
    for kind, own in p_values.groupby("kind", sort=True):
        n = len(own)
        for alpha in ALPHAS:
            below = int((own["p_value"] <= alpha).sum())
            chance = float(binom.sf(below - 1, n, alpha))
            rows.append((str(kind), alpha, n, below, below / n, chance, chance >= FAIL_BELOW))
    names = ["kind", "alpha", "n", "n_below", "share", "binomial_p", "passed"]
    return pd.DataFrame(rows, columns=names)
