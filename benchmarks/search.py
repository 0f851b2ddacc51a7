"""Time the search for similar glitches: one query, and every glitch's neighbours exactly and approximately.

Exact is a blocked matrix product over all rows (`map.graph.nearest_rows`), approximate is
nearest-neighbour descent (`pynndescent`). For every glitch the exact search is timed on a sample
of rows, with the time for all of them in proportion; recall is the share of the true neighbours
of those rows that descent finds. Each way runs in a process of its own. Run it with

    python benchmarks/search.py --n 100000
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
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
    own = sample.astype(np.int32)
    warm = np.ascontiguousarray(values[:64])
    nearest_rows(
        warm, mask[:64], warm, mask[:64], own=np.arange(64, dtype=np.int32), n_neighbors=K, threads=1
    )
    began, cpu = time.perf_counter(), time.process_time()
    if way == "descent":
        found = neighbour_graph(values, mask, n_neighbors=K, seed=42, threads=threads, exact_limit=0)[0][
            sample
        ]
        share = 1.0
    else:
        queries = np.ascontiguousarray(values[sample])
        found = nearest_rows(values, mask, queries, mask[sample], own=own, n_neighbors=K, threads=threads)[0]
        share = 1.0 if way == "query" else len(sample) / len(values)
    seconds, core = time.perf_counter() - began, time.process_time() - cpu
    np.save(data / f"{way}.npy", found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds / share, "core_seconds": core / share, "peak_mib": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(measure(given.way, given.data, given.threads)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vectors = generate(given.n, given.dimension)[0]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.save(folder / "values.npy", vectors)
        del vectors
        print(f"{given.n} x {given.dimension}\n\n| way | s | core-s | peak MiB |\n|---|---|---|---|")
        for way in WAYS:
            command = [
                sys.executable,
                __file__,
                "--way",
                way,
                "--data",
                name,
                "--threads",
                str(given.threads),
            ]
            done = subprocess.run(command, env=os.environ, check=True, capture_output=True, text=True)
            took = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {way} | {took['seconds']:.2f} | {took['core_seconds']:.2f} | {took['peak_mib']:.0f} |",
                flush=True,
            )
        exact, descent = np.load(folder / "exact.npy"), np.load(folder / "descent.npy")
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(exact, descent, strict=True)])
    print(f"\nrecall@{K} of descent {recall:.4f}")


if __name__ == "__main__":
    main()
