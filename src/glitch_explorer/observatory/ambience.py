"""Noise of auxiliary channels: ground, weather, mains, sensors.

Spectra are sums of a floor, a power law, the ground's microseism and human activity,
and resonances; lines keep the phase of the mains. Sizes are right to an order of
magnitude. The ground differs between segments and between day and night, as the segment's
`Weather` says.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.observatory.plan import Plan, stream
from glitch_explorer.observatory.slots import Segment

#: Peaks of the ground's spectrum, Hz, and their widths in ln f: microseism at 0.1-0.3 Hz, human
#: activity at 1-6 Hz (Soni et al. 2021, arXiv:2007.14876).
MICROSEISM, HUMAN = (0.17, 0.33), (2.6, 0.45)
#: Below this frequency spectra are flat, Hz.
FLAT_BELOW_HZ = 0.02
#: Phase of the mains at a whole GPS second, rad.
MAINS_PHASE = 0.7
#: Share of the segment's common drift in the size of everything, nepers.
COMMON_SHARE = 0.05
#: Knots of the slow curves are so far apart, s.
KNOTS_S = 30.0
#: Noon of the sites, as seconds of a GPS day: UTC - 8 h and UTC - 6 h.
NOON_S = {"H1": 72000.0, "L1": 64800.0}

_WEATHER = 200


@dataclass(frozen=True)
class Spectrum:
    """Amplitude spectral density of one kind of channel, in its unit / sqrt(Hz)."""

    floor: float
    #: Height at 1 Hz, and exponent, of the power law that falls with frequency.
    red: float = 0.0
    slope: float = 1.0
    microseism: float = 0.0
    human: float = 0.0
    #: (frequency in Hz, height, half width in Hz)
    resonances: tuple[tuple[float, float, float], ...] = ()
    #: (frequency in Hz, amplitude)
    lines: tuple[tuple[float, float], ...] = ()


SPECTRA: dict[str, Spectrum] = {
    "ground": Spectrum(1.0, red=4.0, slope=0.6, microseism=700.0, human=35.0, resonances=((9.8, 6.0, 0.4),)),
    "platform": Spectrum(0.02, red=1.2, slope=1.6, microseism=40.0, human=1.0, resonances=((7.1, 0.3, 0.2),)),
    "accelerometer": Spectrum(
        3.0,
        red=2.0,
        slope=0.5,
        human=4.0,
        resonances=((14.5, 8.0, 0.5), (29.4, 9.0, 0.3), (88.0, 10.0, 2.0), (190.0, 8.0, 6.0)),
        lines=((59.3, 6.0), (60.0, 4.0)),
    ),
    "microphone": Spectrum(
        0.3, red=9.0, slope=0.9, human=2.0, resonances=((28.0, 1.5, 1.0),), lines=((59.1, 0.8), (60.0, 0.5))
    ),
    "magnetometer": Spectrum(0.02, red=0.1, slope=0.7, lines=((60.0, 2.0), (120.0, 0.3))),
    "mains": Spectrum(0.1, red=0.2, slope=0.5, lines=((60.0, 160.0),)),
    "optic": Spectrum(
        2e-4,
        red=4e-4,
        slope=2.0,
        microseism=0.8,
        human=2e-3,
        resonances=((0.43, 0.06, 0.01), (1.01, 0.02, 0.01), (2.0, 0.006, 0.02)),
    ),
    "angle": Spectrum(
        0.02, red=0.6, slope=1.3, microseism=0.8, human=0.1, resonances=((2.6, 0.6, 0.1), (9.7, 0.1, 0.1))
    ),
    "length": Spectrum(
        0.05,
        red=0.8,
        slope=0.9,
        microseism=0.8,
        human=0.2,
        resonances=((27.4, 0.4, 0.3),),
        lines=((60.0, 0.15),),
    ),
    "supply": Spectrum(0.01, red=0.02, slope=1.0),
    "oscillator": Spectrum(120.0, red=60.0, slope=1.0),
    "strain": Spectrum(1.0),
}

#: Slow channels: (which part of the weather, size at its 1, scatter from sample to sample in nepers).
SLOW: dict[str, tuple[str, float, float]] = {
    "rms_earthquake": ("earthquake", 60.0, 0.04),
    "rms_microseism": ("microseism", 350.0, 0.04),
    "rms_human": ("human", 60.0, 0.06),
    "rms_wind": ("wind", 12.0, 0.15),
    "rms_mode": ("common", 3.0, 0.20),
    "temperature": ("temperature", 20.0, 1e-5),
}


@dataclass(frozen=True)
class Weather:
    """Surroundings of a detector in one segment: factors, 1 on average, and slow curves."""

    earthquake: float
    microseism: float
    human: float
    wind: float
    temperature: float
    #: Knots of the common drift, of unit size.
    common: Float


def _crowding(plan: Plan, segment: Segment, name: str) -> float:
    """Compute by how many standard deviations a segment has more glitches of a class than others."""
    indices = [i for i, other in enumerate(plan.segments) if other.ifo == segment.ifo and other.readable]
    counts = {i: 0 for i, other in enumerate(plan.segments) if other.ifo == segment.ifo}
    for injection in plan.of(segment.ifo):
        counts[injection.segment] += injection.name == name
    usual = np.array([counts[i] for i in indices], float)
    return float((counts[plan.segments.index(segment)] - usual.mean()) / max(float(usual.std()), 1e-9))


def daylight(ifo: str, gps: float) -> float:
    """Return the day-night cycle of a site: 1 at noon, -1 at midnight."""
    return float(np.cos(2.0 * np.pi * (gps - NOON_S.get(ifo, NOON_S["H1"])) / DAY_S))


def weather(plan: Plan, segment: Segment) -> Weather:
    """Draw the surroundings of the detector in `segment`.

    More ground motion gives more scattered light: the microseism follows the segment's slow
    scattering, human activity the fast one and the time of day.
    """
    rng = stream(plan.seed, _WEATHER, *segment.ifo.encode(), segment.level_key)
    normal = rng.standard_normal(5)
    day = daylight(segment.ifo, segment.start)
    slow, fast = (_crowding(plan, segment, name) for name in ("Scattered_Light", "Fast_Scattering"))
    return Weather(
        earthquake=float(np.exp(0.4 * normal[0])),
        microseism=float(np.exp(0.30 * slow + 0.20 * normal[1])),
        human=float(np.exp(0.20 * day + 0.40 * fast + 0.10 * normal[2])),
        wind=float(np.exp(0.2 * day + 0.4 * normal[3])),
        temperature=1.0 + 0.01 * day + 0.004 * float(normal[4]),
        common=rng.standard_normal(int((segment.end - segment.start) / KNOTS_S) + 2),
    )


def curve(knots: Float, t: Float) -> Float:
    """Return the slow curve through `knots` at times `t` (n,) in s from the segment's start."""
    return np.asarray(np.interp(t, KNOTS_S * np.arange(len(knots)), knots))


def asd(spectrum: Spectrum, frequency: Float, *, microseism: float = 1.0, human: float = 1.0) -> Float:
    """Compute the amplitude spectral density of the noise without lines.

    Parameters
    ----------
    spectrum : Spectrum
        The kind of channel.
    frequency : array (n,)
        Frequencies, Hz.
    microseism, human : float
        Factors of the ground's two parts.

    Returns
    -------
    array (n,)
        Unit of the channel / sqrt(Hz), one-sided.
    """
    f = np.maximum(frequency, FLAT_BELOW_HZ)
    power = spectrum.floor**2 + (spectrum.red * f**-spectrum.slope) ** 2
    for height, (peak, width) in (
        (spectrum.microseism * microseism, MICROSEISM),
        (spectrum.human * human, HUMAN),
    ):
        if height:
            power = power + height**2 * np.exp(-((np.log(f / peak) / width) ** 2))
    for peak, height, width in spectrum.resonances:
        power = power + height**2 / (1.0 + ((f - peak) / width) ** 2)
    return np.asarray(np.sqrt(power))


def band_rms(spectrum: Spectrum, low: float, high: float) -> float:
    """Compute the usual RMS between `low` and `high` Hz, including lines, in the channel's unit."""
    frequency = np.linspace(low, high, 2000)
    power = np.sum(asd(spectrum, frequency) ** 2) * (frequency[1] - frequency[0])
    power += sum(0.5 * amplitude**2 for line, amplitude in spectrum.lines if low <= line < high)
    return float(np.sqrt(power))


def ambient(kind: str, around: Weather, *, n: int, rate: int, rng: np.random.Generator) -> Float:
    """Draw the noise of a channel over a segment.

    Parameters
    ----------
    kind : str
        Key of `SPECTRA` or of `SLOW`.
    around : Weather
        Surroundings of the detector.
    n : int
        Number of samples.
    rate : int
        Sample rate, Hz.
    rng : Generator
        Source of the noise.

    Returns
    -------
    array (n,)
        Samples in the channel's unit.
    """
    t = np.arange(n) / rate
    local = rng.standard_normal(len(around.common))
    common = curve(around.common, t)
    if kind in SLOW:
        return _slow(kind, around, common + curve(local, t), rng)
    spectrum = SPECTRA[kind]
    frequency = np.fft.rfftfreq(n, 1.0 / rate)
    noise = rng.standard_normal(2 * len(frequency)).view(np.complex128)
    noise *= np.sqrt(n * rate / 4.0) * asd(
        spectrum, frequency, microseism=around.microseism, human=around.human
    )
    noise[0] = 0.0
    samples = np.fft.irfft(noise, n)
    for line, amplitude in spectrum.lines:
        if line < rate / 2:
            samples += amplitude * np.cos(2.0 * np.pi * line * t + MAINS_PHASE)
    return np.asarray(samples * np.exp(COMMON_SHARE * common + 0.06 * curve(local, t)))


def _slow(kind: str, around: Weather, drift: Float, rng: np.random.Generator) -> Float:
    """Draw a slow channel: the level of the weather, a drift, and scatter."""
    part, size, scatter = SLOW[kind]
    level = 1.0 if part == "common" else getattr(around, part)
    depth = 2e-4 if kind == "temperature" else 0.10
    return np.asarray(size * level * np.exp(depth * drift + scatter * rng.standard_normal(len(drift))))
