"""The Glitch Cost Ranking: one page, its data as a script."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from plotly.offline import get_plotlyjs
from scipy.stats import kendalltau

from glitch_explorer.core import files
from glitch_explorer.site.cost.data import dashboard, volumes
from glitch_explorer.site.cost.words import SETTINGS, VARIED, headline, most_recoverable
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import records, render, script_data, static

#: Columns of the plain rankings, and their names on the page.
NAIVE: dict[str, str] = {
    "n": "Glitches",
    "rate_per_day": "Rate (1/d)",
    "rate_times_snr": "Rate × median SNR (1/d)",
    "efficiency_over_deadtime": "Efficiency / deadtime of the best witness",
}


@dataclass(frozen=True)
class CostTables:
    """What the page is made from: tables of these names, and family to its commonest label."""

    cost: pd.DataFrame
    recoverable: pd.DataFrame
    by_day: pd.DataFrame
    stability: pd.DataFrame
    labels: Mapping[str, str | None]


def cost_lines(cost: pd.DataFrame, labels: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """List the rows of table "cost" by rank, those without a cost last, each with its plain places."""
    places = {column: cost[column].rank(ascending=False, method="min") for column in NAIVE}
    rows = cost.assign(**{f"_{column}": place for column, place in places.items()})
    rows = rows.sort_values(["rank", "family", "ifo"], na_position="last", kind="stable")
    lines = []
    for row in records(rows):
        own = {column: row.pop(f"_{column}") for column in NAIVE}
        whole = {column: int(place) if known(place) else None for column, place in own.items()}
        lines.append({**row, "places": whole, "label": labels.get(row["family"])})
    return lines


def naive_columns(cost: pd.DataFrame) -> list[dict[str, Any]]:
    """Name the plain rankings, and how far each agrees with the cost: tau-b, None under three rows."""
    columns = []
    for column, name in NAIVE.items():
        both = cost[[column, "cost_mpc3_yr"]].dropna().astype(float)
        tau = kendalltau(both[column], both["cost_mpc3_yr"]).statistic if len(both) >= 3 else None
        columns.append({"column": column, "name": name, "tau": tau})
    return columns


def stability_lines(stability: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe the rows of table "rank_stability"."""
    lines = []
    for row in records(stability):
        words, unit = VARIED[row["varied"]]
        every = row["varied"] == "gate_snr" and row["value"] == 0
        tried = "all are gated" if every else f"{row['value']:g} {unit}".rstrip()
        lines.append({**row, "words": words, "tried": tried})
    return lines


def setting_lines(settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Describe the settings used."""
    return [
        {"name": name, "value": "none" if value is None else str(value), "words": SETTINGS.get(name, "")}
        for name, value in settings.items()
    ]


def _detector_lines(cost: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe each detector: its mean sensitive volume and analysed time."""
    volume = volumes(cost)
    return [
        {"ifo": ifo, "volume": volume.get(str(ifo)), "live_s": rows["live_s"].iloc[0]}
        for ifo, rows in cost.groupby("ifo", sort=True)
    ]


def _blocks_text(cost: pd.DataFrame) -> str:
    """Say how many blocks the intervals are drawn from."""
    counts = sorted(set(cost["blocks"]))
    if not counts:
        return "none"
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def write_cost_page(
    shown: CostTables,
    page: str | Path,
    folder: Path,
    *,
    name: str,
    told: Mapping[str, Any],
    witnesses: bool,
) -> None:
    """Write the page, and its scripts into `folder`.

    Parameters
    ----------
    shown
        What the page is made from.
    page
        The page.
    folder
        For its scripts; the page will find it under `name` beside itself.
    name
        See `folder`.
    told
        What cost.json says: `settings` by name, and `formula`, name to words.
    witnesses
        The site has a page of witnesses to go on to.
    """
    cost = shown.cost
    priced = bool(cost["cost_mpc3_yr"].notna().any())
    data = dashboard(cost, shown.recoverable, shown.by_day, shown.labels)
    files.write_text(folder / "data.js", script_data("COST", data))
    files.write_text(folder / "cost.js", static("cost/cost.js"))
    if priced:
        files.write_text(folder / "plotly.min.js", get_plotlyjs())
    taus = shown.stability["kendall_tau"].dropna()
    values = {
        "headline": headline(cost, shown.recoverable, shown.labels),
        "priced": priced,
        "lines": cost_lines(cost, shown.labels),
        "recoverable": records(most_recoverable(shown.recoverable)),
        "naive": naive_columns(cost),
        "detectors": _detector_lines(cost),
        "ranked_by_search": bool(cost["threshold_in_cost"].any()),
        "proxied": bool((cost["threshold_source"] == "snr").any()),
        "blocks": _blocks_text(cost),
        "stability": stability_lines(shown.stability),
        "least_tau": float(taus.min()) if len(taus) else None,
        "settings": setting_lines(told["settings"]),
        "formula": told["formula"],
        "folder": name,
    }
    files.write_text(page, render("cost/cost.html", **values, witnesses=witnesses, cost=True, root=""))
