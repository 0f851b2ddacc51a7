"""Training glitches without a class: families of random shapes, each with its own seed.

A family is a fixed set of strokes; its members differ slightly in the times, frequencies,
lengths and strengths of the strokes. They keep the encoder from knowing only the classes. None
of them is a falling stack of harmonics, which is the observatory's unknown shape.
"""

from collections.abc import Callable

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory.shapes import (
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
)
from glitch_explorer.observatory.waveforms import HALF_LENGTH_S
from glitch_explorer.views.whitening import RATE

_TURN = 2.0 * np.pi


class _Strokes:
    """Strokes of one member: `fixed` draws what the family shares, `free` what the member varies."""

    def __init__(self, fixed: np.random.Generator, free: np.random.Generator) -> None:
        self.fixed, self.free = fixed, free
        self.t = time_axis(HALF_LENGTH_S, RATE)

    def near(self, value: float, scatter: float) -> float:
        """Return the family's value, varied by a factor for this member."""
        return float(value * self.free.lognormal(0.0, scatter))

    def frequency(self, low: float = 12.0, high: float = 1500.0) -> float:
        """Draw a frequency of the family, varied for this member, in Hz."""
        return self.near(log_uniform(self.fixed, (low, high)), 0.05)

    def length(self, low: float, high: float) -> float:
        """Draw a length of the family, varied for this member, in s."""
        return self.near(log_uniform(self.fixed, (low, high)), 0.15)

    def phase(self) -> float:
        """Draw a phase for this member, in rad."""
        return float(self.free.uniform(0.0, _TURN))

    def drop(self) -> Float:
        """Draw a pulse."""
        octaves = self.near(self.fixed.uniform(0.15, 1.3), 0.08)
        return pulse(self.t, 0.0, self.frequency(), octaves, self.phase(), lag_s=self.fixed.normal(0, 0.003))

    def bar(self) -> Float:
        """Draw a steady tone with soft ends, with or without harmonics."""
        f, sigma = self.frequency(), self.length(0.02, 0.6)
        wave = sine_gaussian(self.t, 0.0, f, sigma, self.phase())
        for k in range(2, int(self.fixed.integers(1, 5)) + 1):
            wave += self.near(self.fixed.uniform(0.3, 0.9), 0.2) * sine_gaussian(self.t, 0.0, k * f, sigma)
        return wave

    def curve(self) -> Float:
        """Draw a track whose frequency follows a smooth curve of the family."""
        d = self.length(0.15, 4.0)
        x = np.clip(self.t / d, -0.5, 0.5)
        octaves = self.fixed.uniform(0.2, 2.5) * np.polynomial.Chebyshev(
            self.fixed.normal(0, [0, 0.6, 0.6, 0.3, 0.2])
        )(2 * x)
        f = np.clip(self.frequency(25.0, 1000.0) * 2.0**octaves, 9.0, 2500.0)
        return track(self.t, f, plateau(self.t, -0.5 * d, 0.5 * d, 0.06 * d), self.phase())

    def meander(self) -> Float:
        """Draw a line that wanders through much of the view."""
        d = self.length(1.0, 6.0)
        swing = self.near(self.fixed.uniform(0.02, 0.25), 0.2)
        f = self.frequency(20.0, 1200.0) * 2.0 ** (
            swing * wander(self.t, self.free, 0.3, self.fixed.uniform(0.6, 4.0))
        )
        return track(self.t, f, plateau(self.t, -0.5 * d, 0.5 * d, 0.1), self.phase())

    def arches(self) -> Float:
        """Draw arches above each other, upright or hanging."""
        d, top = self.length(0.2, 3.5), self.frequency(25.0, 900.0)
        n, hanging = int(self.fixed.integers(1, 5)), self.fixed.uniform() < 0.35
        depth, power = self.fixed.uniform(0.4, 1.0), self.fixed.uniform(0.5, 1.5)
        arch = np.where(np.abs(self.t) < 0.5 * d, np.cos(np.pi * np.clip(self.t / d, -0.5, 0.5)), 0.0)
        f = (
            top * (1.0 - depth + depth * arch**power)
            if not hanging
            else top * (1.0 + 2.0 * (1.0 - arch**power))
        )
        wave = np.zeros_like(self.t)
        for m in range(1, n + 1):
            wave += track(self.t, m * f / n**0.5, arch**0.5 * self.free.uniform(0.6, 1.0), self.phase())
        return wave

    def comb(self) -> Float:
        """Draw a short stroke repeated at a steady pace, with a swell."""
        pace, d = self.near(log_uniform(self.fixed, (0.025, 0.6)), 0.06), self.length(0.3, 4.0)
        f, octaves = self.frequency(20.0, 1200.0), self.fixed.uniform(0.1, 1.0)
        jitter, slope = self.fixed.uniform(0.0, 0.2), self.fixed.normal(0.0, 0.3)
        tick = pulse(self.t, 0.0, f, octaves, self.phase())
        n = round(0.5 * d / pace)
        wave = np.zeros_like(self.t)
        for k in range(-n, n + 1):
            time = pace * (k + jitter * self.free.normal())
            size = self.free.uniform(0.5, 1.0) * np.exp(-0.5 * (time / (0.4 * d)) ** 2 + slope * time)
            wave += size * np.roll(tick, round(time * RATE))
        return wave

    def dots(self) -> Float:
        """Draw dots scattered along a level or sloping line."""
        d, f = self.length(0.3, 4.0), self.frequency(30.0, 1600.0)
        slope, size = self.fixed.normal(0.0, 0.3), log_uniform(self.fixed, (0.8, 8.0))
        wave = np.zeros_like(self.t)
        for time in self.free.uniform(-0.5 * d, 0.5 * d, int(self.fixed.integers(3, 30))):
            frequency = np.clip(f * 2.0 ** (slope * time), 12.0, 1900.0)
            strength = self.free.exponential(1.0)
            wave += strength * sine_gaussian(self.t, time, frequency, size / frequency, self.phase())
        return wave

    def burst(self) -> Float:
        """Draw a patch of noise in a band, soft or with a sudden start."""
        low = self.frequency(8.0, 700.0)
        high = low * self.near(self.fixed.uniform(1.3, 5.0), 0.06)
        d = self.length(0.02, 2.5)
        kind = self.fixed.integers(3)
        envelope = bell(self.t, 0.0, 0.4 * d) if kind == 0 else plateau(self.t, -0.5 * d, 0.5 * d, 0.05 * d)
        if kind == 2:
            envelope = plateau(self.t, 0.0, 2.0 * d, 0.01) * np.exp(-np.clip(self.t, 0, None) / d)
        return np.asarray(envelope * band_noise(self.t, self.free, low, min(high, 3000.0)))


_STROKES: tuple[Callable[[_Strokes], Float], ...] = (
    _Strokes.drop, _Strokes.bar, _Strokes.curve, _Strokes.meander, _Strokes.arches, _Strokes.comb,
    _Strokes.dots, _Strokes.burst,
)  # fmt: skip
#: Probabilities of one, two and three strokes in a family.
_NUMBERS = (0.45, 0.4, 0.15)


def draw_generic(family: int, member: int, *, seed: int) -> tuple[Float, float]:
    """Draw a member of a family of random shapes, and its signal-to-noise ratio.

    Returns
    -------
    wave : array (n,)
        8 s at 8192 Hz as whitened data show them, of unit L2 norm.
    snr : float
        Optimal signal-to-noise ratio to scale it by.
    """
    fixed = np.random.default_rng([seed, family])
    free = np.random.default_rng([seed, family, 1 + member])
    strokes = _Strokes(fixed, free)
    wave = np.zeros_like(strokes.t)
    for k in range(int(fixed.choice((1, 2, 3), p=_NUMBERS))):
        stroke = unit(_STROKES[int(fixed.integers(len(_STROKES)))](strokes) + 1e-12)
        time = 0.0 if k == 0 else fixed.normal(0.0, 0.25) + free.normal(0.0, 0.01)
        wave += fixed.uniform(0.4, 1.0) * free.uniform(0.8, 1.2) * np.roll(stroke, round(time * RATE))
    wave = unit(wave)
    energy = np.cumsum(wave**2)
    first, last = np.searchsorted(energy, (0.1, 0.9))
    # A long wave must be louder to be visible.
    least = 10.0 * max(1.0, (last - first) / RATE / 0.1) ** 0.35
    snr = least * 12.0 ** (free.uniform() ** 1.5)
    return np.roll(wave, round(free.normal(0.0, 0.01) * RATE)), float(snr)
