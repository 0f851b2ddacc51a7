"""Training glitches of known classes: the observatory's shapes, in wider ranges.

`HELD_OUT` and the observatory's unknown shape are never drawn, so that the encoder can be
tested on shapes that it has not seen.
"""

import numpy as np

from glitch_explorer.core.arrays import Float
from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.observatory.morphology import EVENT, MORPHOLOGIES, UNKNOWN, Morphology
from glitch_explorer.observatory.shapes import Draw, log_uniform, pulse, time_axis, track, unit, wander
from glitch_explorer.observatory.waveforms import HALF_LENGTH_S, SHAPES
from glitch_explorer.views.whitening import RATE

#: Class without a glitch.
QUIET = "No_Glitch"
#: Classes that look the same when reversed in time.
_REVERSIBLE = frozenset(
    {
        "1080Lines", "Fast_Scattering", "Low_Frequency_Lines", "Power_Line", "Repeating_Blips",
        "Scattered_Light", "Scratchy", "Violin_Mode", "Wandering_Line", "Whistle",
    }
)  # fmt: skip
#: Duration above which the amplitude may vary, in s.
_LONG_S = 1.0


def chirp(t: Float, rng: np.random.Generator, f: float, d: float) -> Float:
    """Draw a Newtonian chirp (Peters 1964): f ~ (time left) ** -3/8."""
    left = np.clip(rng.uniform(0.0, 0.05) - t, 0.0, None)
    frequency = 25.0 * (np.clip(left, 1e-4, None) / d) ** -0.375
    audible = (left > 0.0) & (left < 1.5 * d) & (frequency < f)
    return track(t, frequency, np.where(audible, frequency**0.5, 0.0), rng.uniform(0.0, 6.28))


_CHIRP = Morphology(EVENT, (0.15, 2.0), (200.0, 1000.0), (15, 120), 0, 0.5, 1.0, "ours")
_DRAWS: dict[str, tuple[Morphology, Draw]] = {
    name: (MORPHOLOGIES[name], SHAPES[name]) for name in SHAPES if name not in (*HELD_OUT, UNKNOWN)
} | {EVENT: (_CHIRP, chirp)}
#: Classes that training draws; the one without a glitch is last.
SEEN: tuple[str, ...] = (*sorted(_DRAWS), QUIET)


def _widened(bounds: tuple[float, float], share: float, least: float) -> tuple[float, float]:
    """Return a range widened by a share of its logarithmic width, and at least by a factor."""
    by = least * (bounds[1] / bounds[0]) ** share
    return bounds[0] / by, bounds[1] * by


def _varied(wave: Float, t: Float, rng: np.random.Generator, *, long: bool, reversible: bool) -> Float:
    """Return a wave that may be reversed, varied in amplitude, and with a weak second part."""
    wave = unit(wave[::-1] if reversible and rng.uniform() < 0.5 else wave)
    if long and rng.uniform() < 0.5:
        wave = wave * np.clip(1.0 + rng.uniform(0.1, 0.5) * wander(t, rng, 0.3, 4.0), 0.1, None)
    if rng.uniform() < 0.15:
        extra = pulse(
            t,
            rng.uniform(-0.6, 0.6),
            log_uniform(rng, (15.0, 900.0)),
            rng.uniform(0.15, 1.0),
            rng.uniform(0.0, 6.28),
        )
        wave = wave + rng.uniform(0.05, 0.25) * extra
    return unit(wave)


def draw_class(name: str, rng: np.random.Generator) -> tuple[Float, float]:
    """Draw a glitch of the class `name` and its signal-to-noise ratio.

    Parameters
    ----------
    name : str
        One of `SEEN`, or of `HELD_OUT` for validation.
    rng : Generator
        Source of randomness.

    Returns
    -------
    wave : array (n,)
        8 s at 8192 Hz as whitened data show them, of unit L2 norm, or zero for `QUIET`.
    snr : float
        Optimal signal-to-noise ratio to scale it by.
    """
    t = time_axis(HALF_LENGTH_S, RATE)
    if name == QUIET:
        return np.zeros_like(t), 0.0
    row, shape = _DRAWS[name] if name in _DRAWS else (MORPHOLOGIES[name], SHAPES[name])
    frequency = log_uniform(rng, _widened(row.frequency_hz, 0.15, 1.01))
    duration = log_uniform(rng, _widened(row.duration_s, 0.15, 1.1))
    wave = shape(t, rng, frequency, duration)
    long = duration > _LONG_S
    wave = _varied(wave, t, rng, long=long, reversible=name in _REVERSIBLE)
    shift = rng.normal(0.0, 0.006) + (rng.uniform(-0.15, 0.15) * duration if duration > 0.3 else 0.0)
    low, high = row.snr
    snr = low * (2.0 * high / low) ** (rng.uniform() ** 1.4) * 0.85
    return np.roll(wave, round(shift * RATE)), float(snr)
