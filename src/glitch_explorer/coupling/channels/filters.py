"""Causal filters: band-limited RMS of many channels of one sample rate, in time bins.

Butterworth filters run forward only. A windowed transform that resolves the same low frequencies would
spread a burst over three periods and place half of that before it; these filters respond within one period.
Low bands are filtered at a lower rate, reached in steps of 2 behind causal low-passes.
See docs/explanation/methods.md#features.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import signal

from glitch_explorer.core.arrays import runs
from glitch_explorer.coupling.channels.bands import BIN_S, Band, averaging_bins
from glitch_explorer.coupling.channels.features import bands_of_channel, is_logarithm

#: A smaller RMS counts as this, which keeps its logarithm finite.
SILENCE = 1e-30

_ORDER, _LOWPASS_ORDER = 3, 8
#: A band is filtered at the lowest rate of at least this many times its upper edge: aliases
#: come from above 4 times the edge, where the low-pass at 1.5 times the edge attenuates by 68 dB.
_OVERSAMPLING, _LOWPASS = 5, 1.5
#: A band whose upper edge is above this share of the Nyquist frequency gets a high-pass only.
_OPEN_SHARE = 0.9
#: Share of an impulse's energy that has left a filter that has settled.
_SETTLED = 0.99


def chunk_features(
    samples: np.ndarray,
    rate: float,
    kind: str,
    bands: Sequence[tuple[float, float]],
    *,
    before_s: float,
    bins: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the features of channels of one rate and kind.

    Parameters
    ----------
    samples
        ``(c, n)`` samples, NaN where there is no data. They begin at the edge of a time bin; those of a
        channel with less than one a bin may begin anywhere.
    rate, kind, bands
        Sample rate in Hz and kind as in table "channels"; band edges in Hz.
    before_s
        Time in s from the first sample to the first bin (the warm-up).
    bins
        Number of bins.

    Returns
    -------
    logs, means
        Natural logarithms of RMS, float32 ``(c, bands, bins)``, and means in the channel's unit, float64
        ``(c, 1 or 0, bins)``, in the order of `columns_of`.
    """
    skip = round(before_s / BIN_S)
    if rate * BIN_S >= 1:
        means = _bin_means(samples, rate, 0)[0][:, None, skip:]
    else:
        means = _held_values(samples, rate, before_s, bins)[:, None]
    if is_logarithm(kind):
        with np.errstate(invalid="ignore"):
            # A trend that is not positive has no logarithm: no data.
            logs = np.log(np.where(means > 0, np.maximum(means, SILENCE), np.nan))
        return logs.astype(np.float32), means[:, :0]
    return log_rms(samples, rate, bands_of_channel(rate, kind, bands), skip=skip), means


@lru_cache(maxsize=256)
def settling_s(band: Band, rate: float) -> float:
    """Return the settling time of a band's feature in s.

    It is the time until 99 % of an impulse's energy has left the filters, plus the averaging time.
    """
    seconds = 3 / band.low
    lowest = band.low * 64
    while rate / 2 >= max(lowest, _OVERSAMPLING * band.high):
        rate /= 2
    impulse = np.zeros(max(2, round(seconds * rate)))
    impulse[0] = 1.0
    energy = np.cumsum(signal.sosfilt(_bandpass(band, rate), impulse) ** 2)
    out = np.searchsorted(energy, _SETTLED * energy[-1]) / rate
    return float(np.ceil(100 * (out + averaging_bins(band) * BIN_S)) / 100)


def log_rms(samples: np.ndarray, rate: float, bands: Sequence[Band], *, skip: int) -> np.ndarray:
    """Compute the logarithm of the band-limited RMS of each time bin.

    Parameters
    ----------
    samples
        ``(c, n)`` samples of c channels that begin at the edge of a bin; NaN where there is no data.
    rate
        Sample rate in Hz.
    bands
        Bands of the channels, see `features.bands_of_channel`.
    skip
        Number of bins at the beginning that are left out (the warm-up).

    Returns
    -------
    ndarray
        float32 ``(c, len(bands), bins - skip)``, natural logarithm; NaN where data are missing in the bin,
        or were missing before it and the filter has not settled since. No bin depends on samples after it.
    """
    n_bins = int(samples.shape[1] / rate / BIN_S + 1e-9)
    logs = np.full((len(samples), len(bands), n_bins - skip), np.nan, np.float32)
    if not bands:
        return logs
    for rows, pieces in _patterns(np.isfinite(samples)):
        for start, end in pieces:
            part = samples[rows, start:end]
            for number, values, first in _run(part - part[:, :1], rate, bands, start):
                low = max(first, skip)
                if low < first + values.shape[1]:
                    logs[rows, number, low - skip : first + values.shape[1] - skip] = values[:, low - first :]
    return logs


def _patterns(known: np.ndarray) -> list[tuple[np.ndarray, list[tuple[int, int]]]]:
    """Group channels (c, n) by where they have data: (rows, runs [a, b))."""
    groups: dict[bytes, list[int]] = {}
    for row, bits in enumerate(np.packbits(known, axis=1)):
        groups.setdefault(bits.tobytes(), []).append(row)
    return [(np.array(rows), runs(known[rows[0]])) for rows in groups.values()]


def _run(
    samples: np.ndarray, rate: float, bands: Sequence[Band], start: int
) -> list[tuple[int, np.ndarray, int]]:
    """Filter one run without gaps that begins at sample `start` of the chunk, from the highest band down.

    Returns (number of the band, log RMS (c, k), first bin) for each band.
    """
    filtered, start_s = [], start / rate
    for number in sorted(range(len(bands)), key=lambda i: -bands[i].high):
        band = bands[number]
        samples, rate, start = _downsampled(samples, rate, start, band.high)
        if samples.shape[1] == 0:
            break
        power, first = _bin_means(signal.sosfilt(_bandpass(band, rate), samples, axis=1) ** 2, rate, start)
        width = averaging_bins(band)
        # The first sample serves as the level: a filter that starts elsewhere still rings until settled.
        unsettled = 0 if start_s == 0 else int(np.ceil((start_s + settling_s(band, rate)) / BIN_S)) - first
        late = max(width - 1, unsettled)
        if power.shape[1] <= late:
            continue
        power = np.lib.stride_tricks.sliding_window_view(power, width, axis=1).mean(axis=-1)
        values = np.log(np.maximum(np.sqrt(power[:, late - width + 1 :]), SILENCE)).astype(np.float32)
        filtered.append((number, values, first + late))
    return filtered


def _downsampled(samples: np.ndarray, rate: float, start: int, high: float) -> tuple[np.ndarray, float, int]:
    """Halve the sample rate as often as a band up to `high` allows; sample times stay those of the chunk."""
    factor = 1
    while (
        rate / (2 * factor) >= max(_OVERSAMPLING * high, 1 / BIN_S) and (rate * BIN_S / (2 * factor)) % 1 == 0
    ):
        factor *= 2
    if factor == 1:
        return samples, rate, start
    low = signal.sosfilt(_lowpass(_LOWPASS * high, rate), samples, axis=1)
    phase = -start % factor
    return np.ascontiguousarray(low[:, phase::factor]), rate / factor, (start + phase) // factor


def _bin_means(samples: np.ndarray, rate: float, start: int) -> tuple[np.ndarray, int]:
    """Average samples (c, n), the first at index `start`, over bins that they fill: (c, k), first bin."""
    per_bin = rate * BIN_S
    first = int(np.ceil(start / per_bin - 1e-9))
    last = int((start + samples.shape[1]) / per_bin + 1e-9)
    if last <= first:
        return np.empty((len(samples), 0)), first
    edges = np.ceil(np.arange(first, last + 1) * per_bin - 1e-9).astype(int) - start
    if np.any(np.diff(edges) == 0):
        raise ValueError(f"a channel of {rate:g} Hz has time bins of {BIN_S:g} s without a sample")
    sums = np.add.reduceat(samples[:, : edges[-1]], edges[:-1], axis=1)
    return sums / np.diff(edges), first


def _held_values(samples: np.ndarray, rate: float, before_s: float, bins: int) -> np.ndarray:
    """Return the value that samples (c, n) of less than one a bin have in each bin: (c, bins).

    A sample covers the time until the next one; its value is known, and used, only from the end of that
    time on.
    """
    last = np.floor((before_s + (np.arange(bins) + 1) * BIN_S) * rate + 1e-6).astype(int) - 1
    return np.where(last >= 0, samples[:, np.maximum(last, 0)], np.nan)


@lru_cache(maxsize=256)
def _bandpass(band: Band, rate: float) -> np.ndarray:
    if band.high >= _OPEN_SHARE * rate / 2:
        return np.asarray(signal.butter(_ORDER, band.low, "highpass", fs=rate, output="sos"))
    return np.asarray(signal.butter(_ORDER, (band.low, band.high), "bandpass", fs=rate, output="sos"))


@lru_cache(maxsize=256)
def _lowpass(cut: float, rate: float) -> np.ndarray:
    return np.asarray(signal.butter(_LOWPASS_ORDER, cut, "lowpass", fs=rate, output="sos"))
