"""Layouts and families by cuML on a GPU, beside our own: `python benchmarks/map_engines.py --n 34332`.

The vectors are those of `scale.py`. From one graph and one start each engine of `map.engine` lays out
and clusters twice, once to start its libraries and once timed. Printed are seconds, trustworthiness,
families and their agreement with the classes drawn (AMI), and whether both times gave the same bytes.
Without a GPU and cuML ask for `--engines cpu`.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
from scale import CLUSTERING, SEED, drawn
from sklearn.metrics import adjusted_mutual_info_score

from glitch_explorer.map.engines import Engine, engine_of
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.layout import fuzzy_set, start_positions
from glitch_explorer.map.quality import map_trustworthiness
from glitch_explorer.map.vectors import fuse

#: Dimensions and least distance of the layouts to look at and to cluster in.
LAYOUTS = ((2, 0.1), (10, 0.0))


def timed(work: Callable, *given, **settings) -> tuple[float, object]:
    began = time.perf_counter()
    done = work(*given, **settings)
    return time.perf_counter() - began, done


def run(engine: Engine, fuzzy, starts: list[np.ndarray], threads: int) -> tuple[list[float], list]:
    """Lay out and cluster; give the seconds of the three steps and what they made."""
    took, made = [], []
    for (_, apart), start in zip(LAYOUTS, starts, strict=True):
        seconds, laid = timed(engine.lay_out, fuzzy, start, min_dist=apart, seed=SEED, threads=threads)
        took.append(seconds)
        made.append(laid)
    seconds, clusters = timed(engine.cluster, made[1], **CLUSTERING)
    return [*took, seconds], [*made, clusters]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=34332)
    parser.add_argument("--engines", nargs="+", default=["cpu", "cuml"], choices=["cpu", "cuml"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    given = parser.parse_args()
    embeddings, classes = drawn(given.n)
    values, mask = fuse(embeddings)
    spent, (indices, distances) = timed(
        neighbour_graph, values, mask, n_neighbors=30, seed=SEED, threads=given.threads
    )
    fuzzy = fuzzy_set(indices, distances)
    starts = [start_positions(fuzzy, values, n_components=wide, seed=SEED) for wide, _ in LAYOUTS]
    print(f"{given.n} rows, {given.threads} threads; graph {spent:.1f} s", flush=True)
    print("| engine | UMAP-2, s | UMAP-10, s | HDBSCAN, s | trustworthiness | families | AMI | same bytes |")
    print("|---|---|---|---|---|---|---|---|")
    for name in given.engines:
        engine = engine_of(name)
        before = run(engine, fuzzy, starts, given.threads)[1]
        took, (plane, space, clusters) = run(engine, fuzzy, starts, given.threads)
        trust = map_trustworthiness(values, mask, plane, seed=SEED)
        ami = adjusted_mutual_info_score(classes.astype(str), clusters.cluster.astype(str))
        same = all(
            np.array_equal(one, other)
            for one, other in zip(
                (*before[:2], before[2].cluster), (plane, space, clusters.cluster), strict=True
            )
        )
        cells = [f"{seconds:.1f}" for seconds in took]
        cells += [
            f"{trust[0]:.4f}" if trust else "",
            str(clusters.cluster.max() + 1),
            f"{ami:.3f}",
            str(same),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
