"""The BNS range of each minute, from a channel that tells it or from strain."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from gwpy.astro import sensemon_range
from gwpy.frequencyseries import FrequencySeries
from gwpy.timeseries import TimeSeries
from scipy.integrate import quad
from scipy.signal import get_window
from scipy.special import beta
from tqdm import tqdm

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.intervals import intersect, union_by_owner
from glitch_explorer.impact.cost.gates import gate_intervals
from glitch_explorer.impact.cost.minutes import (
    LEAST_LIVE_S,
    MINUTE_S,
    minute_cells,
    minute_frame,
    minute_of,
    spans_of,
    with_losses,
)
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import MINUTES
from glitch_explorer.sources.strain import Strain

#: Spectra are taken of so many seconds, by half of it apart, and of at least so many stretches.
FFT_S, LEAST_SPECTRA = 4.0, 5
#: Where the range's integral begins, Hz: calibrated strain means nothing below.
LOW_HZ = 10.0
STRAIN = "strain"

#: Gives the range in Mpc of a minute from its GPS start and its analysed pieces (j, 2).
RangeOf = Callable[[float, Float64], float]


@cache
def inverse_median(n: int) -> float:
    """Give the mean of 1 / median of `n` exponential variables of mean 1, `n` odd and at least 3.

    The power in a bin of a spectrum is such a variable, and a range sums 1 / power: from few
    spectra it would come out too large.
    """
    m = (n - 1) // 2

    def density(x: float) -> float:
        return float((-np.expm1(-x)) ** m * np.exp(-(m + 1) * x) / x)

    return float(quad(density, 0.0, np.inf)[0] / beta(m + 1, m + 1))


def spectra(series: TimeSeries, gates: Float64) -> Float64:
    """Give one-sided periodograms (s, f), 1/Hz, of the 4 s stretches that no gate meets.

    Parameters
    ----------
    series
        Strain without gaps.
    gates
        (g, 2) GPS seconds, sorted and disjoint.
    """
    rate = float(series.sample_rate.value)
    length, step = round(FFT_S * rate), round(FFT_S * rate / 2)
    first = np.arange(0, len(series) - length + 1, step)
    start = float(series.t0.value) + first / rate
    # A gate meets a stretch where one ends after it begins and begins before it ends.
    met = np.searchsorted(gates[:, 0], start + FFT_S, "left") > np.searchsorted(gates[:, 1], start, "right")
    taper = get_window("hann", length)
    values = series.value[first[~met][:, None] + np.arange(length)]
    values = (values - values.mean(axis=1, keepdims=True)) * taper
    return np.asarray(2.0 * np.abs(np.fft.rfft(values, axis=1)) ** 2 / (rate * (taper**2).sum()))


def range_of_spectra(power: Float64) -> float:
    """Give the BNS range, Mpc, of periodograms (s, f); NaN from fewer than 5.

    `gwpy.astro.sensemon_range` (LIGO-T030276), 1.4 + 1.4 solar masses at SNR 8, of the median
    spectrum, scaled so that the mean of its inverse is the inverse of the mean.
    An even number of spectra loses its last: the scale is known for odd numbers.
    """
    n = len(power) - 1 + len(power) % 2
    if n < LEAST_SPECTRA:
        return float("nan")
    psd = np.median(power[:n], axis=0) * inverse_median(n)
    if not (psd[1:] > 0).all():
        return float("nan")
    series = FrequencySeries(psd, df=1.0 / FFT_S, unit="1 / Hz")
    return float(sensemon_range(series, fmin=LOW_HZ).to_value("Mpc"))


def from_strain(strain: Strain, ifo: str, gates: Float64) -> RangeOf:
    """Measure a minute's range on strain, over the time that its gates leave.

    Parameters
    ----------
    strain
        Opened source of strain.
    ifo
        Detector.
    gates
        (g, 2) of all glitches, sorted and disjoint.
    """

    def reach(_minute: float, pieces: Float64) -> float:
        parts = [
            spectra(strain.read(ifo, a, b), gates)
            for start, end in pieces
            for a, b in strain.available(ifo, start, end)
            if b - a >= FFT_S
        ]
        return range_of_spectra(np.concatenate(parts)) if parts else float("nan")

    return reach


def from_channel(channel: Strain, ifo: str) -> RangeOf:
    """Take a minute's range from a channel in Mpc: the mean of its samples above 0 in analysed time.

    A sample stands for the time up to the next, and counts where the middle of that is analysed.
    """

    def reach(minute: float, pieces: Float64) -> float:
        kept = []
        for start, end in channel.available(ifo, minute, minute + MINUTE_S):
            series = channel.read(ifo, start, end)
            middle = series.times.value + 0.5 / series.sample_rate.value
            live = (middle[:, None] >= pieces[:, 0]) & (middle[:, None] < pieces[:, 1])
            good = live.any(axis=1) & np.isfinite(series.value) & (series.value > 0)
            kept.append(series.value[good])
        values = np.concatenate([np.empty(0), *kept])
        return float(values.mean()) if len(values) else float("nan")

    return reach


def measure_minutes(
    glitches: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    ifo: str,
    source: Strain,
    channel: str | None,
    settings: CostSettings,
) -> pd.DataFrame:
    """Measure a detector's range minute by minute.

    Parameters
    ----------
    glitches, segments
        Tables of these names. Real signals and injections are not gated.
    ifo
        Detector.
    source
        Opened source of the range channel, or of strain.
    channel
        Name of the range channel; None where `source` gives strain.
    settings
        What is gated.

    Returns
    -------
    DataFrame
        Table "minutes". The range is null where there are no data, under half a minute of live
        time, or under 5 spectra that no gate meets: no value is made up.

    Raises
    ------
    UserError, SourceFault
        When a source cannot be used, or a server stays away.
    """
    spans = spans_of(segments, ifo)
    gates = gate_union(glitches, ifo, spans, settings)
    frame = minute_frame(spans, gates)
    if frame.empty:
        return tables.empty(MINUTES)
    cells = minute_cells(spans)
    starts = np.searchsorted(minute_of(cells[:, 0]), frame["minute"].to_numpy(dtype=float))
    pieces = np.split(cells, starts[1:])
    reach = from_strain(source, ifo, gates) if channel is None else from_channel(source, ifo)
    rows = zip(frame["minute"], frame["live_s"], pieces, strict=True)
    found = [
        reach(minute, own) if live >= LEAST_LIVE_S else np.nan
        for minute, live, own in tqdm(rows, total=len(frame), desc="minutes", unit="minute", mininterval=10)
    ]
    name = STRAIN if channel is None else channel.replace("{ifo}", ifo)
    return with_losses(frame, np.array(found, float), ifo=ifo, source=name)


def gate_union(glitches: pd.DataFrame, ifo: str, spans: Float64, settings: CostSettings) -> Float64:
    """Give the gates of a detector's glitches within analysed time, sorted and disjoint."""
    own = glitches[(glitches["ifo"] == ifo) & (glitches["astrophysical"] == "")]
    times = own["event_time"].to_numpy(dtype=float)
    chosen = np.isfinite(times)
    if settings.gate_snr is not None:
        chosen &= own["snr"].to_numpy(dtype=float) >= settings.gate_snr
    made = gate_intervals(
        times[chosen], own["duration_s"].to_numpy(dtype=float)[chosen], settings.least_gate_s
    )
    pieces, origin, _ = intersect(made, spans)
    united, _ = union_by_owner(pieces, np.zeros(len(origin), np.int64))
    return united
