"""The cells that are scanned, and the coincidences of one channel in them.

A cell is a lag; for triggers also a window and an SNR threshold, for trends a measure and a top share.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int32
from glitch_explorer.core.intervals import contains
from glitch_explorer.coupling.coincidence.counts import coverage, levels_of, loudest_levels, slide_counts
from glitch_explorer.coupling.coincidence.rings import Rings, RingSlides
from glitch_explorer.coupling.coincidence.segments import (
    AuxiliarySegments,
    active_share,
    level_counts,
    segment_counts,
)
from glitch_explorer.coupling.coincidence.trends import LAG_SAMPLES, MEASURES, TOP_SHARES, AuxiliaryTrend
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers

#: Auxiliary data of one channel.
Auxiliary = AuxiliaryTriggers | AuxiliarySegments | AuxiliaryTrend
#: Windows and thresholds of hveto 2.1.9 in its documentation.
WINDOWS_S = (0.1, 0.2, 0.4, 0.8, 1.0)
SNR_THRESHOLDS = (7.75, 8.0, 8.5, 9.0, 10.0, 11.0, 12.0, 15.0, 20.0, 40.0, 100.0, 300.0)


@dataclass(frozen=True)
class Cell:
    """One way to call a glitch coincident; segments have a lag only.

    Attributes
    ----------
    lag_s
        Time of the window's middle, or in the segment or sample, relative to the glitch.
    window_s
        Full width of the window; of a trend, the length of a sample.
    snr_threshold
        Least SNR of a trigger.
    measure, top_share
        Of a trend: one of `trends.MEASURES`, and of `trends.TOP_SHARES`.
    """

    lag_s: float
    window_s: float = 0.0
    snr_threshold: float = np.nan
    measure: str = ""
    top_share: float = np.nan


@dataclass(frozen=True)
class Scan:
    """Cells to scan. All are paid for: the null is the largest statistic over them.

    Attributes
    ----------
    windows_s
        Full widths of the coincidence windows, ascending.
    snr_thresholds
        Least SNR of triggers, ascending.
    lags_s
        Times of the windows' middles relative to the glitch, negative before it.
    """

    windows_s: tuple[float, ...] = WINDOWS_S
    snr_thresholds: tuple[float, ...] = SNR_THRESHOLDS
    lags_s: tuple[float, ...] = (0.0,)

    @property
    def reach_s(self) -> float:
        """Largest distance between a glitch and a trigger that counts."""
        return max(map(abs, self.lags_s)) + max(self.windows_s) / 2

    def cells(self, auxiliary: Auxiliary) -> list[Cell]:
        """Return the cells of a channel, in the order of all arrays."""
        if isinstance(auxiliary, AuxiliarySegments):
            return [Cell(lag) for lag in self.lags_s]
        if isinstance(auxiliary, AuxiliaryTrend):
            step = auxiliary.sample_s
            return [
                Cell(lag, step, measure=measure, top_share=share)
                for lag, measure, share in product(lags_of(auxiliary), MEASURES, TOP_SHARES)
            ]
        return [Cell(*values) for values in product(self.lags_s, self.windows_s, self.snr_thresholds)]


def kind_of(auxiliary: Auxiliary) -> str:
    """Return the kind of a channel's data: triggers, segments or trends."""
    if isinstance(auxiliary, AuxiliarySegments):
        return "segments"
    return "trends" if isinstance(auxiliary, AuxiliaryTrend) else "triggers"


def lags_of(trend: AuxiliaryTrend) -> list[float]:
    """Return the lags in s that are scanned for a trend; the resolution is one sample."""
    return [number * trend.sample_s for number in LAG_SAMPLES]


def coincident(times: Float64, auxiliary: Auxiliary, scan: Scan) -> Bool:
    """Return which glitches are coincident in each cell.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches.
    auxiliary
        Triggers or segments of a channel.
    scan
        Cells.

    Returns
    -------
    ``(n, cells)``.
    """
    if isinstance(auxiliary, AuxiliarySegments):
        return np.stack([contains(auxiliary.active, times + lag) for lag in scan.lags_s], axis=1)
    if isinstance(auxiliary, AuxiliaryTrend):
        of_measure = [
            segments.at(times + lag)[:, None] > np.arange(len(TOP_SHARES))
            for lag in lags_of(auxiliary)
            for segments in auxiliary.flagged
        ]
        return np.concatenate(of_measure, axis=1)
    thresholds, windows = np.array(scan.snr_thresholds), np.array(scan.windows_s)
    levels = levels_of(auxiliary.snr, thresholds)
    loud = levels > 0
    parts = [
        loudest_levels(times, auxiliary.times[loud], levels[loud], windows, lag)[:, :, None]
        > np.arange(len(thresholds))
        for lag in scan.lags_s
    ]
    return np.stack(parts, axis=1).reshape(len(times), -1)


def coincident_in(times: Float64, auxiliary: Auxiliary, cell: Cell) -> Bool:
    """Return which glitches ``(n,)`` are coincident in one cell."""
    if isinstance(auxiliary, AuxiliaryTrend):
        return contains(auxiliary.active(cell.measure, cell.top_share), times + cell.lag_s)
    threshold = 0.0 if np.isnan(cell.snr_threshold) else cell.snr_threshold
    return coincident(times, auxiliary, Scan((cell.window_s,), (threshold,), (cell.lag_s,)))[:, 0]


def chance(auxiliary: Auxiliary, scan: Scan, rings: Rings) -> Float64:
    """Compute the probability that a uniform time of each ring is coincident, ``(r, cells)``."""
    if isinstance(auxiliary, AuxiliarySegments):
        return np.repeat(active_share(auxiliary.active, rings)[:, None], len(scan.lags_s), axis=1)
    if isinstance(auxiliary, AuxiliaryTrend):
        shares = [
            active_share(auxiliary.active(measure, share), rings)
            for measure, share in product(MEASURES, TOP_SHARES)
        ]
        return np.tile(np.stack(shares, axis=1), len(LAG_SAMPLES))
    thresholds, windows = np.array(scan.snr_thresholds), np.array(scan.windows_s)
    levels = levels_of(auxiliary.snr, thresholds)
    loud = levels > 0
    covered = coverage(
        auxiliary.times[loud], levels[loud], rings=rings, windows=windows, n_levels=len(thresholds)
    )
    return np.tile(covered.reshape(len(covered), -1), len(scan.lags_s))


def slid(times: Float64, auxiliary: Auxiliary, scan: Scan, rings: Rings, slides: RingSlides) -> Int32:
    """Count the coincident glitches of each of S time slides, ``(S, cells)``."""
    if isinstance(auxiliary, AuxiliarySegments):
        of_lag = [
            segment_counts(times, auxiliary.active, rings=rings, slides=slides, lag=lag)
            for lag in scan.lags_s
        ]
        return np.stack(of_lag, axis=1)
    if isinstance(auxiliary, AuxiliaryTrend):
        of_measure = [
            level_counts(times, segments, rings=rings, slides=slides, n_levels=len(TOP_SHARES), lag=lag)
            for lag in lags_of(auxiliary)
            for segments in auxiliary.flagged
        ]
        return np.concatenate(of_measure, axis=1)
    thresholds, windows = np.array(scan.snr_thresholds), np.array(scan.windows_s)
    levels = levels_of(auxiliary.snr, thresholds)
    loud = levels > 0
    parts = [
        slide_counts(
            times,
            auxiliary.times[loud],
            levels[loud],
            rings=rings,
            slides=slides,
            windows=windows,
            n_levels=len(thresholds),
            lag=lag,
        )
        for lag in scan.lags_s
    ]
    return np.stack(parts, axis=1).reshape(len(slides), -1)
