"""Planted witnesses over many seeds: `python benchmarks/couplings.py results/couplings --seeds 20 --found 4`.

Each seed is an observatory of the embedded default's size, with the default's channels and settings but for
pseudo-families (`null_families.py` measures those). Its families are the planted classes and, for the
first `--found` seeds, also those of the workflow's own map, made from strain by the default encoder.
A detector's auxiliary frames are written, read into features once, and removed. A seed's report is kept
in the folder, so a run that was stopped goes on; `--summary` says what is there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.channels.feature_set import FeatureSet, family_features
from glitch_explorer.coupling.channels.live_time import LiveTime, live_intervals
from glitch_explorer.coupling.channels.source import open_source
from glitch_explorer.coupling.schemas import ALPHA, FAMILY_WITNESSES
from glitch_explorer.coupling.witnesses.gather import is_significant, strongest, witness_table
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.coupling.witnesses.search import find_witnesses
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.map.members import quiet_stretches
from glitch_explorer.map.schemas import FAMILIES, UNASSIGNED
from glitch_explorer.observatory import auxiliary, catalog
from glitch_explorer.observatory.plan import Plan, make_plan
from glitch_explorer.validate import couplings as validate
from glitch_explorer.validate.check import as_markdown
from glitch_explorer.validate.truth import compositions, planted_classes

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
COUPLING = CONFIG["coupling"]
#: Uncoupled families a seed that count against the bound, and the bound for 200 of them.
NULLS_A_SEED, MOST_OF_200 = 10, 16

Families = dict[str, pd.DataFrame]


def stretches(family: pd.DataFrame, everything: pd.DataFrame, spans: np.ndarray) -> np.ndarray:
    """Return the quiet stretches around a family as rows (start, end)."""
    quiet = quiet_stretches(family, everything, spans)
    return np.column_stack([quiet["event_time"], quiet["event_time"] + quiet["duration_s"]])


def part(features: FeatureSet, live: np.ndarray) -> FeatureSet:
    """Cut the features of a detector to a family's live time, which consists of whole segments."""
    rows, _ = features.live.rows(LiveTime.of(live).bins)
    return replace(features, live=LiveTime.of(live), values=features.values[rows])


def features_of(
    plan: Plan, ifo: str, arguments: dict[str, Any]
) -> tuple[FeatureSet, pd.DataFrame, np.ndarray]:
    """Compute the features of a detector's readable segments; frames and store are removed afterwards."""
    spans = np.array([(s.start, s.end) for s in plan.segments if s.ifo == ifo and s.readable], float)
    with tempfile.TemporaryDirectory(prefix="couplings-") as folder:
        frames, channels = Path(folder) / "aux", Path(folder) / "channels.csv"
        auxiliary.write_auxiliary(ifo=ifo, out=frames, **arguments)
        auxiliary.channel_list(plan).to_csv(channels, index=False)
        source = open_source(
            "frames",
            frames=str(frames),
            frame_type=None,
            host=None,
            lists=[channels],
            safety=[ROOT / "resources/channels/safety.csv"],
            store=Path(folder) / "store",
            store_gib=COUPLING["store_gib"],
            bands=COUPLING["bands"],
            strain=CONFIG["strain"]["channel"],
        )
        table = source.table(ifo, spans.mean(axis=1))
        return family_features(source.features(ifo, table, spans), spans), table, spans


def detector(
    ifo: str, arguments: dict[str, Any], catalogue: pd.DataFrame, families: Families
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Find the witnesses of all families of a detector: tables "family_witnesses" and its groups, by mode."""
    features, table, spans = features_of(make_plan(**arguments), ifo, arguments)
    glitches_of_detector = catalogue[catalogue["ifo"] == ifo]
    idle = features.live.within(stretches(glitches_of_detector, glitches_of_detector, spans))
    groups = correlated_groups(features.values[idle], features.columns["channel"])
    named = pd.DataFrame(groups.items(), columns=["channel", "group"])
    results = {}
    for mode, members in families.items():
        parts = [tables.empty(FAMILY_WITNESSES)]
        rows = glitches_of_detector.merge(members, on="glitch_id").drop_duplicates("event_time")
        for family, glitches in rows[rows["family"] != UNASSIGNED].groupby("family", sort=True):
            if len(glitches) < LEAST_GLITCHES:
                continue
            most = COUPLING["max_glitches"]
            result = find_witnesses(
                part(features, live_intervals(glitches["event_time"], spans, max_glitches=most)),
                glitches,
                stretches(glitches, glitches_of_detector, spans),
                spans,
                table,
                slides=COUPLING["time_slides"],
                pseudo=0,
                seed=COUPLING["seed"],
                threads=1,
            )
            if len(result.table):
                witnesses = result.table.assign(family=str(family), ifo=ifo)
                parts.append(witnesses[FAMILY_WITNESSES.names])
        searched_parts = parts[1:] or parts
        results[mode] = pd.concat(searched_parts, ignore_index=True), named
    return results


def mapped_families(seed: int) -> pd.DataFrame:
    """Map an observatory with the workflow and return the families."""
    with tempfile.TemporaryDirectory(prefix="couplings-") as folder:
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", folder, "--quiet", "all"]
        seed_config = Path(folder) / "seed.yaml"
        seed_config.write_text(yaml.safe_dump({"observatory": {"seed": seed}}), encoding="utf-8")
        command += [
            "--snakefile",
            str(ROOT / "Snakefile"),
            "--configfile",
            str(ROOT / "config/config.yaml"),
            str(seed_config),
        ]
        command += ["--", "results/map/families.parquet"]
        subprocess.run(command, check=True)
        return tables.read(FAMILIES, Path(folder) / "results/map/families.parquet")[["glitch_id", "family"]]


def false_discoveries(searched: pd.DataFrame, witnesses: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """List the false discoveries: the best row of each significant group without a planted witness."""
    parts = [witnesses.head(0)]
    by_key = dict(iter(witnesses.groupby(["family", "ifo"])))
    channels = validate.coupled_channels(searched, truth)
    for family, ifo, coupled in zip(searched["family"], searched["ifo"], channels, strict=True):
        tested = by_key[family, ifo]
        true = tested.loc[tested["channel"].isin(coupled), "group"]
        parts.append(strongest(tested[is_significant(tested) & ~tested["group"].isin(true)], ["group"]))
    rows = pd.concat(parts)[["family", "ifo", "channel", "band", "lag", "t_peak", "p_fwer", "q_value"]]
    return searched[["family", "ifo", "class", "n"]].merge(rows, on=["family", "ifo"])


def compare(
    witnesses: pd.DataFrame, families: pd.DataFrame, catalogue: pd.DataFrame, truth: dict[str, Any]
) -> dict[str, Any]:
    """Compare with the truth, and keep what a summary needs."""
    planted = planted_classes(truth, families["glitch_id"])
    searched = validate.searched(compositions(families, catalogue, planted), witnesses)
    couplings = validate.couplings_table(searched, witnesses, truth)
    counted = validate.discoveries(searched, witnesses, truth)
    unsafe, copies = validate.safety_check(witnesses), validate.copies_check(witnesses, truth)
    false = false_discoveries(searched, witnesses, truth)
    return {
        "couplings": json.loads(couplings.to_json(orient="records")),
        "counted": json.loads(counted.to_json(orient="records")),
        "false": json.loads(false.to_json(orient="records")),
        "unsafe": [unsafe.value, unsafe.n],
        "copies": [copies.value * copies.n, copies.n],
    }


def one_seed(
    seed: int,
    folder: Path,
    size: dict[str, Any],
    *,
    mapped: bool,
    classes: list[str],
) -> None:
    """Search and compare one seed in each mode that has no report yet."""
    modes = [
        mode for mode in ["planted", *["found"] * mapped] if not (folder / mode / f"{seed}.json").exists()
    ]
    if not modes:
        return
    arguments = {**CONFIG["observatory"], "detectors": CONFIG["detectors"], **size, "seed": seed}
    begin, spent = time.perf_counter(), sum(os.times()[:4])
    plan = make_plan(**arguments)
    names = {"gravityspy_id": "glitch_id", "duration": "duration_s"}
    rows = catalog.catalog(plan)
    truth = catalog.truth(plan, arguments, rows)
    catalogue = rows.rename(columns=names)[["glitch_id", "ifo", "event_time", "duration_s"]]
    catalogue = catalogue.drop_duplicates("glitch_id", ignore_index=True)
    truth["witnesses"] = [entry for entry in truth["witnesses"] if not classes or entry["class"] in classes]
    families: Families = {}
    if "planted" in modes:
        named = [
            (injection.glitch_id, injection.name)
            for injection in plan.injections
            if not injection.event and _readable(plan, injection)
        ]
        families["planted"] = pd.DataFrame(
            [row for row in named if not classes or row[1] in classes], columns=["glitch_id", "family"]
        )
    if "found" in modes:
        families["found"] = mapped_families(seed)
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(detector, ifo, arguments, catalogue, families) for ifo in CONFIG["detectors"]]
        answers = [each.result() for each in waiting]
    for mode in modes:
        parts, groups = zip(*(answer[mode] for answer in answers), strict=True)
        witnesses = witness_table(pd.concat(parts, ignore_index=True), pd.concat(groups))
        report = compare(witnesses, families[mode], catalogue, truth)
        files.write_json(folder / mode / f"{seed}.json", report)
    cost = sum(os.times()[:4]) - spent
    print(
        f"seed {seed} {' '.join(modes)}: {time.perf_counter() - begin:.0f} s, {cost:.0f} core-s", flush=True
    )


def _readable(plan: Plan, injection: Any) -> bool:
    return plan.segments[injection.segment].readable


def _rows(reports: dict[str, dict[str, Any]], name: str) -> pd.DataFrame:
    """Join one table of all seeds; the seed is put before a family's id."""
    rows = pd.concat([pd.DataFrame(report[name]).assign(seed=seed) for seed, report in reports.items()])
    if rows.empty:  # no false discovery in any seed
        return rows
    rows["family"] = np.where(rows["family"].notna(), rows["seed"] + " " + rows["family"].astype(str), None)
    return rows.reset_index(drop=True)


def summary(folder: Path) -> None:
    """Print the checks and every miss of all seeds that are there."""
    for mode in ("planted", "found"):
        paths = sorted((folder / mode).glob("*.json"), key=lambda path: int(path.stem))
        if not paths:
            continue
        reports = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
        couplings, counted = _rows(reports, "couplings"), _rows(reports, "counted")
        idle = counted[~counted["coupled"]].groupby("seed").head(NULLS_A_SEED)
        rejected = int((idle["p_fwer"] <= ALPHA).sum())
        unsafe, copies = (
            np.sum([report[name] for report in reports.values()], axis=0) for name in ("unsafe", "copies")
        )
        print(f"\n### {mode} families, {len(reports)} seeds\n")
        print(as_markdown([*validate.witness_checks(couplings), *validate.discovery_checks(counted)]))
        print(f"- uncoupled families, at most {NULLS_A_SEED} a seed: {rejected} of {len(idle)} rejected "
              f"at 0.05 (allowed: {MOST_OF_200} of 200)")  # fmt: skip
        print(f"- rows of unsafe channels that are ranked: {unsafe[0]:.0f} of {unsafe[1]:.0f}")
        print(f"- copies in their witness's group: {copies[0]:.0f} of {copies[1]:.0f}")
        rank = couplings["rank"].fillna(np.inf)
        missed = (rank > 1) | ~(couplings["q_value"] <= ALPHA)
        missed |= (couplings["lag_error"].abs() > validate.LAG_BIN_S) & ~missed
        columns = [
            "planted_class",
            "ifo",
            "channel",
            "family",
            "n_glitches",
            "rank",
            "band",
            "lag_error",
            "t_peak",
            "q_value",
        ]
        print("\nNot first, not significant, or at another lag:\n")
        print(couplings.loc[missed, columns].to_string(index=False))
        print("\nFalse discoveries:\n")
        print(_rows(reports, "false").to_string(index=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for the report of each seed")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--found", type=int, default=0, help="seeds whose mapped families are searched too")
    parser.add_argument("--glitches", type=int, default=CONFIG["observatory"]["glitches"])
    parser.add_argument("--segments", type=int, default=CONFIG["observatory"]["segments"])
    parser.add_argument("--classes", nargs="*", default=[], help="only these planted families")
    parser.add_argument("--summary", action="store_true", help="compute nothing")
    arguments = parser.parse_args()
    size = {"glitches": arguments.glitches, "segments": arguments.segments}
    if not arguments.summary:
        for number in range(arguments.seeds):
            seed, mapped = arguments.first_seed + number, number < arguments.found
            one_seed(
                seed,
                arguments.folder,
                size,
                mapped=mapped,
                classes=arguments.classes,
            )
    summary(arguments.folder)


if __name__ == "__main__":
    main()
