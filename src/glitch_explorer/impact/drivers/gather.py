"""All families together: what groups of correlated channels drive each of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS
from glitch_explorer.impact.schemas import DRIVERS, FAMILY_DRIVERS, SHAP_VALUES

_KEY = ["family", "ifo", "view", "model"]


def group_importance(values: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Sum SHAP values with their sign to groups, then average their size over the glitches.

    Parameters
    ----------
    values
        Table "shap_values".
    groups
        channel and group; a channel in none is its own.

    Returns
    -------
    DataFrame
        family, ifo, view, model, group, group_mean_abs_shap, and group_rank among those of the same family,
        detector, view and model: the two units of SHAP are never ranked together.
    """
    named = _grouped(values, groups)
    summed = named.groupby([*_KEY, "glitch_id", "group"], sort=True)["shap"].sum()
    size = summed.abs().groupby([*_KEY, "group"]).mean().rename("group_mean_abs_shap").reset_index()
    place = size.groupby(_KEY)["group_mean_abs_shap"].rank(ascending=False, method="first")
    size["group_rank"] = place.astype("Int64")
    return size


def _grouped(rows: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Give each row the group of its channel."""
    known = groups.drop_duplicates("channel").set_index("channel")["group"]
    return rows.assign(group=rows["channel"].map(known).fillna(rows["channel"]))


def together(drivers: pd.DataFrame, values: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Give all families' rows their group, its importance and its rank.

    Parameters
    ----------
    drivers, values
        Tables "family_drivers" and "shap_values", one below the other.
    groups
        channel and group of all detectors.

    Returns
    -------
    DataFrame
        Table "drivers", the best group first; gated models keep their one row without a channel.
    """
    found = _grouped(drivers, groups)
    table = found.merge(group_importance(values, groups), on=[*_KEY, "group"], how="left")
    table["group_rank"] = table["group_rank"].astype("Int64")
    size = -table["mean_abs_shap"].fillna(-np.inf)
    order = table.assign(size=size).sort_values([*_KEY, "group_rank", "size", "channel"], ignore_index=True)
    kept: pd.DataFrame = order[DRIVERS.names]
    return kept


def gather_drivers(folders: Sequence[str | Path], groups: Sequence[str | Path], out: str | Path) -> None:
    """Gather the drivers of all families.

    Parameters
    ----------
    folders
        The families' folders, as `family.explain_family` writes them.
    groups
        Tables "channel_groups" of the detectors.
    out
        File of table "drivers".
    """
    own = [Path(folder) for folder in folders]
    table = together(
        tables.read_all(FAMILY_DRIVERS, [folder / "drivers.parquet" for folder in own]),
        tables.read_all(SHAP_VALUES, [folder / "shap_values.parquet" for folder in own]),
        tables.read_all(CHANNEL_GROUPS, groups),
    )
    tables.write(DRIVERS, table, out)
