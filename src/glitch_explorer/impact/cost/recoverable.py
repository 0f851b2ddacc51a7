"""Upper bound of what removing a coupling would give back."""

import numpy as np
import pandas as pd

from glitch_explorer.coupling.auxiliary.safety import data_key
from glitch_explorer.coupling.schemas import RAW
from glitch_explorer.coupling.witnesses.effects import CHANNEL_EFFECT
from glitch_explorer.coupling.witnesses.gather import witnessed
from glitch_explorer.impact.schemas import RECOVERABLE

#: Columns that name a family in a detector.
_PLACE = ["family", "ifo"]


def strong_witnesses(witnesses: pd.DataFrame, coincidences: pd.DataFrame) -> pd.DataFrame:
    """Select the strong witnesses, best first, each base channel of a family and detector once.

    Parameters
    ----------
    witnesses, coincidences
        Tables "witnesses" and "coincidences".

    Returns
    -------
    DataFrame
        Rows of table "witnesses" that represent a channel, and those of triggers, segments and trends whose
        base channel has no such row: before the samples where their effect is larger than that of the first
        channel by its samples, else after them. With column `kind`, and the effect of the channel as
        `excess_efficiency`. A channel of which any name is unsafe is left out.
    """
    raw = witnessed(witnesses)
    others = coincidences.drop(columns=list(CHANNEL_EFFECT.values())).rename(columns=CHANNEL_EFFECT)
    parts = [raw.assign(kind=RAW), others]
    rows = pd.concat([part[part["strong"]] for part in parts if len(part)] or parts[:1])
    unsafe = {
        data_key(name)
        for table in (witnesses, coincidences)
        for name in table.loc[table["safety"] == "unsafe", "channel"].unique()
    }
    rows = rows.assign(key=rows["channel"].map(data_key))
    rows = rows[~rows["key"].isin(unsafe)].drop_duplicates([*_PLACE, "key"])
    first = rows[rows["kind"] == RAW].drop_duplicates(_PLACE).set_index(_PLACE)["excess_efficiency"]
    of_samples = first.reindex(pd.MultiIndex.from_frame(rows[_PLACE])).to_numpy()
    is_larger = (rows["kind"] != RAW) & (rows["excess_efficiency"] > of_samples)
    return pd.concat([rows[is_larger], rows[~is_larger]])


def recoverable_costs(cost: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Return table "recoverable": cost times excess efficiency, both clipped at 0.

    The bounds are products of the ends of both intervals, so they are wider than 95 %.

    Parameters
    ----------
    cost
        Rows with family, ifo, cost_mpc3_yr, cost_low, cost_high.
    witnesses
        Rows of `strong_witnesses`.
    """
    columns = ["family", "ifo", "cost_mpc3_yr", "cost_low", "cost_high"]
    rows = witnesses.merge(cost[columns], on=_PLACE, how="inner")
    rows = rows[rows["cost_mpc3_yr"].notna()]
    pairs = {
        "recoverable_mpc3_yr": ("cost_mpc3_yr", "excess_efficiency"),
        "recoverable_low": ("cost_low", "excess_low"),
        "recoverable_high": ("cost_high", "excess_high"),
    }
    products = {name: rows[a].clip(lower=0.0) * rows[b].clip(lower=0.0) for name, (a, b) in pairs.items()}
    table = rows.assign(**products, excess_efficiency=rows["excess_efficiency"].clip(lower=0.0))
    return table.reindex(columns=RECOVERABLE.names).reset_index(drop=True)


def with_best_witness(cost: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Add columns best_witness, recoverable and efficiency_over_deadtime of each family's best witness.

    Parameters
    ----------
    cost
        Rows with family, ifo and cost_mpc3_yr.
    witnesses
        Rows of `strong_witnesses`.
    """
    best = witnesses.drop_duplicates(_PLACE).set_index(_PLACE)
    rows = best.reindex(pd.MultiIndex.from_frame(cost[_PLACE])).set_axis(cost.index)
    deadtime = rows["deadtime"].astype(float)
    excess = rows["excess_efficiency"].astype(float).clip(lower=0.0)
    return cost.assign(
        best_witness=rows["channel"].fillna(""),
        recoverable=cost["cost_mpc3_yr"].clip(lower=0.0) * excess,
        efficiency_over_deadtime=rows["efficiency"].astype(float) / deadtime.where(deadtime > 0, np.nan),
    )
