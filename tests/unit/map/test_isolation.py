"""How far a glitch lies from all others, beside its family."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from glitch_explorer.map.families import cluster_layout
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.isolation import isolation
from glitch_explorer.map.layout import fuzzy_set, start_positions, umap_layout


def test_it_is_the_mean_distance_over_the_familys_median():
    distances = np.array([[0.1, 0.3], [0.2, 0.4], [0.6, 1.0], [0.5, 0.5], [0.3, 0.3]], np.float32)
    family = np.array(["F001", "F001", "F001", "F002", "-1"], dtype=object)
    # Means 0.2, 0.3, 0.8 of F001, 0.5 of F002; the median of all members is 0.4.
    assert isolation(distances, family) == pytest.approx([2 / 3, 1, 8 / 3, 1, 0.3 / 0.4])
    alone = np.full(5, "-1", dtype=object)
    assert isolation(distances, alone) == pytest.approx(np.array([0.2, 0.3, 0.8, 0.5, 0.3]) / 0.3)


def test_it_is_one_where_there_is_nothing_to_compare():
    family = np.array(["F001", "F001"], dtype=object)
    assert isolation(np.empty((2, 0), np.float32), family).tolist() == [1, 1]
    assert isolation(np.zeros((2, 3), np.float32), family).tolist() == [1, 1]


@pytest.mark.slow
def test_what_is_like_nothing_else_is_isolated_where_the_layout_takes_it_in():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (4, 64))[np.arange(600) % 4] + rng.normal(0, 0.3, (600, 64))
    strange = np.arange(600) >= 570
    values[strange] = rng.normal(0, 1, (30, 64))
    values = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    indices, distances = neighbour_graph(
        values, np.ones((600, 1), dtype=bool), n_neighbors=15, seed=1, threads=1
    )
    fuzzy = fuzzy_set(indices, distances)
    start = start_positions(fuzzy, values, n_components=5, seed=1)
    layout = umap_layout(fuzzy, start, min_dist=0.0, seed=1, threads=1)
    found = cluster_layout(layout, min_cluster_size=20, min_samples=5, cluster_selection="eom")
    assert (found.cluster[strange] >= 0).mean() > 0.5  # the layout takes most of them in
    isolated = isolation(distances, found.cluster.astype(str).astype(object))
    assert average_precision_score(strange, isolated) > 0.99
    assert average_precision_score(strange, found.outlier_score) < 0.95
