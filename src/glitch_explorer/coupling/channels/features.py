"""Features of auxiliary channels: what each has, one block of them, and their robust z-scores."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd

from glitch_explorer.coupling.channels.bands import (
    CELL_S,
    SILENCE,
    Band,
    bands_of,
    cell_means,
    log_rms,
    settling_s,
)

#: Names of the features beside the bands.
MEAN, SLOPE, BROADBAND = "mean", "slope", "broadband"
#: Seconds of the past that a value is compared with, and the least of them that make a score.
PAST_S, LEAST_PAST_S = 300.0, 60.0
#: Scores are kept within this: a silent channel has no scatter to divide by.
LARGEST_SCORE = 1e4

#: MAD of a normal distribution with unit variance.
_NORMAL_MAD = 0.6744897501960817
#: A band in the name of a channel that already is an RMS, M for millihertz: BLRMS_30M_100M.
_NATIVE = re.compile(r"(?:BLRMS|RMS|BP)_(\d+)(M?)_(\d+)(M?)(?![\d])", re.IGNORECASE)


@dataclass(frozen=True)
class FeatureSet:
    """Features of one family's live time in one detector.

    Attributes
    ----------
    cells
        int64 (n,), grid indices in ascending order.
    block
        int32 (n,), number of the contiguous live interval of each cell.
    columns
        One row a feature: channel, band, low_hz, high_hz, settling_s.
    values
        float32 (n, m), robust z-scores against the past, NaN where there is no data.
    coverage
        One row a channel: channel, reason (why some is missing, or empty), share of
        the live time with data.
    """

    cells: np.ndarray
    block: np.ndarray
    columns: pd.DataFrame
    values: np.ndarray
    coverage: pd.DataFrame


def native_band(channel: str) -> tuple[str, float, float]:
    """Read the band off the name of a channel that is an RMS already: (name, low, high) in Hz.

    Without one it is `broadband`, from 0 Hz to infinity.
    """
    found = _NATIVE.search(channel)
    if found is None:
        return BROADBAND, 0.0, np.inf
    low, high = (float(found[i]) * (1e-3 if found[i + 1] else 1.0) for i in (1, 3))
    return Band(low, high).name, low, high


def is_logarithm(kind: str) -> bool:
    """Tell whether a channel of that kind is one feature, its logarithm."""
    return kind in ("rms", "trend")


def bands_of_channel(rate: float, kind: str, bands: Sequence[tuple[float, float]]) -> list[Band]:
    """Give the bands filtered for a channel: none where it is an RMS, a trend or slower than a cell."""
    return [] if is_logarithm(kind) or rate * CELL_S < 1 else bands_of(rate, bands)


def columns_of(
    table: pd.DataFrame, bands: Sequence[tuple[float, float]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the stored features of the table `channels`: the logarithms of RMS, and the means.

    Each is a frame of channel, band, low_hz, high_hz, settling_s, in the order of the channels.
    """
    logs: list[tuple[str, str, float, float, float]] = []
    means: list[tuple[str, str, float, float, float]] = []
    for channel, rate, kind in zip(table["channel"], table["rate_hz"], table["kind"], strict=True):
        held = max(CELL_S, 1 / rate)
        if is_logarithm(kind):
            logs.append((channel, *native_band(channel), held))
            continue
        own = bands_of_channel(rate, kind, bands)
        logs += [(channel, band.name, band.low, band.high, settling_s(band, rate)) for band in own]
        means.append((channel, MEAN, 0.0, 0.5 / CELL_S, held))
    names = ["channel", "band", "low_hz", "high_hz", "settling_s"]
    return pd.DataFrame(logs, columns=names), pd.DataFrame(means, columns=names)


def piece_features(
    samples: np.ndarray, rate: float, kind: str, bands: Sequence[tuple[float, float]], *, skip: int
) -> tuple[np.ndarray, np.ndarray]:
    """Make the features of channels of one rate and kind.

    Parameters
    ----------
    samples
        (c, n), NaN where there is no data, from the edge of a cell on.
    rate, kind, bands
        As in the table `channels`; band edges in Hz.
    skip
        First cells to leave out (the warm-up).

    Returns
    -------
    tuple
        Natural logarithms of RMS, float32 (c, bands, cells - skip), and means in the
        channel's unit, float64 (c, 1 or 0, cells - skip), as `columns_of` lists them.
    """
    means = cell_means(samples, rate, skip=skip)[:, None]
    if is_logarithm(kind):
        with np.errstate(invalid="ignore"):
            # A trend that is not positive has no logarithm: no data.
            logs = np.log(np.where(means > 0, np.maximum(means, SILENCE), np.nan))
        return logs.astype(np.float32), means[:, :0]
    return log_rms(samples, rate, bands_of_channel(rate, kind, bands), skip=skip), means


def slopes(means: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Give the change of each cell (n, m) since the one before in the same block, NaN for its first."""
    change = np.full(means.shape, np.nan)
    change[1:] = np.where((block[1:] == block[:-1])[:, None], np.diff(means, axis=0), np.nan)
    return change


def robust_scores(values: np.ndarray, block: np.ndarray, *, least_scatter: float = 0.0) -> np.ndarray:
    """Score each value against the median and MAD of its past.

    Parameters
    ----------
    values
        (n, m) in order of time, NaN where there is no data.
    block
        (n,) number of the contiguous interval of each row: the past begins with it.
    least_scatter
        Least scatter that is believed.

    Returns
    -------
    ndarray
        float32 (n, m): (value - median) / (1.4826 MAD) of the values of the last 300 s
        before it, itself not among them, within ±1e4. NaN without data, and until 60 s
        of past are there.
    """
    scores = np.full(values.shape, np.nan, np.float32)
    starts = np.flatnonzero(np.diff(block, prepend=block[:1] - 1))
    edges = np.append(starts, len(block)).astype(np.int64)
    for column in range(values.shape[1]):
        one = np.ascontiguousarray(values[:, column], np.float64)
        scores[:, column] = _scores(
            one, edges, round(PAST_S / CELL_S), round(LEAST_PAST_S / CELL_S), least_scatter, LARGEST_SCORE
        )
    return scores


@numba.njit(nogil=True, cache=True)
def _scores(  # noqa: PLR0917 - a numba kernel takes no keyword-only arguments
    values: np.ndarray, edges: np.ndarray, window: int, least: int, floor: float, largest: float
) -> np.ndarray:
    """Score one column (n,), its past kept sorted."""
    scores = np.full(values.size, np.nan, np.float32)
    past = np.empty(window)
    for number in range(edges.size - 1):
        count = 0
        for i in range(edges[number], edges[number + 1]):
            new, gone = i - 1, i - window - 1
            enters = new >= edges[number] and not np.isnan(values[new])
            leaves = gone >= edges[number] and not np.isnan(values[gone])
            # What leaves makes room for what enters: only the values between the two move.
            at = _place(past, count, values[gone]) if leaves else count
            to = _place(past, count, values[new]) if enters else count
            if leaves and (not enters or at < to):
                to -= 1
                for j in range(at, to):
                    past[j] = past[j + 1]
            else:
                for j in range(at, to, -1):
                    past[j] = past[j - 1]
            if enters:
                past[to] = values[new]
            count += enters - leaves
            if np.isnan(values[i]) or count < least:
                continue
            median = past[count // 2] if count % 2 else 0.5 * (past[count // 2] + past[count // 2 - 1])
            scatter = max(_mad(past, count, median) / _NORMAL_MAD, floor)
            away = values[i] - median
            if scatter > 0:
                scores[i] = min(max(away / scatter, -largest), largest)
            else:
                scores[i] = largest * np.sign(away)
    return scores


@numba.njit(nogil=True, cache=True)
def _place(ordered: np.ndarray, count: int, value: float) -> int:
    """Find the first of `count` sorted values that is not below `value`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(nogil=True, cache=True)
def _mad(ordered: np.ndarray, count: int, median: float) -> float:
    """Give the (lower) median distance from `median` of the first `count` values, which are sorted.

    The h nearest values are a window of the sorted array: bisect for where it begins.
    """
    h = (count + 1) // 2
    low, high = 0, count - h
    while low < high:
        middle = (low + high) // 2
        if median - ordered[middle] > ordered[middle + h] - median:
            low = middle + 1
        else:
            high = middle
    return float(max(median - ordered[low], ordered[low + h - 1] - median))
