"""Windows that models are fitted to: around glitches, and background windows near them.

A window has, for each feature and each bin of lags, the score with the largest absolute value within the bin,
with its sign. Every window must lie inside its stretch, after the first seconds without scores; otherwise a
model could tell glitches from background by missing values.

Background windows are not limited to quiet time. Quiet time excludes glitches of all families, but
time-shifted triggers can fall near them. Against quiet time, a channel that responds to another family would
therefore separate even time-shifted triggers. Test: 200 glitches of a family and 2,400 others in 8 h. Models
of time-shifted triggers reached an average precision of 0.16 to 0.32 against quiet time (one of three sets
beat its baseline), and of 0.09 to 0.11 against all live time outside the family's range of lags; chance is
0.09 (`benchmarks/driver_nulls.py` at commit b9b16dd). The test for witnesses also compares with all live time
(`nulls.measure`), there without excluding the surroundings of the triggers.
"""

from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.channels.features import LEAST_PAST_S
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.witnesses.background import LAGS_S, away_from_family
from glitch_explorer.coupling.witnesses.usable import usable_features
from glitch_explorer.map.members import MATCH_S

#: Bins of lags [start, end) in seconds: narrow near the glitch, wide far from it.
BINS_S: tuple[tuple[float, float], ...] = ((-60, -30), (-30, -10), (-10, -3), (-3, -1), (-1, 1), (1, 10))
#: Background windows drawn for each glitch.
BACKGROUND_RATIO = 10
#: Precursor models use a bin of lags if it ends before at least this share of the glitches start; the
#: remaining glitches, which start before such a bin ends, are left out.
LEADING_SHARE = 0.9


@dataclass(frozen=True)
class Material:
    """Features that models may use, with their delays removed.

    Attributes
    ----------
    live
        Live time, one bin per row.
    columns
        One row per feature: channel, band, safety, delay_s (time after a bin's end at which its data are
        complete) and reach_s (the sum of delay_s and the filter's settling time).
    values
        float32 ``(n, m)``.
    first, last
        ``(n,)`` for each row, the first row of its stretch that windows may use, and the row after the last
        such row.
    """

    live: LiveTime
    columns: pd.DataFrame
    values: Float32
    first: Int64
    last: Int64

    @property
    def bins(self) -> Int64:
        """Rows of each bin of lags, [first, end), relative to the centre of a window, ``(bins, 2)``."""
        return np.rint(np.array(BINS_S) / BIN_S).astype(np.int64)

    @property
    def n_columns(self) -> int:
        """Number of (bin of lags, feature) pairs."""
        return len(BINS_S) * len(self.columns)

    def has_window(self, rows: Int64) -> Bool:
        """Return which rows can be the centre of a whole window."""
        low, high = self.bins.min(), self.bins.max()
        return np.asarray((rows + low >= self.first[rows]) & (rows + high <= self.last[rows]))

    def window_rows(self, times: Float64) -> tuple[Int64, Int64]:
        """Return the indices of the times with a whole window, and the centre rows of these windows."""
        row, inside = self.live.rows(np.rint(times / BIN_S).astype(np.int64))
        used = np.flatnonzero(inside & self.has_window(row))
        return used, row[used]


def make_material(features: FeatureSet, channels: pd.DataFrame) -> Material | None:
    """Select the features that models may use, and remove their delays.

    Left out are unsafe channels, and features that never change or have data in less than a fifth of the
    live time.

    Parameters
    ----------
    features
        Features over the family's live time.
    channels
        Table of the channels, with columns channel and safety.

    Returns
    -------
    Material or None
        None if no feature is left.
    """
    live = features.live
    if not len(live):
        return None
    columns, values = usable_features(features, channels, unsafe=False)
    if columns.empty:
        return None
    columns["reach_s"] = columns["settling_s"] + columns["delay_s"]
    length = np.diff(live.edges)
    early = int(np.ceil((LEAST_PAST_S + columns["settling_s"].max()) / BIN_S))
    late = int(np.ceil(columns["delay_s"].max() / BIN_S))
    first, last = np.repeat(live.edges[:-1] + early, length), np.repeat(live.edges[1:] - late, length)
    return Material(live, columns, values, first, last)


def feature_windows(material: Material, rows: Int64, columns: Int64) -> Float32:
    """Return the windows around rows, ``(k, len(columns))``.

    Parameters
    ----------
    rows
        ``(k,)`` rows with a whole window (`Material.has_window`).
    columns
        Column numbers b * m + f of bin of lags b and feature f, with m features.

    Returns
    -------
    ndarray
        Score with the largest absolute value in each bin, with its sign; NaN if any time bin has no score,
        because the largest of fewer time bins would be smaller.
    """
    bins, m = material.bins, material.values.shape[1]
    windows = np.empty((len(rows), len(columns)), dtype=np.float32)
    _fill_strongest(material.values, rows, bins[columns // m], columns % m, windows)
    return windows


@numba.njit(nogil=True, cache=True)
def _fill_strongest(values: Float32, rows: Int64, bins: Int64, features: Int64, windows: Float32) -> None:
    """Fill `windows` ``(k, c)`` with the strongest score in bin j of feature j around each row.

    `bins` is ``(c, 2)`` and `features` ``(c,)``; the strongest score has the largest absolute value.
    """
    for i in range(rows.size):
        for j in range(features.size):
            best = np.float32(0.0)
            for row in range(rows[i] + bins[j, 0], rows[i] + bins[j, 1]):
                value = values[row, features[j]]
                if np.isnan(value):
                    best = value
                    break
                if abs(value) > abs(best):
                    best = value
            windows[i, j] = best


def leading_columns(material: Material, times: Float64, starts: Float64) -> tuple[Int64, Bool]:
    """Select the columns that a precursor model may use: bins of lags that end before the glitches start.

    Parameters
    ----------
    times, starts
        ``(k,)`` GPS times of the glitches' events and starts.

    Returns
    -------
    columns
        Numbers of the columns whose bin of lags, plus reach_s, ends before the start of at least nine tenths
        of the glitches.
    usable
        ``(k,)`` whether the glitch starts no earlier than the end of all these columns.
    """
    before = starts - np.rint(times / BIN_S) * BIN_S
    limit = float(np.quantile(before, 1 - LEADING_SHARE, method="higher"))
    ends = np.array(BINS_S)[:, 1:] + material.columns["reach_s"].to_numpy(dtype=float)
    return np.flatnonzero(ends.ravel() <= limit), before >= limit


def segment_numbers(times: Float64, segments: Float64) -> Int64:
    """Return the index of the segment ``(k, 2)`` of each time; times must lie in segments."""
    return np.clip(np.searchsorted(segments[:, 0], times, side="right") - 1, 0, None).astype(np.int64)


def background_rows(
    material: Material, times: Float64, rows: Int64, segments: Float64, *, rng: np.random.Generator
) -> Int64:
    """Draw the centres of background windows.

    Each segment has ten for each of its glitches, or all possible centres if there are fewer.

    Parameters
    ----------
    times
        GPS times of all the family's glitches. Background is at least a minute away from them.
    rows
        Rows of the glitches with windows. Background is within ten minutes of one.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.
    """
    bin_times = material.live.times
    mask = away_from_family(material.live, times, (max(LAGS_S), max(LAGS_S)))
    mask &= material.has_window(np.arange(len(mask))) & np.append(False, mask[:-1])
    glitches = np.sort(bin_times[rows])
    after = np.searchsorted(glitches, bin_times)
    distance = np.minimum(
        np.abs(bin_times - glitches[np.maximum(after - 1, 0)]),
        np.abs(bin_times - glitches[np.minimum(after, len(glitches) - 1)]),
    )
    free = np.flatnonzero(mask & (distance <= MATCH_S))
    segment = segment_numbers(bin_times[free], segments)
    counts = zip(*np.unique(segment_numbers(bin_times[rows], segments), return_counts=True), strict=True)
    drawn = [np.empty(0, np.int64)]
    for number, count in counts:
        rows_there = free[segment == number]
        n = min(BACKGROUND_RATIO * count, len(rows_there))
        drawn.append(np.sort(rng.choice(rows_there, n, replace=False)))
    return np.concatenate(drawn)
