"""One function per class: the glitch in whitened data.

Each takes the time axis `t` (s, 0 at the event), a random generator, the
characteristic frequency `f` (Hz) and the duration `d` (s), both drawn from the
ranges of `morphology`, and returns an array (n,) of arbitrary size. Further
variations are in the functions; shapes were drawn to resemble the field guide's examples.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory.morphology import MORPHOLOGIES, UNKNOWN
from glitch_explorer.observatory.shapes import (
    Draw,
    band_noise,
    bell,
    log_uniform,
    plateau,
    pulse,
    sine_gaussian,
    time_axis,
    track,
    unit,
    wander,
    within,
)

#: Half the length of every glitch's time axis, in seconds.
HALF_LENGTH_S = 4.0
_TURN = 2.0 * np.pi


def blip(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a tear drop of a few milliseconds: the longer, the narrower its spectrum (Cabero 2019)."""
    octaves = 1.0 - 0.3 * (d - 0.002) / 0.018
    return pulse(t, 0.0, f, octaves, rng.uniform(0.0, _TURN), lag_s=rng.normal(0.0, 0.0007))


def blip_low_frequency(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw an egg at tens of hertz."""
    return pulse(t, 0.0, f, 0.24 + 0.006 / d, rng.uniform(0.0, _TURN), lag_s=rng.normal(0.0, 0.003))


def tomte(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a hat: wide and loud at the bottom, pointed at the top."""
    hat = pulse(t, 0.0, f, rng.uniform(0.60, 0.80), rng.uniform(0.0, _TURN), lag_s=rng.normal(0.0, 0.001))
    brim = pulse(t, 0.01 * rng.normal(), 0.6 * f, 0.25, rng.uniform(0.0, _TURN))
    return np.asarray(hat + rng.uniform(0.35, 0.6) * (d / 0.1) ** 0.5 * brim)


def koi_fish(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a loud blip with a body below it, fins to both sides and a thin tail upwards."""
    tail = pulse(t, 0.0, 1.4 * f, rng.uniform(1.1, 1.4), rng.uniform(0.0, _TURN))
    body = unit(bell(t, 0.0, d / 6.0) * band_noise(t, rng, 14.0, 0.8 * f))
    fins = unit(bell(t, 0.01 * rng.normal(), d / 2.5) * band_noise(t, rng, 0.5 * f, 1.3 * f))
    return np.asarray(tail + rng.uniform(0.4, 0.7) * body + rng.uniform(0.3, 0.5) * fins)


def repeating_blips(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw two to six blips of one kind at nearly equal spacing, the loudest in the middle."""
    step = rng.choice([0.125, 0.18, 0.25, 0.4, 0.5])
    n = int(np.clip(round(d / step), 1, 5))
    first = -int(rng.integers(0, n + 1))
    octaves, phase = rng.uniform(0.8, 1.0), rng.uniform(0.0, _TURN)
    wave = np.zeros_like(t)
    for k in range(first, first + n + 1):
        size = 1.0 if k == 0 else rng.uniform(0.55, 0.95)
        centre = 0.0 if k == 0 else k * step + 0.02 * rng.normal()
        wave += size * pulse(t, centre, f * rng.lognormal(0.0, 0.08), octaves, phase)
    return wave


def low_frequency_burst(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a hump of noise that stands on the lower edge of the picture."""
    hump = bell(t, 0.0, d / 4.0) * band_noise(t, rng, 8.0, 1.3 * f)
    for _ in range(int(rng.integers(0, 4))):
        centre = rng.uniform(-1.8, 1.8)
        hump += rng.uniform(0.3, 0.7) * bell(t, centre, d / 6.0) * band_noise(t, rng, 8.0, 1.1 * f)
    return hump


def low_frequency_lines(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a level line for seconds."""
    edge = rng.uniform(0.2, 0.5)
    envelope = plateau(t, -0.5 * d, 0.5 * d, edge)
    line = track(t, f * (1.0 + 0.004 * wander(t, rng, 0.2, 1.0)), envelope, rng.uniform(0.0, _TURN))
    if rng.uniform() < 0.3:
        line += 0.5 * track(t, np.full_like(t, f * rng.uniform(1.15, 1.5)), envelope)
    return line


def power_line(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a thin bar at 60 Hz, at times with a weak harmonic."""
    wave = sine_gaussian(t, 0.0, f, d / 3.0, rng.uniform(0.0, _TURN))
    for k in (2, 3):
        if rng.uniform() < 0.35:
            wave += rng.uniform(0.15, 0.4) * sine_gaussian(t, 0.0, k * f, d / 4.0)
    return wave


def air_compressor(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a short thick bar at 50 Hz."""
    return sine_gaussian(t, 0.0, f, d / 4.0, rng.uniform(0.0, _TURN))


def lines_1080(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a string of dots along 1080 Hz."""
    wave = np.zeros_like(t)
    for centre in np.append(rng.uniform(-0.5 * d, 0.5 * d, int(rng.integers(12, 26) * d)), 0.0):
        size = rng.exponential(1.0) if centre else 2.5
        wave += size * sine_gaussian(
            t, centre, f + rng.normal(0.0, 3.0), rng.uniform(0.004, 0.012), rng.uniform(0.0, _TURN)
        )
    return wave


def ripples_1400(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw one dash at 1400 Hz."""
    return sine_gaussian(t, 0.0, f, d / 4.0, rng.uniform(0.0, _TURN))


def violin_mode(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw dots at 500 Hz and its multiples, once or a few times."""
    wave = np.zeros_like(t)
    centres = [0.0, *rng.uniform(-d, d, int(rng.integers(0, 4)))]
    for centre in centres:
        size = 1.0 if centre == 0.0 else rng.uniform(0.3, 0.7)
        for k, strength in ((1, 1.0), (2, rng.uniform(0.5, 1.0)), (3, rng.uniform(0.3, 0.9))):
            wave += size * strength * sine_gaussian(t, centre, k * f, rng.uniform(0.008, 0.02))
    hum = sine_gaussian(t, 0.0, log_uniform(rng, (20.0, 130.0)), 0.03)
    return wave + rng.uniform(0.0, 0.25) * hum


def whistle(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a V, U or W that comes down from above to `f`, or its reverse, an arch (Nuttall 2015)."""
    kind = rng.choice(["v", "u", "w", "arch"], p=[0.35, 0.35, 0.15, 0.15])
    half = 0.5 * d
    span = np.abs(t) / half
    if kind == "v":
        frequency = f + (1900.0 - f) * span
    elif kind == "u":
        frequency = f + (1900.0 - f) * span**2
    elif kind == "w":
        frequency = f + (1700.0 - f) * np.abs(2.0 * np.abs(t) / half - 0.6) ** 1.3
    else:
        frequency = np.clip(1200.0 + f - 900.0 * span**2, 1.0, None)
    amplitude = (frequency / 600.0) ** -0.3 * bell(t, 0.0, 0.6 * d) * (frequency < 1950.0)
    return track(t, frequency, amplitude, rng.uniform(0.0, _TURN))


def wandering_line(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a line through the whole picture that meanders slowly."""
    frequency = f * (1.0 + rng.uniform(0.03, 0.09) * wander(t, rng, 0.3, 3.0))
    amplitude = plateau(t, -0.55 * d, 0.55 * d, 0.1) * (1.0 + 0.4 * wander(t, rng, 1.0, 12.0))
    return track(t, frequency, amplitude, rng.uniform(0.0, _TURN))


@dataclass(frozen=True)
class Arch:
    """Motion of the scatterer behind an arch, as speed over its maximum."""

    skew: float
    centre_s: float
    duration_s: float
    #: Top of the lowest arch, Hz, and the number of reflections seen: the m-th arch is m times as high.
    lowest_hz: float
    reflections: int

    def phase(self, t: Float) -> Float:
        """Return the phase of the swing at `t` (n,) in s from the event, rad; the arch is within pi / 2."""
        return np.asarray(np.pi * (t - self.centre_s) / self.duration_s)

    def swing(self, t: Float) -> Float:
        """Return the speed at `t` (n,), 0 outside the arch."""
        phase = self.phase(t)
        return np.where(np.abs(phase) < 0.5 * np.pi, np.cos(phase) * (1.0 + self.skew * phase), 0.0)


def draw_arch(rng: np.random.Generator, f: float, d: float) -> Arch:
    """Draw the motion behind scattered light with its top at `f` Hz, of `d` s."""
    skew = rng.normal(0.0, 0.08)
    centre = 0.1 * d * rng.normal()
    n = int(rng.integers(1, 4))
    return Arch(skew, centre, d, f / n if n > 1 and f / n > 11.0 else f, n)


def scattered_light(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw arches of a swinging scatterer and its multiple reflections: f = 2 m |v| / wavelength."""
    arch = draw_arch(rng, f, d)
    swing = arch.swing(t)
    wave = np.zeros_like(t)
    for m in range(1, arch.reflections + 1):
        amplitude = swing**0.5 * rng.uniform(0.5, 1.0) / m**0.5
        wave += track(t, m * arch.lowest_hz * swing, amplitude, rng.uniform(0.0, _TURN))
    return wave


def fast_scattering(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a row of short humps, two to four per second: the crown (Soni 2021)."""
    spacing = 1.0 / rng.uniform(2.2, 4.2)
    n = max(1, round(0.5 * d / spacing))
    wave = np.zeros_like(t)
    for k in range(-n, n + 1):
        centre = k * spacing * (1.0 + 0.02 * rng.normal())
        size = np.exp(-0.5 * (k / (0.8 * n)) ** 2) * rng.uniform(0.5, 1.0) if k else 1.0
        near = within(t, centre - 0.475 * spacing, centre + 0.475 * spacing)
        arch = np.cos(np.pi * (t[near] - centre) / (0.95 * spacing))
        top = (0.75 + 0.25 * size) * f
        wave[near] += size * track(t[near], top * arch**0.6, arch, rng.uniform(0.0, _TURN))
    return wave


def scratchy(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a comb of small ticks, twenty to thirty per second, waxing and waning."""
    spacing = 1.0 / rng.uniform(16.0, 30.0)
    swell = 1.0 + 0.8 * wander(t, rng, 0.4, 3.0) + 2.0 * bell(t, 0.0, 0.15)
    wave = np.zeros_like(t)
    for centre in np.arange(-0.5 * d, 0.5 * d, spacing):
        size = max(0.0, float(np.interp(centre, t, swell))) * rng.uniform(0.3, 1.0)
        time = centre + 0.15 * spacing * rng.normal()
        wave += size * sine_gaussian(t, time, f * rng.lognormal(0.0, 0.1), 1.2 / f, rng.uniform(0.0, _TURN))
    return wave


def helix(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw upright pairs of strands crossed by rungs, alone or a few in a row."""
    rungs = np.array([1.0, 1.55, 2.4]) * min(f, 110.0)
    times = [0.0]
    while rng.uniform() < 0.65 and len(times) < 5:
        times.append(times[-1] + rng.uniform(0.12, 0.35))
    times = [time - times[len(times) // 2] for time in times]
    wave = np.zeros_like(t)
    gap = rng.uniform(0.012, 0.02)
    for time in times:
        size = rng.uniform(0.6, 1.0) * np.exp(-abs(time) / (2.0 * d))
        for k, rung in enumerate(rungs):
            wave += size * sine_gaussian(t, time, rung, 2.5 / rung, rng.uniform(0.0, _TURN)) / (1 + 0.3 * k)
        for side in (-1.0, 1.0):
            strand = sine_gaussian(t, time + side * gap, 1.25 * rungs[1], 0.006)
            wave += 0.5 * size * strand
    return wave


def light_modulation(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw bright spikes close together, with low-frequency noise that trails behind."""
    wave = np.zeros_like(t)
    for k in range(int(rng.integers(2, 5))):
        centre = 0.0 if k == 0 else rng.uniform(-0.03, 0.1)
        size = 1.0 if k == 0 else rng.uniform(0.3, 0.7)
        wave += size * pulse(t, centre, rng.uniform(250.0, 420.0), 1.4, rng.uniform(0.0, _TURN))
    top = 25.0 + 0.03 * f
    trail = plateau(t, 0.0, 0.7 * d, 0.03) * np.exp(-np.clip(t, 0.0, None) / (0.6 * d))
    noise = unit(trail * band_noise(t, rng, 9.0, top))
    return wave + rng.uniform(0.8, 1.6) * noise


def paired_doves(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw short sweeps that go up and down in turn."""
    spacing = rng.uniform(0.45, 0.95)
    width = rng.uniform(0.03, 0.06)
    sign = rng.choice([-1.0, 1.0])
    n = max(1, int(0.5 * d / spacing))
    wave = np.zeros_like(t)
    for k in range(-n, n + 1):
        sweep = np.clip((t - k * spacing) / (2.0 * width), -2.0, 2.0) * sign * (-1.0) ** k
        frequency = f * 2.0 ** (0.8 * sweep)
        size = 1.0 if k == 0 else rng.uniform(0.5, 0.9)
        wave += size * track(t, frequency, bell(t, k * spacing, width), rng.uniform(0.0, _TURN))
    return wave


def extremely_loud(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a disturbance that fills the picture: a broad burst, often with an abrupt onset."""
    wave = np.zeros_like(t)
    for k, (low, high) in enumerate(((8.0, 30.0), (25.0, 90.0), (80.0, 300.0), (250.0, 2000.0))):
        sigma = 0.5 * d / 1.7 ** (k + 1)
        envelope = bell(t, 0.02 * rng.normal(), sigma)
        if rng.uniform() < 0.4:
            envelope = np.where(t < 0.0, bell(t, 0.0, 0.2 * sigma), np.exp(-np.clip(t, 0, None) / sigma))
        wave += rng.uniform(0.5, 1.0) / 2.2**k * unit(envelope * band_noise(t, rng, low, high))
    return wave + 0.3 * pulse(t, 0.0, np.clip(f, 60.0, 300.0), 1.3, rng.uniform(0.0, _TURN))


def running_down(t: Float, rng: np.random.Generator, f: float, d: float) -> tuple[Float, Float]:
    """Compute the frequency (n,) in Hz of a motor that runs down, and its envelope (n,)."""
    start = -0.45 * d
    tau = d * rng.uniform(0.6, 0.9)
    age = np.clip(t - start, 0.0, None)
    envelope = plateau(t, start, start + d, 0.03) * np.exp(-0.5 * age / tau)
    return np.asarray(f * np.exp(-age / tau)), np.asarray(envelope)


def spin_down(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a motor that runs down: a fundamental and two harmonics that sink together, exponentially.

    No Gravity Spy class has this shape; a pump or a fan near the beam tube could cause it.
    """
    frequency, envelope = running_down(t, rng, f, d)
    wave = track(t, frequency, envelope, rng.uniform(0.0, _TURN))
    for k in (2, 3):
        strength = rng.uniform(0.5, 0.9) / k**0.3
        wave += strength * track(t, k * frequency, envelope, rng.uniform(0.0, _TURN))
    return wave


SHAPES: dict[str, Draw] = {
    "1080Lines": lines_1080,
    "1400Ripples": ripples_1400,
    "Air_Compressor": air_compressor,
    "Blip": blip,
    "Blip_Low_Frequency": blip_low_frequency,
    "Extremely_Loud": extremely_loud,
    "Fast_Scattering": fast_scattering,
    "Helix": helix,
    "Koi_Fish": koi_fish,
    "Light_Modulation": light_modulation,
    "Low_Frequency_Burst": low_frequency_burst,
    "Low_Frequency_Lines": low_frequency_lines,
    "Paired_Doves": paired_doves,
    "Power_Line": power_line,
    "Repeating_Blips": repeating_blips,
    "Scattered_Light": scattered_light,
    "Scratchy": scratchy,
    "Tomte": tomte,
    "Violin_Mode": violin_mode,
    "Wandering_Line": wandering_line,
    "Whistle": whistle,
    UNKNOWN: spin_down,
}


def draw_size(name: str, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the characteristic frequency (Hz) and duration (s) of a glitch: the first draws of `draw`."""
    row = MORPHOLOGIES[name]
    return log_uniform(rng, row.frequency_hz), log_uniform(rng, row.duration_s)


def draw(name: str, rng: np.random.Generator, rate: int) -> Float:
    """Draw one glitch of the class `name`.

    Returns
    -------
    array (n,)
        The glitch in whitened data, of unit L2 norm, the event at its middle sample.
    """
    frequency, duration = draw_size(name, rng)
    return unit(SHAPES[name](time_axis(HALF_LENGTH_S, rate), rng, frequency, duration))
