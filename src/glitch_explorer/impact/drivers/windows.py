"""Windows that models look at: around glitches, and around other times near them.

A window holds, for each feature and each bin of lags, the score that is largest in size within
the bin, with its sign. Glitches and other times must both have the whole range of lags inside their live
interval, past the first seconds that have no scores: else what is missing would tell them apart.

The other times are not METHODS' quiet background. That has no glitch of any family within seconds,
while a train slid to ordinary times does, so a channel that answers another family looks like a driver of
any train. With 200 glitches of a family and 2,400 of another in 8 h, slid trains reached an average
precision of 0.16 to 0.32 against quiet time (one of three beat its baseline) and of 0.09 to 0.11, where
0.09 is chance, against all live time but the family's own range of lags (three worlds like those of
`benchmarks/driver_nulls.py --glitches 260 --others 2400`). `nulls.measure` ranks likewise.
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
from glitch_explorer.coupling.witnesses.background import LAGS_S, background_mask
from glitch_explorer.coupling.witnesses.usable import usable_features
from glitch_explorer.map.members import MATCH_S

#: Bins of lags in seconds, each without its end: short near the glitch, long away from it.
BINS_S: tuple[tuple[float, float], ...] = ((-60, -30), (-30, -10), (-10, -3), (-3, -1), (-1, 1), (1, 10))
#: Other times drawn for each glitch.
OTHERS = 10
#: A bin leads where it ends before the start of at least this share of the glitches; the rest are left out.
LEADS = 0.9

_EVERYWHERE = np.array([[-np.inf, np.inf]])


@dataclass(frozen=True)
class Material:
    """Features that models may use, their delays taken off.

    Attributes
    ----------
    live
        Live time, a time bin each row.
    columns
        One row a feature: channel, band, safety, delay_s (taken off: data so long after a bin's end are
        in it) and reach_s, the same with the seconds in which the filter settles.
    values
        float32 ``(n, m)``.
    first, last
        int64 ``(n,)`` first row, and the row after the last, that a window may use in each row's interval.
    """

    live: LiveTime
    columns: pd.DataFrame
    values: Float32
    first: Int64
    last: Int64

    @property
    def times(self) -> Float64:
        """GPS second at which each row begins, ``(n,)``."""
        return self.live.times

    @property
    def bins(self) -> Int64:
        """First row of each bin and the row after its last, relative to a window's centre, ``(bins, 2)``."""
        return np.rint(np.array(BINS_S) / BIN_S).astype(np.int64)

    @property
    def n_columns(self) -> int:
        """Number of (bin, feature)."""
        return len(BINS_S) * len(self.columns)

    def centred(self, rows: Int64) -> Bool:
        """Say around which rows a window has room."""
        low, high = self.bins.min(), self.bins.max()
        room: Bool = (rows + low >= self.first[rows]) & (rows + high <= self.last[rows])
        return room

    def rows_of(self, times: Float64) -> tuple[Int64, Int64]:
        """Find the windows nearest to GPS times: which of the times have one, and its row."""
        row, inside = self.live.rows(np.rint(times / BIN_S).astype(np.int64))
        used = np.flatnonzero(inside & self.centred(row))
        return used, row[used]


def make_material(features: FeatureSet, channels: pd.DataFrame) -> Material | None:
    """Keep the features that models may use, and take off their delays.

    Unsafe channels are left out, and features that never change or have data in less than a fifth of the
    live time.

    Parameters
    ----------
    features
        Features over the family's live time.
    channels
        channel and safety.

    Returns
    -------
    The material, None where nothing is left.
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
    """Give the windows around rows, ``(k, len(columns))``.

    Parameters
    ----------
    rows
        ``(k,)`` rows that have room (`Material.centred`).
    columns
        Numbers of (bin, feature), bin * m + feature.

    Returns
    -------
    Largest score in size of each bin, with its sign; NaN where a cell of the bin has none: of fewer cells
    it would be smaller than of all.
    """
    bins, m = material.bins, material.values.shape[1]
    made = np.empty((len(rows), len(columns)), dtype=np.float32)
    _strongest(material.values, rows, bins[columns // m], columns % m, made)
    return made


@numba.njit(nogil=True, cache=True)
def _strongest(values: Float32, rows: Int64, bins: Int64, features: Int64, made: Float32) -> None:
    """Write the score that is largest in size of each row's bins ``(c, 2)`` and features ``(c,)``."""
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
            made[i, j] = best


def leading_columns(material: Material, times: Float64, starts: Float64) -> tuple[Int64, Bool]:
    """Find what ends before the glitches start.

    Parameters
    ----------
    times, starts
        ``(k,)`` GPS times of the glitches' events and starts.

    Returns
    -------
    columns
        Numbers of (bin, feature) whose bin, and what its filter needs, ends before the start of at least
        nine tenths of the glitches.
    early
        ``(k,)`` the glitch starts after all of these have ended.
    """
    before = starts - np.rint(times / BIN_S) * BIN_S
    limit = float(np.quantile(before, 1 - LEADS, method="higher"))
    ends = np.array(BINS_S)[:, 1:] + material.columns["reach_s"].to_numpy(dtype=float)
    return np.flatnonzero(ends.ravel() <= limit), before >= limit


def segment_numbers(times: Float64, segments: Float64) -> Int64:
    """Give the segment ``(k, 2)`` that each time lies in."""
    number: Int64 = np.clip(np.searchsorted(segments[:, 0], times, side="right") - 1, 0, None)
    return number.astype(np.int64)


def other_rows(
    material: Material, own: Float64, rows: Int64, segments: Float64, *, rng: np.random.Generator
) -> Int64:
    """Draw other times: of each segment ten for each of its glitches, or all there are.

    Parameters
    ----------
    own
        GPS times of all the family's glitches: none lies within a minute of a time that is drawn.
    rows
        Rows of the glitches that are looked at; what is drawn lies within ten minutes of one.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.
    """
    mask = background_mask(material.live, own, _EVERYWHERE, lags_s=LAGS_S, both_sides=True)
    everywhere = np.arange(len(mask))
    mask &= material.centred(everywhere) & np.append(False, mask[:-1])
    at = np.sort(material.times[rows])
    place = np.searchsorted(at, material.times)
    gap = np.minimum(
        np.abs(material.times - at[np.maximum(place - 1, 0)]),
        np.abs(at[np.minimum(place, len(at) - 1)] - material.times),
    )
    free = everywhere[mask & (gap <= MATCH_S)]
    where = segment_numbers(material.times[free], segments)
    drawn = [np.empty(0, np.int64)]
    for number, count in zip(
        *np.unique(segment_numbers(material.times[rows], segments), return_counts=True), strict=True
    ):
        there = free[where == number]
        drawn.append(np.sort(rng.choice(there, min(OTHERS * count, len(there)), replace=False)))
    return np.concatenate(drawn)
