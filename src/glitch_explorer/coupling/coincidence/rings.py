"""Time slides that keep the local rate: glitches shifted circularly in rings of at most 20 minutes.

Rates of glitches go from 0 to 100 an hour within a day. Shifted by hours, they would be compared with the
triggers of another state of the detector. Each ring has its own offset, so that few rings have many slides.
See docs/explanation/methods.md#local-time-slides.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Float64, Int32, Int64
from glitch_explorer.core.intervals import lengths, union

#: Largest length of a ring, s: a shifted glitch moves by less, by a third of it on average.
RING_S = 1200.0
#: Least offset of a slide, s.
LEAST_OFFSET_S = 20.0
#: A ring is at least this many times as long as the least offset.
LEAST_LENGTH = 3
#: More slides than its exponential are not counted.
_LARGEST_LOG = 100.0


@dataclass(frozen=True)
class Rings:
    """Pieces of analysis segments within which a shifted glitch wraps around.

    Attributes
    ----------
    bounds
        ``(r, 2)`` GPS seconds, sorted and disjoint.
    least_offset_s
        Least offset of a slide, larger than any lag and window.
    """

    bounds: Float64
    least_offset_s: float

    @property
    def lengths_s(self) -> Float64:
        """Lengths ``(r,)``."""
        return lengths(self.bounds)

    @property
    def range_s(self) -> float:
        """Largest shift of a glitch; 0 without a ring."""
        return float((self.lengths_s - self.least_offset_s).max(initial=0.0))

    def of(self, times: Float64) -> Int64:
        """Return the ring of each of the times ``(n,)``; -1 outside."""
        ring = np.searchsorted(self.bounds[:, 0], times, side="right") - 1
        ends = np.append(self.bounds[:, 1], -np.inf)
        return np.where(times < ends[ring], ring, -1)


def make_rings(segments: Float64, *, reach_s: float) -> Rings:
    """Cut analysis segments into rings of equal length within each segment.

    Parameters
    ----------
    segments
        ``(k, 2)`` GPS seconds, in any order.
    reach_s
        Largest distance between a glitch and a trigger that counts: half the window and the lag.

    Returns
    -------
    Rings
        Segments too short for a slide have none.
    """
    least = max(LEAST_OFFSET_S, 2 * reach_s)
    ordered = union(segments)
    ordered = ordered[lengths(ordered) >= LEAST_LENGTH * least]
    count = np.ceil(lengths(ordered) / max(RING_S, LEAST_LENGTH * least)).astype(np.int64)
    edges = [np.linspace(a, b, n + 1) for (a, b), n in zip(ordered, count, strict=True)]
    bounds = [np.empty((0, 2)), *(np.column_stack([edge[:-1], edge[1:]]) for edge in edges)]
    return Rings(np.concatenate(bounds), least)


@dataclass(frozen=True)
class RingSlides:
    """Offsets of S time slides in each of r rings.

    Attributes
    ----------
    offsets
        ``(r, S)`` seconds, ascending in each ring.
    order
        ``(r, S)`` number of the slide that has each offset.
    """

    offsets: Float64
    order: Int32

    def __len__(self) -> int:
        """Return the number of slides."""
        return int(self.offsets.shape[1])


def draw_slides(rings: Rings, count: int, rng: np.random.Generator) -> RingSlides:
    """Draw an offset of each ring for each of `count` slides, uniformly."""
    least, length = rings.least_offset_s, rings.lengths_s
    offsets = rng.uniform(least, (length - least)[:, None], (len(length), count))
    order = np.argsort(offsets, axis=1)
    return RingSlides(np.take_along_axis(offsets, order, axis=1), order.astype(np.int32))


def distinct_slides(rings: Rings, width_s: float) -> float:
    """Return how many slides differ by at least `width_s` in some ring."""
    distinct = np.maximum((rings.lengths_s - 2 * rings.least_offset_s) / width_s, 1.0)
    return float(np.exp(min(np.log(distinct).sum(), _LARGEST_LOG)))
