"""Page of the costs of the families, with its data as a script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from plotly.offline import get_plotlyjs

from glitch_explorer.core import files
from glitch_explorer.site.cost.data import dashboard, volumes
from glitch_explorer.site.cost.impact_tables import ImpactTables
from glitch_explorer.site.cost.ranking import (
    cost_rows,
    headline,
    most_recoverable,
    simpler_rankings,
)
from glitch_explorer.site.pages import records, render, script_data, static


def _detector_rows(cost: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each detector's mean sensitive volume and live time."""
    volume = volumes(cost)
    return [
        {"ifo": ifo, "volume": volume.get(str(ifo)), "live_s": rows["live_s"].iloc[0]}
        for ifo, rows in cost.groupby("ifo", sort=True)
    ]


def write_cost_page(
    shown: ImpactTables,
    page: str | Path,
    folder: Path,
    *,
    name: str,
    report: Mapping[str, Any],
    witnesses: bool,
) -> None:
    """Write the page, and its scripts into `folder`.

    Parameters
    ----------
    shown
        Tables and names that the page shows.
    page
        The page.
    folder
        Folder for the page's scripts.
    name
        Name under which the page links to that folder.
    report
        Content of cost.json: `settings` by name, and `formula`, name to description.
    witnesses
        Whether the site has a page of witnesses.
    """
    cost = shown.cost
    priced = bool(cost["cost_mpc3_yr"].notna().any())
    data = dashboard(cost, shown.recoverable, shown.by_day, shown.names)
    files.write_text(folder / "data.js", script_data("COST", data))
    files.write_text(folder / "cost.js", static("cost/cost.js"))
    if priced:
        files.write_text(folder / "plotly.min.js", get_plotlyjs())
    taus = shown.stability["kendall_tau"].dropna()
    values = {
        "headline": headline(cost, shown.by_detector, shown.recoverable, shown.names),
        "priced": priced,
        "rows": cost_rows(cost, shown.names),
        "recoverable": records(most_recoverable(shown.recoverable)),
        "simpler": simpler_rankings(cost),
        "detectors": _detector_rows(cost),
        "totals": records(shown.by_detector),
        "searched": bool(cost["n_excursions"].notna().any()),
        "ranked_by_search": bool(cost["threshold_in_cost"].any()),
        "proxied": bool((cost["threshold_source"] == "snr").any()),
        "blocks": sorted(set(cost["blocks"])),
        "stability": records(shown.stability),
        "least_tau": float(taus.min()) if len(taus) else None,
        "settings": report["settings"],
        "formula": report["formula"],
        "folder": name,
    }
    there = {"witnesses": witnesses, "cost": True, "mapped": shown.unions is None}
    files.write_text(page, render("cost/cost.html", **values, **there, root=""))
