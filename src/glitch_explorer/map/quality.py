"""Quality measures of the map."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.manifold import trustworthiness
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    completeness_score,
    homogeneity_score,
)
from threadpoolctl import threadpool_limits

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float, Float32
from glitch_explorer.map.graph import nearest_rows
from glitch_explorer.map.schemas import QUALITY, UNASSIGNED

#: Largest number of rows that trustworthiness is measured on; larger maps are sampled.
SAMPLE = 3000
#: Number of neighbours in trustworthiness.
NEIGHBORS = 15
#: Largest number of rows that the graph's recall is measured on, and the rounding error of distances.
RECALL_SAMPLE, TIE = 500, 5e-6


def cosine_distances(
    values: Float32, mask: Bool, rows: npt.NDArray[np.integer] | slice = slice(None)
) -> Float32:
    """Compute the distances ``(m, n)`` of `rows` to all: 1 - cosine over the views that both have."""
    views = mask.astype(np.float32)
    with threadpool_limits(1, "blas"):
        similarity = (values[rows] @ values.T) / np.maximum(views[rows] @ views.T, 1)
    return np.asarray(np.clip(1 - similarity, 0, 2), dtype=np.float32)


def graph_recall(values: Float32, mask: Bool, distances: Float32, *, seed: int) -> pd.DataFrame:
    """Measure the share of the true nearest neighbours that the graph has.

    A neighbour counts if it is no farther than the farthest true one, so that ties do not matter.

    Parameters
    ----------
    values, mask
        Vectors of the rows that are mapped, without copies.
    distances
        ``(n, k)`` of the graph, see `graph.neighbour_graph`.
    seed
        Seed of the sample that it is measured on.

    Returns
    -------
    pandas.DataFrame
        Rows of table "quality": one, or none where the graph has no neighbours.
    """
    n, k = distances.shape
    if not k:
        return tables.empty(QUALITY)
    chosen = np.sort(np.random.default_rng(seed).choice(n, min(n, RECALL_SAMPLE), replace=False))
    itself = chosen.astype(np.int32)
    _, true = nearest_rows(
        values, mask, values[chosen], mask[chosen], exclude=itself, n_neighbors=k, threads=1
    )
    recall = float((distances[chosen] <= true[:, -1:] + TIE).mean())
    return pd.DataFrame({"metric": ["graph_recall"], "value": [recall], "n": [len(chosen)]})


def map_trustworthiness(
    values: Float32, mask: Bool, positions: Float, *, seed: int
) -> tuple[float, int] | None:
    """Measure whether neighbours on the map are neighbours in truth (Venna & Kaski 2001).

    Returns
    -------
    (value, n) or None
        Trustworthiness at `NEIGHBORS` neighbours and the number of rows it was measured on;
        None where there are too few rows.
    """
    n = len(values)
    chosen = np.arange(n)
    if n > SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(n, SAMPLE, replace=False))
    neighbors = min(NEIGHBORS, (len(chosen) - 1) // 2)
    if neighbors < 1:
        return None
    distances = cosine_distances(values[chosen], mask[chosen])
    value = trustworthiness(distances, positions[chosen], n_neighbors=neighbors, metric="precomputed")
    return float(value), len(chosen)


def map_quality(
    values: Float32,
    mask: Bool,
    positions: Float,
    families: pd.Series,
    labels: pd.Series,
    *,
    seed: int,
) -> pd.DataFrame:
    """Measure the map and its families; measures that cannot be taken have no row.

    Agreement with the labels counts all labelled rows, the unassigned as one group.

    Parameters
    ----------
    values, mask
        Vectors of the map's rows.
    positions
        ``(n, 2)`` coordinates.
    families, labels
        ``(n,)`` family and label of each row, null where there is no label.
    seed
        Seed of the sample that trustworthiness is measured on.

    Returns
    -------
    pandas.DataFrame
        Table "quality".
    """
    rows: list[tuple[str, float, int]] = []
    n = len(families)
    trust = map_trustworthiness(values, mask, positions, seed=seed)
    if trust is not None:
        rows.append(("trustworthiness", *trust))
    if n:
        rows.append(("noise_share", float((families == UNASSIGNED).mean()), n))
    rows.append(("families", float(families[families != UNASSIGNED].nunique()), n))
    known = labels.notna().to_numpy()
    if known.any():
        label, family = labels[known].to_numpy(dtype=str), families[known].to_numpy(dtype=str)
        rows += [
            ("ami", float(adjusted_mutual_info_score(label, family)), len(label)),
            ("ari", float(adjusted_rand_score(label, family)), len(label)),
            ("homogeneity", float(homogeneity_score(label, family)), len(label)),
            ("completeness", float(completeness_score(label, family)), len(label)),
        ]
    return pd.DataFrame(rows, columns=["metric", "value", "n"])
