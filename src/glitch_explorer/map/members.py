"""A family's own file: its glitches, and quiet times matched to them.

A quiet time belongs to METHODS' background of the family: no glitch of any family
near it, no glitch of this family in the whole lag range, and a glitch of this family
in the same detector within ten minutes. It depends on the catalogue and on the
family's own members alone, so that another family's change leaves the file as it is.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer import tables

Intervals = npt.NDArray[np.float64]

#: Distance in seconds that a quiet time keeps from any glitch, beside half its duration.
CLEARANCE_S = 4.0
#: A quiet time lies more than this before and after any glitch of the family, in seconds.
LAGS_S = (60.0, 10.0)
#: Largest distance in seconds from the glitch that a quiet time is matched to.
MATCH_S = 600.0
#: Quiet times drawn for each glitch.
QUIET_PER_GLITCH = 3


def merge(intervals: Intervals) -> Intervals:
    """Give the union of intervals ``(n, 2)`` as sorted, disjoint intervals."""
    if not len(intervals):
        return np.empty((0, 2))
    ordered = intervals[np.argsort(intervals[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    opens = np.concatenate([[True], ordered[1:, 0] > reach[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return np.column_stack([ordered[opens, 0], reach[closes]])


def subtract(start: float, end: float, blocked: Intervals) -> Intervals:
    """Give what is left of [start, end] outside `blocked`, which is sorted and disjoint."""
    first = np.searchsorted(blocked[:, 1], start, side="right")
    last = np.searchsorted(blocked[:, 0], end, side="left")
    near = blocked[first:last]
    left = np.column_stack([np.concatenate([[start], near[:, 1]]), np.concatenate([near[:, 0], [end]])])
    return left[left[:, 1] > left[:, 0]]


def outside(segments: Intervals) -> Intervals:
    """Give the complement of segments as sorted, disjoint intervals."""
    inside = merge(segments)
    edges = np.concatenate([[-np.inf], inside.ravel(), [np.inf]])
    return edges.reshape(-1, 2)


def quiet_times(
    members: pd.DataFrame,
    catalogue: pd.DataFrame,
    segments: Intervals | None,
    *,
    per_glitch: int = QUIET_PER_GLITCH,
) -> pd.DataFrame:
    """Draw quiet times for a family's glitches in one detector.

    They are spread evenly over the time that is allowed around each glitch, from a
    starting point that its id decides; where nothing is allowed there are none.

    Parameters
    ----------
    members
        The family's glitches in this detector: glitch_id, event_time (GPS s, known).
    catalogue
        All glitches of this detector: event_time, duration_s; rows without a time
        are left out, a missing duration counts as 0.
    segments
        ``(n, 2)`` analysis segments in GPS seconds, None where they are not known.
    per_glitch
        Quiet times for each glitch.

    Returns
    -------
    pandas.DataFrame
        Columns glitch_id (the glitch it is matched to) and event_time.
    """
    known = catalogue[catalogue["event_time"].notna()]
    centre = known["event_time"].to_numpy(dtype=float)
    reach = CLEARANCE_S + known["duration_s"].fillna(0).to_numpy(dtype=float) / 2
    own = members["event_time"].to_numpy(dtype=float)
    parts = [
        np.column_stack([centre - reach, centre + reach]),
        np.column_stack([own - LAGS_S[0], own + LAGS_S[1]]),
    ]
    if segments is not None:
        parts.append(outside(segments))
    blocked = merge(np.concatenate(parts))
    ids: list[str] = []
    times: list[float] = []
    for glitch_id, event in zip(members["glitch_id"], own, strict=True):
        free = subtract(event - MATCH_S, event + MATCH_S, blocked)
        drawn = _spread(free, per_glitch, _fraction(glitch_id))
        ids += [glitch_id] * len(drawn)
        times += drawn
    return pd.DataFrame(
        {"glitch_id": pd.Series(ids, dtype="str"), "event_time": np.array(times, dtype=float)}
    )


def _fraction(glitch_id: str) -> float:
    """Give a number in [0, 1) that the id alone decides."""
    return int.from_bytes(hashlib.sha256(glitch_id.encode()).digest()[:6], "big") / 2**48


def _spread(free: Intervals, count: int, offset: float) -> list[float]:
    """Place `count` times evenly over the intervals laid end to end."""
    length = free[:, 1] - free[:, 0]
    total = length.sum()
    if total <= 0:
        return []
    places = (np.arange(count) + offset) / count * total
    ends = np.cumsum(length)
    which = np.searchsorted(ends, places, side="right")
    return [float(free[k, 0] + place - (ends[k] - length[k])) for k, place in zip(which, places, strict=True)]


def family_members(family: pd.DataFrame, glitches: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Make the table "members" of one family.

    Real signals and injections are mapped but stand in no member file. Glitches
    without a time get no quiet times.

    Parameters
    ----------
    family
        The family's rows: glitch_id and view.
    glitches
        The whole catalogue, table "glitches".
    segments
        Table "segments"; where it is empty the segments are not known and bound nothing.
    """
    rows = family[["glitch_id", "view"]].merge(glitches, on="glitch_id", how="left", validate="many_to_one")
    rows = rows[rows["astrophysical"] == ""].sort_values(["ifo", "event_time", "glitch_id", "view"])
    parts = [rows.assign(kind="glitch")]
    timed = rows[rows["event_time"].notna()].drop_duplicates("glitch_id")
    for ifo, own in timed.groupby("ifo", sort=True):
        bounds = None
        if len(segments):
            bounds = segments.loc[segments["ifo"] == ifo, ["start", "end"]].to_numpy(dtype=float)
        quiet = quiet_times(own, glitches[glitches["ifo"] == ifo], bounds)
        parts.append(quiet.assign(kind="quiet", view="", ifo=ifo, duration_s=np.nan))
    columns = tables.SCHEMAS["members"].names
    table: pd.DataFrame = pd.concat([part[columns] for part in parts], ignore_index=True)
    return table


def write_members(
    families: pd.DataFrame, glitches: pd.DataFrame, segments: pd.DataFrame, folder: str | Path
) -> None:
    """Write ``{family}.parquet`` for each family into `folder` and remove those of families that are gone.

    A file whose rows are the same is left untouched.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    assigned = families[families["family"] != tables.UNASSIGNED]
    names = set(assigned["family"])
    for family, own in assigned.groupby("family", sort=True):
        table = family_members(own, glitches, segments)
        tables.write("members", table, folder / f"{family}.parquet", keep_same=True)
    for path in _gone(folder.glob("*.parquet"), names):
        path.unlink()


def _gone(paths: Iterable[Path], names: set[str]) -> list[Path]:
    """Give the member files of families that are no more."""
    return [path for path in paths if path.stem not in names]
