"""Extend a catalogue by some days and count what is recomputed: `python benchmarks/growth.py FOLDER`.

The workflow runs on the simulated observatory without its last days, then with them; the second map takes
its family ids from the first. Expected: views and vectors of new shards only, the same ids of families, and
no chunk of features computed again. Printed are the jobs and seconds of both runs, the share of glitches
that keep their family's id, and the chunks.
"""

import argparse
import re
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import yaml
from dag import Project, snakemake
from harness import ROOT, print_table

from glitch_explorer.core import tables
from glitch_explorer.map.schemas import FAMILIES, UNASSIGNED

#: Length of a shard in s.
BLOCK = 86_400
BEHIND = {
    "embedding": {"backbone": "gradients", "weights": "untrained"},
    "map": {"n_neighbors": 15, "min_cluster_size": 6, "min_samples": 3, "stability_runs": 2},
    "coupling": {
        "channels": ["results/observatory/channels.csv"],
        "frames": "results/observatory/aux/{ifo}",
        "time_slides": 100,
        "max_glitches": 20,
    },
}


def configure(glitches: int, segments: int) -> dict:
    """Return the config: catalogue and segments of the study, frames of the observatory."""
    return {
        "detectors": ["H1", "L1"],
        "source": {"kind": "catalogue", "paths": ["catalog.csv"]},
        "strain": {
            "source": "frames",
            "frames": "results/observatory/frames/{ifo}",
            "channel": "{ifo}:OBS-STRAIN",
        },
        "segments": {"files": ["segments.csv"]},
        "shards": {"length_s": BLOCK},
        "limits": {"quarantined_share": 0.4},
        "views": {"height": 64, "width": 64},
        "observatory": {"glitches": glitches, "segments": segments, "segment_s": 256},
        **BEHIND,
    }


def supply(folder: Path, end: float) -> None:
    """Write the observatory's catalogue and segments up to `end`, GPS s, for the study."""
    for name, column in (("catalog", "event_time"), ("segments", "start")):
        table = pd.read_csv(folder / f"results/observatory/{name}.csv")
        table[table[column] < end].to_csv(folder / f"{name}.csv", index=False)


def run(folder: Path, targets: list[str]) -> tuple[Counter, float]:
    """Run the workflow; return the finished jobs by rule, and the seconds."""
    text, seconds, _ = snakemake(folder, *targets)
    return Counter(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", text, re.MULTILINE)), seconds


def chunks(folder: Path) -> dict[str, int]:
    """Return the inode of each file of the feature store: a rewritten file gets a new one."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_ino
        for path in (folder / "results/coupling/store").rglob("*.npz")
    }


def same_ids(before: pd.DataFrame, after: pd.DataFrame) -> float:
    """Return the share of the glitches with a family in both maps whose family id is the same."""
    both = before.merge(after, on=["glitch_id", "view"], suffixes=("", "_after"))
    both = both[(both["family"] != UNASSIGNED) & (both["family_after"] != UNASSIGNED)]
    return float((both["family"] == both["family_after"]).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--glitches", type=int, default=400)
    parser.add_argument("--segments", type=int, default=16)
    parser.add_argument("--new", type=int, default=2, help="segments of each detector that come later")
    parser.add_argument("--targets", nargs="+", default=["map", "coupling"])
    arguments = parser.parse_args()
    folder = arguments.folder / "grown"
    shutil.rmtree(folder, ignore_errors=True)
    config = configure(arguments.glitches, arguments.segments)
    Project.copied(ROOT, folder, config)
    snakemake(folder, "results/observatory/catalog.csv")
    starts = sorted(pd.read_csv(folder / "results/observatory/segments.csv")["start"])
    cut = starts[-2 * arguments.new] // BLOCK * BLOCK
    supply(folder, cut)
    first, first_s = run(folder, arguments.targets)
    inodes = chunks(folder)
    families = folder / "results/map/families.parquet"
    before = tables.read(FAMILIES, families)
    shutil.copyfile(families, folder / "reference.parquet")
    config["map"]["reference"] = "reference.parquet"
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    supply(folder, float("inf"))
    grown, grown_s = run(folder, arguments.targets)
    after, now = tables.read(FAMILIES, families), chunks(folder)
    rows = [(rule, first[rule], grown[rule]) for rule in sorted(first | grown)]
    rows += [
        ("all, jobs", first.total(), grown.total()),
        ("all, s", f"{first_s:.0f}", f"{grown_s:.0f}"),
    ]
    print_table(("rule", "jobs at first", "jobs of the growth"), rows)
    print(f"\nglitches mapped: {len(before)}, then {len(after)}")
    print(f"glitches of a family in both that kept its id: {same_ids(before, after):.3f}")
    untouched = sum(now.get(name) == inode for name, inode in inodes.items())
    print(f"chunks of features: {len(inodes)}, {untouched} of them unchanged, then {len(now)}")


if __name__ == "__main__":
    main()
