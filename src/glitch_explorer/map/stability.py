"""Stability of families: mean best Jaccard overlap over re-runs on subsamples (Hennig 2007)."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy import special
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float32, Float64, Int64
from glitch_explorer.map.engines import Engine
from glitch_explorer.map.layout import start_positions
from glitch_explorer.map.schemas import STABILITY, UNASSIGNED
from glitch_explorer.map.single import join_single

#: Share of the rows in a re-run.
SHARE = 0.8


def best_jaccard(families: npt.NDArray[np.str_], clusters: Int64, names: list[str]) -> Float64:
    """Compute each family's best Jaccard overlap with any cluster of a re-run.

    Parameters
    ----------
    families
        ``(m,)`` family of each row of the re-run, from the full map.
    clusters
        ``(m,)`` cluster that the re-run gives it, -1 where unassigned.
    names
        Families to score; one without a row in the re-run scores 0.

    Returns
    -------
    numpy.ndarray
        ``(len(names),)``, 0 to 1.
    """
    if not (clusters >= 0).any():
        return np.zeros(len(names))
    # One more row and column for rows in no family or cluster.
    row = pd.Index(names).get_indexer(pd.Index(families))
    shape = (len(names) + 1, int(clusters.max()) + 2)
    cell = np.ravel_multi_index((row % shape[0], clusters % shape[1]), shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    both = counts[:-1, :-1]
    union = counts.sum(axis=1)[:-1, np.newaxis] + counts.sum(axis=0)[:-1] - both
    best: Float64 = (both / union).max(axis=1)
    return best


def family_stability(
    fuzzy: sp.csr_matrix,
    distances: sp.csr_matrix,
    values: Float32,
    families: npt.NDArray[np.str_],
    *,
    n_components: int,
    min_cluster_size: int,
    min_samples: int | None,
    cluster_selection: str,
    runs: int,
    seed: int,
    threads: int,
    engine: Engine,
) -> pd.DataFrame:
    """Measure how much of each family reappears when 80 % subsamples are clustered (Hennig 2007).

    A rerun draws its rows without replacement, restricts the fuzzy set to them, computes the
    layout with a new seed (initial positions, negative samples) and clusters it with the
    same settings, `min_cluster_size` scaled by the share so that a small family
    can still be found.

    Parameters
    ----------
    fuzzy, distances, values, families
        ``(n, n)`` fuzzy set, ``(n, n)`` neighbour distances (`single.distance_graph`), ``(n, d)`` vectors and
        ``(n,)`` families of the mapped rows.
    n_components, min_cluster_size, min_samples, cluster_selection
        As in the full map.
    runs, seed
        Number of reruns, at least 2, and the seed of the full map; rerun r takes its seed from both.
    threads
        Threads to use; they do not change the result.
    engine
        Backend for layout and clustering, as in the full map.

    Returns
    -------
    pandas.DataFrame
        Table "stability", one row per family.
    """
    names = sorted(set(families.tolist()) - {UNASSIGNED})
    if not names:
        return tables.empty(STABILITY)
    settings = {
        "min_cluster_size": max(2, round(SHARE * min_cluster_size)),
        "min_samples": min_samples,
        "cluster_selection": cluster_selection,
    }
    score = partial(
        _rerun, fuzzy, distances, values, families, names=names, n_components=n_components, settings=settings,
        seed=seed, engine=engine,
    )  # fmt: skip
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(max(threads, 1)) as pool:
        results = pool.map(lambda run: score(run=run), range(runs))
        scores = np.array(list(tqdm(results, total=runs, desc="re-runs", unit="run")))
    return _summary(names, scores)


def _summary(names: list[str], scores: Float64) -> pd.DataFrame:
    """Return the table "stability" of scores ``(runs, len(names))``.

    The interval is Student's t over reruns, cut to 0..1. Reruns share data, so it describes the
    variation of the method, not of new data.
    """
    runs = len(scores)
    mean = scores.mean(axis=0)
    half = special.stdtrit(runs - 1, 0.975) * scores.std(axis=0, ddof=1) / np.sqrt(runs)
    return pd.DataFrame(
        {
            "family": names,
            "stability": mean,
            "stability_low": np.clip(mean - half, 0, 1),
            "stability_high": np.clip(mean + half, 0, 1),
            "n_runs": runs,
        }
    )


def _rerun(
    fuzzy: sp.csr_matrix,
    distances: sp.csr_matrix,
    values: Float32,
    families: npt.NDArray[np.str_],
    *,
    names: list[str],
    n_components: int,
    settings: dict[str, Any],
    seed: int,
    engine: Engine,
    run: int,
) -> Float64:
    """Run one subsample with its own seed and score every family."""
    sequence = np.random.SeedSequence((seed, run + 1))
    seed = int(sequence.generate_state(1)[0])
    n = len(families)
    rows = np.sort(np.random.default_rng(sequence).choice(n, max(1, round(SHARE * n)), replace=False))
    part = sp.csr_matrix(fuzzy[rows][:, rows])
    start = start_positions(part, values, rows=rows, n_components=n_components, seed=seed)
    layout = engine.layout(part, start, min_dist=0.0, seed=seed, threads=1)
    sizes = {name: settings[name] for name in ("min_cluster_size", "min_samples")}
    clusters = join_single(
        engine.cluster(layout, **settings), sp.csr_matrix(distances[rows][:, rows]), **sizes
    )
    return best_jaccard(families[rows], clusters.cluster, names)
