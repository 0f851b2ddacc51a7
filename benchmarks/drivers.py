"""Planted drivers over many seeds: `python benchmarks/drivers.py FOLDER --seeds 20`.

Families are the planted classes. A seed whose tables are in the folder is not repeated; `--summary` prints
what is there.
"""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
from harness import print_table
from planted import (
    CONFIG,
    COUPLING,
    Observatory,
    printed_cost,
    read_detector,
    seed_options,
)

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.impact.drivers import explain as explanation
from glitch_explorer.impact.drivers.explain import explain
from glitch_explorer.impact.drivers.gather import driver_table, skill_table
from glitch_explorer.impact.schemas import PRECURSOR_SKILL, SKILL
from glitch_explorer.observatory.couplings import drivers_of
from glitch_explorer.validate.check import as_markdown
from glitch_explorer.validate.impact import driver_checks, drivers_table, undriven_check, undriven_models
from glitch_explorer.validate.schemas import PLANTED_DRIVERS

#: Tables of an explanation that are compared.
TABLES = {name: explanation.TABLES[name] for name in ("skill", "drivers", "shap_values", "precursor_skill")}

#: Planted drivers of all seeds.
TRUTH = {"drivers": [row for ifo in CONFIG["detectors"] for row in drivers_of(ifo)]}


def detector(
    ifo: str, arguments: dict[str, Any], catalogue: pd.DataFrame, members: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Explain all families of a detector."""
    data = read_detector(ifo, arguments, catalogue)
    models = [
        explain(
            features,
            glitches,
            quiet,
            data.segments,
            data.channels,
            family_id=family,
            ifo=ifo,
            max_glitches=COUPLING["max_glitches"],
            seed=CONFIG["impact"]["seed"],
            threads=1,
        )
        for family, glitches, features, quiet in data.families(members)
    ]
    joined = {name: tables.joined(TABLES[name], [model[name] for model in models]) for name in TABLES}
    return {**joined, "groups": data.groups()}


def one_seed(seed: int, options: argparse.Namespace) -> None:
    """Explain the families of one seed and compare with the truth, unless its tables exist."""
    folder = options.folder
    if (folder / f"{seed}.parquet").exists():
        return
    with printed_cost(f"seed {seed}"):
        observatory = Observatory(seed, options)
        results = observatory.each_detector(detector, observatory.families)
        skill, drivers, values, warned, groups = (
            pd.concat([result[name] for result in results], ignore_index=True) for name in (*TABLES, "groups")
        )
        searched = skill.drop_duplicates(["family", "ifo"])[["family", "ifo"]]
        searched["class"] = searched["family"]
        skill = skill_table(skill)
        planted = drivers_table(searched, driver_table(skill, drivers, values, groups), skill, TRUTH)
        tables.write(SKILL, skill, folder / f"{seed}-skill.parquet")
        tables.write(PRECURSOR_SKILL, warned, folder / f"{seed}-precursors.parquet")
        tables.write(PLANTED_DRIVERS, planted, folder / f"{seed}.parquet")


def _undriven(skill: pd.DataFrame) -> pd.DataFrame:
    """Select the models of classes without a planted driver in their detector."""
    composition = skill[["family", "ifo"]].drop_duplicates()
    return undriven_models(
        composition.assign(present=[(name,) for name in composition["family"]]), skill, TRUTH
    )


def _hits(rows: pd.DataFrame) -> str:
    reported = rows[rows["hit"].notna()]
    return f"{int(reported['hit'].sum())} of {len(reported)}"


def summary(folder: Path) -> None:
    """Print the checks, by kind of driver and model, and every miss of all seeds that are there."""
    seeds = sorted(int(path.stem) for path in folder.glob("*.parquet") if path.stem.isdigit())
    planted = tables.read_all(PLANTED_DRIVERS, [folder / f"{seed}.parquet" for seed in seeds])
    skills = {seed: tables.read(SKILL, folder / f"{seed}-skill.parquet") for seed in seeds}
    skill = pd.concat(skills.values(), ignore_index=True)
    undriven = pd.concat([_undriven(rows).assign(seed=seed) for seed, rows in skills.items()])
    print(f"\n{len(seeds)} seeds\n")
    print(as_markdown([*driver_checks(planted, skill), undriven_check(undriven)]))
    columns = (
        "kind",
        "model",
        "families and detectors",
        "with a model",
        "beat their baseline",
        "first group planted",
    )
    print_table(
        columns,
        (
            (kind, model, len(rows), rows["ap"].notna().sum(), rows["beats"].sum(), _hits(rows))
            for (kind, model), rows in planted.groupby(["kind", "model"], sort=True)
        ),
    )
    for view, rows in undriven.groupby("view"):
        print(f"\nClasses without a planted driver, {view}: {rows['beats'].sum()} of {len(rows)} models beat")
    false = int(undriven["beats"].sum() + (planted["beats"] & planted["hit"].eq(other=False)).sum())
    print(f"\nFalse: {false} of {int(skill['beats'].sum())} models that beat, at a nominal {ALPHA}")
    print("\nModels of time-shifted triggers with p at most 0.05, of those that have a model:\n")
    for key, rows in skill[skill["slid_beats"].notna()].groupby(["view", "model"], sort=True):
        print(f"{' '.join(key)}: {rows['slid_beats'].sum()} of {len(rows)}")
    warned = tables.read_all(PRECURSOR_SKILL, sorted(folder.glob("*-precursors.parquet")))
    print("\nPrecursors with p at most 0.05, mean over seeds:\n")
    key = ["family", "ifo", "model", "false_alarms_per_hour"]
    means = ["measured_per_hour", "warned", "warned_chance", "lead_low_s", "lead_s", "lead_high_s"]
    reported = warned.groupby(key)[means].mean().round(2).assign(seeds=warned.groupby(key).size())
    print(reported.reset_index().to_string(index=False))
    print("\nFirst group is not planted:\n")
    missed = planted[planted["hit"].eq(other=False).fillna(value=False)]
    print(missed[["planted_class", "ifo", "model", "n_glitches", "ap", "top_group"]].to_string(index=False))


def main() -> None:
    options = seed_options(__doc__.splitlines()[0]).parse_args()
    if not options.summary:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            one_seed(seed, options)
    summary(options.folder)


if __name__ == "__main__":
    main()
