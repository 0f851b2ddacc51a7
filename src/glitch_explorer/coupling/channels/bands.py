"""Causal filters: band-limited RMS of many channels of one rate on the grid of cells.

Butterworth filters run forward only. A windowed transform that reaches as low would
spread a burst over three periods and show it half of that late; these answer within one.
Low bands are filtered at a lower rate, reached in steps of 2 behind causal low-passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import signal

#: Length of a grid cell in seconds; cell i covers [i * CELL_S, (i + 1) * CELL_S) GPS.
CELL_S = 0.5
#: Seconds before a block that its filters start at: every band has settled by then.
WARM_UP_S = 64
#: RMS below this is as good as silence, and keeps its logarithm finite.
SILENCE = 1e-30

_ORDER, _LOWPASS_ORDER = 3, 8
#: A band is filtered at the lowest rate of at least this many times its upper edge: then all
#: that folds onto it lies above 4 upper edges, 68 dB down behind a low-pass at 1.5.
_OVERSAMPLING, _LOWPASS = 5, 1.5
#: A band whose upper edge is nearer to the Nyquist frequency is filtered from below only.
_OPEN_SHARE = 0.9
#: A band that the Nyquist frequency cuts to less than this ratio is left out.
_NARROWEST = 1.2
#: Share of an impulse's energy that has come out of a filter that has settled.
_SETTLED = 0.99


@dataclass(frozen=True, order=True)
class Band:
    """A frequency band [low, high) in Hz."""

    low: float
    high: float

    @property
    def name(self) -> str:
        """Give its name, e.g. `0.3-1`."""
        return f"{self.low:g}-{self.high:g}"


def bands_of(rate: float, bands: Sequence[tuple[float, float]]) -> list[Band]:
    """Give the bands that a channel of that rate has, the highest cut at its Nyquist frequency.

    Raises
    ------
    ValueError
        When a band's low edge lies below 0.03 Hz, which does not settle in `WARM_UP_S`.
    """
    if bands and min(low for low, _ in bands) < 0.03:
        raise ValueError("bands begin at 0.03 Hz: lower ones do not settle within a block's warm-up")
    nyquist = rate / 2
    return [Band(low, min(high, nyquist)) for low, high in sorted(bands) if nyquist >= _NARROWEST * low]


def averaging_cells(band: Band) -> int:
    """Give the cells that the RMS is taken over: half a period of the low edge, at least one."""
    return max(1, int(np.ceil(0.5 / band.low / CELL_S - 1e-9)))


@lru_cache(maxsize=256)
def settling_s(band: Band, rate: float) -> float:
    """Give the seconds after which a band's feature has forgotten an impulse.

    The time in which 99 % of an impulse's energy leaves the filters, and the average after them.
    """
    seconds = 3 / band.low
    lowest = band.low * 64
    while rate / 2 >= max(lowest, _OVERSAMPLING * band.high):
        rate /= 2
    impulse = np.zeros(max(2, round(seconds * rate)))
    impulse[0] = 1.0
    energy = np.cumsum(signal.sosfilt(_bandpass(band, rate), impulse) ** 2)
    out = np.searchsorted(energy, _SETTLED * energy[-1]) / rate
    return float(np.ceil(100 * (out + averaging_cells(band) * CELL_S)) / 100)


def log_rms(samples: np.ndarray, rate: float, bands: Sequence[Band], *, skip: int) -> np.ndarray:
    """Take the logarithm of the band-limited RMS of each cell.

    Parameters
    ----------
    samples
        (c, n) of c channels, from the edge of a cell on; NaN where there is no data.
    rate
        Sample rate in Hz.
    bands
        As `bands_of` gives them.
    skip
        First cells to leave out of the answer (the warm-up).

    Returns
    -------
    ndarray
        float32 (c, len(bands), cells - skip), natural logarithm; NaN where a cell, or what its
        filter has not yet forgotten, holds no data. A cell depends on no sample after its end.
    """
    cells = int(samples.shape[1] / rate / CELL_S + 1e-9)
    made = np.full((len(samples), len(bands), cells - skip), np.nan, np.float32)
    if not bands:
        return made
    for rows, runs in _patterns(np.isfinite(samples)):
        for start, end in runs:
            part = samples[rows, start:end]
            for number, values, first in _run(part - part[:, :1], rate, bands, start):
                low = max(first, skip)
                if low < first + values.shape[1]:
                    made[rows, number, low - skip : first + values.shape[1] - skip] = values[:, low - first :]
    return made


def _patterns(there: np.ndarray) -> list[tuple[np.ndarray, list[tuple[int, int]]]]:
    """Group channels (c, n) by where they have data: (rows, runs [a, b))."""
    groups: dict[bytes, list[int]] = {}
    for row, bits in enumerate(np.packbits(there, axis=1)):
        groups.setdefault(bits.tobytes(), []).append(row)
    found = []
    for rows in groups.values():
        edges = np.flatnonzero(np.diff(there[rows[0]].astype(np.int8), prepend=0, append=0))
        found.append((np.array(rows), [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]))
    return found


def _run(
    samples: np.ndarray, rate: float, bands: Sequence[Band], start: int
) -> list[tuple[int, np.ndarray, int]]:
    """Filter one run without gaps that begins at sample `start` of the grid.

    Gives (number of the band, log RMS (c, k), its first cell). From the highest band down.
    """
    found, began = [], start / rate
    for number in sorted(range(len(bands)), key=lambda i: -bands[i].high):
        band = bands[number]
        samples, rate, start = _slowed(samples, rate, start, band.high)
        if samples.shape[1] == 0:
            break
        power, first = _cell_means(signal.sosfilt(_bandpass(band, rate), samples, axis=1) ** 2, rate, start)
        width = averaging_cells(band)
        # The first sample is taken for the level: a filter that starts elsewhere still rings until settled.
        unsettled = 0 if began == 0 else int(np.ceil((began + settling_s(band, rate)) / CELL_S)) - first
        late = max(width - 1, unsettled)
        if power.shape[1] <= late:
            continue
        power = np.lib.stride_tricks.sliding_window_view(power, width, axis=1).mean(axis=-1)
        values = np.log(np.maximum(np.sqrt(power[:, late - width + 1 :]), SILENCE)).astype(np.float32)
        found.append((number, values, first + late))
    return found


def _slowed(samples: np.ndarray, rate: float, start: int, high: float) -> tuple[np.ndarray, float, int]:
    """Halve the rate as often as a band up to `high` allows, on the grid of the block."""
    factor = 1
    while (
        rate / (2 * factor) >= max(_OVERSAMPLING * high, 1 / CELL_S)
        and (rate * CELL_S / (2 * factor)) % 1 == 0
    ):
        factor *= 2
    if factor == 1:
        return samples, rate, start
    low = signal.sosfilt(_lowpass(_LOWPASS * high, rate), samples, axis=1)
    phase = -start % factor
    return np.ascontiguousarray(low[:, phase::factor]), rate / factor, (start + phase) // factor


def _cell_means(samples: np.ndarray, rate: float, start: int) -> tuple[np.ndarray, int]:
    """Average samples (c, n), the first at index `start`, over cells that they fill: (c, k), first cell."""
    per_cell = rate * CELL_S
    first = int(np.ceil(start / per_cell - 1e-9))
    last = int((start + samples.shape[1]) / per_cell + 1e-9)
    if last <= first:
        return np.empty((len(samples), 0)), first
    edges = np.ceil(np.arange(first, last + 1) * per_cell - 1e-9).astype(int) - start
    if np.any(np.diff(edges) == 0):
        raise ValueError(f"{rate:g} Hz leave cells of {CELL_S:g} s without a sample")
    sums = np.add.reduceat(samples[:, : edges[-1]], edges[:-1], axis=1)
    return sums / np.diff(edges), first


def cell_means(samples: np.ndarray, rate: float, *, skip: int) -> np.ndarray:
    """Average each cell of samples (c, n): (c, cells - skip), NaN where any sample is missing.

    Channels slower than a cell are held: a sample speaks for the time until the
    next one, so it is known, and used, from that time on.
    """
    cells = int(samples.shape[1] / rate / CELL_S + 1e-9)
    if rate * CELL_S >= 1:
        return _cell_means(samples, rate, 0)[0][:, skip:]
    known = np.floor((np.arange(skip, cells) + 1) * CELL_S * rate + 1e-9).astype(int) - 1
    return np.where(known >= 0, samples[:, np.maximum(known, 0)], np.nan)


@lru_cache(maxsize=256)
def _bandpass(band: Band, rate: float) -> np.ndarray:
    if band.high >= _OPEN_SHARE * rate / 2:
        return np.asarray(signal.butter(_ORDER, band.low, "highpass", fs=rate, output="sos"))
    return np.asarray(signal.butter(_ORDER, (band.low, band.high), "bandpass", fs=rate, output="sos"))


@lru_cache(maxsize=256)
def _lowpass(cut: float, rate: float) -> np.ndarray:
    return np.asarray(signal.butter(_LOWPASS_ORDER, cut, "lowpass", fs=rate, output="sos"))
