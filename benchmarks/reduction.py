"""Time vectors to families: the seed's code against ours, on the same vectors.

The seed's code: umap-learn on the rows (30 neighbours, min_dist 0.1, cosine, random_state 42), then HDBSCAN
(min_cluster_size 50) in the two-dimensional layout. Ours: one neighbour graph, two layouts, HDBSCAN in ten
dimensions. Each runs in a separate process with an empty compilation cache; `total` includes imports and
compilation, `work` has no imports.

    python benchmarks/reduction.py --n 34332
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from harness import peak_mib, run_part

BEGAN = time.perf_counter()
WAYS = ("seed", "ours")


def generate(n: int, dimension: int, *, classes: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw vectors ``(n, dimension)`` and their classes ``(n,)``.

    Each class is a curved manifold of 2 to 6 dimensions around its own centre, with noise in
    all directions, cut at zero as a network's last activations are; sizes fall off as 1/rank^0.8.
    """
    rng = np.random.default_rng(seed)
    share = np.arange(1, classes + 1) ** -0.8
    which = rng.choice(classes, n, p=share / share.sum())
    basis = rng.normal(0, 1, (40, dimension)) / np.sqrt(40)
    vectors = np.empty((n, dimension), dtype=np.float32)
    for number in range(classes):
        rows = which == number
        along = rng.normal(0, 1, (rows.sum(), rng.integers(2, 7)))
        curved = np.concatenate([along, along**2 / 2, np.sin(2 * along)], axis=1)
        bend = rng.normal(0, 0.35, (curved.shape[1], 40)) @ basis
        vectors[rows] = rng.normal(0, 1.35, 40) @ basis + curved @ bend
    vectors += rng.normal(0, 0.35, vectors.shape).astype(np.float32)
    return np.maximum(vectors, 0), which


class Clock:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    def __call__(self, name: str, work: Callable):
        began = time.perf_counter()
        result = work()
        self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - began
        return result


def seed_way(vectors: np.ndarray, clock: Clock) -> tuple[np.ndarray, np.ndarray]:
    import hdbscan
    import umap

    reducer = umap.UMAP(n_neighbors=30, min_dist=0.1, metric="cosine", random_state=42)
    layout = clock("UMAP-2", lambda: reducer.fit_transform(vectors))
    clusterer = clock("HDBSCAN", lambda: hdbscan.HDBSCAN(min_cluster_size=50).fit(layout))
    return layout, clusterer.labels_


def our_way(vectors: np.ndarray, clock: Clock, threads: int) -> tuple[np.ndarray, np.ndarray]:
    from glitch_explorer.map.families import cluster_layout
    from glitch_explorer.map.graph import neighbour_graph
    from glitch_explorer.map.layout import fuzzy_set, start_positions, umap_layout
    from glitch_explorer.map.vectors import fuse

    values, mask = clock("fuse", lambda: fuse(vectors[:, np.newaxis]))
    graph = clock("graph", lambda: neighbour_graph(values, mask, n_neighbors=30, seed=42, threads=threads))
    fuzzy = clock("fuzzy set", lambda: fuzzy_set(*graph))
    layouts = {}
    for dimension, min_dist in ((2, 0.1), (10, 0.0)):
        start = clock("spectral", lambda d=dimension: start_positions(fuzzy, values, n_components=d, seed=42))
        layouts[dimension] = clock(
            f"UMAP-{dimension}",
            lambda s=start, m=min_dist: umap_layout(fuzzy, s, min_dist=m, seed=42, threads=threads),
        )
    clusterer = clock(
        "HDBSCAN",
        lambda: cluster_layout(layouts[10], min_cluster_size=50, min_samples=None, cluster_selection="eom"),
    )
    return layouts[2], clusterer.cluster


def measure(way: str, data: Path, threads: int) -> dict:
    """Run one of the two in this process and return its times."""
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import adjusted_mutual_info_score

    if way == "seed":
        import hdbscan  # noqa: F401
        import umap  # noqa: F401
    else:
        import glitch_explorer.map.run  # noqa: F401

    vectors, which = np.load(data / "vectors.npy"), np.load(data / "classes.npy")
    clock, ready = Clock(), time.perf_counter()
    layout, cluster = seed_way(vectors, clock) if way == "seed" else our_way(vectors, clock, threads)
    done = time.perf_counter()
    some = np.random.default_rng(0).choice(len(vectors), min(2000, len(vectors)), replace=False)
    return {
        "total": done - BEGAN,
        "work": done - ready,
        "peak_mib": peak_mib(),
        "steps": clock.steps,
        "families": int(cluster.max() + 1),
        "unassigned": float((cluster < 0).mean()),
        "ami": float(adjusted_mutual_info_score(which, cluster)),
        "trustworthiness": float(
            trustworthiness(vectors[some], layout[some], n_neighbors=15, metric="cosine")
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=34_332)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options.data, options.threads)))
        return
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vectors, which = generate(options.n, options.dimension)
        np.save(folder / "vectors.npy", vectors)
        np.save(folder / "classes.npy", which)
        for way in WAYS:
            arguments = ("--way", way, "--data", name, "--threads", options.threads)
            results[way] = run_part(__file__, *arguments, NUMBA_CACHE_DIR=str(folder / way))
            print(way, json.dumps(results[way], indent=1), flush=True)
    for key in ("total", "work"):
        ratio = results["seed"][key] / results["ours"][key]
        print(f"{key}: {results['seed'][key]:.1f} s against {results['ours'][key]:.1f} s, {ratio:.2f} times")


if __name__ == "__main__":
    main()
