"""Glitches in flagged segments of auxiliary data, counted for all time slides at once."""

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


@dataclass(frozen=True)
class LevelledSegments:
    """Segments that reach some of several thresholds.

    Attributes
    ----------
    bounds
        ``(k, 2)`` sorted, disjoint GPS seconds.
    levels
        ``(k,)`` number of thresholds that each reaches, 1 or more.
    """

    bounds: Float64
    levels: Int64

    def at(self, times: Float64) -> Int64:
        """Return how many thresholds are reached at each of the times ``(n,)``; 0 outside."""
        number = np.searchsorted(self.bounds[:, 0], times, side="right") - 1
        ends, levels = np.append(self.bounds[:, 1], -np.inf), np.append(self.levels, 0)
        return np.where(times < ends[number], levels[number], 0)


def segment_counts(times: Float64, active: Float64, *, rings: Rings, slides: RingSlides, lag: float) -> Int32:
    """Count the glitches of each time slide that lie in active segments ``(k, 2)``: ``(S,)``.

    The parameters are those of `level_counts`.
    """
    segments = LevelledSegments(active, np.ones(len(active), np.int64))
    return level_counts(times, segments, rings=rings, slides=slides, n_levels=1, lag=lag)[:, 0]


def level_counts(
    times: Float64,
    segments: LevelledSegments,
    *,
    rings: Rings,
    slides: RingSlides,
    n_levels: int,
    lag: float,
) -> Int32:
    """Count the glitches of each time slide that lie in segments, by threshold.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches, each in a ring.
    segments
        Segments and the number of thresholds that each reaches.
    rings, slides
        Rings and their S offsets.
    n_levels
        Number k of thresholds.
    lag
        Time of the segment relative to the glitch, s.

    Returns
    -------
    ``(S, k)``.
    """
    ring = rings.of(times)
    pieces, origin, owner = intersect(segments.bounds, rings.bounds)
    order = np.lexsort((pieces[:, 0], owner))
    pieces, owner = pieces[order] - rings.bounds[owner[order], :1], owner[order]
    edges = np.searchsorted(owner, [np.arange(len(rings.bounds)), np.arange(1, len(rings.bounds) + 1)])
    counts = np.zeros((len(slides), n_levels), dtype=np.int32)
    glitch = np.argsort(ring, kind="stable")
    phases = (times[glitch] - rings.bounds[ring[glitch], 0] + lag) % rings.lengths_s[ring[glitch]]
    circle = (rings.lengths_s, slides.offsets, slides.order)
    levels = segments.levels[origin[order]]
    _add_slides((phases, ring[glitch]), (pieces, levels, edges.T.copy()), circle, counts)
    return np.ascontiguousarray(np.cumsum(counts[:, ::-1], axis=1, dtype=np.int32)[:, ::-1])


@numba.njit(nogil=True, cache=True)
def _add_slides(
    glitches: tuple[Float64, Int64],
    segments: tuple[Float64, Int64, Int64],
    circle: tuple[Float64, Float64, Int32],
    counts: Int32,
) -> None:
    """Add the glitches of each slide that lie in a piece of a segment to `counts` ``(S, k)``, at its level.

    Of the sorted offsets of a ring those that bring a glitch into a piece are a range, or two where it wraps
    around.

    Parameters
    ----------
    glitches
        Seconds ``(n,)`` from the ring's start, and the ring; sorted by ring.
    segments
        Pieces ``(p, 2)`` in seconds from their ring's start, and their levels ``(p,)``; the first of each
        ring, and the first after it ``(r, 2)``.
    circle
        Lengths ``(r,)`` of rings, sorted offsets and their slides ``(r, S)``.
    counts
        Changed in place.
    """
    phases, ring = glitches
    pieces, levels, edges = segments
    length, offsets, order = circle
    n_slides, n_levels = counts.shape
    steps = np.zeros((n_levels, n_slides + 1), dtype=np.int64)
    for i in range(len(phases)):
        r = ring[i]
        for j in range(edges[r, 0], edges[r, 1]):
            level = levels[j] - 1
            for turn in range(2):
                low = pieces[j, 0] - phases[i] + turn * length[r]
                high = pieces[j, 1] - phases[i] + turn * length[r]
                steps[level, np.searchsorted(offsets[r], low)] += 1
                steps[level, np.searchsorted(offsets[r], high)] -= 1
        if i == len(phases) - 1 or ring[i + 1] != r:
            for level in range(n_levels):
                total = 0
                for k in range(n_slides):
                    total += steps[level, k]
                    counts[order[r, k], level] += total
            steps[:] = 0


def active_share(active: Float64, rings: Rings) -> Float64:
    """Return the share of each ring that is active, ``(r,)``."""
    pieces, _, owner = intersect(active, rings.bounds)
    covered = np.bincount(owner, pieces[:, 1] - pieces[:, 0], minlength=len(rings.bounds))
    return np.asarray(covered / rings.lengths_s)
