"""Drivers of all families, by groups of correlated channels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS
from glitch_explorer.impact.schemas import DRIVERS, FAMILY_DRIVERS, SHAP_VALUES

_KEY = ["family", "ifo", "view", "model"]


def group_importance(values: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Sum SHAP values with their sign over groups, then average the absolute values over the glitches.

    Parameters
    ----------
    values
        Table "shap_values".
    groups
        Columns channel and group; a channel that is in no group is a group by itself.

    Returns
    -------
    DataFrame
        family, ifo, view, model, group, group_mean_abs_shap, and group_rank within family, detector, feature
        set and model: the two units of SHAP are never ranked together.
    """
    sums = with_group(values, groups).groupby([*_KEY, "glitch_id", "group"], sort=True)["shap"].sum()
    size = sums.abs().groupby([*_KEY, "group"]).mean().rename("group_mean_abs_shap").reset_index()
    rank = size.groupby(_KEY)["group_mean_abs_shap"].rank(ascending=False, method="first")
    return size.assign(group_rank=rank.astype("Int64"))


def with_group(rows: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the group of their channel."""
    group = groups.drop_duplicates("channel").set_index("channel")["group"]
    return rows.assign(group=rows["channel"].map(group).fillna(rows["channel"]))


def driver_table(drivers: pd.DataFrame, values: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return table "drivers" of all families, the best group first.

    Parameters
    ----------
    drivers, values
        Tables "family_drivers" and "shap_values" of all families.
    groups
        Columns channel and group, of all detectors.
    """
    importance = group_importance(values, groups)
    table = with_group(drivers, groups).merge(importance, on=[*_KEY, "group"], how="left")
    table["group_rank"] = table["group_rank"].astype("Int64")
    table["order"] = -table["mean_abs_shap"].fillna(-np.inf)
    ordered = table.sort_values([*_KEY, "group_rank", "order", "channel"], ignore_index=True)
    return ordered.reindex(columns=DRIVERS.names)


def gather_drivers(folders: Sequence[str | Path], groups: Sequence[str | Path], out: str | Path) -> None:
    """Write table "drivers" of all families.

    Parameters
    ----------
    folders
        Folders of the families, from `family.explain_family`.
    groups
        Tables "channel_groups" of the detectors.
    out
        File of table "drivers".
    """
    table = driver_table(
        tables.read_all(FAMILY_DRIVERS, [Path(folder) / "drivers.parquet" for folder in folders]),
        tables.read_all(SHAP_VALUES, [Path(folder) / "shap_values.parquet" for folder in folders]),
        tables.read_all(CHANNEL_GROUPS, groups),
    )
    tables.write(DRIVERS, table, out)
