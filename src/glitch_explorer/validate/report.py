"""The report of the simulated observatory: all checks, and tables of planted against measured answers.

Nothing is raised where a result falls short: each check has its value, its bound and whether it passed,
and the report whether all did.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.audit.schemas import AUDIT_FAMILIES, LEAKAGE, PROBE, RELABEL, SUSPECTS
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.coupling.schemas import CALIBRATION, SCATTERING, WITNESSES
from glitch_explorer.impact.schemas import COST, DRIVERS, SKILL
from glitch_explorer.map.schemas import FAMILIES, STABILITY
from glitch_explorer.validate import families as checked
from glitch_explorer.validate.check import Check, as_markdown
from glitch_explorer.validate.couplings import coupling_checks, couplings_table, searched
from glitch_explorer.validate.impact import (
    cost_checks,
    costs_table,
    driver_checks,
    drivers_table,
    undriven_check,
    undriven_models,
)
from glitch_explorer.validate.month import month_checks, month_table
from glitch_explorer.validate.schemas import COUPLINGS, MONTH, PLANTED_COSTS, PLANTED_DRIVERS
from glitch_explorer.validate.truth import compositions, planted_classes, read_truth

#: Tables that are compared with the truth, by their name in `paths`.
RESULTS = {
    "glitches": GLITCHES,
    "duplicates": DUPLICATES,
    "quarantine": QUARANTINE,
    "families": FAMILIES,
    "stability": STABILITY,
    "audit_families": AUDIT_FAMILIES,
    "probe": PROBE,
    "suspects": SUSPECTS,
    "leakage": LEAKAGE,
    "relabel": RELABEL,
    "witnesses": WITNESSES,
    "calibration": CALIBRATION,
    "slow_drivers": SLOW_DRIVERS,
    "month_rates": SLOW_DRIVERS,
    "scattering": SCATTERING,
    "drivers": DRIVERS,
    "cost": COST,
    "skill": SKILL,
}
#: Tables of planted answers, by their file.
ANSWERS = {
    "couplings.parquet": COUPLINGS,
    "drivers.parquet": PLANTED_DRIVERS,
    "costs.parquet": PLANTED_COSTS,
    "month.parquet": MONTH,
}

Tables = Mapping[str, pd.DataFrame]


def read_results(paths: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Read the tables of `RESULTS` that `paths` has, each from one file or from several."""
    return {
        name: tables.read_all(schema, [paths[name]] if isinstance(paths[name], str | Path) else paths[name])
        for name, schema in RESULTS.items()
        if name in paths
    }


def _map_checks(results: Tables, truth: dict[str, Any], unseen: Sequence[str]) -> list[Check]:
    """Check catalogue, map and audit."""
    return [
        *checked.family_checks(results["families"], truth),
        *checked.new_class_checks(results["audit_families"], results["families"], truth),
        *checked.unseen_checks(results["families"], truth, unseen),
        checked.stability_check(results["stability"]),
        checked.probe_check(results["probe"]),
        checked.suspect_check(results["suspects"], results["glitches"], truth),
        checked.relabel_check(results["relabel"], truth),
        checked.leakage_check(results["leakage"]),
        *checked.row_checks(results["duplicates"], results["quarantine"], truth),
    ]


def _later_checks(results: Tables, truth: dict[str, Any]) -> tuple[dict[str, pd.DataFrame], list[Check]]:
    """Compare couplings, drivers and costs where there are any: tables of `ANSWERS`, and checks."""
    answers = {name: tables.empty(schema) for name, schema in ANSWERS.items()}
    checks: list[Check] = []
    families = results["families"]
    planted = planted_classes(truth, families["glitch_id"])
    composition = compositions(families, results["glitches"], planted)
    if "witnesses" in results:
        with_answer = searched(composition, results["witnesses"])
        couplings = couplings_table(with_answer, results["witnesses"], truth)
        answers["couplings.parquet"] = couplings
        checks += coupling_checks(couplings, with_answer, results, truth)
    if "drivers" in results:
        drivers = drivers_table(composition, results["drivers"], results["skill"], truth)
        costs = costs_table(composition, results["cost"], truth)
        answers |= {"drivers.parquet": drivers, "costs.parquet": costs}
        undriven = undriven_models(composition, results["skill"], truth)
        checks += [
            *driver_checks(drivers, results["skill"]),
            undriven_check(undriven),
            *cost_checks(costs),
        ]
    return answers, checks


def validate_observatory(
    truth: str | Path, paths: Mapping[str, Any], out: str | Path, *, unseen: Sequence[str]
) -> None:
    """Write validation.json, validation.md and the tables of planted answers into the folder `out`.

    Parameters
    ----------
    truth : path
        truth.json of the simulated observatory.
    paths : mapping of str to path, or to list of path
        Files of the tables in `RESULTS`, by name. Those from witnesses on, or from drivers on, are missing
        where their stage did not run; `month_rates`, and the month's truth.json `month_truth`, where there is
        no month.
    out : path
        Folder to write into.
    unseen : sequence of str
        Classes that the encoder's training left out.

    Raises
    ------
    UserError
        When a file is not what it should be; never because a result falls short.
    """
    planted, results, folder = read_truth(truth), read_results(paths), Path(out)
    answers, later = _later_checks(results, planted)
    checks = [*_map_checks(results, planted, unseen), *later]
    if "month_rates" in results:
        month = json.loads(Path(paths["month_truth"]).read_text(encoding="utf-8"))
        answers["month.parquet"] = month_table(results["month_rates"], month)
        checks += month_checks(answers["month.parquet"])
    rows = [
        {**asdict(check), "value": round(float(np.nan_to_num(check.value)), 6), "passed": check.passed}
        for check in checks
    ]
    passed = all(check.passed for check in checks)
    files.write_json(folder / "validation.json", {"passed": passed, "checks": rows})
    files.write_text(folder / "validation.md", as_markdown(checks))
    for name, table in answers.items():
        tables.write(ANSWERS[name], table, folder / name)
