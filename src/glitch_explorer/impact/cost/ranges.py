"""BNS range of each minute, from a channel or from strain. See docs/explanation/cost.md#b-range-loss."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from scipy.integrate import quad
from scipy.special import beta
from tqdm import tqdm

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.intervals import MINUTE_S, contains, intersect, segments_of, union
from glitch_explorer.impact.cost.minutes import (
    LEAST_LIVE_S,
    minute_frame,
    minute_of,
    minute_pieces,
    with_losses,
)
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import MINUTES
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.strain import Strain

#: FFT length in seconds (FFTs overlap by half), and the minimum number of periodograms for a range.
FFT_S, LEAST_SPECTRA = 4.0, 5
#: Lower end of the range integral in Hz; strain is not calibrated below.
LOW_HZ = 10.0
STRAIN = "strain"

#: Function of a minute's GPS start and its pieces of live time ``(j, 2)`` that returns the range in Mpc.
RangeOf = Callable[[float, Float64], float]


@cache
def inverse_median(n: int) -> float:
    """Return the mean of 1 / median of `n` exponential variables of mean 1, `n` odd and at least 3.

    In Gaussian noise the power in one frequency bin of a periodogram is exponentially distributed, and the
    squared range is an integral over 1 / PSD. With the median of few periodograms as the PSD, the range
    would be too large without this factor.
    """
    m = (n - 1) // 2

    def density(x: float) -> float:
        return float((-np.expm1(-x)) ** m * np.exp(-(m + 1) * x) / x)

    return float(quad(density, 0.0, np.inf)[0] / beta(m + 1, m + 1))


def spectra(series: Piece, gates: Float64) -> Float64:
    """Return one-sided periodograms ``(s, f)``, 1/Hz, of the 4 s FFT intervals that no gate overlaps.

    Parameters
    ----------
    series
        Strain without gaps.
    gates
        ``(g, 2)`` GPS seconds, sorted and disjoint.
    """
    from scipy.signal import get_window

    rate = series.rate
    length, step = round(FFT_S * rate), round(FFT_S * rate / 2)
    first = np.arange(0, len(series.values) - length + 1, step)
    start = series.t0 + first / rate
    gated = np.searchsorted(gates[:, 0], start + FFT_S, "left") > np.searchsorted(gates[:, 1], start, "right")
    taper = get_window("hann", length)
    values = series.values[first[~gated][:, None] + np.arange(length)]
    values = (values - values.mean(axis=1, keepdims=True)) * taper
    return np.asarray(2.0 * np.abs(np.fft.rfft(values, axis=1)) ** 2 / (rate * (taper**2).sum()))


def range_of_spectra(power: Float64) -> float:
    """Return the BNS range in Mpc from periodograms ``(s, f)``; NaN with fewer than 5.

    The range is that of `gwpy.astro.sensemon_range` (LIGO-T030276) for 1.4 + 1.4 solar masses at SNR 8. The
    PSD is the median of the periodograms times `inverse_median(n)`, so that the expectation of 1 / PSD is
    1 / (mean power). With an even number of periodograms the last is not used, because `inverse_median`
    holds for odd numbers only.
    """
    # gwpy takes two seconds; a range from a channel is read without it.
    from gwpy.astro import sensemon_range
    from gwpy.frequencyseries import FrequencySeries

    n = len(power) - 1 + len(power) % 2
    if n < LEAST_SPECTRA:
        return float("nan")
    psd = np.median(power[:n], axis=0) * inverse_median(n)
    if not (psd[1:] > 0).all():
        return float("nan")
    series = FrequencySeries(psd, df=1.0 / FFT_S, unit="1 / Hz")
    return float(sensemon_range(series, fmin=LOW_HZ).to_value("Mpc"))


def from_strain(strain: Strain, ifo: str, gates: Float64) -> RangeOf:
    """Return a function that measures a minute's range on strain, over the time outside gates.

    Parameters
    ----------
    strain
        Opened source of strain.
    ifo
        Detector.
    gates
        ``(g, 2)`` of all glitches, sorted and disjoint.
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
    """Return a function that reads a minute's range from a channel in Mpc.

    The range is the mean of the samples above 0 in live time. A sample covers the time up to the next one and
    counts if the middle of that time is live.
    """

    def reach(minute: float, pieces: Float64) -> float:
        parts = [np.empty(0)]
        for start, end in channel.available(ifo, minute, minute + MINUTE_S):
            series = channel.read(ifo, start, end)
            middle = series.t0 + np.arange(0.5, len(series.values), dtype=np.float64) / series.rate
            live = contains(pieces, middle)
            parts.append(series.values[live & np.isfinite(series.values) & (series.values > 0)])
        values = np.concatenate(parts)
        return float(values.mean()) if len(values) else float("nan")

    return reach


def measure_minutes(
    glitches: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    ifo: str,
    source: Strain,
    range_channel: str | None,
    settings: CostSettings,
) -> pd.DataFrame:
    """Measure a detector's range minute by minute.

    Parameters
    ----------
    glitches, segments
        Tables "glitches" and "segments". Astrophysical signals and injections are not gated.
    ifo
        Detector.
    source
        Opened source of the range channel, or of strain.
    range_channel
        Name of the range channel; None if `source` is strain.
    settings
        Assumptions of the cost.

    Returns
    -------
    DataFrame
        Table "minutes". The range is null without data, with less than half a minute of live time, or with
        fewer than 5 spectra outside gates.

    Raises
    ------
    UserError, SourceFault
        If a source cannot be used, or a server does not answer.
    """
    live = segments_of(segments, ifo)
    gates = gate_union(glitches, ifo, live, settings)
    frame = minute_frame(live, gates)
    if frame.empty:
        return tables.empty(MINUTES)
    pieces = minute_pieces(live)
    starts = np.searchsorted(minute_of(pieces[:, 0]), frame["minute"].to_numpy(dtype=float))
    reach = from_strain(source, ifo, gates) if range_channel is None else from_channel(source, ifo)
    rows = zip(frame["minute"], frame["live_s"], np.split(pieces, starts[1:]), strict=True)
    ranges = [
        reach(minute, parts) if live_s >= LEAST_LIVE_S else np.nan
        for minute, live_s, parts in tqdm(
            rows, total=len(frame), desc="minutes", unit="minute", mininterval=10
        )
    ]
    name = STRAIN if range_channel is None else range_channel.replace("{ifo}", ifo)
    tables.log_effect(f"range of {ifo} from {name}", np.isfinite(ranges), "have a range", unit="minutes")
    return with_losses(frame, np.array(ranges, float), ifo=ifo, source=name)


def gate_union(glitches: pd.DataFrame, ifo: str, segments: Float64, settings: CostSettings) -> Float64:
    """Return the union of the gates of a detector's glitches within segments, sorted and disjoint."""
    rows = glitches[(glitches["ifo"] == ifo) & (glitches["astrophysical"] == "")]
    rows = rows[rows["event_time"].notna() & settings.is_gated(rows)]
    pieces, _, _ = intersect(settings.gates(rows), segments)
    return union(pieces)
