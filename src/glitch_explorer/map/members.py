"""Member files: a family's glitches, and the quiet time around them.

The background of later statistics is drawn from quiet time
(docs/explanation/methods.md#quiet-time): live time within ten minutes of a glitch of the
family in the same detector, with no glitch of any family near. It depends on the catalogue and the family's
members alone, so a change of another family leaves the file unchanged. The distance from the family's own
glitches depends on the lags that are searched; the caller applies it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.intervals import complement, segments_of, subtract, union
from glitch_explorer.map.schemas import MEMBERS, UNASSIGNED

#: Distance in seconds that a quiet time keeps from any glitch, beside half its duration.
CLEARANCE_S = 4.0
#: Largest distance in seconds of a family's live time, and of its quiet time, from its glitches.
MATCH_S = 600.0


def quiet_stretches(members: pd.DataFrame, catalogue: pd.DataFrame, segments: Float64 | None) -> pd.DataFrame:
    """Find the quiet stretches around a family's glitches in one detector.

    Parameters
    ----------
    members
        The family's glitches in this detector: event_time (GPS s, known).
    catalogue
        All glitches of this detector: event_time, duration_s; rows without a time
        are left out, a missing duration counts as 0.
    segments
        ``(n, 2)`` analysis segments in GPS seconds, None where they are not known.

    Returns
    -------
    pandas.DataFrame
        Columns event_time (where the stretch starts, GPS s) and duration_s (its length), in order.
    """
    return _near(members, _blocked(catalogue, segments))


def _blocked(catalogue: pd.DataFrame, segments: Float64 | None) -> Float64:
    """Return when a detector is not quiet, the same for all families."""
    known = catalogue[catalogue["event_time"].notna()]
    centre = known["event_time"].to_numpy(dtype=float)
    reach = CLEARANCE_S + known["duration_s"].fillna(0).to_numpy(dtype=float) / 2
    parts = [np.column_stack([centre - reach, centre + reach])]
    if segments is not None:
        parts.append(complement(segments))
    return union(np.concatenate(parts))


def _near(members: pd.DataFrame, blocked: Float64) -> pd.DataFrame:
    """Return the unblocked time around a family's glitches."""
    times = members["event_time"].to_numpy(dtype=float)
    near = union(np.column_stack([times - MATCH_S, times + MATCH_S]))
    free = np.concatenate([np.empty((0, 2)), *(subtract(start, end, blocked) for start, end in near)])
    return pd.DataFrame({"event_time": free[:, 0], "duration_s": free[:, 1] - free[:, 0]})


def _blocked_by_detector(glitches: pd.DataFrame, segments: pd.DataFrame) -> dict[str, Float64]:
    """Return `_blocked` of each detector of the catalogue."""
    blocked = {}
    for ifo, rows in glitches.groupby("ifo"):
        blocked[str(ifo)] = _blocked(rows, segments_of(segments, str(ifo)) if len(segments) else None)
    return blocked


def _members(rows: pd.DataFrame, blocked: Mapping[str, Float64]) -> pd.DataFrame:
    """Build the table "members" from rows with the catalogue's columns.

    Astrophysical signals and injections are mapped but left out of member files; time near them is not
    quiet either. Glitches without a time have no quiet time.
    """
    rows = rows[rows["astrophysical"] == ""].sort_values(["ifo", "event_time", "glitch_id", "view"])
    columns = MEMBERS.names
    parts = [rows.assign(kind="glitch")[columns]]
    timed = rows[rows["event_time"].notna()].drop_duplicates("glitch_id")
    for ifo, here in timed.groupby("ifo", sort=True):
        quiet = _near(here, blocked[str(ifo)])
        quiet = quiet.assign(kind="quiet", glitch_id="", view="", ifo=ifo)
        parts.append(quiet.reindex(columns=columns))
    table: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return table


def write_members(
    families: pd.DataFrame, glitches: pd.DataFrame, segments: pd.DataFrame, folder: str | Path
) -> None:
    """Write ``{family}.parquet`` for each family into `folder` and remove those of families that are gone.

    A file whose rows are the same is left untouched.

    Parameters
    ----------
    families
        Table "families", of which glitch_id, view and family are read.
    glitches
        The whole catalogue, table "glitches".
    segments
        Table "segments"; if it is empty the segments are unknown and nothing is excluded.
    folder
        Folder of the member files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    assigned = families.loc[families["family"] != UNASSIGNED, ["glitch_id", "view", "family"]]
    # Once for all families: each is a small part of the catalogue.
    blocked = _blocked_by_detector(glitches, segments)
    described = assigned.merge(glitches, on="glitch_id", how="left", validate="many_to_one")
    for family, rows in described.groupby("family", sort=True):
        table = _members(rows, blocked)
        tables.write(MEMBERS, table, folder / f"{family}.parquet", keep_same=True)
    names = set(assigned["family"])
    for path in folder.glob("*.parquet"):
        if path.stem not in names:
            path.unlink()
