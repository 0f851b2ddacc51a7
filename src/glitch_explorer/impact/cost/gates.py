"""Gates: the intervals that a search removes around glitches."""

import numpy as np

from glitch_explorer.core.arrays import Float64


def gate_intervals(times: Float64, durations: Float64, least_gate_s: float) -> Float64:
    """Return the gates [t - w, t + w], w = max(duration / 2, least_gate_s); no duration counts as 0.

    Parameters
    ----------
    times, durations
        (n,) GPS seconds and seconds.
    least_gate_s
        Least half width of a gate, s.

    Returns
    -------
    ndarray
        (n, 2).
    """
    half = np.maximum(np.nan_to_num(durations) / 2, least_gate_s)
    return np.column_stack([times - half, times + half])
