"""A map of one morphology is one family; a map of several stays split."""

import numpy as np
import pytest

from glitch_explorer.map.families import cluster_layout
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.layout import fuzzy_set, start_positions, umap_layout
from glitch_explorer.map.single import distance_graph, join_single, linked_rows

DIMENSION = 64
SIZES = {"min_cluster_size": 50, "min_samples": 5}


def kind(number, n, spread, *, shared=None):
    """Vectors ``(n, d)`` of a morphology: a direction, and noise of relative length `spread`."""
    rng = np.random.default_rng(number)
    centre = rng.normal(size=DIMENSION) if shared is None else shared + rng.normal(size=DIMENSION) / 2
    return centre + spread * rng.normal(size=(n, DIMENSION))


def several(counts, spread=0.3):
    """Vectors of kinds that have half of their length in common, and the kind of each."""
    shared = np.random.default_rng(100).normal(size=DIMENSION)
    parts = [kind(number, n, spread, shared=shared) for number, n in enumerate(counts)]
    return np.vstack(parts), np.repeat(np.arange(len(counts)), counts)


def clustered(vectors, **sizes):
    """Clusters of HDBSCAN, and after `join_single`."""
    sizes = SIZES | sizes
    values = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    mask = np.ones((len(values), 1), dtype=bool)
    indices, distances = neighbour_graph(values, mask, n_neighbors=30, seed=1, threads=1)
    fuzzy = fuzzy_set(indices, distances)
    start = start_positions(fuzzy, values, n_components=10, seed=1)
    layout = umap_layout(fuzzy, start, min_dist=0.0, seed=1, threads=1)
    split = cluster_layout(layout, cluster_selection="eom", **sizes)
    return split, join_single(split, distance_graph(indices, distances), **sizes)


def test_near_identical_vectors_beside_random_ones_are_one_family_and_outliers():
    rng = np.random.default_rng(5)
    split, joined = clustered(np.vstack([kind(0, 200, 0.02), rng.normal(size=(40, DIMENSION))]))
    assert (split.cluster == -1).all()
    assert (joined.cluster[:200] == 0).all()
    assert (joined.cluster[200:] == -1).all()
    assert ((joined.probability > 0) == (joined.cluster == 0)).all()
    assert joined.probability.max() == 1


@pytest.mark.parametrize("sizes", [SIZES, {"min_cluster_size": 12, "min_samples": 5}])
def test_one_morphology_is_one_family(sizes):
    _, joined = clustered(kind(1, 220, 0.2), **sizes)
    assert (joined.cluster == 0).mean() > 0.9


def test_a_morphology_that_varies_and_is_split_is_one_family():
    rng = np.random.default_rng(0)
    axes = 0.4 * rng.normal(size=(3, DIMENSION))
    split, joined = clustered(kind(3, 600, 0.1) + rng.normal(size=(600, 3)) @ axes)
    assert split.cluster.max() > 0
    assert joined.cluster.max() == 0
    assert (joined.cluster == 0).mean() > 0.9


def test_one_morphology_that_two_detectors_see_a_little_differently_is_one_family():
    vectors = kind(4, 220, 0.2)
    vectors[::2] += 0.05 * np.random.default_rng(1).normal(size=DIMENSION)
    _, joined = clustered(vectors)
    assert (joined.cluster == 0).mean() > 0.9


def test_the_outliers_of_one_morphology_are_unassigned():
    others, _ = several([3] * 10)
    _, joined = clustered(np.vstack([kind(50, 220, 0.2), others]))
    assert (joined.cluster[:220] == 0).mean() > 0.9
    assert (joined.cluster[220:] == -1).all()


@pytest.mark.parametrize("counts", [(160, 60), (900, 55), (110, 110)])
def test_two_morphologies_stay_two(counts):
    vectors, truth = several(counts)
    split, joined = clustered(vectors)
    assert joined is split
    assert [np.unique(joined.cluster[truth == i]).tolist() for i in (0, 1)] in ([[0], [1]], [[1], [0]])


@pytest.mark.parametrize("counts", [(20,) * 8, (10,) * 12, (30, 30)])
def test_kinds_smaller_than_a_family_do_not_become_one(counts):
    split, joined = clustered(several(counts, spread=0.2)[0])
    assert joined is split


@pytest.mark.parametrize("size", [12, 50])
def test_vectors_without_anything_in_common_are_no_family(size):
    split, joined = clustered(np.random.default_rng(2).normal(size=(240, DIMENSION)), min_cluster_size=size)
    assert joined is split


def test_too_few_rows_for_a_family_stay_unassigned():
    split, joined = clustered(kind(1, 45, 0.1))
    assert joined is split
    assert (joined.cluster == -1).all()


def chain(gaps):
    """The distance graph of points on a line, each linked to the next."""
    n = len(gaps) + 1
    indices = np.column_stack([np.arange(1, n + 1) % n, np.arange(-1, n - 1)]).astype(np.int32)
    distances = np.column_stack([np.append(gaps, 2), np.append(2, gaps)])
    indices[-1, 0] = -1
    return distance_graph(indices, distances.astype(np.float32))


def test_links_known_answer():
    # A link's length is the root of the cosine distance: 1.5 times the length is 2.25 times the distance.
    assert linked_rows(chain([0.01] * 9 + [0.0224]), 1, 5).tolist() == [True] * 11
    assert linked_rows(chain([0.01] * 9 + [0.0226]), 1, 5).tolist() == [True] * 10 + [False]
    assert linked_rows(chain([0.01] * 4 + [0.1] + [0.01] * 4), 1, 5) is None
    assert linked_rows(chain([0.11] * 9), 1, 5) is None
    assert linked_rows(chain([0.0] * 9), 1, 5).all()
