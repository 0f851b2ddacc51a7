"""Time the plan of a large run: `python benchmarks/dag.py --shards 100 300 1000 --families 300`.

The Snakefile, rules and library are the real ones; results are empty files with the right names. Three
states are planned: `catalogued` (all shards are to be computed), `mapped` (all families are), and `done`
(nothing is, but Snakemake has no records of finished jobs). Each plan is one `snakemake --dry-run`, timed
with its imports.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from harness import ROOT, print_table

from glitch_explorer.core import tables
from glitch_explorer.map.schemas import FAMILY_IDS
from tests.fixtures.project import Project

#: A time in the past for all empty files, so that no output is older than its inputs.
MADE = 1_700_000_000
STATES = ("catalogued", "mapped", "done")
CONFIG = {
    "detectors": ["H1", "L1"],
    "source": {"kind": "catalogue", "paths": ["glitches.csv"]},
    "strain": {"source": "frames", "frames": "frames/{ifo}", "channel": "{ifo}:STRAIN"},
    "segments": {"files": ["segments.csv"]},
    "coupling": {
        "channels": ["channels.csv"],
        "source": "frames",
        "frames": "aux/{ifo}",
    },
}
SUPPLIED = ("glitches.csv", "segments.csv", "channels.csv")
OF_CATALOGUE = [
    "catalog/segments.parquet",
    "catalog/events.parquet",
    "catalog/glitches.parquet",
    "catalog/duplicates.parquet",
    "catalog/parts/catalog.parquet",
]


def snakemake(folder: Path, *arguments: str) -> tuple[str, float, resource.struct_rusage]:
    """Run snakemake in `folder`; return what it printed, its seconds and its resource usage."""
    command = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--cores", "2", *arguments]
    began = time.perf_counter()
    with (folder / "printed.txt").open("w+", encoding="utf-8") as printed:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder / "src")},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        printed.seek(0)
        text = printed.read()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{text[-3000:]}")
    return text, seconds, usage


def put(path: Path) -> None:
    """Create an empty result: a file, or a folder if the name has no suffix."""
    if not path.exists():
        if path.suffix:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.name)
        else:
            path.mkdir(parents=True)
    os.utime(path, (MADE, MADE))


def outputs(folder: Path) -> list[str]:
    """Return the outputs of all known jobs, as Snakemake's summary lists them."""
    lines = snakemake(folder, "--summary")[0].splitlines()
    return [line.split("\t")[0] for line in lines if line.startswith("results/")]


def fake(folder: Path, shards: int) -> None:
    """Create a project with a finished catalogue of `shards` shards."""
    Project.copied(ROOT, folder, CONFIG)
    names = [f"{'HL'[i % 2]}1-{1126000000 + i // 2 * 345600}" for i in range(shards)]
    for name in SUPPLIED:
        put(folder / name)
    for name in (*OF_CATALOGUE, *(f"catalog/shards/{name}.parquet" for name in names)):
        put(folder / "results" / name)
    listed = folder / "results/catalog/shards.txt"
    listed.write_text("\n".join(names) + "\n")
    os.utime(listed, (MADE, MADE))


def advance(folder: Path, state: str, families: int) -> None:
    """Create the results of `state` on top of those of the state before."""
    if state == "mapped":
        names = [f"F{number:03d}" for number in range(1, families + 1)]
        for name in names:
            put(folder / f"results/map/members/{name}.parquet")
        ids = pd.DataFrame({"family": names, "n": 1, "new": True, "overlap": np.nan})
        tables.write(FAMILY_IDS, ids, folder / "results/map/family_ids.parquet")
    for name in outputs(folder):
        later = re.match(r"results/(audit|coupling|impact|similar|site|figures)/", name)
        if state == "done" or not later:
            put(folder / name)


def plans(arguments: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Plan each size in each state and yield a row with what it takes."""
    for shards in arguments.shards:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "project"
            fake(folder, shards)
            for state in STATES[: 1 + max(map(STATES.index, arguments.states))]:
                if state != "catalogued":
                    advance(folder, state, arguments.families)
                if state in arguments.states:
                    text, seconds, used = snakemake(folder, "--dry-run", "--quiet", "rules")
                    total = re.search(r"^total +(\d+)$", text, re.MULTILINE)
                    jobs = total.group(1) if total else "0"
                    core = used.ru_utime + used.ru_stime
                    peak = f"{used.ru_maxrss / 1024:.0f}"
                    yield shards, arguments.families, state, jobs, f"{seconds:.1f}", f"{core:.1f}", peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--families", type=int, default=300)
    parser.add_argument("--states", nargs="+", choices=STATES, default=STATES)
    arguments = parser.parse_args()
    columns = ("shards", "families", "state", "jobs planned", "s", "core-s", "peak MiB")
    print_table(columns, plans(arguments))


if __name__ == "__main__":
    main()
