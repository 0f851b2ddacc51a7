"""HDBSCAN engines beside each other on one layout: `python benchmarks/engines.py --n 34332`.

Times `hdbscan` with the exact spanning tree (the workflow's), with its default approximate tree, and
`fast_hdbscan`, each after a warm-up, and compares their families with the first's.
"""

import argparse
import time

import fast_hdbscan
import hdbscan
import numpy as np
from sklearn.metrics import adjusted_rand_score


def layout(n: int, dimension: int, seed: int) -> np.ndarray:
    """Draw curved families of unlike size and density on a noise floor, as UMAP layouts have."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(40, 0.8))
    parts = []
    for share in shares:
        m = max(int(share * 0.95 * n), 60)
        along = rng.uniform(-1, 1, (m, 1))
        ways = rng.normal(size=(2, dimension))
        curve = along * ways[0] + along**2 * ways[1]
        parts.append(
            rng.normal(0, 8, dimension) + curve + rng.normal(0, rng.uniform(0.02, 0.2), (m, dimension))
        )
    made = np.concatenate([*parts, rng.uniform(-20, 20, (n // 20, dimension))])
    return rng.permutation(made)[:n].astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=34_332)
    parser.add_argument("--min-cluster-size", type=int, default=50)
    arguments = parser.parse_args()
    points = layout(arguments.n, 10, seed=3)
    size = {"min_cluster_size": arguments.min_cluster_size, "min_samples": 5}
    engines = {
        "hdbscan, exact tree": hdbscan.HDBSCAN(**size, approx_min_span_tree=False),
        "hdbscan, approximate tree": hdbscan.HDBSCAN(**size),
        "fast_hdbscan": fast_hdbscan.HDBSCAN(**size),
    }
    first = None
    print("| engine | seconds | families | ARI with the first | rows that differ in being assigned |")
    print("|---|---|---|---|---|")
    for name, engine in engines.items():
        engine.fit(points[:2000])
        start = time.perf_counter()
        found = engine.fit(points).labels_
        seconds = time.perf_counter() - start
        first = found if first is None else first
        differ = int(((found < 0) != (first < 0)).sum())
        same = adjusted_rand_score(first, found)
        print(f"| {name} | {seconds:.2f} | {found.max() + 1} | {same:.5f} | {differ} |")


if __name__ == "__main__":
    main()
