"""Excursions of the whitened strain, which searches gate.

As `pycbc.strain.detect_loud_glitches` of PyCBC (Usman et al. 2016): the strain at 2048 Hz is whitened from
30 Hz by a median PSD of 4 s spectra and scaled to unit variance; where its magnitude exceeds a threshold, a
search removes it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.signal import welch
from scipy.signal.windows import tukey
from tqdm import tqdm

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import contains, segments_of
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import EXCURSIONS
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.strain import Strain, resampled

#: Sample rate in Hz that searches use, and the lowest frequency that is whitened.
SEARCH_RATE_HZ, LOW_HZ = 2048.0, 30.0
#: Length of the spectra of the PSD in seconds, and what whitening spoils at either end.
SPECTRUM_S, SPOILED_S = 4.0, 4.0
#: Strain on either side of a glitch in seconds, and the least that is whitened in all.
AROUND_S, LEAST_S = 16.0, 16.0


def whitened(series: Piece) -> Piece:
    """Return the strain, whitened and scaled to unit variance in Gaussian noise.

    Parameters
    ----------
    series
        Strain without gaps, at least 16 s. The first and last 4 s of the result are spoiled.
    """
    if series.rate > SEARCH_RATE_HZ:
        series = resampled(series, SEARCH_RATE_HZ)
    rate = series.rate
    values = series.values - series.values.mean()
    length = round(SPECTRUM_S * rate)
    # In units of the strain's spread: squared strain is near the smallest floats.
    scale = float(np.std(values)) or 1.0
    values = values / scale
    frequency, psd = welch(values, rate, nperseg=length, average="median")
    spectrum = np.fft.rfft(values * tukey(len(values), 2 * SPOILED_S * rate / len(values)))
    at = np.fft.rfftfreq(len(values), 1.0 / rate)
    used = (at >= LOW_HZ) & (at < rate / 2)
    spectrum[~used] = 0.0
    # Of one-sided PSD 1, and so of variance `rate / 2 - LOW_HZ`, but for the last factor. Zeros give NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        spectrum[used] /= np.sqrt(np.interp(at[used], frequency, psd) * (rate / 2 - LOW_HZ))
    return replace(series, values=np.fft.irfft(spectrum, len(values)))


def excursion(series: Piece, around: tuple[float, float], threshold: float) -> tuple[float, float, float]:
    """Return the peak of the whitened strain within an interval, and where it exceeds a threshold.

    Parameters
    ----------
    series
        Strain without gaps, at least 16 s.
    around
        GPS seconds that are searched; what whitening spoils is not.
    threshold
        Magnitude in standard deviations of the noise.

    Returns
    -------
    peak, start, end
        Largest magnitude, and GPS seconds of the first and last sample above the threshold (NaN if none is).
        All are NaN if nothing of the interval can be searched.
    """
    white = whitened(series)
    times = white.t0 + np.arange(len(white.values)) / white.rate
    size = np.abs(white.values)
    low = max(around[0], times[0] + SPOILED_S)
    high = min(around[1], times[-1] - SPOILED_S)
    searched = (times >= low) & (times <= high) & np.isfinite(size)
    if not searched.any():
        return np.nan, np.nan, np.nan
    above = times[searched & (size > threshold)]
    start, end = (float(above[0]), float(above[-1])) if len(above) else (np.nan, np.nan)
    return float(size[searched].max()), start, end


def measure_excursions(
    glitches: pd.DataFrame,
    segments: pd.DataFrame,
    *,
    ifo: str,
    strain: Strain,
    settings: CostSettings,
) -> pd.DataFrame:
    """Measure the excursion of the whitened strain at each glitch in a detector's live time.

    Parameters
    ----------
    glitches, segments
        Tables "glitches" and "segments". Astrophysical signals and injections are left out.
    ifo
        Detector.
    strain
        Opened source of strain.
    settings
        Assumptions of the cost.

    Returns
    -------
    DataFrame
        Table "excursions", in order of time. Without 16 s of strain around a glitch its excursion is unknown.

    Raises
    ------
    UserError, SourceFault
        If a source cannot be used, or a server does not answer.
    """
    rows = glitches[(glitches["ifo"] == ifo) & (glitches["astrophysical"] == "")]
    live = contains(segments_of(segments, ifo), rows["event_time"].to_numpy(dtype=float))
    rows = rows[live].sort_values(["event_time", "glitch_id"])
    measured = []
    columns = (rows["glitch_id"], rows["event_time"], settings.gates(rows))
    for name, time, around in tqdm(
        zip(*columns, strict=True), total=len(rows), desc="excursions", unit="glitch", mininterval=10
    ):
        pieces = strain.available(ifo, time - AROUND_S, time + AROUND_S)
        piece = next((p for p in pieces if p[0] <= time < p[1] and p[1] - p[0] >= LEAST_S), None)
        values = (np.nan,) * 3
        if piece is not None:
            values = excursion(strain.read(ifo, *piece), (around[0], around[1]), settings.gate_threshold)
        measured.append((name, ifo, *values))
    return pd.DataFrame(measured, columns=EXCURSIONS.names) if measured else tables.empty(EXCURSIONS)
