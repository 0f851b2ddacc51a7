"""The sensitive volume minute by minute, and what each minute loses of it."""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import intersect, lengths, union, union_by_owner

MINUTE_S, DAY_S, YEAR_S = 60.0, 86400.0, 365.25 * 86400.0
#: A minute's range is asked for where at least so many seconds of it are analysed.
LEAST_LIVE_S = 30.0
#: Minutes gated by less than this share are clean.
CLEAN_SHARE = 0.1
#: Clean minutes that must exist within a day, and that are taken where half an hour has too few.
LEAST_CLEAN, NEAREST = 10, 31
#: Half an hour is enough where it has so many.
LEAST_LOCAL = 3
_LOCAL_S = 1800.0
_AT_ONCE = 20_000


def volume(reach_mpc: Float64) -> Float64:
    """Give the volume (4 pi / 3) R^3 in Mpc^3 of ranges in Mpc."""
    return np.asarray(4.0 / 3.0 * np.pi * np.asarray(reach_mpc, float) ** 3)


def minute_cells(segments: Float64) -> Float64:
    """Cut analysed time (k, 2), sorted and disjoint, at whole GPS minutes: cells (c, 2)."""
    first = np.floor(segments[:, 0] / MINUTE_S).astype(np.int64)
    count = np.ceil(segments[:, 1] / MINUTE_S).astype(np.int64) - first
    origin = np.repeat(np.arange(len(segments)), count)
    number = first[origin] + np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    low = np.maximum(number * MINUTE_S, segments[origin, 0])
    high = np.minimum((number + 1) * MINUTE_S, segments[origin, 1])
    return np.column_stack([low, high])


def minute_of(times: Float64) -> Float64:
    """Give the GPS start of the minute of each time."""
    return np.asarray(np.floor(times / MINUTE_S) * MINUTE_S)


def spans_of(segments: pd.DataFrame, ifo: str) -> Float64:
    """Give the analysis segments (k, 2) of a detector out of table "segments", sorted and disjoint."""
    own = segments.loc[segments["ifo"] == ifo, ["start", "end"]].to_numpy(dtype=float)
    return union(own[own[:, 1] > own[:, 0]])


def reference_ranges(minute: Float64, reach_mpc: Float64, clean: np.ndarray) -> Float64:
    """Give the range that each minute would have: the running median of clean minutes.

    Taken are the clean minutes whose starts are within half an hour, where there are at least 3; else
    the 31 nearest within a day. With fewer than 10 within a day there is none. The half
    hour wins although 3 are few: a detector's range differs by per cents between
    stretches of observing and by tenths of a per cent from minute to minute, and
    R^3 makes three of it.

    Parameters
    ----------
    minute
        (m,) GPS starts, ascending.
    reach_mpc
        (m,) ranges, NaN where not known.
    clean
        (m,) bool: gated by less than 10 %.

    Returns
    -------
    ndarray
        (m,) Mpc, NaN where there is none.
    """
    good = np.flatnonzero(clean & np.isfinite(reach_mpc))
    at, values = minute[good], reach_mpc[good]
    made = np.full(len(minute), np.nan)
    low, high = _within(at, minute, DAY_S)
    first, last = _within(at, minute, _LOCAL_S)
    enough = high - low >= LEAST_CLEAN
    local = enough & (last - first >= LEAST_LOCAL)
    for rows in np.array_split(np.flatnonzero(local), max(1, len(minute) // _AT_ONCE)):
        made[rows] = _medians(values, first[rows], last[rows])
    for row in np.flatnonzero(enough & ~local):
        away = np.abs(at[low[row] : high[row]] - minute[row])
        made[row] = np.median(values[low[row] : high[row]][np.argsort(away, kind="stable")[:NEAREST]])
    return made


def _within(at: Float64, minute: Float64, half_s: float) -> tuple[Int64, Int64]:
    """Give where the times `at`, ascending, that are within half_s of each minute begin and end."""
    return np.searchsorted(at, minute - half_s, "left"), np.searchsorted(at, minute + half_s, "right")


def _medians(values: Float64, first: Int64, last: Int64) -> Float64:
    """Give the medians (r,) of values[first:last], none of which is empty."""
    count = last - first
    place = first[:, None] + np.arange(count.max(initial=1))
    window = np.where(place < last[:, None], values[np.minimum(place, len(values) - 1)], np.inf)
    window.sort(axis=1)
    rows = np.arange(len(first))
    return np.asarray((window[rows, (count - 1) // 2] + window[rows, count // 2]) / 2)


def minute_frame(segments: Float64, gates: Float64) -> pd.DataFrame:
    """List the analysed minutes: minute (GPS s), live_s, gated_s (by the union of `gates`)."""
    cells = minute_cells(segments)
    united, _ = union_by_owner(gates, np.zeros(len(gates), np.int64))
    pieces, _, cell = intersect(united, cells)
    gated = np.bincount(cell, lengths(pieces), minlength=len(cells))
    made = pd.DataFrame({"minute": minute_of(cells[:, 0]), "live_s": lengths(cells), "gated_s": gated})
    return made.groupby("minute", as_index=False).sum()


def with_losses(frame: pd.DataFrame, reach_mpc: Float64, *, ifo: str, source: str) -> pd.DataFrame:
    """Make the table "minutes" out of `minute_frame` and the ranges (m,) of its rows.

    The loss, (4 pi / 3)(R0^3 - R^3) times the live time, is signed: a minute may be better than
    its reference.
    """
    clean = (frame["gated_s"] < CLEAN_SHARE * frame["live_s"]).to_numpy()
    reference = reference_ranges(frame["minute"].to_numpy(dtype=float), reach_mpc, clean)
    lost = (volume(reference) - volume(reach_mpc)) * frame["live_s"].to_numpy(dtype=float) / YEAR_S
    return frame.assign(
        ifo=ifo, range_mpc=reach_mpc, reference_mpc=reference, loss_mpc3_yr=lost, source=source
    )


def mean_volume(minutes: pd.DataFrame) -> float:
    """Give the mean sensitive volume, Mpc^3, over the live time whose reference is known; NaN without any."""
    known = minutes[minutes["reference_mpc"].notna()]
    live = known["live_s"].to_numpy(dtype=float)
    if not live.sum() > 0:
        return float("nan")
    return float((volume(known["reference_mpc"].to_numpy(dtype=float)) * live).sum() / live.sum())


def numbers(minutes: Float64, wanted: Float64) -> Int64:
    """Give the place of each wanted minute in `minutes`, ascending; -1 where it is not there."""
    place = np.searchsorted(minutes, wanted).clip(0, max(len(minutes) - 1, 0))
    if not len(minutes):
        return np.full(len(wanted), -1, np.int64)
    return np.where(minutes[place] == wanted, place, -1)
