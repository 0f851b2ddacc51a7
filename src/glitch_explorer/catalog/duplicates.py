"""Rows that are the same glitch: one stays, the others are reported as duplicates."""

from enum import StrEnum

import numpy as np
import pandas as pd

from glitch_explorer.catalog.names import UNKNOWN_IFO
from glitch_explorer.catalog.rows import time_id

#: Times that round to the same multiple of this are one event, in s.
SAME_EVENT_S = 1e-3


class Duplicate(StrEnum):
    """Codes in the column `reason` of table `duplicates`."""

    SAME_EVENT = "same_event"
    SAME_ID_AND_EVENT = "same_id_and_event"
    SAME_PICTURES = "same_pictures"
    SAME_ID = "same_id"
    SAME_ID_AND_VIEW = "same_id_and_view"


#: Columns that decide; the others of a large catalogue are not copied.
_KEYS = ["glitch_id", "ifo", "event_time", "snr", "label", "view_digest", "row", "source"]


def map_once(frame: pd.DataFrame) -> tuple[np.ndarray, pd.Series, pd.DataFrame]:
    """Return the rows that stay, one for each glitch, with unique ids.

    Duplicates are, in this order: rows of one detector and event time (to the
    millisecond), of which the loudest stays, or else the first; rows with the
    same pictures, unless their times differ; rows with the same id, unless they
    are different events (see `_same_id`). Of rows with and without a time, one
    with a time stays. Of different events with one id, the first keeps it; the
    others get detector and time after it.

    Parameters
    ----------
    frame
        Glitches in the order read, with source and row.

    Returns
    -------
    rows
        Positions `(m,)` of the rows that stay, in order.
    ids
        Their ids, unique, on a plain index.
    duplicates
        The others, columns of table `duplicates`.
    """
    keys = frame[_KEYS].reset_index(drop=True)
    itself = np.arange(len(keys))
    keeper = itself.copy()
    reason = np.full(len(keys), "", dtype=object)
    for first_row, code in (
        (_same_event, Duplicate.SAME_EVENT),
        (_same_pictures, Duplicate.SAME_PICTURES),
        (_same_id, Duplicate.SAME_ID),
    ):
        left = np.flatnonzero(keeper == itself)
        keeper[left] = left[first_row(keys.iloc[left])]
        reason[(keeper != itself) & (reason == "")] = code
    while (keeper[keeper] != keeper).any():  # the row that stays may have been dropped in its turn
        keeper = keeper[keeper]
    rows, repeats = np.flatnonzero(keeper == itself), np.flatnonzero(keeper != itself)
    ids = unique_ids(keys.iloc[rows].reset_index(drop=True))
    dropped = keys.iloc[repeats].reset_index(drop=True)
    retained = keys.iloc[keeper[repeats]].reset_index(drop=True)
    duplicates = dropped[["glitch_id", "row", "source"]].assign(
        kept_id=ids.iloc[np.searchsorted(rows, keeper[repeats])].to_numpy(),
        reason=_reasons(dropped, retained, reason[repeats]),
        lost_label=dropped["label"].where(dropped["label"] != retained["label"].fillna("")),
    )
    return rows, ids, duplicates


def _first_of(group: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return for each row the row of its group that is first in `order`."""
    first = np.full(group.max(initial=-1) + 1, -1)
    first[group[order[::-1]]] = order[::-1]  # the first overwrites the others
    return np.asarray(first[group])


def _milliseconds(frame: pd.DataFrame) -> np.ndarray:
    time = frame["event_time"].to_numpy()
    return np.where(np.isnan(time), np.nan, np.rint(time / SAME_EVENT_S))


def _same_event(frame: pd.DataFrame) -> np.ndarray:
    time = _milliseconds(frame)
    # Each row without a time is its own event: -1, -2, …
    time = np.where(np.isnan(time), -1.0 - np.arange(len(frame)), time)
    group = pd.DataFrame({"ifo": pd.factorize(frame["ifo"])[0], "time": time}).groupby(["ifo", "time"])
    loudness = np.nan_to_num(frame["snr"].to_numpy(), nan=-np.inf)
    order = np.lexsort((np.arange(len(frame)), -loudness))
    return _first_of(group.ngroup().to_numpy(), order)


def _same_pictures(frame: pd.DataFrame) -> np.ndarray:
    rows = np.arange(len(frame))
    codes = pd.factorize(frame["view_digest"])[0]
    group = np.where(codes >= 0, codes, codes.max(initial=-1) + 1 + rows)
    time = _milliseconds(frame)
    # Copies get longer names ("x (copy)"): the shortest stays.
    length = frame["glitch_id"].str.len().to_numpy()
    first = _first_of(group, np.lexsort((rows, length, np.isnan(time))))
    differs = ~np.isnan(time) & (time != time[first])
    return np.where(differs, rows, first)


def _same_id(frame: pd.DataFrame) -> np.ndarray:
    """Return for each row without a time the first of its id and detector, one with a time if there is any.

    Without a detector an id may be only a file name: then different pictures are
    different glitches.
    """
    rows = np.arange(len(frame))
    untimed = np.isnan(frame["event_time"].to_numpy())
    order = np.lexsort((rows, untimed))
    first = _first_of(pd.factorize(frame["glitch_id"])[0], order)
    first_here = _first_of(frame.groupby(["glitch_id", "ifo"]).ngroup().to_numpy(), order)
    ifo = frame["ifo"].to_numpy(dtype=object)
    digest = frame["view_digest"].fillna("").to_numpy(dtype=object)
    certain = (ifo != UNKNOWN_IFO) & (first_here != rows)
    alike = ((ifo == UNKNOWN_IFO) | (ifo[first] == UNKNOWN_IFO)) & ((digest == "") | (digest[first] == ""))
    return np.where(untimed & certain, first_here, np.where(untimed & alike, first, rows))


def unique_ids(frame: pd.DataFrame) -> pd.Series:
    """Return the ids, with detector and time, or the pictures' digest, after repeated ones."""
    again = frame["glitch_id"].duplicated()
    time = time_id(frame["ifo"], frame["event_time"])
    suffix = time.fillna(frame["ifo"] + "-" + frame["view_digest"].fillna("").str.slice(0, 12))
    return frame["glitch_id"].mask(again, frame["glitch_id"] + "-" + suffix)


def _reasons(dropped: pd.DataFrame, retained: pd.DataFrame, reason: np.ndarray) -> pd.Series:
    """Return why each row was dropped; a repeated event with the same id has a code of its own."""
    codes = pd.Series(reason, dtype="str")
    same_id = (codes == Duplicate.SAME_EVENT) & (dropped["glitch_id"] == retained["glitch_id"])
    return codes.mask(same_id, Duplicate.SAME_ID_AND_EVENT)
