"""Time and memory of the map, the audit and the pages as the catalogue grows.

    python benchmarks/scale.py FOLDER 1000 3000 10000

For each number of glitches a catalogue is drawn, and the parts run one after the other in separate
processes. Seconds, core-seconds (without imports) and peak memory are appended to FOLDER/scale.jsonl; a part
that is there already is not repeated. Then a table is printed with the growth exponent of each part,
log(t2 / t1) / log(n2 / n1), for the two largest n. `--parts` selects parts; without numbers only the table
is printed.

Vectors have 512 numbers, four views of 128. There are 80 classes with sizes that fall off as 1 / rank, each a
curved sheet of 1 to 5 dimensions with noise in all directions (so that families are gradients). One glitch
in 20 is unlike all others; one in ten has no view of 4 s. A label is the glitch's class, but one in 20 is
wrong, and the classes share 24 names. Pictures have 16 x 16 pixels, so that pages are timed for their tables
and not for the disk.
"""

import argparse
import json
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from harness import ROOT, print_table, run_part

from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.map.schemas import FAMILIES, QUALITY
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.views.schemas import VIEWS

SHARD, N_VIEWS, DIMENSION, CLASSES, NAMES = 1000, 4, 128, 80, 24
CLUSTERING = {"min_cluster_size": 50, "min_samples": 5, "cluster_selection": "eom", "engine": "cpu"}
SEED = 42
GPS, SPACING_S = 1_126_000_000, 60.0


def draw(shard: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the embeddings ``(n, 4, d)`` of a shard and the classes ``(n,)``, -1 for an outlier."""
    world, rng = np.random.default_rng(SEED), np.random.default_rng([SEED, shard])
    wide = N_VIEWS * DIMENSION
    centres = world.normal(0, 1, (CLASSES, wide))
    sheets = world.normal(0, 0.5, (CLASSES, 3, 5, wide))
    flat = world.integers(1, 6, CLASSES)
    share = 1 / np.arange(1, CLASSES + 1)
    which = rng.choice(CLASSES, n, p=share / share.sum())
    along = rng.uniform(-1, 1, (n, 5)) * (np.arange(5) < flat[which, np.newaxis])
    curved = np.stack([along, along**2, np.sin(3 * along)], axis=1)
    vectors = rng.normal(0, 0.4, (n, wide))
    for number in np.unique(which):
        members = which == number
        vectors[members] += centres[number] + np.einsum("nab,abw->nw", curved[members], sheets[number])
    alone = rng.random(n) < 0.05
    vectors[alone] = rng.normal(0, 1, (int(alone.sum()), wide))
    embeddings = np.maximum(vectors, 0).reshape(n, N_VIEWS, DIMENSION).astype(np.float32)
    embeddings[rng.random(n) < 0.1, 3] = np.nan
    return embeddings, np.where(alone, -1, which)


def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the embeddings ``(n, 4, d)`` of a catalogue and the classes ``(n,)``."""
    parts = [draw(shard, min(SHARD, n - start)) for shard, start in enumerate(range(0, n, SHARD))]
    embeddings, classes = zip(*parts, strict=True)
    return np.concatenate(embeddings), np.concatenate(classes)


def write_catalogue(folder: Path, n: int) -> None:
    """Write a catalogue of n glitches, its views and its embeddings into `folder`, as the workflow does."""
    from glitch_explorer.core import files, tables
    from glitch_explorer.views.status import views_table

    parts = []
    for shard, start in enumerate(range(0, n, SHARD)):
        count = min(SHARD, n - start)
        embeddings, which = draw(shard, count)
        rng = np.random.default_rng([SEED, shard, 1])
        named = np.where(rng.random(count) < 0.05, rng.integers(0, NAMES, count), which % NAMES)
        ifo = "HL"[shard % 2] + "1"
        table = tables.empty(GLITCHES).reindex(range(count)).astype(object)
        table = table.assign(
            glitch_id=[f"g{start + i:07d}" for i in range(count)],
            ifo=ifo,
            event_time=GPS + SPACING_S * (start + np.arange(count)),
            duration_s=rng.uniform(0.1, 2, count),
            peak_frequency_hz=rng.uniform(10, 2048, count),
            snr=7.5 + rng.pareto(2.4, count),
            label=[f"Label_{number:02d}" for number in named],
            run=["O1", "O2", "O3"][3 * start // n],
            shard=f"{ifo}-{shard}",
            astrophysical="",
        )
        present = np.isfinite(embeddings[:, :, 0])
        views = rng.integers(0, 256, (count, N_VIEWS, 16, 16), dtype=np.uint8)
        status = views_table(table["glitch_id"], views, present)
        tables.write(GLITCHES, table, folder / f"catalog/shards/{ifo}-{shard}.parquet")
        tables.write(VIEWS, status, folder / f"views/{ifo}-{shard}.parquet")
        tables.write(QUARANTINE, tables.empty(QUARANTINE), folder / f"views/{ifo}-{shard}.quarantine.parquet")
        files.write_array(folder / f"views/{ifo}-{shard}.npy", views)
        files.write_array(folder / f"embeddings/{ifo}-{shard}.npy", embeddings)
        parts.append(table)
    whole = pd.concat(parts, ignore_index=True)
    tables.write(GLITCHES, whole, folder / "catalog/glitches.parquet")
    tables.write(SEGMENTS, tables.empty(SEGMENTS), folder / "catalog/segments.parquet")
    files.write_text(folder / "catalog/shards.txt", "\n".join(whole["shard"].drop_duplicates()) + "\n")


class Results:
    """Where the parts read and write, as in the workflow's `results/`."""

    def __init__(self, folder: Path) -> None:
        self.map, self.audit, self.similar = (folder / name for name in ("map", "audit", "similar"))
        self.glitches = folder / "catalog/glitches.parquet"
        self.segments = folder / "catalog/segments.parquet"
        self.families = self.map / "families.parquet"
        names = (folder / "catalog/shards.txt").read_text().split()
        self.shards, self.status, self.embeddings = (
            [folder / pattern.format(name) for name in names]
            for pattern in ("catalog/shards/{}.parquet", "views/{}.parquet", "embeddings/{}.npy")
        )

    def rows(self) -> dict[str, Path]:
        return {"rows": self.map / "rows.parquet"}

    def graph(self) -> dict[str, Path]:
        names = {"vectors": "vectors.npy", "neighbours": "neighbours.npz"}
        return {name: self.map / file for name, file in names.items()}

    def layouts(self) -> dict[str, Path]:
        return {"coordinates": self.map / "coordinates.parquet", "layout": self.map / "layout.npy"}


def parts_of(at: Results, threads: int) -> dict[str, Callable[[], None]]:
    """Return the function that computes each part, in order; all imports are done here."""
    from glitch_explorer.audit.leakage import make_leakage
    from glitch_explorer.audit.probe import make_probe
    from glitch_explorer.audit.run import make_audit
    from glitch_explorer.map import run
    from glitch_explorer.map.graph import make_graph
    from glitch_explorer.similar.neighbours import make_neighbours

    confusable = Path(__file__).resolve().parents[1] / "resources/taxonomy/confusable_pairs.csv"
    seeded = {"seed": SEED, "threads": threads}
    named = {"glitches": at.glitches, "families": at.families}
    tree = {"ids": at.map / "family_ids.parquet", "tree": at.map / "condensed_tree.npz"}
    stable, drawn = {"stability": at.map / "stability.parquet"}, {"permutations": 200, "seed": SEED}

    def families() -> None:
        graph = {"neighbours": at.graph()["neighbours"], "layout": at.layouts()["layout"]}
        run.make_families(**at.rows(), **graph, families=at.families, **tree, reference=None, **CLUSTERING)
        run.make_members(**named, segments=at.segments, members=at.map / "members")

    return {
        "graph": lambda: make_graph(
            at.shards, at.status, at.embeddings, **at.rows(), **at.graph(), unit="glitch", n_neighbors=30,
            **seeded,
        ),
        "layouts": lambda: run.make_layouts(
            **at.rows(), **at.graph(), **at.layouts(), min_dist=0.1, n_components=10, engine="cpu", **seeded
        ),
        "families": families,
        "quality": lambda: run.make_quality(
            **at.rows(), **at.graph(), coordinates=at.layouts()["coordinates"], **named,
            quality=at.map / "quality.parquet", seed=SEED,
        ),
        "two re-runs for stability": lambda: run.make_stability(
            **at.rows(), **at.graph(), families=at.families, **stable, n_components=10, stability_runs=2,
            **CLUSTERING, **seeded,
        ),
        "neighbours": lambda: make_neighbours(
            **at.rows(), neighbours=at.graph()["neighbours"], out=at.similar / "neighbours.parquet"
        ),
        "audit": lambda: make_audit(
            **named, **at.graph(), **stable, confusable=confusable, out=at.audit, sections=5, seed=SEED
        ),
        "leakage": lambda: make_leakage(
            **named, views=at.status, out=at.audit / "leakage.parquet", unit="glitch", **drawn
        ),
        "probe": lambda: make_probe(
            **named, vectors=at.graph()["vectors"], segments=at.segments, out=at.audit / "probe.parquet",
            **drawn,
        ),
    }  # fmt: skip


def watch(steps: dict[str, list[float]]) -> None:
    """Record the core-seconds of each step of the layouts in `steps`."""
    from glitch_explorer.map import engines, run

    for module, name in ((run, "fuzzy_set"), (run, "start_positions"), (engines, "umap_layout")):
        setattr(module, name, _watched(name, getattr(module, name), steps))


def _watched(name: str, work: Callable, steps: dict[str, list[float]]) -> Callable:
    def timed(*arguments, **settings):
        began = time.process_time()
        result = work(*arguments, **settings)
        steps.setdefault(name, []).append(round(time.process_time() - began, 2))
        return result

    return timed


def measure(folder: Path, part: str, threads: int) -> dict:
    """Compute one part in this process and return its time and memory."""
    steps: dict[str, list[float]] = {}
    makes = parts_of(Results(folder), threads)
    watch(steps)
    began, core = time.perf_counter(), time.process_time()
    makes[part]()
    took = {"s": time.perf_counter() - began, "core_s": time.process_time() - core}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**{name: round(value, 2) for name, value in took.items()}, "peak_mib": round(peak), **steps}


def make_pages(project: Path) -> list[dict]:
    """Write pages and figures by their rules, whose time and memory include the imports."""
    from dag import put, snakemake

    # As old as each other, so that nothing before the pages is made again.
    for path in filter(Path.is_file, (project / "results").rglob("*")):
        put(path)
    pages = {"figures": "figures/umap_family.png", "atlas": "site/atlas.html", "explorer": "site/map.html"}
    snakemake(project, *(f"results/{file}" for file in pages.values()))
    lines = []
    for rule in pages:
        row = pd.read_csv(project / f"results/benchmarks/{rule}.tsv", sep="\t").iloc[0]
        lines.append({"part": rule, "s": row["s"], "core_s": row["cpu_time"], "peak_mib": row["max_rss"]})
    return lines


def prepare(project: Path, n: int) -> None:
    """Draw the catalogue of n glitches in a copy of the project, unless it is there."""
    from dag import Project, put

    if (project / "results/catalog/shards.txt").exists():
        return
    if not project.exists():
        config = {
            "source": {"kind": "catalogue", "paths": ["glitches.csv"]},
            "strain": {"source": "none"},
            "coupling": {"channels": []},
            "limits": {"quarantined_share": 1.0},
        }
        Project.copied(ROOT, project, config)
    put(project / "glitches.csv")
    for name in ("events.parquet", "duplicates.parquet", "quarantine.parquet", "parts/catalog.parquet"):
        put(project / "results/catalog" / name)
    write_catalogue(project / "results", n)


def quality(project: Path) -> dict[str, float]:
    """Return the map's quality, and its families compared with the drawn classes."""
    from sklearn.metrics import adjusted_mutual_info_score

    from glitch_explorer.core import tables

    results = project / "results"
    measured = tables.read(QUALITY, results / "map/quality.parquet").set_index("metric")["value"]
    families = tables.read(FAMILIES, results / "map/families.parquet")["family"]
    which = drawn(len(families))[1]
    ami = adjusted_mutual_info_score(which.astype(str), families.to_numpy(dtype=str))
    shown = measured[["trustworthiness", "graph_recall", "families", "noise_share"]].to_dict()
    return {**{name: round(value, 4) for name, value in shown.items()}, "ami_with_classes": round(ami, 4)}


def print_summary(lines: list[dict]) -> None:
    """Print seconds, core-seconds and memory of each part by n, and the growth of its core-seconds."""
    sizes = sorted({line["n"] for line in lines})
    rows = []
    for part in dict.fromkeys(line["part"] for line in lines if "core_s" in line):
        of = {line["n"]: line for line in lines if line["part"] == part}
        cells = [
            f"{of[n]['s']:.1f} s, {of[n]['core_s']:.1f} core-s, {of[n]['peak_mib']:.0f} MiB"
            if n in of
            else ""
            for n in sizes
        ]
        rows.append((part, *cells, exponent(of)))
    print_table(("part", *(f"{n:,}" for n in sizes), "exponent"), rows)
    for line in lines:
        if line["part"] == "result":
            print(json.dumps(line))


def exponent(of: dict[int, dict]) -> str:
    """Return the growth exponent between the two largest n."""
    if len(of) < 2:
        return ""
    low, high = sorted(of)[-2:]
    grown = max(of[high]["core_s"], 0.01) / max(of[low]["core_s"], 0.01)
    return f"{math.log(grown) / math.log(high / low):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parts", nargs="+", help="all where not given; `pages` is one of them")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(measure(options.folder, options.part, options.threads)))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    written = options.folder / "scale.jsonl"
    lines = [json.loads(line) for line in written.read_text().splitlines()] if written.exists() else []

    def keep(n: int, line: dict) -> None:
        lines.append({"n": n, **line})
        with written.open("a") as stream:
            stream.write(json.dumps(lines[-1]) + "\n")
        print(json.dumps(lines[-1]), flush=True)

    for n in options.sizes:
        project = options.folder / str(n)
        prepare(project, n)
        done = {line["part"] for line in lines if line["n"] == n}
        for part in parts_of(Results(project / "results"), options.threads):
            if part not in done and (not options.parts or part in options.parts):
                arguments = (project / "results", "--part", part, "--threads", options.threads)
                keep(n, {"part": part, **run_part(__file__, *arguments)})
        if "result" not in done and (project / "results/map/quality.parquet").exists():
            keep(n, {"part": "result", **quality(project)})
        if "explorer" not in done and (not options.parts or "pages" in options.parts):
            for line in make_pages(project):
                keep(n, line)
    print()
    print_summary(lines)


if __name__ == "__main__":
    main()
