"""Baseline: probability of a glitch from rate and time of day alone."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.impact.drivers.windows import Material

#: Range of the rate in seconds before a window's centre. It ends a minute before, because background
#: windows are at least that far from the family.
PAST_S = (600.0, 60.0)


def baseline_features(material: Material, rows: Int64, times: Float64, quiet: Float64) -> Float64:
    """Compute the features of a model without channels, ``(k, 6)``.

    Parameters
    ----------
    material
        Features over the live time.
    rows
        ``(k,)`` rows of the windows' centres.
    times
        GPS times of the family's glitches.
    quiet
        ``(q, 2)`` stretches without any glitch, GPS seconds.

    Returns
    -------
    ndarray
        Rate of the family and share of time that is not quiet, in the ten minutes before except the last,
        within the stretch; sine and cosine of the time of day, once and twice a day.
    """
    centre = material.live.times[rows]
    stretch = material.live.stretch
    start = material.live.times[np.searchsorted(stretch, stretch[rows], side="left")]
    low, high = np.maximum(centre - PAST_S[0], start), np.maximum(centre - PAST_S[1], start)
    length = np.maximum(high - low, BIN_S)
    ordered = np.sort(times)
    rate = (np.searchsorted(ordered, high) - np.searchsorted(ordered, low)) / length
    busy = 1 - (_covered(quiet, high) - _covered(quiet, low)) / length
    angle = 2 * np.pi * centre / DAY_S
    cycles = [cycle(k * angle) for k in (1, 2) for cycle in (np.sin, np.cos)]
    return np.column_stack([rate, busy, *cycles])


def _covered(intervals: Float64, times: Float64) -> Float64:
    """Return the seconds of sorted, disjoint intervals ``(q, 2)`` before each time."""
    if not len(intervals):
        return np.zeros(len(times))
    length = intervals[:, 1] - intervals[:, 0]
    before = np.append(0.0, np.cumsum(length))
    last = np.searchsorted(intervals[:, 0], times, side="right") - 1
    part = np.clip(times - intervals[last, 0], 0, length[last])
    return np.where(last >= 0, before[last] + part, 0.0)


def baseline_probability(features: Float64, glitch: Bool, fitted: Bool, held_out: Bool) -> Float64:
    """Fit a logistic regression; return its probabilities of a glitch for the held-out windows."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    model.fit(features[fitted], glitch[fitted])
    return np.asarray(model.predict_proba(features[held_out])[:, 1], dtype=float)
