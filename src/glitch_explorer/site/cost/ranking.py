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

#: The fewest families that together have this chance to cost most in a detector are tied.
TIED = 0.95


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


def leaders(cost: pd.DataFrame) -> pd.DataFrame:
    """Select the families that may cost most in a detector, by their chance to be first.

    Parameters
    ----------
    cost
        Rows of table "cost" of one detector that have a cost.

    Returns
    -------
    DataFrame
        The fewest rows that together have a chance of 0.95; the largest cost where no chance is known. More
        than one row is a tie.
    """
    ranked = cost.sort_values("rank", kind="stable")
    if ranked["chance_first"].isna().all():
        return ranked.head(1)
    likely = ranked.sort_values("chance_first", ascending=False, kind="stable")
    before = likely["chance_first"].cumsum() - likely["chance_first"]
    return likely[before < TIED]


def _detector(cost: pd.DataFrame, totals: pd.DataFrame) -> dict[str, Any]:
    """Return one detector's facts, from its rows of tables "cost" and "cost_by_detector"."""
    known_costs = cost[cost["cost_mpc3_yr"].notna()]
    unknown = cost[cost["cost_mpc3_yr"].isna() & (cost["reason"] != "")]
    return {
        "ifo": cost["ifo"].iloc[0],
        "total": first_record(totals[totals["in_cost"]]),
        "bound": first_record(totals[totals["gates"] == "all"]),
        "search": first_record(totals[totals["gates"] == "excursions"]),
        "leaders": records(leaders(known_costs)),
        "n_sure": int((known_costs["cost_low"] > 0).sum()),
        "reasons": records(unknown.drop_duplicates("reason").sort_values("reason")),
    }


def costliest(cost: pd.DataFrame, by_detector: pd.DataFrame, names: Names) -> dict[str, Any]:
    """Return what glitches cost in each detector, and which families cost most there.

    Parameters
    ----------
    cost, by_detector
        Tables "cost" and "cost_by_detector".
    names
        What pages call each family, see `family_names`.

    Returns
    -------
    dict
        `detectors`, each with its `total`, its upper `bound` and its cost with the gates of a `search` (None
        where unknown), its `leaders`, the number `n_sure` of costs significantly above zero, and a row for
        each of the `reasons` of unknown costs; `gates`, which glitches are gated; the numbers of costs `n`,
        of costs with an interval `n_intervals` and of significant ones `n_sure`.
    """
    rows = cost.assign(label=cost["family"].map(names.get))
    ranked = rows[rows["cost_mpc3_yr"].notna()]
    return {
        "detectors": [
            _detector(part, by_detector[by_detector["ifo"] == ifo])
            for ifo, part in rows.groupby("ifo", sort=True)
        ],
        "gates": next(iter(by_detector.loc[by_detector["in_cost"], "gates"]), "all"),
        "n": len(ranked),
        "n_intervals": int(ranked["cost_low"].notna().sum()),
        "n_sure": int((ranked["cost_low"] > 0).sum()),
    }


def headline(
    cost: pd.DataFrame, by_detector: pd.DataFrame, recoverable: pd.DataFrame, names: Names
) -> dict[str, Any]:
    """Return the facts of the headline: what costs most, and what is recoverable of it.

    Parameters
    ----------
    cost, by_detector, recoverable
        Tables "cost", "cost_by_detector" and "recoverable".
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
    return {**costliest(cost, by_detector, names), "best": first_record(best)}


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
