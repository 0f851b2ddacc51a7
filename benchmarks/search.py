"""Time the search for similar glitches: one query, and all neighbours exactly and approximately.

The exact search is a blocked matrix product over all rows (`map.graph.nearest_rows`), the approximate one
nearest-neighbour descent (`pynndescent`). For all neighbours, the exact search runs on a sample of rows and
its time is scaled up; recall is the share of the true neighbours of those rows that descent finds. Each
search runs in a separate process.

    python benchmarks/search.py --n 100000
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from harness import peak_mib, print_table, run_part, timed
from reduction import generate

K = 30
SAMPLE = 2048
WAYS = ("query", "exact", "descent")


def measure(way: str, data: Path, threads: int) -> dict:
    """Run one way in this process: seconds, core-seconds, peak memory, neighbours of the sample."""
    from glitch_explorer.map.graph import nearest_rows, neighbour_graph

    values = np.load(data / "values.npy", mmap_mode="r")
    mask = np.ones((len(values), 1), dtype=bool)
    sample = np.sort(np.random.default_rng(1).choice(len(values), min(SAMPLE, len(values)), replace=False))
    if way == "query":
        sample = sample[:1]
    excluded = sample.astype(np.int32)
    warm = np.ascontiguousarray(values[:64])
    nearest_rows(
        warm, mask[:64], warm, mask[:64], exclude=np.arange(64, dtype=np.int32), n_neighbors=K, threads=1
    )
    with timed() as spent:
        if way == "descent":
            graph = neighbour_graph(values, mask, n_neighbors=K, seed=42, threads=threads, exact_limit=0)
            nearest, share = graph[0][sample], 1.0
        else:
            queries = np.ascontiguousarray(values[sample])
            nearest = nearest_rows(
                values, mask, queries, mask[sample], exclude=excluded, n_neighbors=K, threads=threads
            )[0]
            share = 1.0 if way == "query" else len(sample) / len(values)
    np.save(data / f"{way}.npy", nearest)
    return {
        "seconds": spent.seconds / share,
        "core_seconds": spent.core_seconds / share,
        "peak_mib": peak_mib(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments.data, arguments.threads)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vectors = generate(arguments.n, arguments.dimension)[0]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.save(folder / "values.npy", vectors)
        del vectors
        print(f"{arguments.n} x {arguments.dimension}\n")
        parts = (
            (way, run_part(__file__, "--way", way, "--data", name, "--threads", arguments.threads))
            for way in WAYS
        )
        print_table(
            ("way", "s", "core-s", "peak MiB"),
            (
                (way, f"{part['seconds']:.2f}", f"{part['core_seconds']:.2f}", f"{part['peak_mib']:.0f}")
                for way, part in parts
            ),
        )
        exact, descent = np.load(folder / "exact.npy"), np.load(folder / "descent.npy")
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(exact, descent, strict=True)])
    print(f"\nrecall@{K} of descent {recall:.4f}")


if __name__ == "__main__":
    main()
