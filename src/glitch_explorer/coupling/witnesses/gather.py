"""All families together: q-values, ranks, groups, and how the nulls are calibrated."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import (
    CALIBRATION,
    CHANNEL_GROUPS,
    FAMILY_WITNESSES,
    PSEUDO_FAMILIES,
    WITNESSES,
)
from glitch_explorer.coupling.witnesses.nulls import calibration_table
from glitch_explorer.coupling.witnesses.p_values import q_values


def rank_groups(table: pd.DataFrame) -> pd.Series:
    """Rank the groups of a family and detector by their best abs(T), 1 is the best; unsafe rows get none.

    Parameters
    ----------
    table
        Rows with family, ifo, group, t_peak and p_fwer.
    """
    ranked = table[table["p_fwer"].notna()].assign(size=lambda rows: rows["t_peak"].abs())
    best = ranked.groupby(["family", "ifo", "group"])["size"].max()
    place = best.groupby(level=["family", "ifo"]).rank(ascending=False, method="first").astype("Int64")
    keys = pd.MultiIndex.from_frame(table[["family", "ifo", "group"]])
    rank = pd.Series(place.reindex(keys).to_numpy(), index=table.index, dtype="Int64")
    return rank.where(table["p_fwer"].notna())


def together(table: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Give all families' rows their group, q-value and rank.

    Parameters
    ----------
    table
        Tables "family_witnesses", one below the other.
    groups
        channel and group of all detectors.

    Returns
    -------
    DataFrame
        Table "witnesses", the best rank first.
    """
    table = table.merge(groups[["channel", "group"]], on="channel", how="left")
    table["group"] = table["group"].fillna(table["channel"])
    names = (table["family"] + " " + table["ifo"]).tolist()
    table["q_value"] = q_values(names, table["p_value"].to_numpy(dtype=float))
    table["rank"] = rank_groups(table)
    order = ["family", "ifo", "rank", "channel", "band"]
    return table.sort_values(order, ignore_index=True)


def gather_witnesses(folders: Sequence[str | Path], groups: Sequence[str | Path], out: str | Path) -> None:
    """Gather all families' witnesses.

    Parameters
    ----------
    folders
        The families' folders, as `family.couple_family` writes them.
    groups
        Tables "channel_groups" of the detectors.
    out
        Folder for witnesses.parquet, calibration.parquet and notes.json.
    """
    own = [Path(folder) for folder in folders]
    table = tables.read_all(FAMILY_WITNESSES, [folder / "witnesses.parquet" for folder in own])
    grouped = tables.read_all(CHANNEL_GROUPS, groups)
    folder = Path(out)
    tables.write(WITNESSES, together(table, grouped), folder / "witnesses.parquet")
    pseudo = tables.read_all(PSEUDO_FAMILIES, [path / "pseudo_families.parquet" for path in own])
    tables.write(CALIBRATION, calibration_table(pseudo), folder / "calibration.parquet")
    said = {path.name: json.loads((path / "notes.json").read_text(encoding="utf-8")) for path in own}
    files.write_json(folder / "notes.json", said)


def witnessed(table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Give the rows of `table` that count: q-value at most `alpha`, best band of each channel first."""
    counts = table[table["q_value"].to_numpy(dtype=float, na_value=np.nan) <= alpha]
    order = counts.assign(size=counts["t_peak"].abs()).sort_values(
        ["family", "ifo", "rank", "size"], ascending=[True, True, True, False]
    )
    return order.drop_duplicates(["family", "ifo", "channel"]).drop(columns="size")
