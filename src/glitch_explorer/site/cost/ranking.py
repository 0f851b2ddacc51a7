"""The ranking of costs: the largest, what is recoverable, and simpler rankings to compare."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from glitch_explorer.impact.cost.ranking import rank_agreement
from glitch_explorer.site.families.names import Names
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import first_record, records

#: Columns of the simpler rankings, and their names on the page.
SIMPLER: dict[str, str] = {
    "n": "Glitches",
    "rate_per_day": "Rate (1/d)",
    "rate_times_snr": "Rate × median SNR (1/d)",
    "efficiency_over_deadtime": "Efficiency / deadtime of the best witness",
}


def is_significant(row: Mapping[str, Any]) -> bool:
    """Whether a cost is significantly above zero: the lower end of its 95 % interval is."""
    return known(row["cost_low"]) and bool(row["cost_low"] > 0)


def most_recoverable(recoverable: pd.DataFrame) -> pd.DataFrame:
    """Select what is recoverable, each group of correlated channels once, the most first.

    Parameters
    ----------
    recoverable
        Rows of table "recoverable".

    Returns
    -------
    DataFrame
        The row of each group's best channel, and `alike`, how many of the group's channels count.
    """
    key = ["family", "ifo", "group"]
    alike = recoverable.groupby(key)["channel"].transform("nunique")
    rows = recoverable.assign(alike=alike)[recoverable["recoverable_mpc3_yr"] > 0]
    ranked = rows.sort_values(
        ["recoverable_mpc3_yr", "family", "ifo", "channel"], ascending=[False, True, True, True]
    )
    return ranked.drop_duplicates(key)


def costliest(cost: pd.DataFrame, names: Names) -> dict[str, Any]:
    """Return what costs most.

    Parameters
    ----------
    cost
        Table "cost".
    names
        What pages call each family, see `family_names`.

    Returns
    -------
    dict
        The rows `top` (largest cost) and `sure` (largest that is significantly above zero), None where there
        is none; the numbers of rows `n_rows`, of costs `n`, of costs with an interval `n_intervals` and of
        significant ones `n_sure`; `reasons`, a row for each reason of an unknown cost and detector.
    """
    rows = cost.assign(label=cost["family"].map(names.get))
    ranked = rows[rows["cost_mpc3_yr"].notna()].sort_values("rank", kind="stable")
    sure = ranked[ranked["cost_low"] > 0]
    reason = ["reason", "ifo"]
    unknown = rows[rows["cost_mpc3_yr"].isna() & (rows["reason"] != "")].drop_duplicates(reason)
    return {
        "top": first_record(ranked),
        "sure": first_record(sure),
        "n_rows": len(rows),
        "n": len(ranked),
        "n_intervals": int(ranked["cost_low"].notna().sum()),
        "n_sure": len(sure),
        "reasons": records(unknown.sort_values(reason)),
    }


def headline(cost: pd.DataFrame, recoverable: pd.DataFrame, names: Names) -> dict[str, Any]:
    """Return the facts of the headline: what costs most, and what is recoverable of it.

    Parameters
    ----------
    cost, recoverable
        Tables "cost" and "recoverable".
    names
        What pages call each family, see `family_names`.

    Returns
    -------
    dict
        Those of `costliest`, and `best`: the most recoverable row of the significant costs, None where there
        is none.
    """
    sure = cost.loc[cost["cost_low"] > 0, ["family", "ifo"]]
    best = most_recoverable(recoverable.merge(sure, on=["family", "ifo"]))
    return {**costliest(cost, names), "best": first_record(best)}


def cost_rows(cost: pd.DataFrame, names: Names) -> list[dict[str, Any]]:
    """Return table "cost" by rank, rows without a cost last, each with its name and its simpler ranks."""
    ranks = {column: cost[column].rank(ascending=False, method="min") for column in SIMPLER}
    order = cost.sort_values(["rank", "family", "ifo"], na_position="last", kind="stable").index
    rows = []
    for index, row in zip(order, records(cost.loc[order]), strict=True):
        simpler = {column: int(rank[index]) if known(rank[index]) else None for column, rank in ranks.items()}
        rows.append({**row, "simpler": simpler, "label": names.get(row["family"])})
    return rows


def simpler_rankings(cost: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the simpler rankings and the `tau` of each with the cost, as `rank_agreement` returns it."""
    return [
        {"column": column, "name": name, "tau": rank_agreement(cost[column], cost["cost_mpc3_yr"])[0]}
        for column, name in SIMPLER.items()
    ]
