"""The detectors' noise: a design curve, lines, and a level that drifts between segments."""

from dataclasses import dataclass
from functools import cache

import lal
import lalsimulation
import numpy as np

from glitch_explorer.core.arrays import Float

#: Below this frequency (Hz) the curve falls off: the pictures begin at 10 Hz.
LOW_CUTOFF_HZ = 9.0

#: Lines as (frequency in Hz, height over the noise in amplitude, half width in Hz):
#: mains, suspension resonances ("violin modes"), calibration; after the kinds of lines in
#: Covas et al. 2018, arXiv:1801.07204.
LINES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "H1": (
        *((60.0 * k, 25.0 / k, 0.01) for k in range(1, 6)),
        *((f * k, 40.0 / k, 0.008) for k in (1, 2, 3) for f in (500.1, 502.8, 504.9, 508.2)),
        (17.6, 15.0, 0.003),
        (35.9, 12.0, 0.003),
        (410.3, 12.0, 0.003),
        (1153.1, 8.0, 0.003),
    ),
    "L1": (
        *((60.0 * k, 20.0 / k, 0.01) for k in range(1, 6)),
        *((f * k, 40.0 / k, 0.008) for k in (1, 2, 3) for f in (509.4, 511.8, 514.7, 516.2)),
        (16.3, 15.0, 0.003),
        (22.7, 12.0, 0.003),
        (434.9, 12.0, 0.003),
        (1151.5, 8.0, 0.003),
    ),
}


@dataclass(frozen=True)
class Level:
    """Deviation of a segment's noise from the design: amplitude factors."""

    overall: float
    low_frequency: float


def draw_level(rng: np.random.Generator) -> Level:
    """Draw a segment's level: a few per cent overall, more below 40 Hz (ground motion)."""
    return Level(float(rng.lognormal(0.0, 0.06)), float(rng.lognormal(0.15, 0.25)))


@cache
def _curve() -> tuple[Float, Float]:
    """Return frequencies (n,) in Hz and the logarithm of the curve's amplitude there."""
    step, n = 0.5, 16385
    series = lal.CreateREAL8FrequencySeries("psd", lal.LIGOTimeGPS(0), 0.0, step, lal.SecondUnit, n)
    lalsimulation.SimNoisePSDaLIGOaLIGOO3LowT1800545(series, LOW_CUTOFF_HZ)
    grid, psd = step * np.arange(n), np.asarray(series.data.data)
    known = (grid >= LOW_CUTOFF_HZ + 1.0) & (psd > 0.0)
    return grid[known], 0.5 * np.log(psd[known])


def design_asd(frequency: Float, level: Level) -> Float:
    """Compute the smooth amplitude spectral density of a detector.

    The aLIGO "O3 low" curve of LIGO-T1800545 as LALSimulation ships it, scaled by `level`.

    Parameters
    ----------
    frequency : array (n,)
        Frequencies, Hz.
    level : Level
        The segment's deviation from the design.

    Returns
    -------
    array (n,)
        Strain / sqrt(Hz), one-sided.
    """
    grid, log_asd = _curve()
    clipped = np.maximum(frequency, grid[0])
    asd = np.exp(np.interp(np.log(clipped), np.log(grid), log_asd))
    below = np.minimum(frequency / grid[0], 1.0)
    rise = 1.0 + (level.low_frequency - 1.0) / (1.0 + (clipped / 40.0) ** 4)
    return np.asarray(asd * below**2 * rise * level.overall)


def line_factor(frequency: Float, ifo: str) -> Float:
    """Compute the amplitude factor of the lines over the smooth curve, at `frequency` (n,) in Hz."""
    power = np.ones_like(frequency)
    for line, height, width in LINES.get(ifo, LINES["H1"]):
        near = slice(*np.searchsorted(frequency, (line - 2.0, line + 2.0)))
        power[near] += height**2 / (1.0 + ((frequency[near] - line) / width) ** 2)
    return np.asarray(np.sqrt(power))


def strain(white_glitches: Float, *, ifo: str, level: Level, rate: int, rng: np.random.Generator) -> Float:
    """Compute strain from noise and the glitches of a segment.

    Parameters
    ----------
    white_glitches : array (n,)
        The glitches in whitened data with noise of unit variance per sample: the L2
        norm of a glitch is its optimal signal-to-noise ratio against the smooth curve.
    ifo : str
        Detector, for its lines.
    level : Level
        The segment's noise level.
    rate : int
        Sample rate, Hz.
    rng : Generator
        Source of the noise.

    Returns
    -------
    array (n,) of float64
        Strain. The noise is periodic over the segment.
    """
    n = len(white_glitches)
    frequency = np.fft.rfftfreq(n, 1.0 / rate)
    noise = rng.standard_normal(2 * len(frequency)).view(np.complex128)
    noise *= np.sqrt(n / 2.0) * line_factor(frequency, ifo)
    noise += np.fft.rfft(white_glitches)
    noise *= design_asd(frequency, level) * np.sqrt(rate / 2.0)
    return np.asarray(np.fft.irfft(noise, n))
