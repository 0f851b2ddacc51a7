"""What removing a coupling would give back at most."""

import numpy as np
import pandas as pd

from glitch_explorer.coupling.witnesses.gather import witnessed
from glitch_explorer.impact.schemas import RECOVERABLE

#: q-value up to which a witness counts.
ALPHA = 0.05


def counting_witnesses(witnesses: pd.DataFrame) -> pd.DataFrame:
    """Give the best band of each channel that counts as a witness, best first; unsafe ones never."""
    found = witnessed(witnesses, alpha=ALPHA)
    return found[(found["safety"] != "unsafe") & found["excess_efficiency"].notna()]


def recoverable_costs(cost: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Give table "recoverable": cost times excess efficiency, both at least 0.

    The bounds are products of the ends of both intervals: wider than 95 %.

    Parameters
    ----------
    cost
        Rows with family, ifo, cost_mpc3_yr, cost_low, cost_high.
    witnesses
        Table "witnesses".
    """
    columns = ["family", "ifo", "cost_mpc3_yr", "cost_low", "cost_high"]
    rows = counting_witnesses(witnesses).merge(cost[columns], on=["family", "ifo"], how="inner")
    rows = rows[rows["cost_mpc3_yr"].notna()]
    excess = rows["excess_efficiency"].clip(lower=0.0)
    made: pd.DataFrame = rows.assign(
        excess_efficiency=excess,
        recoverable_mpc3_yr=rows["cost_mpc3_yr"].clip(lower=0.0) * excess,
        recoverable_low=rows["cost_low"].clip(lower=0.0) * rows["excess_low"].clip(lower=0.0),
        recoverable_high=rows["cost_high"].clip(lower=0.0) * rows["excess_high"].clip(lower=0.0),
    )
    return made.reindex(columns=RECOVERABLE.names).reset_index(drop=True)


def with_best_witness(cost: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Add the first witness that counts of each family, what it would give back, efficiency over deadtime."""
    best = counting_witnesses(witnesses).drop_duplicates(["family", "ifo"])
    wanted = best[["family", "ifo", "channel", "excess_efficiency", "efficiency", "deadtime"]]
    rows = cost.merge(wanted, on=["family", "ifo"], how="left", validate="one_to_one")
    deadtime = rows["deadtime"].astype(float)
    ratio = rows["efficiency"].astype(float) / deadtime.where(deadtime > 0, np.nan)
    gain = rows["cost_mpc3_yr"].clip(lower=0.0) * rows["excess_efficiency"].astype(float).clip(lower=0.0)
    kept = rows.assign(
        best_witness=rows["channel"].fillna(""), recoverable=gain, efficiency_over_deadtime=ratio
    )
    return kept.drop(columns=["channel", "excess_efficiency", "efficiency", "deadtime"])
