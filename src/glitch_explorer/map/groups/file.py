"""Families of a user's table, by glitch id or by time."""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.columns import Plan, plan_columns, source_columns
from glitch_explorer.catalog.parse import missing_text, parse_numbers, parse_text
from glitch_explorer.catalog.table_files import open_table
from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import UNASSIGNED

#: Columns of a file that say which glitch a row is about.
_KEYS = ("glitch_id", "ifo", "event_time")


def file_groups(
    glitches: pd.DataFrame, duplicates: pd.DataFrame, path: str | Path, *, tolerance_s: float
) -> pd.Series:
    """Return the family that a file names for each glitch.

    A row belongs to the glitch with its id, or to the glitch that stays in the catalogue for that id; else to
    the nearest glitch of its detector within the tolerance.

    Parameters
    ----------
    glitches
        Columns glitch_id, ifo and event_time (GPS s) of table "glitches".
    duplicates
        Columns glitch_id and kept_id of table "duplicates".
    path
        Table with the columns family and glitch_id, or family, ifo and event_time, in any spelling that the
        catalogue knows. An empty family, or -1, is none.
    tolerance_s
        Largest distance in s of a time from that of its glitch.

    Returns
    -------
    pandas.Series
        ``(n,)`` names of families, missing where there is none.

    Raises
    ------
    UserError
        When a column is missing, no row belongs to a glitch, or rows of one glitch name several families.
    """
    rows = _read_file(path)
    place = _places_by_id(rows["glitch_id"], glitches["glitch_id"], duplicates)
    near = _places_by_time(rows, glitches, tolerance_s)
    place = np.where(place >= 0, place, near)
    tables.log_effect(f"families of {path}", place >= 0, "belong to a glitch of the catalogue")
    if not (place >= 0).any():
        raise UserError(_no_match(path, rows, glitches, tolerance_s))
    named = pd.DataFrame({"place": place, "family": rows["family"]})[place >= 0].drop_duplicates()
    named = named[named["family"].notna()]
    _require_one_each(named, glitches["glitch_id"], path)
    return named.set_index("place")["family"].reindex(np.arange(len(glitches))).set_axis(glitches.index)


def _require_one_each(named: pd.DataFrame, ids: pd.Series, path: str | Path) -> None:
    """Refuse a file that names several families for a glitch.

    Parameters
    ----------
    named
        Columns place (of the glitch in the catalogue) and family, each pair once.
    ids
        Ids of the catalogue's glitches.
    path
        The file.
    """
    several = named[named["place"].duplicated(keep=False)]
    if several.empty:
        return
    first = several[several["place"] == several["place"].min()]
    raise UserError(
        f"{path} names several families for glitch {ids.iloc[first['place'].iloc[0]]}:"
        f" {', '.join(first['family'])} ({several['place'].nunique()} such glitches): a glitch has one"
        " family; families.unions joins families"
    )


def _read_file(path: str | Path) -> pd.DataFrame:
    """Read a file of families: glitch_id, ifo, event_time (GPS s, NaN where there is none) and family."""
    table = open_table(str(path))
    family = next((name for name in table.columns if name.casefold() == "family"), None)
    if family is None:
        raise UserError(f"{path} has no column 'family'; its columns are {', '.join(table.columns)}")
    plan: Plan = {key: names for key, names in plan_columns(table.columns).items() if key in _KEYS}
    if "glitch_id" not in plan and not {"ifo", "event_time"} <= plan.keys():
        raise UserError(
            f"{path} has neither a column 'glitch_id' nor both 'ifo' and 'event_time'; its columns are"
            f" {', '.join(table.columns)}"
        )
    raw: pd.DataFrame = pd.concat(list(table.batches([family, *source_columns(plan)])), ignore_index=True)
    texts = {
        key: parse_text(raw[plan[key][0]]) if key in plan else missing_text(raw.index)
        for key in ("glitch_id", "ifo")
    }
    # Seconds, and nanoseconds beside them.
    parts = [parse_numbers(raw[name])[0] for name in plan.get("event_time", ())]
    times = parts[0] + (1e-9 * parts[1] if len(parts) > 1 else 0.0) if parts else np.full(len(raw), np.nan)
    name = parse_text(raw[family])
    return pd.DataFrame(texts).assign(event_time=times, family=name.where(name != UNASSIGNED))


def _places_by_id(ids: pd.Series, catalogue: pd.Series, duplicates: pd.DataFrame) -> Int64:
    """Return for each id the place ``(n,)`` of its glitch in the catalogue, -1 where there is none."""
    place = pd.Series(np.arange(len(catalogue)), index=catalogue.to_numpy())
    other = duplicates[~duplicates["glitch_id"].isin(catalogue)].drop_duplicates("glitch_id")
    kept = place.reindex(other["kept_id"]).set_axis(other["glitch_id"].to_numpy())
    places: Int64 = pd.concat([place, kept]).reindex(ids.to_numpy()).fillna(-1).to_numpy(dtype=np.int64)
    return places


def _places_by_time(rows: pd.DataFrame, glitches: pd.DataFrame, tolerance_s: float) -> Int64:
    """Return for each row the place ``(n,)`` of the nearest glitch of its detector, -1 where none is near."""
    places = np.full(len(rows), -1, dtype=np.int64)
    for ifo, part in glitches[glitches["event_time"].notna()].groupby("ifo"):
        here = np.flatnonzero((rows["ifo"] == ifo) & rows["event_time"].notna())
        ordered = part["event_time"].sort_values(kind="stable")
        times, asked = ordered.to_numpy(dtype=float), rows["event_time"].to_numpy(dtype=float)[here]
        nearest = _nearest(times, asked)
        near = np.abs(times[nearest] - asked) <= tolerance_s
        places[here[near]] = glitches.index.get_indexer(ordered.index[nearest[near]])
    return places


def _nearest(times: Float64, asked: Float64) -> Int64:
    """Return the index of the sorted time that is nearest to each time asked for; the earlier of equals."""
    right = np.clip(np.searchsorted(times, asked), 1 if len(times) > 1 else 0, len(times) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(np.abs(times[left] - asked) <= np.abs(times[right] - asked), left, right)


def _no_match(path: str | Path, rows: pd.DataFrame, glitches: pd.DataFrame, tolerance_s: float) -> str:
    """Return why no row of a file belongs to a glitch, with examples of both."""
    example = rows.iloc[0].dropna().to_dict() if len(rows) else "missing"
    ifos, times = ", ".join(sorted(glitches["ifo"].unique())), glitches["event_time"]
    return (
        f"families of {path}: none of its {len(rows)} rows belongs to a glitch of the catalogue, by id or"
        f" by ifo and event_time within families.tolerance_s = {tolerance_s:g} s. Its first row is {example};"
        f" the catalogue has ids such as {glitches['glitch_id'].iloc[0]}, detectors {ifos} and GPS times from"
        f" {times.min():.3f} to {times.max():.3f}"
    )
