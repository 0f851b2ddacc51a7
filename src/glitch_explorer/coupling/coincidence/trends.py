"""Samples of a trend whose level is high or low, or changed much, compared with the samples nearby.

See docs/explanation/methods.md#trends.
"""

from dataclasses import dataclass

import numba
import numpy as np

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import union
from glitch_explorer.coupling.coincidence.segments import LevelledSegments
from glitch_explorer.coupling.rates.levels import Scale, scale_of

#: What is compared with the samples nearby: the level, high or low, and its change since the sample before.
MEASURES = ("high", "low", "change")
#: Thresholds: the share of the samples nearby that are flagged, descending.
TOP_SHARES = (0.2, 0.1, 0.05, 0.02)
#: Samples at most this far from a sample, before and after it alike, are those nearby; and the least number
#: of them with a value on either side.
NEARBY_S, LEAST_BESIDE = 1800.0, 5
#: Lags that are scanned, in samples.
LAG_SAMPLES = (-1, 0, 1)
#: Values that fill gaps in a channel that is otherwise positive.
_FILLERS = (0.0, -1.0)
#: A value that more than this share of the samples have is data, not a gap.
_USUAL = 0.5


@dataclass(frozen=True)
class AuxiliaryTrend:
    """Flagged samples of a trend.

    Attributes
    ----------
    channel
        Full name with the detector.
    sample_s
        Length of a sample, s.
    flagged
        For each of `MEASURES`, the samples that reach thresholds of `TOP_SHARES`, and how many of them.
    known
        ``(k, 2)`` sorted, disjoint GPS seconds of the samples that can be compared with those nearby.
    """

    channel: str
    sample_s: float
    flagged: tuple[LevelledSegments, ...]
    known: Float64

    def active(self, measure: str, top_share: float) -> Float64:
        """Return the intervals ``(k, 2)`` of the samples that one threshold of a measure flags."""
        segments = self.flagged[MEASURES.index(measure)]
        return union(segments.bounds[segments.levels > TOP_SHARES.index(top_share)])


def trend_values(values: Float64, channel: str) -> Float64:
    """Return values ``(n,)`` with NaN in place of what is no data.

    Parameters
    ----------
    values
        Samples of the channel.
    channel
        Its name. Below zero, a channel of wind has no data (`rates.levels.Scale`).

    Returns
    -------
    ``(n,)``. In a channel that is otherwise positive, -1 is missing data; so is 0, unless most samples are 0:
    such a channel counts something rare. All values of a channel with both signs count.
    """
    known = np.isfinite(values)
    scale = scale_of(channel)
    if scale is Scale.CALM:
        known &= values >= 0
    elif scale is Scale.POSITIVE:
        filler = np.isin(values, _FILLERS)
        if (values[known & ~filler] > 0).all():
            known &= values != -1
            zero = values == 0
            if zero[known].sum() <= _USUAL * known.sum():
                known &= ~zero
    return np.where(known, values, np.nan)


def flag_trend(
    channel: str, values: Float64, *, start: float, sample_s: float, live: Float64
) -> AuxiliaryTrend:
    """Flag the samples of a trend by their ranks among the samples nearby.

    Parameters
    ----------
    channel
        Full name with the detector.
    values
        ``(n,)`` samples; NaN where there is no data (`trend_values`).
    start
        GPS time at which the first begins.
    sample_s
        Length of a sample, s.
    live
        ``(k, 2)`` analysis segments. Samples that do not lie in one of them have no part.
    """
    edges = np.asarray(start + sample_s * np.arange(len(values) + 1), dtype=float)
    stretch = _stretches(edges, live)
    level = np.where(stretch >= 0, values, np.nan)
    change = np.full(len(values), np.nan)
    change[1:] = np.where(stretch[1:] == stretch[:-1], np.abs(np.diff(level)), np.nan)
    half = round(NEARBY_S / sample_s)
    shares = [
        top_shares(level, stretch, half),
        top_shares(-level, stretch, half),
        top_shares(change, stretch, half),
    ]
    known = np.asarray(np.isfinite(shares).all(axis=0), dtype=bool)
    flagged = tuple(_levelled(edges, _reached(np.where(known, share, np.inf))) for share in shares)
    of_known = _levelled(edges, known.astype(np.int64))
    return AuxiliaryTrend(channel, sample_s, flagged, union(of_known.bounds))


def _stretches(edges: Float64, live: Float64) -> Int64:
    """Return the segment that each of n samples lies in, by their `edges` ``(n + 1,)``; -1 for none."""
    segments = union(live)
    number = np.searchsorted(segments[:, 0], edges[:-1], side="right") - 1
    ends = np.append(segments[:, 1], -np.inf)
    return np.where(ends[number] >= edges[1:], number, -1)


def _reached(share: Float64) -> Int64:
    """Return how many of `TOP_SHARES` each of the shares ``(n,)`` reaches."""
    return np.searchsorted(-np.array(TOP_SHARES), -share + 1e-9, side="right").astype(np.int64)


def _levelled(edges: Float64, levels: Int64) -> LevelledSegments:
    """Return runs of samples with one level above 0, between `edges` ``(n + 1,)`` of samples."""
    first = np.flatnonzero(np.diff(levels, prepend=-1))
    bounds = np.column_stack([edges[first], edges[np.append(first[1:], len(levels))]])
    raised = levels[first] > 0
    return LevelledSegments(bounds[raised], levels[first][raised])


@numba.njit(nogil=True, cache=True)
def top_shares(values: Float64, stretch: Int64, half: int) -> Float64:
    """Compute which share of the samples nearby is at least as high as each sample.

    Parameters
    ----------
    values
        ``(n,)``, NaN where there is no data.
    stretch
        ``(n,)`` number of the segment of each sample; negative outside.
    half
        Largest number of samples nearby on either side. Near the end of a segment both sides are
        shortened alike, so that a steady rise flags no sample.

    Returns
    -------
    ``(n,)``; the share includes the sample itself and ties. NaN without data, and where fewer than
    `LEAST_BESIDE` samples before or after have data.
    """
    n = len(values)
    share = np.full(n, np.nan)
    end = 0
    for start in range(n):
        if start < end or stretch[start] < 0:
            continue
        end = start
        while end < n and stretch[end] == stretch[start]:
            end += 1
        for i in range(start, end):
            if np.isnan(values[i]):
                continue
            reach = min(half, i - start, end - 1 - i)
            count, before, above = 0, 0, 0
            for j in range(i - reach, i + reach + 1):
                if j == i:
                    before = count
                if not np.isnan(values[j]):
                    count += 1
                    above += values[j] >= values[i]
            if min(before, count - before - 1) >= LEAST_BESIDE:
                share[i] = above / count
    return share
