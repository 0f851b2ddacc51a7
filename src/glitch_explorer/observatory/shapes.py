"""The strokes that glitches are drawn with, in whitened data.

Every stroke is an array on a time axis `t` in seconds from the event, of evenly
spaced samples, of arbitrary size: the whole glitch is scaled to its signal-to-noise ratio
at the end.
"""

from collections.abc import Callable

import numpy as np

from glitch_explorer.core.arrays import Float


def time_axis(half_length: float, rate: int) -> Float:
    """Return sample times (n,) in seconds from `-half_length` to `half_length`, 0 in the middle."""
    n = round(half_length * rate)
    return np.arange(-n, n) / rate


def within(t: Float, start: float, end: float) -> slice:
    """Return the samples of `t` from `start` to `end`, in seconds."""
    first, last = np.searchsorted(t, (start, end))
    return slice(int(first), int(last))


def bell(t: Float, centre: float, sigma: float) -> Float:
    """Return a Gaussian envelope of standard deviation `sigma` in seconds."""
    return np.asarray(np.exp(-0.5 * ((t - centre) / sigma) ** 2))


def plateau(t: Float, start: float, end: float, edge: float) -> Float:
    """Return an envelope that is 1 from `start` to `end`, with soft edges, all in seconds."""
    return np.asarray(0.5 * (np.tanh((t - start) / edge) - np.tanh((t - end) / edge)))


def sine_gaussian(t: Float, centre: float, frequency: float, sigma: float, phase: float = 0.0) -> Float:
    """Return a sine of `frequency` Hz under a Gaussian of standard deviation `sigma` seconds."""
    wave = np.zeros_like(t)
    near = within(t, centre - 6.0 * sigma, centre + 6.0 * sigma)
    oscillation = np.cos(2.0 * np.pi * frequency * (t[near] - centre) + phase)
    wave[near] = bell(t[near], centre, sigma) * oscillation
    return wave


def pulse(
    t: Float, centre: float, frequency: float, octaves: float, phase: float, *, lag_s: float = 0.0
) -> Float:
    """Compute the shortest pulse whose spectrum is a bell in log frequency: a tear drop in a Q-scan.

    Parameters
    ----------
    t : array (n,)
        Times, s.
    centre : float
        Time of the pulse, s.
    frequency : float
        Where the spectrum peaks, Hz.
    octaves : float
        Standard deviation of the spectrum, octaves.
    phase : float
        Constant phase, rad: 0 is symmetric, pi/2 antisymmetric.
    lag_s : float
        Delay of the low frequencies: the group delay is
        `lag_s * frequency / f`, which bends the drop.
    """
    step = t[1] - t[0]
    f = np.fft.rfftfreq(len(t), step)
    spectrum = np.zeros(len(f), complex)
    frequencies = f[1:]
    size = np.exp(-0.5 * (np.log2(frequencies / frequency) / octaves) ** 2) / np.sqrt(frequencies)
    angle = -2.0 * np.pi * frequencies * (centre - t[0]) + phase
    angle -= 2.0 * np.pi * lag_s * frequency * np.log(frequencies / frequency)
    spectrum[1:] = size * np.exp(1j * angle)
    return unit(np.fft.irfft(spectrum, len(t)))


def track(t: Float, frequency: Float, amplitude: Float, phase: float = 0.0) -> Float:
    """Compute an oscillation that follows `frequency` (n,) in Hz, silent where that leaves 8-3500 Hz."""
    step = t[1] - t[0]
    heard = (frequency > 8.0) & (frequency < 3500.0)
    angle = 2.0 * np.pi * step * np.cumsum(np.clip(frequency, 0.0, 3600.0))
    return np.asarray(np.where(heard, amplitude, 0.0) * np.cos(angle + phase))


def band_noise(t: Float, rng: np.random.Generator, low: float, high: float) -> Float:
    """Draw noise between `low` and `high` Hz with soft edges, of unit variance."""
    f = np.fft.rfftfreq(len(t), t[1] - t[0])
    edge = 0.15 * (high - low)
    gain = 0.5 * (np.tanh((f - low) / edge) - np.tanh((f - high) / edge))
    noise = np.fft.irfft(gain * np.fft.rfft(rng.standard_normal(len(t))), len(t))
    return np.asarray(noise / noise.std())


def wander(t: Float, rng: np.random.Generator, slowest: float, fastest: float) -> Float:
    """Draw a smooth random curve of about unit size, of `slowest` to `fastest` Hz."""
    curve = np.zeros(len(t))
    for frequency in np.geomspace(slowest, fastest, 6):
        size = rng.normal() * (slowest / frequency) ** 0.5
        curve += size * np.cos(2.0 * np.pi * frequency * t + rng.uniform(0.0, 2.0 * np.pi))
    return np.asarray(curve / 1.2)


def unit(wave: Float) -> Float:
    """Scale `wave` to an L2 norm of 1."""
    return np.asarray(wave / np.sqrt(np.sum(wave**2)))


def log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """Draw from a log-uniform distribution between `bounds`."""
    return float(np.exp(rng.uniform(*np.log(bounds))))


def power_law(rng: np.random.Generator, bounds: tuple[float, float], index: float) -> float:
    """Draw from a density proportional to x ** -index between `bounds` (index > 1)."""
    low, high = (bound ** (1.0 - index) for bound in bounds)
    return float((low + rng.uniform() * (high - low)) ** (1.0 / (1.0 - index)))


#: A function that draws one glitch of a class: times, source of randomness, the
#: characteristic frequency in Hz and the duration in seconds from the table.
Draw = Callable[[Float, np.random.Generator, float, float], Float]
