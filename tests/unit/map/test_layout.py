"""Layouts and families: quality on blobs, the same bytes, small maps."""

import time

import numpy as np
import pytest
from hdbscan import HDBSCAN
from hdbscan._hdbscan_linkage import label
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform
from sklearn.neighbors import KDTree

from glitch_explorer.map.families import TREE, PointwiseTree, cluster_layout, outlier_scores, single_linkage
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.layout import fuzzy_set, start_positions, umap_layout
from glitch_explorer.map.quality import map_trustworthiness
from glitch_explorer.map.vectors import fuse


def blobs(n, seed=0):
    """Draw three blobs on a sphere, a third of the rows without half of their views."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    embedding = rng.normal(0, 1, (3, 4, 8))[kind] + rng.normal(0, 0.25, (n, 4, 8))
    embedding[::4, 2:] = np.nan
    return (*fuse(embedding), kind)


def lay_out(values, mask, dimension, min_dist, threads=1, epochs=None):
    graph = neighbour_graph(values, mask, n_neighbors=30, seed=7, threads=threads)
    fuzzy = fuzzy_set(*graph)
    start = start_positions(fuzzy, values, n_components=dimension, seed=7)
    return umap_layout(fuzzy, start, min_dist=min_dist, seed=7, threads=threads, n_epochs=epochs)


def test_a_start_from_principal_components_finds_the_same_families():
    values, mask, kind = blobs(450)
    graph = neighbour_graph(values, mask, n_neighbors=30, seed=7, threads=1)
    kept = np.arange(450)[::-1].copy()
    fuzzy = fuzzy_set(*graph)[kept][:, kept]
    start = start_positions(fuzzy, values, rows=kept, n_components=10, seed=7, spectral_limit=100)
    assert start.shape == (450, 10)
    result = clusters(umap_layout(fuzzy, start, min_dist=0.0, seed=7, threads=1))
    assert {tuple(np.unique(result.cluster[kind[kept] == k])) for k in range(3)} == {(0,), (1,), (2,)}


def clusters(layout, **change):
    settings = {"min_cluster_size": 12, "min_samples": 5, "cluster_selection": "eom"} | change
    return cluster_layout(layout, **settings)


def test_three_blobs_are_three_families_on_a_trustworthy_map():
    values, mask, kind = blobs(450)
    result = clusters(lay_out(values, mask, 10, 0.0))
    assert {tuple(np.unique(result.cluster[kind == k])) for k in range(3)} == {(0,), (1,), (2,)}
    trust, n = map_trustworthiness(values, mask, lay_out(values, mask, 2, 0.1), seed=0)
    assert trust >= 0.9
    assert n == 450


def test_threads_and_repeats_do_not_change_a_byte():
    values, mask, _ = blobs(2100)
    once = [
        lay_out(values, mask, d, 0.1, threads, epochs=30).tobytes() for d in (2, 10) for threads in (1, 2, 1)
    ]
    assert len(set(once[:3])) == len(set(once[3:])) == 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 12, 39, 41])
def test_small_maps_work(n):
    values, mask, _ = blobs(n)
    for dimension in (2, 10):
        layout = lay_out(values, mask, dimension, 0.1, epochs=20)
        assert layout.shape == (n, dimension)
        assert np.isfinite(layout).all()
    result = clusters(layout)
    assert len(result.cluster) == len(result.outlier_score) == n


def test_a_map_smaller_than_a_family_is_unassigned():
    result = clusters(np.random.default_rng(0).normal(size=(11, 10)))
    assert set(result.cluster) == {-1}
    assert not result.probability.any()
    assert set(result.tree) == set(TREE)


def test_the_odd_one_out_has_the_highest_outlier_score():
    rng = np.random.default_rng(0)
    layout = np.concatenate([rng.normal(0, 1, (60, 10)), rng.normal(30, 1, (60, 10)), [[6.0] * 10]])
    result = clusters(layout)
    assert np.argmax(result.outlier_score) == 120
    assert ((result.probability == 0) == (result.cluster == -1)).all()
    assert sum(result.tree["child_size"][result.tree["child_size"] == 1]) == 121


def test_outlier_scores_of_a_tree_of_other_types_and_order():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(at, width, (40, 3)) for at, width in ((0, 1), (9, 0.3), (20, 2))])
    result = clusters(points)
    order = rng.permutation(len(result.tree["parent"]))
    types = {"parent": np.int32, "child": np.int32, "lambda_val": np.float32, "child_size": np.int32}
    other = {name: result.tree[name][order].astype(dtype) for name, dtype in types.items()}
    np.testing.assert_allclose(outlier_scores(other), result.outlier_score, atol=1e-6)


def test_a_duplicate_position_is_no_nan():
    result = clusters(np.repeat(np.random.default_rng(0).normal(size=(8, 10)), 20, axis=0))
    assert np.isfinite(result.outlier_score).all()
    assert np.isfinite(result.probability).all()


def edges_of(kind, n):
    """Return the sorted edges of a spanning tree: of points, of a chain, or all from one point."""
    if kind == "points":
        tree = minimum_spanning_tree(squareform(pdist(np.random.default_rng(n).random((n, 2))))).tocoo()
        edges = np.column_stack([tree.row, tree.col, tree.data])
        return edges[np.argsort(edges[:, 2])]
    first = np.arange(n - 1) if kind == "chain" else np.zeros(n - 1)
    return np.column_stack([first, np.arange(1, n), np.arange(n - 1)]).astype(float)


@pytest.mark.parametrize("kind", ["points", "chain", "star"])
@pytest.mark.parametrize("n", [2, 3, 200])
def test_the_hierarchy_is_that_of_hdbscan(kind, n):
    edges = edges_of(kind, n)
    np.testing.assert_array_equal(single_linkage(edges), label(edges))


def test_a_tree_asked_point_by_point_gives_the_same_neighbours():
    points = np.random.default_rng(3).normal(0, 1, (2000, 10))
    asked = PointwiseTree(points, leaf_size=40).query(points, k=6, dualtree=True, breadth_first=True)
    for ours, theirs in zip(asked, KDTree(points, leaf_size=40).query(points, k=6), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("min_samples", [None, 3])
@pytest.mark.parametrize("selection", ["eom", "leaf"])
def test_families_are_those_of_hdbscan(min_samples, selection):
    points = np.random.default_rng(5).normal(0, 1, (4, 10))[np.arange(800) % 4] * 3
    points += np.random.default_rng(6).normal(0, 1, (800, 10))
    settings = {"min_cluster_size": 20, "min_samples": min_samples}
    ours = cluster_layout(points, cluster_selection=selection, **settings)
    theirs = HDBSCAN(cluster_selection_method=selection, approx_min_span_tree=False, **settings).fit(points)
    assert theirs.labels_.max() > 0
    np.testing.assert_array_equal(ours.cluster, theirs.labels_)
    np.testing.assert_array_equal(ours.probability, theirs.probabilities_)
    np.testing.assert_array_equal(ours.outlier_score, np.nan_to_num(theirs.outlier_scores_))
    tree = theirs.condensed_tree_.to_numpy()
    for name in TREE:
        np.testing.assert_array_equal(ours.tree[name], tree[name])


def test_the_hierarchy_of_a_million_takes_a_moment():
    edges = edges_of("chain", 1_000_000)[::-1]
    single_linkage(edges[-10:])
    began = time.perf_counter()
    tree = single_linkage(edges)
    assert time.perf_counter() - began < 5  # in n log n, not n²
    assert tree[-1, 3] == 1_000_000
