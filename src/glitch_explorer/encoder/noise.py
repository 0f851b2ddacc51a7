"""The noise of training glitches: whitened noise that is not perfectly white.

It differs from the observatory's: no detector's noise curve, lines anywhere, a varying level.
"""

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory.shapes import log_uniform, time_axis, wander
from glitch_explorer.observatory.waveforms import HALF_LENGTH_S
from glitch_explorer.views.whitening import RATE

#: Probabilities of lines, a varying level, and rumble at low frequency.
_LINES, _MOVING, _RUMBLE = 0.5, 0.5, 0.35


def _curve(frequency: Float, rng: np.random.Generator) -> Float:
    """Draw the error of the whitening: a smooth factor near 1."""
    knots = np.log([5.0, 15.0, 40.0, 100.0, 300.0, 1000.0, 4096.0])
    heights = rng.normal(0.0, rng.uniform(0.01, 0.08), len(knots))
    return np.asarray(np.exp(np.interp(np.log(np.maximum(frequency, 1.0)), knots, heights)))


def _line_gain(frequency: Float, rng: np.random.Generator) -> Float:
    """Draw residual lines: narrow peaks at mains, near 500 Hz and anywhere."""
    gain = np.ones_like(frequency)
    for _ in range(int(rng.integers(1, 7))):
        kind = rng.uniform()
        if kind < 0.3:
            line = 60.0 * int(rng.integers(1, 9))
        elif kind < 0.5:
            line = rng.uniform(490.0, 520.0) * int(rng.integers(1, 4))
        else:
            line = log_uniform(rng, (11.0, 1900.0))
        width, height = log_uniform(rng, (0.1, 1.0)), rng.uniform(0.3, 1.8)
        gain += height / (1.0 + ((frequency - line) / width) ** 2)
    return gain


def draw_noise(rng: np.random.Generator) -> Float:
    """Draw 8 s of noise at 8192 Hz, of about unit variance per sample: (n,)."""
    t = time_axis(HALF_LENGTH_S, RATE)
    frequency = np.fft.rfftfreq(len(t), 1.0 / RATE)
    noise = rng.standard_normal(len(t))
    gain = _curve(frequency, rng)
    if rng.uniform() < _LINES:
        gain = gain * _line_gain(frequency, rng)
    noise = np.fft.irfft(gain * np.fft.rfft(noise), len(t))
    if rng.uniform() < _MOVING:
        noise = noise * np.clip(1.0 + rng.uniform(0.02, 0.12) * wander(t, rng, 0.1, 1.0), 0.5, None)
    if rng.uniform() < _RUMBLE:
        top = rng.uniform(14.0, 45.0)
        low = np.fft.irfft(np.fft.rfft(noise) / (1.0 + (frequency / top) ** 8), len(t))
        noise = noise + rng.uniform(0.2, 1.0) * np.clip(wander(t, rng, 0.1, 2.0), 0.0, None) * low
    return np.asarray(noise)
