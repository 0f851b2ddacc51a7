"""Family ids that persist as the catalogue grows."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import FAMILIES, ROW_KEY, UNASSIGNED

#: Jaccard overlap with a reference family that a family must exceed to take its id. Ours.
MIN_OVERLAP = 0.2


def name_families(members: pd.DataFrame, reference: pd.DataFrame | None) -> pd.DataFrame:
    """Assign a family id to each cluster.

    Without a reference, ids go by size, then smallest glitch_id. With one, clusters
    and reference families are matched one to one so that the sum of their Jaccard
    overlaps is largest (Kuhn 1955), counting glitches that both maps hold; a cluster
    that overlaps its match by `MIN_OVERLAP` or less gets the next free number.

    Parameters
    ----------
    members
        Columns glitch_id, view and cluster, one row per mapped row; -1 is unassigned.
    reference
        Columns glitch_id, view and family of the reference map.

    Returns
    -------
    pandas.DataFrame
        Columns cluster, family, n, new and overlap, sorted by family; overlap is
        NaN where the family is new.

    Raises
    ------
    UserError
        When a family of the reference has no id of the form F001.
    """
    clusters = (
        members[members["cluster"] >= 0]
        .assign(key=members["glitch_id"] + " " + members["view"])
        .groupby("cluster")
        .agg(n=("key", "size"), first=("key", "min"))
        .sort_values(["n", "first"], ascending=[False, True])
        .reset_index()
    )
    matched: dict[int, tuple[str, float]] = {}
    highest = 0
    if reference is not None:
        known = [name for name in reference["family"].unique() if name != UNASSIGNED]
        highest = max((family_number(name) for name in known), default=0)
        matched = _match(members, reference)
    fresh = iter(range(highest + 1, highest + len(clusters) + 1))
    rows = []
    for cluster, n in zip(clusters["cluster"], clusters["n"], strict=True):
        family, overlap = matched.get(cluster) or (f"F{next(fresh):03d}", np.nan)
        rows.append((cluster, family, n, bool(np.isnan(overlap)), overlap))
    named = pd.DataFrame(rows, columns=["cluster", "family", "n", "new", "overlap"])
    return named.sort_values("family", key=lambda names: names.map(family_number)).reset_index(drop=True)


def family_number(family: str) -> int:
    """Return the number of a family id, 7 for F007.

    Raises
    ------
    UserError
        When it is not a family id.
    """
    if not (family.startswith("F") and family[1:].isdecimal()):
        raise UserError(f"{family!r} is not a family id like F001: correct the file that map.reference names")
    return int(family[1:])


def _match(members: pd.DataFrame, reference: pd.DataFrame) -> dict[int, tuple[str, float]]:
    """Match clusters to reference families; only rows that both maps hold count."""
    shared = members.merge(reference[[*ROW_KEY, "family"]], on=ROW_KEY, how="inner")
    table = pd.crosstab(shared["cluster"], shared["family"])
    clusters = [int(cluster) for cluster in table.index if cluster >= 0]
    families = [str(family) for family in table.columns if family != UNASSIGNED]
    if not clusters or not families:
        return {}
    both = table.loc[clusters, families].to_numpy(dtype=float)
    rows = table.loc[clusters].to_numpy(dtype=float).sum(axis=1)
    columns = table[families].to_numpy(dtype=float).sum(axis=0)
    overlap: Float64 = both / (rows[:, np.newaxis] + columns - both)
    pairs = zip(*linear_sum_assignment(overlap, maximize=True), strict=True)
    return {clusters[i]: (families[j], float(overlap[i, j])) for i, j in pairs if overlap[i, j] > MIN_OVERLAP}


def freeze_reference(families: str | Path, out: str | Path) -> None:
    """Write a map's table "families" as the reference whose ids later maps keep.

    Parameters
    ----------
    families
        Table "families" of the map to keep.
    out
        File to write, outside ``results/``; `map.reference` names it.
    """
    tables.write(FAMILIES, tables.read(FAMILIES, families), out)


def read_reference(path: str | Path | None, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Read the reference that `map.reference` names, if any.

    Parameters
    ----------
    path
        Its file.
    rows
        Rows of this map, columns `ROW_KEY`.

    Raises
    ------
    UserError
        When the file does not exist, is not a table "families", or has no row of this map.
    """
    if path is None:
        return None
    if not Path(path).is_file():
        raise UserError(
            f"map.reference names {path}, which does not exist: write it with the target freeze_reference, "
            "or set map.reference to null"
        )
    reference = tables.read(FAMILIES, path, columns=[*ROW_KEY, "family"])
    shared = pd.MultiIndex.from_frame(reference[ROW_KEY]).isin(pd.MultiIndex.from_frame(rows[ROW_KEY]))
    tables.log_effect(f"map.reference {path}", shared, "are on this map")
    if not shared.any():
        raise UserError(
            f"map.reference names {path}, of which no row is on this map, so that no family can keep its id: "
            "name the reference of this study, or set map.reference to null"
        )
    return reference
