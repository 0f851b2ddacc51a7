"""Signals that overlap glitches."""

import numpy as np

from glitch_explorer.core.arrays import Float64

#: Frequencies in Hz that a search for compact binaries uses.
SEARCHED_HZ = (10.0, 2048.0)
#: Chirp mass of the reference signal, 1.4 + 1.4 solar masses, as G M / c^3 in seconds.
CHIRP_MASS_S = (1.4 * 1.4) ** 0.6 / 2.8**0.2 * 4.925490947e-6


def signal_time(low_hz: Float64, high_hz: Float64) -> Float64:
    """Return the time in seconds that the reference signal spends between two frequencies.

    The chirp time to leading order, 5/256 (G M / c^3)^(-5/3) (pi f)^(-8/3) (Peters 1964), of a
    1.4 + 1.4 solar mass binary. Frequencies are clipped to 10-2048 Hz.
    """
    low, high = (np.clip(edge, *SEARCHED_HZ) for edge in (low_hz, high_hz))
    left = 5.0 / 256.0 * CHIRP_MASS_S ** (-5.0 / 3.0) * (np.pi * np.stack([low, high])) ** (-8.0 / 3.0)
    return np.asarray(left[0] - left[1])


def contamination(
    count: Float64,
    live_s: float,
    *,
    duration_s: Float64,
    peak_hz: Float64,
    bandwidth_hz: Float64,
    cbc_rate_per_yr: float,
) -> Float64:
    """Return the signals per year that overlap a glitch of each family.

    R (1 - exp(-r (t_signal + t_glitch))), see docs/explanation/cost.md#d-overlaps.

    Parameters
    ----------
    count
        ``(k,)`` glitches of each family in the live time.
    live_s
        Live time in seconds.
    duration_s, peak_hz, bandwidth_hz
        ``(k,)`` medians of each family. The signal is in its band between peak - bandwidth / 2
        and peak + bandwidth / 2.
    cbc_rate_per_yr
        Signals per year that the search would see.

    Returns
    -------
    ndarray
        ``(k,)`` per year; NaN where a median is unknown.
    """
    overlap_s = signal_time(peak_hz - bandwidth_hz / 2, peak_hz + bandwidth_hz / 2) + duration_s
    return np.asarray(cbc_rate_per_yr * -np.expm1(-count / live_s * overlap_s))
