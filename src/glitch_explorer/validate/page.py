"""The page of the simulated observatory: planted against measured answers."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.site.pages import records, render
from glitch_explorer.validate.check import NO_BOUND, Check, counts
from glitch_explorer.validate.couplings import LAG_BIN_S
from glitch_explorer.validate.schemas import COUPLINGS, MONTH, PLANTED_COSTS, PLANTED_DRIVERS


def outcome(row: dict[str, Any]) -> str:
    """Return what became of a planted witness, as a code.

    Parameters
    ----------
    row
        Row of table "couplings".

    Returns
    -------
    str
        "no family", "not ranked", "lower group", "not significant", "other lag" or "recovered".
    """
    if pd.isna(row["family"]):
        return "no family"
    if pd.isna(row["rank"]):
        return "not ranked"
    if row["rank"] > 1:
        return "lower group"
    if not row["q_value"] <= ALPHA:
        return "not significant"
    return "recovered" if abs(row["lag_error"]) <= LAG_BIN_S else "other lag"


def write_validation_page(folder: str | Path, page: str | Path, *, witnesses: bool, cost: bool) -> None:
    """Write the page.

    Parameters
    ----------
    folder : path
        What `validate_observatory` wrote.
    page : path
        The page.
    witnesses, cost : bool
        Whether the site has a page of witnesses, and one of costs.
    """
    folder = Path(folder)
    report = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    checks = [
        Check(**{name: value for name, value in check.items() if name != "passed"})
        for check in report["checks"]
    ]
    values = {
        "checks": checks,
        "counts": counts(checks),
        "no_bound": NO_BOUND,
        "couplings": [
            {**row, "outcome": outcome(row)}
            for row in records(tables.read(COUPLINGS, folder / "couplings.parquet"))
        ],
        "drivers": records(tables.read(PLANTED_DRIVERS, folder / "drivers.parquet")),
        "costs": records(tables.read(PLANTED_COSTS, folder / "costs.parquet")),
        "month": [
            row for row in records(tables.read(MONTH, folder / "month.parquet")) if row["planted_ratio"] != 1
        ],
    }
    text = render("validation/validation.html", **values, witnesses=witnesses, cost=cost, root="")
    files.write_text(page, text)
