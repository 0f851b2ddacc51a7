"""Glitches in the active segments of an auxiliary flag, counted for all time slides at once."""

from dataclasses import dataclass

import numba
import numpy as np

from glitch_explorer.core.arrays import Float64, Int32, Int64
from glitch_explorer.core.intervals import intersect
from glitch_explorer.coupling.coincidence.rings import Rings, RingSlides


@dataclass(frozen=True)
class AuxiliarySegments:
    """Segments of one auxiliary channel or flag.

    Attributes
    ----------
    channel
        Full name of the channel, or of the flag where it belongs to none.
    active, known
        ``(k, 2)`` sorted, disjoint GPS seconds: where the flag is active, and where it is defined.
    """

    channel: str
    active: Float64
    known: Float64


def segment_counts(times: Float64, active: Float64, *, rings: Rings, slides: RingSlides, lag: float) -> Int32:
    """Count the glitches of each time slide that lie in active segments.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches, each in a ring.
    active
        ``(k, 2)`` sorted, disjoint GPS seconds.
    rings, slides
        Rings and their S offsets.
    lag
        Time of the segment relative to the glitch, s.

    Returns
    -------
    ``(S,)``.
    """
    ring = rings.of(times)
    pieces, _, owner = intersect(active, rings.bounds)
    order = np.lexsort((pieces[:, 0], owner))
    pieces, owner = pieces[order] - rings.bounds[owner[order], :1], owner[order]
    edges = np.searchsorted(owner, [np.arange(len(rings.bounds)), np.arange(1, len(rings.bounds) + 1)])
    counts = np.zeros(len(slides), dtype=np.int32)
    order = np.argsort(ring, kind="stable")
    phases = (times[order] - rings.bounds[ring[order], 0] + lag) % rings.lengths_s[ring[order]]
    circle = (rings.lengths_s, slides.offsets, slides.order)
    _add_slides((phases, ring[order]), (pieces, edges.T.copy()), circle, counts)
    return counts


@numba.njit(nogil=True, cache=True)
def _add_slides(
    glitches: tuple[Float64, Int64],
    segments: tuple[Float64, Int64],
    circle: tuple[Float64, Float64, Int32],
    counts: Int32,
) -> None:
    """Add the glitches of each slide that lie in a piece of a segment to `counts` ``(S,)``.

    Of the sorted offsets of a ring those that bring a glitch into a piece are a range, or two where it wraps
    around.

    Parameters
    ----------
    glitches
        Seconds ``(n,)`` from the ring's start, and the ring; sorted by ring.
    segments
        Pieces ``(p, 2)`` in seconds from their ring's start; the first of each ring, and the first after it
        ``(r, 2)``.
    circle
        Lengths ``(r,)`` of rings, sorted offsets and their slides ``(r, S)``.
    counts
        Changed in place.
    """
    phases, ring = glitches
    pieces, edges = segments
    length, offsets, order = circle
    n_slides = len(counts)
    steps = np.zeros(n_slides + 1, dtype=np.int64)
    for i in range(len(phases)):
        r = ring[i]
        for j in range(edges[r, 0], edges[r, 1]):
            for turn in range(2):
                low = pieces[j, 0] - phases[i] + turn * length[r]
                high = pieces[j, 1] - phases[i] + turn * length[r]
                steps[np.searchsorted(offsets[r], low)] += 1
                steps[np.searchsorted(offsets[r], high)] -= 1
        if i == len(phases) - 1 or ring[i + 1] != r:
            total = 0
            for k in range(n_slides):
                total += steps[k]
                counts[order[r, k]] += total
            steps[:] = 0


def active_share(active: Float64, rings: Rings) -> Float64:
    """Return the share of each ring that is active, ``(r,)``."""
    pieces, _, owner = intersect(active, rings.bounds)
    covered = np.bincount(owner, pieces[:, 1] - pieces[:, 0], minlength=len(rings.bounds))
    return np.asarray(covered / rings.lengths_s)
