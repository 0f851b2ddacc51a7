"""Sensitive volume and its loss, minute by minute."""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import DAY_S, MINUTE_S, YEAR_S, intersect, lengths, union

#: Minutes with less live time, in seconds, have no range.
LEAST_LIVE_S = 30.0
#: Minutes with a smaller gated share are clean.
CLEAN_SHARE = 0.1
#: Clean minutes needed within a day, and clean minutes used where half an hour has too few.
LEAST_CLEAN, NEAREST = 10, 31
#: Clean minutes with which half an hour is enough.
LEAST_LOCAL = 3
_LOCAL_S = 1800.0
_AT_ONCE = 20_000


def volume(reach_mpc: Float64) -> Float64:
    """Return the volume (4 pi / 3) R^3 in Mpc^3 of ranges in Mpc."""
    return np.asarray(4.0 / 3.0 * np.pi * np.asarray(reach_mpc, float) ** 3)


def minute_pieces(segments: Float64) -> Float64:
    """Cut segments ``(k, 2)``, sorted and disjoint, at whole GPS minutes; return the pieces ``(p, 2)``."""
    first = np.floor(segments[:, 0] / MINUTE_S).astype(np.int64)
    count = np.ceil(segments[:, 1] / MINUTE_S).astype(np.int64) - first
    origin = np.repeat(np.arange(len(segments)), count)
    number = first[origin] + np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    low = np.maximum(number * MINUTE_S, segments[origin, 0])
    high = np.minimum((number + 1) * MINUTE_S, segments[origin, 1])
    return np.column_stack([low, high])


def minute_of(times: Float64) -> Float64:
    """Return the GPS start of the minute of each time."""
    return np.asarray(np.floor(times / MINUTE_S) * MINUTE_S)


def reference_ranges(minute: Float64, reach_mpc: Float64, clean: Bool) -> Float64:
    """Return the range that each minute would have without gates: the running median of clean minutes.

    The median is over the clean minutes within half an hour if there are at least 3, otherwise over the 31
    nearest within a day; NaN with fewer than 10 within a day. Three are few, but a detector's range differs
    by a few per cent between stretches of observing and by a few tenths of a per cent between minutes, and
    R^3 triples that.

    Parameters
    ----------
    minute
        ``(m,)`` GPS starts, ascending.
    reach_mpc
        ``(m,)`` ranges, NaN where unknown.
    clean
        ``(m,)`` less than 10 % gated.

    Returns
    -------
    ndarray
        ``(m,)`` Mpc, NaN without a reference.
    """
    good = np.flatnonzero(clean & np.isfinite(reach_mpc))
    clean_minutes, values = minute[good], reach_mpc[good]
    reference = np.full(len(minute), np.nan)
    low, high = _within(clean_minutes, minute, DAY_S)
    first, last = _within(clean_minutes, minute, _LOCAL_S)
    enough = high - low >= LEAST_CLEAN
    local = enough & (last - first >= LEAST_LOCAL)
    for rows in np.array_split(np.flatnonzero(local), max(1, len(minute) // _AT_ONCE)):
        reference[rows] = _medians(values, first[rows], last[rows])
    for row in np.flatnonzero(enough & ~local):
        distance = np.abs(clean_minutes[low[row] : high[row]] - minute[row])
        nearest = np.argsort(distance, kind="stable")[:NEAREST]
        reference[row] = np.median(values[low[row] : high[row]][nearest])
    return reference


def _within(times: Float64, minute: Float64, half_s: float) -> tuple[Int64, Int64]:
    """Return the index range of the ascending `times` that are within `half_s` of each minute."""
    return np.searchsorted(times, minute - half_s, "left"), np.searchsorted(times, minute + half_s, "right")


def _medians(values: Float64, first: Int64, last: Int64) -> Float64:
    """Return the medians ``(r,)`` of values[first:last], none of which is empty."""
    count = last - first
    index = first[:, None] + np.arange(count.max(initial=1))
    ordered = np.where(index < last[:, None], values[np.minimum(index, len(values) - 1)], np.inf)
    ordered.sort(axis=1)
    rows = np.arange(len(first))
    return np.asarray((ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2)


def minute_frame(segments: Float64, gates: Float64) -> pd.DataFrame:
    """Return the minutes with live time: minute (GPS s), live_s, gated_s (by the union of `gates`)."""
    pieces = minute_pieces(segments)
    overlap, _, piece = intersect(union(gates), pieces)
    gated = np.bincount(piece, lengths(overlap), minlength=len(pieces))
    frame = pd.DataFrame({"minute": minute_of(pieces[:, 0]), "live_s": lengths(pieces), "gated_s": gated})
    return frame.groupby("minute", as_index=False).sum()


def with_losses(frame: pd.DataFrame, reach_mpc: Float64, *, ifo: str, source: str) -> pd.DataFrame:
    """Return table "minutes" from a `minute_frame` and the ranges ``(m,)`` of its rows.

    The loss, (4 pi / 3)(R0^3 - R^3) times the live time, is signed: a minute can be better than its
    reference.
    """
    clean = (frame["gated_s"] < CLEAN_SHARE * frame["live_s"]).to_numpy()
    reference = reference_ranges(frame["minute"].to_numpy(dtype=float), reach_mpc, clean)
    loss = (volume(reference) - volume(reach_mpc)) * frame["live_s"].to_numpy(dtype=float) / YEAR_S
    return frame.assign(
        ifo=ifo, range_mpc=reach_mpc, reference_mpc=reference, loss_mpc3_yr=loss, source=source
    )


def mean_volume(minutes: pd.DataFrame) -> float:
    """Return the mean sensitive volume in Mpc^3 over the live time with a known reference, NaN without."""
    known = minutes[minutes["reference_mpc"].notna()]
    live = known["live_s"].to_numpy(dtype=float)
    if not live.sum() > 0:
        return float("nan")
    return float((volume(known["reference_mpc"].to_numpy(dtype=float)) * live).sum() / live.sum())
