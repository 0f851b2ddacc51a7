"""Families: HDBSCAN in the ten-dimensional layout.

Campello, Moulavi & Sander 2013 for the clusters, Campello et al. 2015 for GLOSH,
the outlier score.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hdbscan import HDBSCAN

#: Names of the condensed tree's arrays.
TREE = ("parent", "child", "lambda_val", "child_size")


@dataclass(frozen=True)
class Clusters:
    """What HDBSCAN found in n points.

    Attributes
    ----------
    cluster
        ``(n,)`` cluster numbers, -1 where unassigned.
    probability
        ``(n,)`` membership probabilities, 0 where unassigned.
    outlier_score
        ``(n,)`` GLOSH scores, 0 to 1, high is odd.
    tree
        The condensed tree's columns `TREE`.
    """

    cluster: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]
    outlier_score: npt.NDArray[np.float64]
    tree: dict[str, npt.NDArray[Any]]


def cluster_layout(
    layout: npt.NDArray[np.floating],
    *,
    min_cluster_size: int,
    min_samples: int | None,
    cluster_selection: str,
) -> Clusters:
    """Find the clusters of a layout ``(n, d)``.

    Fewer points than `min_cluster_size` are all unassigned.

    Parameters
    ----------
    layout
        ``(n, d)`` positions.
    min_cluster_size
        Fewest points of a cluster.
    min_samples
        Neighbours that make the density, `min_cluster_size` where not given.
    cluster_selection
        ``"eom"`` (excess of mass) or ``"leaf"``.
    """
    n = len(layout)
    if n <= min_cluster_size:
        none = np.empty(0)
        return Clusters(np.full(n, -1), np.zeros(n), np.zeros(n), dict.fromkeys(TREE, none))
    found = HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        cluster_selection_method=cluster_selection,
        core_dist_n_jobs=1,
        # The approximate tree saves half the time and splits families that the exact one keeps whole.
        approx_min_span_tree=False,
    ).fit(np.asarray(layout, dtype=np.float64))
    tree = found.condensed_tree_.to_numpy()
    return Clusters(
        found.labels_.astype(np.int64),
        found.probabilities_,
        # Where density is infinite the score is 0/0: such a point is no outlier.
        np.nan_to_num(found.outlier_scores_, nan=0.0),
        {name: np.ascontiguousarray(tree[name]) for name in TREE},
    )
