"""Planted drivers over many seeds: `python benchmarks/drivers.py results/drivers --seeds 20`.

Each seed is an observatory of the embedded default's size, its families are the planted classes. What a
seed said is kept in the folder, so a run that was stopped goes on; `--summary` says what is there.
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from couplings import CONFIG, features_of, part, stretches

from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.live_time import live_intervals
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.impact.drivers import explain as explanation
from glitch_explorer.impact.drivers.explain import explain
from glitch_explorer.impact.drivers.gather import driver_table
from glitch_explorer.impact.schemas import PRECURSOR_SKILL, SKILL
from glitch_explorer.observatory import catalog
from glitch_explorer.observatory.couplings import drivers_of
from glitch_explorer.observatory.plan import make_plan
from glitch_explorer.validate.check import as_markdown
from glitch_explorer.validate.impact import driver_checks, drivers_table
from glitch_explorer.validate.schemas import PLANTED_DRIVERS

#: Tables of an explanation that are compared.
TABLES = {name: explanation.TABLES[name] for name in ("skill", "drivers", "shap_values", "precursor_skill")}
MAX_GLITCHES = CONFIG["coupling"]["max_glitches"]


def detector(
    ifo: str, arguments: dict[str, Any], catalogue: pd.DataFrame, members: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Explain all families of a detector."""
    features, table, spans = features_of(make_plan(**arguments), ifo, arguments)
    glitches_of_detector = catalogue[catalogue["ifo"] == ifo]
    idle = features.live.within(stretches(glitches_of_detector, glitches_of_detector, spans))
    groups = correlated_groups(features.values[idle], features.columns["channel"])
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    rows = glitches_of_detector.merge(members, on="glitch_id").drop_duplicates("event_time")
    for family, glitches in rows.groupby("family", sort=True):
        model = explain(
            part(features, live_intervals(glitches["event_time"], spans, max_glitches=MAX_GLITCHES)),
            glitches,
            stretches(glitches, glitches_of_detector, spans),
            spans,
            table,
            family_id=str(family),
            ifo=ifo,
            max_glitches=MAX_GLITCHES,
            seed=CONFIG["impact"]["seed"],
            threads=1,
        )
        for name, tables_of in parts.items():
            tables_of.append(model[name])
    joined = {name: tables.joined(TABLES[name], tables_of) for name, tables_of in parts.items()}
    return {**joined, "groups": pd.DataFrame(groups.items(), columns=["channel", "group"])}


def one_seed(seed: int, folder: Path, size: dict[str, Any], classes: list[str]) -> None:
    """Do a seed that is not yet there."""
    if (folder / f"{seed}.parquet").exists():
        return
    arguments = {**CONFIG["observatory"], "detectors": CONFIG["detectors"], **size, "seed": seed}
    begin, spent = time.perf_counter(), sum(os.times()[:4])
    plan = make_plan(**arguments)
    names = {"gravityspy_id": "glitch_id", "duration": "duration_s"}
    rows = catalog.catalog(plan).rename(columns=names)[["glitch_id", "ifo", "event_time", "duration_s"]]
    rows = rows.drop_duplicates("glitch_id", ignore_index=True)
    named = [
        (injection.glitch_id, injection.name)
        for injection in plan.injections
        if not injection.event
        and plan.segments[injection.segment].readable
        and (not classes or injection.name in classes)
    ]
    members = pd.DataFrame(named, columns=["glitch_id", "family"])
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(detector, ifo, arguments, rows, members) for ifo in CONFIG["detectors"]]
        results = [each.result() for each in waiting]
    skill, drivers, values, warned, groups = (
        pd.concat([result[name] for result in results], ignore_index=True) for name in (*TABLES, "groups")
    )
    searched = skill.drop_duplicates(["family", "ifo"])[["family", "ifo"]].assign(
        **{"class": lambda rows: rows["family"]}
    )
    truth = {"drivers": [row for ifo in CONFIG["detectors"] for row in drivers_of(ifo)]}
    planted = drivers_table(searched, driver_table(drivers, values, groups), skill, truth)
    tables.write(SKILL, skill, folder / f"{seed}-skill.parquet")
    tables.write(PRECURSOR_SKILL, warned, folder / f"{seed}-precursors.parquet")
    tables.write(PLANTED_DRIVERS, planted, folder / f"{seed}.parquet")
    cost = sum(os.times()[:4]) - spent
    print(f"seed {seed}: {time.perf_counter() - begin:.0f} s, {cost:.0f} core-s", flush=True)


def summary(folder: Path) -> None:
    """Print the checks, by kind of driver and model, and every miss of all seeds that are there."""
    seeds = sorted(int(path.stem) for path in folder.glob("*.parquet") if path.stem.isdigit())
    planted = tables.read_all(PLANTED_DRIVERS, [folder / f"{seed}.parquet" for seed in seeds])
    skill = tables.read_all(SKILL, [folder / f"{seed}-skill.parquet" for seed in seeds])
    driven = set(zip(planted["planted_class"], planted["ifo"], strict=True))
    idle = skill[[key not in driven for key in zip(skill["family"], skill["ifo"], strict=True)]]
    print(f"\n{len(seeds)} seeds\n")
    print(as_markdown(driver_checks(planted, skill)))
    print(
        "| kind | model | families and detectors | with a model | beat their baseline | first group planted |"
    )
    print("|---|---|---|---|---|---|")
    for (kind, model), rows in planted.groupby(["kind", "model"], sort=True):
        reported = rows[rows["hit"].notna()]
        print(f"| {kind} | {model} | {len(rows)} | {rows['ap'].notna().sum()} | {rows['beats'].sum()} | "
              f"{int(reported['hit'].sum())} of {len(reported)} |")  # fmt: skip
    for view, rows in idle[idle["ap"].notna()].groupby("view"):
        print(
            f"\nFamilies without a planted driver, {view}: {rows['beats'].sum()} of {len(rows)} models beat"
        )
    print("\nModels of time-shifted triggers that beat their baseline, of those that have a model:\n")
    for key, rows in skill[skill["slid_beats"].notna()].groupby(["view", "model"], sort=True):
        print(f"{' '.join(key)}: {rows['slid_beats'].sum()} of {len(rows)}")
    warned = tables.read_all(PRECURSOR_SKILL, sorted(folder.glob("*-precursors.parquet")))
    print("\nPrecursors that beat their baseline, mean over seeds:\n")
    key = ["family", "ifo", "model", "false_alarms_per_hour"]
    means = ["measured_per_hour", "warned", "warned_chance", "lead_low_s", "lead_s", "lead_high_s"]
    reported = warned.groupby(key)[means].mean().round(2).assign(seeds=warned.groupby(key).size())
    print(reported.reset_index().to_string(index=False))
    print("\nFirst group is not planted:\n")
    missed = planted[planted["hit"].eq(other=False).fillna(value=False)]
    print(missed[["planted_class", "ifo", "model", "n_glitches", "ap", "top_group"]].to_string(index=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what each seed said")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--glitches", type=int, default=CONFIG["observatory"]["glitches"])
    parser.add_argument("--segments", type=int, default=CONFIG["observatory"]["segments"])
    parser.add_argument("--classes", nargs="*", default=[], help="only these planted families")
    parser.add_argument("--summary", action="store_true", help="compute nothing")
    options = parser.parse_args()
    size = {"glitches": options.glitches, "segments": options.segments}
    if not options.summary:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            one_seed(seed, options.folder, size, options.classes)
    summary(options.folder)


if __name__ == "__main__":
    main()
