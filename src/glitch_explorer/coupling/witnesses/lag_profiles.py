"""The lag profile: when a feature rises, and whether that is before the glitch begins.

See docs/explanation/methods.md#order-in-time.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.witnesses.nulls import standardise
from glitch_explorer.coupling.witnesses.ranks import STEP
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES, TimeSlides

#: The onset is where a feature first reaches this share of its highest excess: the delay that is subtracted
#: (`ranks.delays_s`) is that of the highest, so what comes before it is the filter's rise.
RISEN = 0.9
#: Scores are clipped to this: one silent period must not dominate a mean.
_LARGEST = np.float32(20.0)
#: A trigger is isolated where no other of its family lies in this many seconds before it.
ISOLATED_S = 60.0


@dataclass(frozen=True)
class Timing:
    """When a feature rises."""

    #: Indices of the onset's lag, and of the lag with the largest abs(T).
    lag: int
    peak: int
    #: leads, co-moves, follows; empty where no lag is significant.
    relation: str
    #: Isolated triggers that 'leads' is tested with at its lag; 0 where there were too few.
    n_leading: int


def isolated(times: Float64) -> Bool:
    """Return which glitches ``(n,)`` have no other of the family in the minute before them."""
    order = np.argsort(times, kind="stable")
    apart = np.ones(len(times), dtype=bool)
    apart[order[1:]] = np.diff(times[order]) > ISOLATED_S
    return apart


def excess(values: Float32, background: Bool, slides: TimeSlides) -> Float64:
    """Compute the mean of one feature's windows at each lag minus the background's mean, ``(L,)``.

    In z-scores, not in ranks: a loud burst saturates the ranks of every window that it touches.

    Parameters
    ----------
    values, background
        ``(rows,)`` windows, and whether they are background.
    slides
        The family's triggers.
    """
    known = ~np.isnan(values)
    clipped = np.clip(np.nan_to_num(values), -_LARGEST, _LARGEST)
    count, total = slides.unshifted(known.astype(np.float32)), slides.unshifted(clipped)
    rest = clipped[known & background]
    base = float(rest.mean()) if len(rest) else 0.0
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), base) - base)


def onset(t: Float64, significant: Bool, raised: Float64) -> int:
    """Return the index of the lag at which a feature first rises.

    A feature of a low band stays high for the length of its window, so its largest T may come late.
    The onset is the first lag, in the run of significant lags around the largest T, where the excess
    reaches 90 % of the run's highest. Where the run begins at the first lag of all,
    its beginning is unknown, and the lag of the largest T is returned.

    Parameters
    ----------
    t, significant, raised
        ``(L,)`` T, whether it is significant, and `excess`.
    """
    peak = int(np.argmax(np.abs(t)))
    first = last = peak
    while first > 0 and significant[first - 1] and t[first - 1] * t[peak] > 0:
        first -= 1
    while last < len(t) - 1 and significant[last + 1] and t[last + 1] * t[peak] > 0:
        last += 1
    if first == 0:
        return peak
    up = raised[first : last + 1] * np.sign(t[peak])
    return first + int(np.argmax(up >= RISEN * up.max()))


def leading(
    placement: Float32, slides: TimeSlides, window_end: Float64, before: Float64
) -> tuple[Float64, Float32, Int64]:
    """Compute T of the triggers whose windows end early enough to lead.

    Parameters
    ----------
    placement
        ``(rows,)`` placement values less 0.5 of one feature, NaN where there is none.
    slides
        Isolated triggers, n of them, and their time slides.
    window_end
        ``(n,)`` GPS end of each trigger's window at lag 0.
    before
        ``(n,)`` GPS time by which a leading window has ended.

    Returns
    -------
    t, peaks, count
        T ``(L,)``, the largest abs(T) of each slide ``(S,)``, and the triggers that count ``(L,)``.
    """
    triggers, lags = slides.triggers, slides.grid.lags
    latest = np.floor((before - window_end) / (STEP * BIN_S)).astype(np.int64) - lags[0] + 1
    high = np.clip(np.minimum(triggers.high, latest), triggers.low, None)
    count = slides.sums((~np.isnan(placement)).astype(np.float32), high=high)
    sums = slides.sums(np.nan_to_num(placement), high=high)
    scores = (sums / np.sqrt(np.maximum(count, 1.0))).astype(float)
    t, peaks = standardise(scores[0], scores[1:], count[0] >= LEAST_GLITCHES, slides.near)
    return t, peaks, count[0].astype(np.int64)


def relation(lag: int, significant: Bool, leads: Bool, lags: Int64, half_duration_s: float) -> str:
    """Return the relation of a feature that rises at lag index `lag`.

    It leads where that lag leads, follows where all significant windows begin
    after the glitch has ended, and co-moves otherwise; empty where no lag is significant.

    Parameters
    ----------
    lag
        Index of the lag.
    significant, leads
        ``(L,)`` the lag is significant, and with triggers whose windows end before the glitch.
    lags
        ``(L,)`` seconds.
    half_duration_s
        Half the family's median duration.
    """
    if not significant.any():
        return ""
    if leads[lag]:
        return "leads"
    # Windows are placed to a precision of half a time bin.
    starts_after = lags[significant] - STEP * BIN_S / 2 - BIN_S / 2 >= half_duration_s
    return "follows" if starts_after.all() else "co-moves"
