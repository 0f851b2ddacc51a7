"""Gates: the intervals that a search removes around glitches."""

import numpy as np

from glitch_explorer.core.arrays import Float64

#: Shortest half width of a gate in seconds.
MIN_GATE_S = 0.5


def gate_intervals(times: Float64, durations: Float64, min_gate_s: float = MIN_GATE_S) -> Float64:
    """Return the gates [t - w, t + w], w = max(duration / 2, min_gate_s); a missing duration counts as 0.

    Parameters
    ----------
    times, durations
        ``(n,)`` GPS seconds and seconds.
    min_gate_s
        Shortest half width of a gate in seconds.

    Returns
    -------
    ndarray
        ``(n, 2)`` GPS seconds.
    """
    half = np.maximum(np.nan_to_num(durations) / 2, min_gate_s)
    return np.column_stack([times - half, times + half])
