"""Coincidences of glitches and triggers, counted for all windows, SNR thresholds and time slides at once.

Slides are not searched one by one. For each pair of a glitch and a trigger of its ring, the offsets that
bring the two together are a short range of the ring's sorted offsets.
"""

import numba
import numpy as np

from glitch_explorer.core.arrays import Float32, Float64, Int32, Int64
from glitch_explorer.coupling.coincidence.rings import Rings, RingSlides


def levels_of(snr: Float32, thresholds: Float64) -> Int64:
    """Return how many of the ascending SNR thresholds ``(k,)`` each trigger ``(n,)`` reaches."""
    return np.searchsorted(thresholds.astype(snr.dtype), snr, side="right").astype(np.int64)


@numba.njit(nogil=True, cache=True)
def loudest_levels(times: Float64, triggers: Float64, levels: Int64, windows: Float64, lag: float) -> Int32:
    """Return the highest level of the triggers around each glitch.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches.
    triggers, levels
        ``(m,)`` ascending GPS times, and the number of thresholds that each reaches.
    windows
        ``(w,)`` ascending full widths, s. Both ends count.
    lag
        Time of the window's middle relative to the glitch, s.

    Returns
    -------
    ``(n, w)``; 0 where no trigger reaches a threshold. A glitch counts at window i and threshold k (from 0)
    where this is above k.
    """
    n_windows = len(windows)
    highest = np.zeros((len(times), n_windows), dtype=np.int32)
    widest = windows[-1] / 2
    for i in range(len(times)):
        middle = times[i] + lag
        j = np.searchsorted(triggers, middle - widest)
        while j < len(triggers) and triggers[j] <= middle + widest:
            apart = 2 * abs(triggers[j] - middle)
            for w in range(n_windows - 1, -1, -1):
                if apart > windows[w]:
                    break
                highest[i, w] = max(highest[i, w], levels[j])
            j += 1
    return highest


def slide_counts(
    times: Float64,
    triggers: Float64,
    levels: Int64,
    *,
    rings: Rings,
    slides: RingSlides,
    windows: Float64,
    n_levels: int,
    lag: float,
) -> Int32:
    """Count the glitches of each time slide with a trigger, by window and threshold.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches, each in a ring.
    triggers, levels
        ``(m,)`` ascending GPS times, and the number of thresholds that each reaches, 1 or more.
    rings, slides
        Rings and their S offsets.
    windows
        ``(w,)`` ascending full widths, s.
    n_levels
        Number k of thresholds.
    lag
        Time of the window's middle relative to the glitch, s.

    Returns
    -------
    ``(S, w, k)``.
    """
    ring = rings.of(times)
    phases = times - rings.bounds[ring, 0] + lag
    edges = np.searchsorted(triggers, rings.bounds)
    counts = np.zeros((len(slides), len(windows), n_levels), dtype=np.int32)
    circle = (rings.bounds[:, 0].copy(), rings.lengths_s, slides.offsets, slides.order)
    _add_slides((phases, ring), (triggers, levels, edges), circle, windows / 2, counts)
    return np.ascontiguousarray(np.cumsum(counts[:, :, ::-1], axis=2, dtype=np.int32)[:, :, ::-1])


@numba.njit(nogil=True, cache=True)
def _add_slides(
    glitches: tuple[Float64, Int64],
    auxiliary: tuple[Float64, Int64, Int64],
    circle: tuple[Float64, Float64, Float64, Int32],
    half: Float64,
    counts: Int32,
) -> None:
    """Add each slid glitch to `counts` ``(S, w, k)`` at the highest level in each window.

    Parameters
    ----------
    glitches
        Seconds ``(n,)`` from the ring's start to the middle of the unshifted window, and the ring.
    auxiliary
        Times and levels ``(m,)`` of triggers; the first of each ring, and the first after it ``(r, 2)``.
    circle
        Starts and lengths ``(r,)`` of rings, sorted offsets and their slides ``(r, S)``.
    half
        Half windows ``(w,)``, ascending.
    counts
        Changed in place.
    """
    phases, ring = glitches
    triggers, levels, edges = auxiliary
    starts, length, offsets, order = circle
    n_slides, n_windows = counts.shape[0], counts.shape[1]
    highest = np.zeros((n_slides, n_windows), dtype=np.int32)
    touched = np.empty(n_slides, dtype=np.int64)
    is_touched = np.zeros(n_slides, dtype=np.bool_)
    widest = half[-1]
    for i in range(len(phases)):
        r = ring[i]
        n_touched = 0
        for j in range(edges[r, 0], edges[r, 1]):
            needed = (triggers[j] - starts[r] - phases[i]) % length[r]
            at = np.searchsorted(offsets[r], needed - widest)
            while at < n_slides and offsets[r, at] <= needed + widest:
                apart = abs(offsets[r, at] - needed)
                slide = order[r, at]
                if not is_touched[slide]:
                    is_touched[slide] = True
                    touched[n_touched] = slide
                    n_touched += 1
                w = n_windows - 1
                while w > 0 and apart <= half[w - 1]:
                    w -= 1
                highest[slide, w] = max(highest[slide, w], levels[j])
                at += 1
        for k in range(n_touched):
            slide = touched[k]
            is_touched[slide] = False
            level = 0
            for w in range(n_windows):
                level = max(level, highest[slide, w])
                highest[slide, w] = 0
                if level > 0:
                    counts[slide, w, level - 1] += 1


def coverage(triggers: Float64, levels: Int64, *, rings: Rings, windows: Float64, n_levels: int) -> Float64:
    """Compute the share of each ring that lies in the windows around triggers.

    It is the probability that a glitch at a uniform time of the ring is coincident. Windows that overlap
    count once: on a ring, the sum over the gaps between neighbouring triggers of the smaller of gap and
    window.

    Parameters
    ----------
    triggers, levels
        ``(m,)`` ascending GPS times, and the number of thresholds that each reaches.
    rings
        r rings.
    windows
        ``(w,)`` ascending full widths, s.
    n_levels
        Number k of thresholds.

    Returns
    -------
    ``(r, w, k)``.
    """
    edges = np.searchsorted(triggers, rings.bounds)
    covered = np.zeros((len(edges), len(windows), n_levels))
    _add_coverage((triggers, levels, edges), rings.lengths_s, windows, covered)
    return covered / rings.lengths_s[:, None, None]


@numba.njit(nogil=True, cache=True)
def _add_coverage(
    auxiliary: tuple[Float64, Int64, Int64], length: Float64, windows: Float64, covered: Float64
) -> None:
    """Add the covered seconds of each ring to `covered` ``(r, w, k)``; `auxiliary` as in `_add_slides`."""
    triggers, levels, edges = auxiliary
    for r in range(len(edges)):
        for k in range(covered.shape[2]):
            first, last = -1, -1
            for j in range(edges[r, 0], edges[r, 1]):
                if levels[j] <= k:
                    continue
                if first < 0:
                    first = j
                else:
                    for w in range(len(windows)):
                        covered[r, w, k] += min(triggers[j] - triggers[last], windows[w])
                last = j
            if first < 0:
                break
            around = length[r] - (triggers[last] - triggers[first])
            for w in range(len(windows)):
                covered[r, w, k] += min(around, windows[w])
