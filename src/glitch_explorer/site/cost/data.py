"""What the charts of the cost page draw, column by column; plain numbers and names for a script."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from glitch_explorer.core.intervals import DAY_S, YEAR_S
from glitch_explorer.site.cost.ranking import most_recoverable
from glitch_explorer.site.families.names import Names
from glitch_explorer.site.numbers import date_text, known
from glitch_explorer.site.pages import legible

#: Families with a colour of their own in the timeline.
TOP = 5


def _plain(values: Iterable[Any]) -> list[float | None]:
    """Return numbers with seven digits, None where there is none."""
    return [float(f"{value:.7g}") if known(value) else None for value in values]


def volumes(cost: pd.DataFrame) -> dict[str, float]:
    """Return each detector's mean sensitive volume in Mpc³, without detectors whose range is unknown."""
    volume = cost.dropna(subset=["volume_mpc3"]).groupby("ifo", sort=True)["volume_mpc3"].first()
    return {str(ifo): float(value) for ifo, value in volume.items()}


def time_volumes(cost: pd.DataFrame) -> dict[str, float]:
    """Return each detector's volume times its live time, in Mpc³ yr."""
    live = cost.groupby("ifo")["live_s"].first()
    return {ifo: volume * float(live[ifo]) / YEAR_S for ifo, volume in volumes(cost).items()}


def ranking(cost: pd.DataFrame, names: Names) -> dict[str, Any]:
    """Return the bars: rows of table "cost" that have a cost, in order of rank."""
    rows = cost[cost["cost_mpc3_yr"].notna()].sort_values(["rank", "family", "ifo"], kind="stable")
    named = {"cost": "cost_mpc3_yr", "cost_low": "cost_low", "cost_high": "cost_high"}
    named |= {"hours": "hours_per_1000h", "hours_low": "hours_low", "hours_high": "hours_high"}
    return {
        "family": rows["family"].tolist(),
        "ifo": rows["ifo"].tolist(),
        "label": [legible(names.get(family) or "") for family in rows["family"]],
        **{name: _plain(rows[column]) for name, column in named.items()},
    }


def timeline(by_day: pd.DataFrame, volume: float) -> dict[str, Any]:
    """Return the cost of each day in a detector: the costliest families one by one, the others together.

    Parameters
    ----------
    by_day
        Rows of table "cost_by_day" of the detector.
    volume
        Its mean sensitive volume in Mpc³.
    """
    rows = by_day[by_day["cost_mpc3_yr"].notna()]
    live_s = rows.groupby("day")["live_s"].first()
    days, time_volume = live_s.index.to_numpy(dtype=float), _plain(volume * live_s / YEAR_S)
    total = rows.groupby("family")["cost_mpc3_yr"].sum()
    order = total.sort_index().sort_values(ascending=False, kind="stable").index
    top = list(order[:TOP])
    shown = rows.assign(family=rows["family"].where(rows["family"].isin(top), ""))
    table = shown.pivot_table(index="day", columns="family", values="cost_mpc3_yr", aggfunc="sum")
    series = [
        {"family": name, "cost": _plain(table[name].reindex(days).fillna(0.0))}
        for name in [*top, ""]
        if name in table
    ]
    # A day of GPS seconds begins some leap seconds before midnight: its noon has its date.
    dates = [date_text(day + DAY_S / 2) for day in days]
    return {"dates": dates, "time_volume": time_volume, "series": series, "others": len(order) - len(top)}


def matrix(recoverable: pd.DataFrame) -> dict[str, Any]:
    """Return the cells of families against groups of witnesses, the most recoverable first."""
    rows = most_recoverable(recoverable)
    return {
        "family": rows["family"].tolist(),
        "ifo": rows["ifo"].tolist(),
        "channel": [legible(group) for group in rows["group"]],
        "unknown": (rows["safety"] == "unknown").tolist(),
        "value": _plain(rows["recoverable_mpc3_yr"]),
    }


def dashboard(
    cost: pd.DataFrame, recoverable: pd.DataFrame, by_day: pd.DataFrame, names: Names
) -> dict[str, Any]:
    """Return what the page draws.

    Parameters
    ----------
    cost, recoverable, by_day
        Tables "cost", "recoverable" and "cost_by_day".
    names
        What pages call each family, see `family_names`.
    """
    volume, time_volume = volumes(cost), time_volumes(cost)
    detectors = sorted(set(cost.loc[cost["cost_mpc3_yr"].notna(), "ifo"]))
    return {
        "rows": ranking(cost, names),
        "detectors": detectors,
        "time_volume": {ifo: time_volume.get(ifo) for ifo in detectors},
        "days": {ifo: timeline(by_day[by_day["ifo"] == ifo], volume[ifo]) for ifo in detectors},
        "cells": matrix(recoverable),
    }
