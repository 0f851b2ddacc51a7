"""All families together: q-values, ranks, groups, and the calibration of the nulls."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool
from glitch_explorer.coupling.schemas import (
    ALPHA,
    CALIBRATION,
    CHANNEL_GROUPS,
    DETECTOR_COINCIDENCES,
    FAMILY_WITNESSES,
    PSEUDO_FAMILIES,
    WITNESSES,
)
from glitch_explorer.coupling.witnesses.effects import CHANNEL_EFFECT
from glitch_explorer.coupling.witnesses.nulls import calibration_table
from glitch_explorer.coupling.witnesses.p_values import at_floor, joint_q_values


def rank_groups(table: pd.DataFrame) -> pd.Series:
    """Rank the groups of a family and detector by abs(T), 1 is the largest; unsafe rows have no rank.

    Parameters
    ----------
    table
        Rows with family, ifo, group, t_peak and p_fwer.
    """
    ranked = table[table["p_fwer"].notna()].assign(size=lambda rows: rows["t_peak"].abs())
    best = ranked.groupby(["family", "ifo", "group"])["size"].max()
    ranks = best.groupby(level=["family", "ifo"]).rank(ascending=False, method="first").astype("Int64")
    keys = pd.MultiIndex.from_frame(table[["family", "ifo", "group"]])
    rank = pd.Series(ranks.reindex(keys).to_numpy(), index=table.index, dtype="Int64")
    return rank.where(table["p_fwer"].notna())


def witness_table(
    table: pd.DataFrame, groups: pd.DataFrame, coincidences: pd.DataFrame, *, least_effect: float
) -> pd.DataFrame:
    """Add group, q-value and rank to the rows of all families.

    Parameters
    ----------
    table
        Table "family_witnesses" of all families.
    groups
        Columns channel and group, of all detectors.
    coincidences
        Table "detector_coincidences" of all detectors; empty where there are no triggers, flags and trends.
    least_effect
        Excess efficiency below which a witness is weak.

    Returns
    -------
    DataFrame
        Table "witnesses", by rank.
    """
    table = table.merge(groups[["channel", "group"]], on="channel", how="left")
    table["group"] = table["group"].fillna(table["channel"])
    table["q_value"] = joint_q_values(table, coincidences)
    table["at_floor"] = at_floor(table["p_fwer"], table["n_slides"])
    table["rank"] = rank_groups(table)
    order = ["family", "ifo", "rank", "channel", "band"]
    table = table.sort_values(order, ignore_index=True)
    witnesses = speaking(table, is_significant(table))
    table["strong"] = table.index.isin(witnesses.index[is_strong(witnesses, least_effect)])
    return table


def gather_witnesses(
    folders: Sequence[str | Path],
    groups: Sequence[str | Path],
    out: str | Path,
    *,
    coincidences: Sequence[str | Path],
    least_effect: float,
) -> None:
    """Gather all families' witnesses.

    Parameters
    ----------
    folders
        The families' folders, as `family.couple_family` writes them.
    groups
        Tables "channel_groups" of the detectors.
    out
        Folder for witnesses.parquet, calibration.parquet and notes.json.
    coincidences
        Tables "detector_coincidences" of the detectors, none without triggers, flags and trends.
    least_effect
        Excess efficiency below which a witness is weak.
    """
    families, folder = [Path(path) for path in folders], Path(out)
    table = tables.read_all(FAMILY_WITNESSES, [path / "witnesses.parquet" for path in families])
    table = witness_table(
        table,
        tables.read_all(CHANNEL_GROUPS, groups),
        tables.read_all(DETECTOR_COINCIDENCES, coincidences),
        least_effect=least_effect,
    )
    tables.write(WITNESSES, table, folder / "witnesses.parquet")
    pseudo = tables.read_all(PSEUDO_FAMILIES, [path / "pseudo_families.parquet" for path in families])
    tables.write(CALIBRATION, calibration_table(pseudo), folder / "calibration.parquet")
    notes = {path.name: json.loads((path / "notes.json").read_text(encoding="utf-8")) for path in families}
    files.write_json(folder / "notes.json", notes)


def is_strong(rows: pd.DataFrame, least_effect: float) -> Bool:
    """Return which channels ``(n,)`` have an effect of at least `least_effect` whose interval is above 0."""
    low, effect = (
        rows[name].to_numpy(dtype=float, na_value=np.nan) for name in ("excess_low", "excess_efficiency")
    )
    return np.asarray((low > 0) & (effect >= least_effect))


def speaking(table: pd.DataFrame, significant: Bool) -> pd.DataFrame:
    """Return the row that represents each channel with significant rows, with the channel's effect.

    Where the band that was chosen in the family's job is not significant among all families, it is the
    significant band with the largest effect, with its own effect.

    Parameters
    ----------
    table
        Rows of table "witnesses".
    significant
        ``(n,)`` rows with a significant q-value.
    """
    rows = table[significant].assign(size=lambda part: part["t_peak"].abs())
    rows = rows.sort_values(["represents", "excess_efficiency", "size"], ascending=False, kind="stable")
    rows = rows.drop_duplicates(["family", "ifo", "channel"]).drop(columns="size").sort_index()
    chosen = rows["represents"].to_numpy()
    for of_channel, of_band in CHANNEL_EFFECT.items():
        rows[of_band] = np.where(chosen, rows[of_channel], rows[of_band])
    return rows


def is_significant(table: pd.DataFrame) -> Bool:
    """Return which rows ``(n,)`` have a q-value of at most `ALPHA`; untested rows have none."""
    q = table["q_value"].to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(q <= ALPHA)


def strongest(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the row with the largest abs(T) of each group, the largest first.

    Parameters
    ----------
    rows
        Rows with t_peak.
    by
        Columns that rows of one group agree in.
    """
    order = rows["t_peak"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order].drop_duplicates(by)


def witnessed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the row that represents each significant channel (`speaking`), by rank."""
    return speaking(table, is_significant(table)).sort_values(["family", "ifo", "rank"], kind="stable")
