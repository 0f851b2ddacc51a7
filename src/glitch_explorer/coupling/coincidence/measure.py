"""The largest statistic of each channel over its cells, its time slides, and the family-wise p."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.core.intervals import union
from glitch_explorer.core.statistics import count_above
from glitch_explorer.coupling.coincidence.rings import (
    Rings,
    RingSlides,
    distinct_slides,
    draw_slides,
    make_rings,
)
from glitch_explorer.coupling.coincidence.scan import Auxiliary, Scan, chance, coincident, slid
from glitch_explorer.coupling.coincidence.statistic import coincidence_statistic, dispersions
from glitch_explorer.coupling.witnesses.p_values import counted_p_values

#: Key added to the seed of the offsets.
_SLIDES = 0


@dataclass(frozen=True)
class Family:
    """Glitches that are tested, and how.

    Attributes
    ----------
    times
        ``(n,)`` GPS seconds, ascending, each once and in a ring.
    per_ring
        ``(r,)`` glitches of each ring.
    rings
        Rings with glitches.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.
    scan
        Cells.
    threads
        Threads at work; no result depends on it.
    """

    times: Float64
    per_ring: Int64
    rings: Rings
    segments: Float64
    scan: Scan
    threads: int

    def each(self, work: Callable[[int], Any], m: int) -> list[Any]:
        """Return the results of `work` for 0 … m - 1, in their order."""
        with ThreadPoolExecutor(max(self.threads, 1)) as pool:
            return list(pool.map(work, range(m)))


def make_family(times: Float64, segments: Float64, scan: Scan, *, threads: int) -> Family:
    """Select the glitches that can be slid: those in a ring, equal times once.

    Parameters
    ----------
    times
        ``(n,)`` GPS times, in any order.
    segments
        ``(k, 2)`` analysis segments, in any order.
    scan, threads
        Cells, and threads at work.
    """
    live = union(segments)
    rings = make_rings(live, reach_s=scan.reach_s)
    unique = np.unique(times)
    used = unique[rings.of(unique) >= 0]
    occupied, per_ring = np.unique(rings.of(used), return_counts=True)
    # A ring without a glitch has no part in any count.
    rings = Rings(rings.bounds[occupied], rings.least_offset_s)
    return Family(used, per_ring, rings, live, scan, threads)


@dataclass(frozen=True)
class Measured:
    """Statistics of m channels and of their S time slides.

    Attributes
    ----------
    t, best
        ``(m,)`` largest T of each channel, and the index of its cell.
    peaks
        ``(m, S)`` largest T of each slide.
    """

    t: Float64
    best: Int64
    peaks: Float32

    def part(self, selected: Bool) -> "Measured":
        """Return the statistics of some of the channels."""
        return Measured(self.t[selected], self.best[selected], self.peaks[selected])

    def above(self) -> Int64:
        """Count for each channel the slides whose largest T over all channels is at least as high."""
        return count_above(self.t, self.peaks.max(axis=0, initial=0.0).astype(float))


def measure(family: Family, auxiliary: Sequence[Auxiliary], slides: RingSlides) -> Measured:
    """Compute the largest T of each channel over its cells, and of each of its time slides.

    Parameters
    ----------
    family
        n glitches.
    auxiliary
        m channels.
    slides
        The same S slides for all channels, so that correlated channels stay correlated.
    """
    n = len(family.times)

    def work(k: int) -> tuple[float, int, Float32]:
        channel = auxiliary[k]
        counts = coincident(family.times, channel, family.scan).sum(axis=0)
        mean = family.per_ring @ chance(channel, family.scan, family.rings)
        shifted = slid(family.times, channel, family.scan, family.rings, slides)
        observed, of_slides = dispersions(shifted, mean, n)
        t = coincidence_statistic(counts, mean, n, observed)
        peaks = coincidence_statistic(shifted, mean, n, of_slides).max(axis=1)
        # In the precision of the slides, so that equal counts are equal.
        return float(np.float32(t.max())), int(t.argmax()), peaks.astype(np.float32)

    t, best, peaks = zip(*family.each(work, len(auxiliary)), strict=True)
    return Measured(np.array(t), np.array(best), np.stack(peaks))


def first_slides(family: Family, slides: int, *, seed: int) -> RingSlides:
    """Draw the first time slides of a family."""
    return draw_slides(family.rings, slides, np.random.default_rng([seed, _SLIDES, 0]))


def family_wise_p(
    family: Family,
    auxiliary: Sequence[Auxiliary],
    measured: Measured,
    *,
    seed: int,
    most_slides: int,
) -> tuple[Float64, int]:
    """Count the family-wise p of each channel, with more slides while few are as high as the largest T.

    Parameters
    ----------
    family
        The glitches.
    auxiliary
        m channels that are ranked.
    measured
        Their statistics with the first slides.
    seed
        Seed of further slides.
    most_slides
        Most slides; never more than there are that differ.

    Returns
    -------
    p_values, slides
        ``(m,)``, and the number of slides that were drawn.
    """
    drawn = measured.peaks.shape[1]
    stages = count(1)

    def more(size: int) -> Int64:
        rng = np.random.default_rng([seed, _SLIDES, next(stages)])
        return measure(family, auxiliary, draw_slides(family.rings, size, rng)).above()

    distinct = distinct_slides(family.rings, 2 * family.scan.reach_s)
    return counted_p_values(measured.above(), drawn, int(min(most_slides, max(distinct, drawn))), more)
