"""Layouts beside each other: starts and numbers of epochs, `python benchmarks/layouts.py --n 12000`.

On the vectors of scale.py, in 2 dimensions (to look at) and 10 (to cluster in): a start from the graph's
eigenvectors or from principal components, and fewer epochs than UMAP's 200. Each row has core-seconds of
start and layout, trustworthiness, and the agreement (AMI) of HDBSCAN's families with the classes drawn.
"""

import argparse
import time

from scale import draw
from sklearn.metrics import adjusted_mutual_info_score

from glitch_explorer.map.families import cluster_layout
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.layout import fuzzy_set, start_positions, umap_layout
from glitch_explorer.map.quality import map_trustworthiness
from glitch_explorer.map.vectors import fuse

SEED = 42


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=12_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, nargs="+", default=[200, 100, 50])
    given = parser.parse_args()
    embeddings, which = draw(0, given.n)
    values, mask = fuse(embeddings)
    graph = neighbour_graph(values, mask, n_neighbors=30, seed=SEED, threads=given.threads)
    fuzzy = fuzzy_set(*graph)
    print(
        "| dimensions | start | epochs | start, core-s | layout, core-s | trustworthiness | families | AMI |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for dimension, min_dist in ((2, 0.1), (10, 0.0)):
        for name, limit in (("eigenvectors", given.n), ("principal components", 0)):
            began = time.process_time()
            start = start_positions(fuzzy, values, n_components=dimension, seed=SEED, spectral_limit=limit)
            started = time.process_time() - began
            for epochs in given.epochs:
                began = time.process_time()
                layout = umap_layout(
                    fuzzy, start, min_dist=min_dist, seed=SEED, threads=given.threads, n_epochs=epochs
                )
                took = time.process_time() - began
                found = cluster_layout(
                    layout, min_cluster_size=50, min_samples=5, cluster_selection="eom"
                ).cluster
                trust = map_trustworthiness(values, mask, layout, seed=SEED)[0]
                ami = adjusted_mutual_info_score(which, found)
                print(
                    f"| {dimension} | {name} | {epochs} | {started:.1f} | {took:.1f} | {trust:.4f} "
                    f"| {found.max() + 1} | {ami:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
