"""Backends for layout and clustering: this project's own code on the CPU, or cuML on a GPU.

Both work from the same fuzzy set and the same start and fill the same tables. The maps differ:
compare their quality (table "quality").
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import scipy.sparse as sp

from glitch_explorer.core.arrays import Float32
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.families import TREE, Clusters, cluster_layout, outlier_scores, too_few
from glitch_explorer.map.layout import umap_layout


@dataclass(frozen=True)
class Engine:
    """A backend: its layout and clustering functions; see `umap_layout` and `cluster_layout`."""

    layout: Callable[..., Float32]
    cluster: Callable[..., Clusters]


def engine_of(name: str) -> Engine:
    """Return the backend that `map.engine` names, ``"cpu"`` or ``"cuml"``.

    Raises
    ------
    UserError
        When cuML is asked for and not installed.
    """
    if name == "cpu":
        return Engine(umap_layout, cluster_layout)
    _import("cuml")
    return Engine(_cuml_layout, _cuml_clusters)


def _import(name: str) -> ModuleType:
    """Import a part of cuML, which most machines do not have."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        message = (
            f"map.engine is cuml, but {name} cannot be imported ({problem}): install cuml-cu12 (or "
            "cuml-cu13, as the machine's CUDA is) on a machine with an NVIDIA GPU, or set map.engine to cpu"
        )
        raise UserError(message) from problem


def _cuml_layout(
    fuzzy: sp.csr_matrix, start: Float32, *, min_dist: float, seed: int, threads: int
) -> Float32:
    """Optimise a UMAP layout on a GPU; `threads` has no effect there."""
    del threads
    from umap.umap_ import find_ab_params

    a, b = find_ab_params(1.0, min_dist)
    laid = _import("cuml.manifold.umap").simplicial_set_embedding(
        start, fuzzy.tocoo(), n_components=start.shape[1], a=a, b=b, init=start, random_state=seed
    )
    cupy = _import("cupy")
    positions = cupy.asnumpy(cupy.asarray(laid))
    return np.asarray(positions - np.median(positions, axis=0), dtype=np.float32)


def _cuml_clusters(
    layout: Float32, *, min_cluster_size: int, min_samples: int | None, cluster_selection: str
) -> Clusters:
    """Find the clusters of a layout on a GPU."""
    if len(layout) <= min_cluster_size:
        return too_few(len(layout))
    model = _import("cuml.cluster").HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        cluster_selection_method=cluster_selection,
        output_type="numpy",
    )
    model.fit(np.ascontiguousarray(layout, dtype=np.float32))
    stored = model.condensed_tree_.to_numpy()
    tree = {name: np.ascontiguousarray(stored[name]) for name in TREE}
    return Clusters(model.labels_.astype(np.int64), model.probabilities_, outlier_scores(tree), tree)
