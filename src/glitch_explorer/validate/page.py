"""The page of the simulated observatory: what was planted against what was found."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.site.pages import records, render
from glitch_explorer.validate.check import Check
from glitch_explorer.validate.couplings import ALPHA, LAG_BIN_S
from glitch_explorer.validate.schemas import COUPLINGS, PLANTED_COSTS, PLANTED_DRIVERS


def _verdict(row: dict[str, Any]) -> str:
    """Say in words what became of a planted witness."""
    if pd.isna(row["family"]):
        return "no family with an answer"
    if pd.isna(row["rank"]):
        return "not looked at"
    if row["rank"] > 1:
        return f"group {row['rank']}"
    if not row["q_value"] <= ALPHA:
        return "first, not significant"
    return "found" if abs(row["lag_error"]) <= LAG_BIN_S else "found, at another lag"


def make_validation_page(
    *,
    report: str | Path,
    couplings: str | Path,
    drivers: str | Path,
    costs: str | Path,
    page: str | Path,
    witnesses: bool,
    cost: bool,
) -> None:
    """Write the page.

    Parameters
    ----------
    report : path
        validation.json.
    couplings : path
        Table "couplings".
    drivers : path
        Table "planted_drivers".
    costs : path
        Table "planted_costs".
    page : path
        The page.
    witnesses, cost : bool
        The site has a page of witnesses, and one of costs.
    """
    told = json.loads(Path(report).read_text(encoding="utf-8"))
    checks = [
        Check(**{name: value for name, value in check.items() if name != "passed"})
        for check in told["checks"]
    ]
    rows = records(tables.read(COUPLINGS, couplings))
    values = {
        "checks": checks,
        "bounded": sum(check.bound is not None for check in checks),
        "failed": sum(not check.passed for check in checks),
        "couplings": [{**row, "verdict": _verdict(row)} for row in rows],
        "drivers": records(tables.read(PLANTED_DRIVERS, drivers)),
        "costs": records(tables.read(PLANTED_COSTS, costs)),
        "witnesses": witnesses,
        "cost": cost,
        "root": "",
    }
    files.write_text(page, render("validation.html", **values))
