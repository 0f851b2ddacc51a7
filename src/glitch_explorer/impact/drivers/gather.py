"""Models of all families: which beat their baseline, and their drivers by groups of correlated channels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import false_discovery_control

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import ALPHA, CHANNEL_GROUPS
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import DRIVERS, FAMILY_DRIVERS, FAMILY_SKILL, SHAP_VALUES, SKILL

_KEY = ["family", "ifo", "view", "model"]


def skill_table(skill: pd.DataFrame) -> pd.DataFrame:
    """Return table "skill" of all families: q-values, and which models beat their baseline.

    The q-values are those of Benjamini & Hochberg (1995), over all models that have a p-value, whatever their
    family, detector, feature set and kind. Models of one family are fitted to the same glitches; the rate
    holds under such positive dependence (Benjamini & Yekutieli 2001).

    Parameters
    ----------
    skill
        Table "family_skill" of all families.
    """
    known = skill["p_value"].notna()
    q_value = pd.Series(np.nan, skill.index)
    if known.any():
        q_value[known] = false_discovery_control(skill.loc[known, "p_value"])
    beats = q_value <= ALPHA
    many = (skill["reason"] == "") & ~beats
    reason = skill["reason"].mask(many, Reason.MANY_MODELS)
    return skill.assign(q_value=q_value, beats=beats, reason=reason).reindex(columns=SKILL.names)


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


def driver_table(
    skill: pd.DataFrame, drivers: pd.DataFrame, values: pd.DataFrame, groups: pd.DataFrame
) -> pd.DataFrame:
    """Return table "drivers" of all families, the best group first.

    A model that does not beat its baseline has one row, without a channel.

    Parameters
    ----------
    skill
        Table "skill".
    drivers, values
        Tables "family_drivers" and "shap_values" of all families.
    groups
        Columns channel and group, of all detectors.
    """
    models = skill[[*_KEY, "q_value", "reason"]].assign(gated=~skill["beats"])
    table = drivers.drop(columns="reason").merge(models, on=_KEY, validate="many_to_one")
    gated = table[table["gated"]].drop_duplicates(_KEY)
    gated = gated.assign(channel="", mean_abs_shap=np.nan, safety="unknown")
    table = with_group(pd.concat([table[~table["gated"]], gated]), groups)
    table = table.merge(group_importance(values, groups), on=[*_KEY, "group"], how="left")
    table["group_rank"] = table["group_rank"].astype("Int64")
    table["order"] = -table["mean_abs_shap"].fillna(-np.inf)
    ordered = table.sort_values([*_KEY, "group_rank", "order", "channel"], ignore_index=True)
    return ordered.reindex(columns=DRIVERS.names)


def gather_drivers(
    folders: Sequence[str | Path], groups: Sequence[str | Path], *, skill: str | Path, drivers: str | Path
) -> None:
    """Write tables "skill" and "drivers" of all families.

    Parameters
    ----------
    folders
        Folders of the families, from `family.explain_family`.
    groups
        Tables "channel_groups" of the detectors.
    skill, drivers
        Files of the two tables.
    """

    def read(schema: pa.Schema, name: str) -> pd.DataFrame:
        return tables.read_all(schema, [Path(folder) / f"{name}.parquet" for folder in folders])

    models = skill_table(read(FAMILY_SKILL, "skill"))
    table = driver_table(
        models,
        read(FAMILY_DRIVERS, "drivers"),
        read(SHAP_VALUES, "shap_values"),
        tables.read_all(CHANNEL_GROUPS, groups),
    )
    tables.write(SKILL, models, skill)
    tables.write(DRIVERS, table, drivers)
