"""Upper bound of what removing a coupling would give back."""

import numpy as np
import pandas as pd

from glitch_explorer.coupling.witnesses.gather import witnessed
from glitch_explorer.impact.schemas import RECOVERABLE


def significant_witnesses(witnesses: pd.DataFrame) -> pd.DataFrame:
    """Return the row of each channel that is a strong witness, best first, without unsafe channels."""
    rows = witnessed(witnesses)
    return rows[(rows["safety"] != "unsafe") & rows["strong"]]


def recoverable_costs(cost: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Return table "recoverable": cost times excess efficiency, both clipped at 0.

    The bounds are products of the ends of both intervals, so they are wider than 95 %.

    Parameters
    ----------
    cost
        Rows with family, ifo, cost_mpc3_yr, cost_low, cost_high.
    witnesses
        Table "witnesses".
    """
    columns = ["family", "ifo", "cost_mpc3_yr", "cost_low", "cost_high"]
    rows = significant_witnesses(witnesses).merge(cost[columns], on=["family", "ifo"], how="inner")
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
    """Add columns best_witness, recoverable and efficiency_over_deadtime of each family's best witness."""
    best = significant_witnesses(witnesses).drop_duplicates(["family", "ifo"]).set_index(["family", "ifo"])
    rows = best.reindex(pd.MultiIndex.from_frame(cost[["family", "ifo"]])).set_axis(cost.index)
    deadtime = rows["deadtime"].astype(float)
    excess = rows["excess_efficiency"].astype(float).clip(lower=0.0)
    return cost.assign(
        best_witness=rows["channel"].fillna(""),
        recoverable=cost["cost_mpc3_yr"].clip(lower=0.0) * excess,
        efficiency_over_deadtime=rows["efficiency"].astype(float) / deadtime.where(deadtime > 0, np.nan),
    )
