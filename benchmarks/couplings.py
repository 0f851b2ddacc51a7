"""Planted witnesses over many seeds: `python benchmarks/couplings.py FOLDER --seeds 20 --mapped 4`.

Families are the planted classes and, for the first `--mapped` seeds, also those that the workflow finds in
strain with the default encoder. There are no pseudo-families: `null_families.py` measures those. A seed
whose report is in the folder is not repeated; `--summary` prints the reports that are there.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from harness import ROOT
from planted import COUPLING, Observatory, printed_cost, read_detector, seed_options

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import ALPHA, DETECTOR_COINCIDENCES, FAMILY_WITNESSES
from glitch_explorer.coupling.witnesses.gather import is_significant, strongest, witness_table
from glitch_explorer.coupling.witnesses.search import find_witnesses
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.observatory import catalog
from glitch_explorer.validate import couplings as validate
from glitch_explorer.validate.check import as_markdown
from glitch_explorer.validate.truth import compositions, planted_classes

#: Number of uncoupled families of a seed that count against the bound, and the bound for 200 of them.
NULLS_A_SEED, MOST_OF_200 = 10, 16


def detector(
    ifo: str, arguments: dict[str, Any], catalogue: pd.DataFrame, families: dict[str, pd.DataFrame]
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Find the witnesses of all families of a detector: tables "family_witnesses" and its groups, by mode."""
    data = read_detector(ifo, arguments, catalogue)
    groups = data.groups()
    results = {}
    for mode, members in families.items():
        parts = []
        for family, glitches, features, quiet in data.families(members):
            if len(glitches) < LEAST_GLITCHES:
                continue
            result = find_witnesses(
                features,
                glitches,
                quiet,
                data.segments,
                data.channels,
                slides=COUPLING["time_slides"],
                most_slides=COUPLING["max_time_slides"],
                pseudo=0,
                seed=COUPLING["seed"],
                threads=1,
            )
            parts.append(result.table.assign(family=family, ifo=ifo))
        results[mode] = tables.joined(FAMILY_WITNESSES, parts)[FAMILY_WITNESSES.names], groups
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
    """Compare witnesses with the truth, and return what a summary needs."""
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


def one_seed(seed: int, options: argparse.Namespace, *, mapped: bool) -> None:
    """Search and compare one seed in each mode that has no report yet."""
    reports = {mode: options.folder / mode / f"{seed}.json" for mode in ["planted", *["mapped"] * mapped]}
    modes = [mode for mode, path in reports.items() if not path.exists()]
    if not modes:
        return
    with printed_cost(f"seed {seed} {' '.join(modes)}"):
        observatory = Observatory(seed, options)
        truth = catalog.truth(observatory.plan, observatory.arguments, observatory.catalog)
        truth["witnesses"] = [
            entry for entry in truth["witnesses"] if not options.classes or entry["class"] in options.classes
        ]
        families = {
            mode: observatory.families if mode == "planted" else mapped_families(seed) for mode in modes
        }
        results = observatory.each_detector(detector, families)
        for mode in modes:
            parts, groups = zip(*(result[mode] for result in results), strict=True)
            witnesses = witness_table(
                pd.concat(parts, ignore_index=True),
                pd.concat(groups),
                tables.empty(DETECTOR_COINCIDENCES),
                least_effect=COUPLING["least_effect"],
            )
            report = compare(witnesses, families[mode], observatory.glitches, truth)
            files.write_json(reports[mode], report)


def _rows(reports: dict[str, dict[str, Any]], name: str) -> pd.DataFrame:
    """Join one table of all seeds; the seed is put before a family's id."""
    rows = pd.concat([pd.DataFrame(report[name]).assign(seed=seed) for seed, report in reports.items()])
    if rows.empty:  # no false discovery in any seed
        return rows
    rows["family"] = np.where(rows["family"].notna(), rows["seed"] + " " + rows["family"].astype(str), None)
    return rows.reset_index(drop=True)


def summary(folder: Path) -> None:
    """Print the checks and every miss of all seeds that are there."""
    for mode in ("planted", "mapped"):
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
    parser = seed_options(__doc__)
    parser.add_argument(
        "--mapped", type=int, default=0, help="seeds that are also searched with mapped families"
    )
    options = parser.parse_args()
    if not options.summary:
        for number in range(options.seeds):
            one_seed(options.first_seed + number, options, mapped=number < options.mapped)
    summary(options.folder)


if __name__ == "__main__":
    main()
