"""The live time of a family, as time bins in stretches. See docs/explanation/methods.md#live-time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glitch_explorer.core.arrays import Bool, Float64, Int32, Int64
from glitch_explorer.core.intervals import complement, subtract, union
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.map.members import MATCH_S


@dataclass(frozen=True)
class LiveTime:
    """Time bins, one for each row of what is computed over the live time.

    Attributes
    ----------
    bins
        int64 ``(n,)``, grid indices in ascending order; bin i covers [i * BIN_S, (i + 1) * BIN_S) GPS.
    stretch
        int32 ``(n,)``, number of the stretch of each bin, ascending. The bins of a stretch are contiguous.
    """

    bins: Int64
    stretch: Int32

    @classmethod
    def of(cls, intervals: Float64) -> "LiveTime":
        """Build the live time of sorted, disjoint intervals ``(k, 2)`` in GPS seconds, a stretch each."""
        edges = np.rint(intervals / BIN_S).astype(np.int64)
        bins = [np.empty(0, np.int64), *(np.arange(a, b) for a, b in edges)]
        stretch = np.repeat(np.arange(len(edges), dtype=np.int32), np.diff(edges, axis=1).ravel())
        return cls(np.concatenate(bins), stretch)

    def __len__(self) -> int:
        """Return the number of bins."""
        return len(self.bins)

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return len(self.bins) * BIN_S

    @property
    def times(self) -> Float64:
        """GPS second at which each bin begins, ``(n,)``."""
        return np.asarray(self.bins * BIN_S, dtype=float)

    @property
    def edges(self) -> Int64:
        """First row of each stretch, and the number of rows, ``(k + 1,)``."""
        return np.flatnonzero(np.diff(self.stretch, prepend=-1, append=-1))

    @property
    def intervals(self) -> Float64:
        """Stretches as intervals ``(k, 2)``, GPS seconds."""
        edges = self.edges
        return np.column_stack([self.bins[edges[:-1]], self.bins[edges[1:] - 1] + 1]) * BIN_S

    def rows(self, bins: Int64) -> tuple[Int64, Bool]:
        """Return the row of each of some grid indices, and whether the live time has that bin."""
        row = np.minimum(np.searchsorted(self.bins, bins), len(self.bins) - 1)
        return row, self.bins[row] == bins

    def within(self, intervals: Float64) -> Bool:
        """Return which bins lie wholly in sorted, disjoint intervals ``(k, 2)``, GPS seconds."""
        times = self.times
        last = np.searchsorted(intervals[:, 0], times, side="right") - 1
        ends = np.append(intervals[:, 1], -np.inf)
        return np.asarray((last >= 0) & (ends[last] >= times + BIN_S))

    def overlaps(self, intervals: Float64) -> Bool:
        """Return which bins share time with sorted, disjoint intervals ``(k, 2)``, GPS seconds."""
        times = self.times
        first = np.searchsorted(intervals[:, 1], times, side="right")
        starts = np.append(intervals[:, 0], np.inf)
        return np.asarray(starts[first] < times + BIN_S)


def even_sample(times: npt.ArrayLike, most: int) -> Float64:
    """Select at most `most` of the times, evenly in their order; sorted."""
    ordered: Float64 = np.sort(np.asarray(times, np.float64))
    if len(ordered) <= most:
        return ordered
    return np.asarray(ordered[((np.arange(most) + 0.5) * len(ordered) / most).astype(int)])


def live_intervals(times: npt.ArrayLike, segments: npt.ArrayLike, *, max_glitches: int) -> Float64:
    """Return the live time of a family: around its glitches, inside the analysis segments.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of the family's glitches in one detector.
    segments
        ``(k, 2)`` analysis segments of that detector.
    max_glitches
        Largest number of glitches; if there are more, they are selected evenly in time.

    Returns
    -------
    ndarray
        ``(j, 2)``, sorted, disjoint, of whole time bins, each within one segment.
    """
    triggers = even_sample(times, max_glitches)
    around = union(np.column_stack([triggers - MATCH_S, triggers + MATCH_S]))
    blocked = complement(np.asarray(segments, np.float64).reshape(-1, 2))
    cut = np.concatenate([np.empty((0, 2)), *(subtract(a, b, blocked) for a, b in around)])
    cut = np.column_stack([np.ceil(cut[:, 0] / BIN_S), np.floor(cut[:, 1] / BIN_S)]) * BIN_S
    return np.asarray(cut[cut[:, 1] > cut[:, 0]])
