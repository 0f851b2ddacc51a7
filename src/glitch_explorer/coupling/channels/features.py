"""Features of auxiliary channels: which ones a channel has, how they are computed, and their robust z-scores.

See docs/explanation/methods.md#features.
"""

import re
from collections.abc import Callable, Sequence

import numba
import numpy as np
import pandas as pd

from glitch_explorer.coupling.channels.bands import BIN_S, WARM_UP_S, Band, bands_of

#: Names of the features beside the bands.
MEAN, SLOPE, BROADBAND = "mean", "slope", "broadband"
#: Seconds of the past that a value is scored against, and the least of them that give a score.
PAST_S, LEAST_PAST_S = 300.0, 60.0
#: Longest sample in s of a channel that can be scored; of a minute trend the past has too few samples.
LONGEST_SAMPLE_S = 10.0
#: Scores are clipped to ± this: a silent channel has no scatter to divide by.
LARGEST_SCORE = 1e4

#: MAD of a normal distribution with unit variance.
_NORMAL_MAD = 0.6744897501960817
#: A band in the name of a channel that already is an RMS, M for millihertz: BLRMS_30M_100M.
_NATIVE = re.compile(r"(?:BLRMS|RMS|BP)_(\d+)(M?)_(\d+)(M?)(?![\d])", re.IGNORECASE)


def native_band(channel: str) -> tuple[str, float, float]:
    """Read the band off the name of a channel that is an RMS already: (name, low, high) in Hz.

    A name without a band is `broadband`, from 0 Hz to infinity.
    """
    match = _NATIVE.search(channel)
    if match is None:
        return BROADBAND, 0.0, np.inf
    low, high = (float(match[i]) * (1e-3 if match[i + 1] else 1.0) for i in (1, 3))
    return Band(low, high).name, low, high


def is_logarithm(kind: str) -> bool:
    """Check whether channels of that kind have one feature, their logarithm."""
    return kind in ("rms", "trend")


def quick_channels(table: pd.DataFrame) -> pd.DataFrame:
    """Select the channels whose samples are short enough for scores, which those of minute trends are not."""
    return table[table["rate_hz"] * LONGEST_SAMPLE_S >= 1]


def bands_of_channel(rate: float, kind: str, bands: Sequence[tuple[float, float]]) -> list[Band]:
    """Return the bands filtered for a channel: none for an RMS, a trend or less than one sample a bin."""
    return [] if is_logarithm(kind) or rate * BIN_S < 1 else bands_of(rate, bands)


def reading_start(begin: float, rate: float) -> float:
    """Return the GPS time of the first sample that features from `begin` on need.

    Filters need a warm-up; of a channel with less than one sample a bin, the last whole one before `begin`.
    """
    return begin - WARM_UP_S if rate * BIN_S >= 1 else (np.floor(begin * rate + 1e-6) - 1) / rate


def columns_of(
    table: pd.DataFrame, bands: Sequence[tuple[float, float]], settling: Callable[[Band, float], float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List the stored features of table "channels": the logarithms of RMS, and the means.

    Parameters
    ----------
    table
        Table "channels".
    bands
        Band edges in Hz.
    settling
        Function of a band and a sample rate that returns the settling time in s (`filters.settling_s`).

    Returns
    -------
    logs, means
        Frames of channel, band, low_hz, high_hz, settling_s, in the order of the channels.
    """
    logs: list[tuple[str, str, float, float, float]] = []
    means: list[tuple[str, str, float, float, float]] = []
    for channel, rate, kind in zip(table["channel"], table["rate_hz"], table["kind"], strict=True):
        sample_s = max(BIN_S, 1 / rate)
        if is_logarithm(kind):
            logs.append((channel, *native_band(channel), sample_s))
            continue
        filtered = bands_of_channel(rate, kind, bands)
        logs += [(channel, band.name, band.low, band.high, settling(band, rate)) for band in filtered]
        means.append((channel, MEAN, 0.0, 0.5 / BIN_S, sample_s))
    names = ["channel", "band", "low_hz", "high_hz", "settling_s"]
    return pd.DataFrame(logs, columns=names), pd.DataFrame(means, columns=names)


def slopes(means: np.ndarray, stretch: np.ndarray, *, bins: int = 1) -> np.ndarray:
    """Compute the change of a feature over one sample.

    Parameters
    ----------
    means
        ``(n, m)`` in order of time.
    stretch
        ``(n,)`` number of the stretch of each row.
    bins
        Time bins that a sample is held for; the change is that since so many bins before. Bins within one
        sample have equal values: if half of the changes are 0, so is their MAD, and the others cannot be
        scored.

    Returns
    -------
    ndarray
        ``(n, m)``; NaN in the first `bins` rows of each stretch.
    """
    change = np.full(means.shape, np.nan)
    same = (stretch[bins:] == stretch[:-bins])[:, None]
    change[bins:] = np.where(same, means[bins:] - means[:-bins], np.nan)
    return change


def robust_scores(values: np.ndarray, stretch: np.ndarray, *, least_scatter: float = 0.0) -> np.ndarray:
    """Score each value against the median and MAD of its past.

    Parameters
    ----------
    values
        ``(n, m)`` in order of time, NaN where there is no data.
    stretch
        ``(n,)`` number of the stretch of each row: the past begins with it.
    least_scatter
        A smaller scatter counts as this.

    Returns
    -------
    ndarray
        float32 ``(n, m)``: (value - median) / (1.4826 MAD) of the values of the last 300 s
        before it, without itself, within ±1e4. NaN without data, and where less than 60 s
        of past have data.
    """
    scores = np.full(values.shape, np.nan, np.float32)
    starts = np.flatnonzero(np.diff(stretch, prepend=stretch[:1] - 1))
    edges = np.append(starts, len(stretch)).astype(np.int64)
    past, least = round(PAST_S / BIN_S), round(LEAST_PAST_S / BIN_S)
    for k in range(values.shape[1]):
        column = np.ascontiguousarray(values[:, k], np.float64)
        scores[:, k] = _scores(column, edges, past, least, least_scatter, LARGEST_SCORE)
    return scores


@numba.njit(nogil=True, cache=True)
def _scores(  # noqa: PLR0917 - a numba kernel takes no keyword-only arguments
    values: np.ndarray, edges: np.ndarray, window: int, least: int, floor: float, largest: float
) -> np.ndarray:
    """Score one column (n,); its past is kept sorted.

    Unsigned indices never wrap around, so that the compiler can use vector instructions.
    """
    scores = np.full(values.size, np.nan, np.float32)
    past = np.empty(window)
    for number in range(edges.size - 1):
        count = nearest = 0
        for i in range(edges[number], edges[number + 1]):
            new, old = i - 1, i - window - 1
            enters = new >= edges[number] and not np.isnan(values[new])
            leaves = old >= edges[number] and not np.isnan(values[old])
            # Only the values between the one that leaves and the one that enters move.
            rank = _rank(past, count, values[old]) if leaves else count
            to = _rank(past, count, values[new]) if enters else count
            if leaves and (not enters or rank < to):
                to -= 1
                for j in range(np.uint64(rank), np.uint64(to)):
                    past[j] = past[j + np.uint64(1)]
            else:
                for j in range(rank, to, -1):
                    past[np.uint64(j)] = past[np.uint64(j - 1)]
            if enters:
                past[to] = values[new]
            count += enters - leaves
            if np.isnan(values[i]) or count < least:
                continue
            median = past[count // 2] if count % 2 else 0.5 * (past[count // 2] + past[count // 2 - 1])
            nearest, mad = _mad(past, count, median, nearest)
            scatter = max(mad / _NORMAL_MAD, floor)
            away = values[i] - median
            if scatter > 0:
                scores[i] = min(max(away / scatter, -largest), largest)
            else:
                scores[i] = largest * np.sign(away)
    return scores


@numba.njit(nogil=True, cache=True)
def _rank(ordered: np.ndarray, count: int, value: float) -> int:
    """Return how many of the first `count` values, which are sorted, are below `value`.

    A bisection without branches, whose outcomes a processor cannot predict.
    """
    one = np.uint64(1)
    below, left = np.uint64(0), np.uint64(count)
    while left > one:
        half = left >> one
        below += half if ordered[below + half - one] < value else np.uint64(0)
        left -= half
    return int(below) + (count > 0 and ordered[below] < value)


@numba.njit(nogil=True, cache=True)
def _mad(ordered: np.ndarray, count: int, median: float, nearest: int) -> tuple[int, float]:
    """Return the (lower) median distance from `median` of the first `count` values, which are sorted.

    The h nearest values are contiguous in the sorted array. The first of them, which is returned too, is
    sought from `nearest` on, that of the value before: it seldom moves by more than one.
    """
    h = (count + 1) // 2
    low = min(nearest, count - h)
    while low < count - h and median - ordered[low] > ordered[low + h] - median:
        low += 1
    while low > 0 and not median - ordered[low - 1] > ordered[low - 1 + h] - median:
        low -= 1
    return low, max(median - ordered[low], ordered[low + h - 1] - median)
