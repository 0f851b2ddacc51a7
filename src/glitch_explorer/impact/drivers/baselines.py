"""The baseline: what rate and time of day alone say of when a glitch comes."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.impact.drivers.windows import Material

#: The past that a rate is taken over, seconds before the window's centre: what is nearer is not known to
#: the other times, which keep a minute away from the family.
PAST_S = (600.0, 60.0)
_DAY_S = 86400.0


def baseline_features(material: Material, rows: Int64, own: Float64, quiet: Float64) -> Float64:
    """Give what a model without channels knows, ``(k, 6)``.

    Parameters
    ----------
    material
        For the live time.
    rows
        ``(k,)`` rows that windows are centred on.
    own
        GPS times of the family's glitches.
    quiet
        ``(q, 2)`` GPS seconds that keep clear of every glitch.

    Returns
    -------
    Rate of the family and share of time that is not quiet, in the ten minutes before except the last, within
    the live interval; sine and cosine of the time of day, once and twice a day.
    """
    centre = material.times[rows]
    begun = material.times[np.searchsorted(material.live.stretch, material.live.stretch[rows], side="left")]
    low, high = np.maximum(centre - PAST_S[0], begun), np.maximum(centre - PAST_S[1], begun)
    lived = np.maximum(high - low, BIN_S)
    ordered = np.sort(own)
    rate = (np.searchsorted(ordered, high) - np.searchsorted(ordered, low)) / lived
    busy = 1 - (_covered(quiet, high) - _covered(quiet, low)) / lived
    angle = 2 * np.pi * centre / _DAY_S
    turns = [turn(k * angle) for k in (1, 2) for turn in (np.sin, np.cos)]
    return np.column_stack([rate, busy, *turns])


def _covered(intervals: Float64, times: Float64) -> Float64:
    """Give the seconds of sorted, disjoint intervals ``(q, 2)`` before each time."""
    if not len(intervals):
        return np.zeros(len(times))
    length = intervals[:, 1] - intervals[:, 0]
    before = np.append(0.0, np.cumsum(length))
    place = np.searchsorted(intervals[:, 0], times, side="right") - 1
    part = np.clip(times - intervals[place, 0], 0, length[place])
    lived: Float64 = np.where(place >= 0, before[place] + part, 0.0)
    return lived


def baseline_probability(features: Float64, glitch: Bool, learnt: Bool, held: Bool) -> Float64:
    """Give a logistic regression's probabilities for the held-out windows."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    model.fit(features[learnt], glitch[learnt])
    probability: Float64 = model.predict_proba(features[held])[:, 1]
    return probability
