"""The neighbour graph: exact values, missing views, threads, approximation."""

import numpy as np
import pytest

from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.vectors import fuse


def random_rows(n, missing=0.0, views=4, dimension=16, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (5, views, dimension))
    embedding = centres[rng.integers(0, 5, n)] + rng.normal(0, 0.5, (n, views, dimension))
    gone = rng.random((n, views)) < missing
    gone[gone.all(axis=1), 0] = False
    embedding[gone] = np.nan
    return fuse(embedding)


def brute_force(values, mask, k):
    """Rank by the similarity of docs/explanation/methods.md#vectors-and-similarity."""
    n, v = mask.shape
    parts = values.astype(float).reshape(n, v, -1)
    distance = np.full((n, n), np.inf)
    for i in range(n):
        for j in range(n):
            both = mask[i] & mask[j]
            if i != j:
                a, b = parts[i][both].ravel(), parts[j][both].ravel()
                length = np.linalg.norm(a) * np.linalg.norm(b)
                distance[i, j] = 1 - (a @ b / length if both.any() else 0)
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distance, order, axis=1)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_exact_search_gives_the_cosine_over_common_views(missing):
    values, mask = random_rows(70, missing)
    indices, distances = neighbour_graph(values, mask, n_neighbors=10, seed=0, threads=1)
    expected, far = brute_force(values, mask, 10)
    np.testing.assert_allclose(distances, far, atol=2e-6)
    assert (indices == expected).mean() > 0.99


def test_a_glitch_with_two_views_finds_its_own_kind():
    rng = np.random.default_rng(1)
    kind = np.arange(90) % 3
    embedding = rng.normal(0, 1, (3, 4, 16))[kind] + rng.normal(0, 0.1, (90, 4, 16))
    embedding[::2, 2:] = np.nan
    indices, _ = neighbour_graph(*fuse(embedding), n_neighbors=10, seed=0, threads=1)
    assert (kind[indices] == kind[:, np.newaxis]).all()


def test_threads_do_not_change_a_byte():
    values, mask = random_rows(1500, 0.2)
    one = neighbour_graph(values, mask, n_neighbors=15, seed=0, threads=1)
    two = neighbour_graph(values, mask, n_neighbors=15, seed=0, threads=2)
    assert [array.tobytes() for array in one] == [array.tobytes() for array in two]


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_small_maps_have_fewer_neighbours(n):
    values, mask = random_rows(n)
    indices, distances = neighbour_graph(values, mask, n_neighbors=30, seed=0, threads=1)
    assert indices.shape == distances.shape == (n, max(n - 1, 0))
    assert all(i not in row for i, row in enumerate(indices))


@pytest.mark.slow
def test_descent_finds_nearly_all_true_neighbours_and_repeats_itself():
    rng = np.random.default_rng(0)
    along = rng.normal(0, 1, (2000, 3)) @ rng.normal(0, 1, (3, 4 * 16))
    values, mask = fuse((along + rng.normal(0, 0.05, along.shape)).reshape(-1, 4, 16))
    exact, _ = neighbour_graph(values, mask, n_neighbors=15, seed=1, threads=2)
    runs = [
        neighbour_graph(values, mask, n_neighbors=15, seed=1, threads=threads, exact_limit=10)
        for threads in (1, 2)
    ]
    recall = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(exact, runs[0][0], strict=True)])
    assert recall > 0.95
    assert [a.tobytes() for a in runs[0]] == [a.tobytes() for a in runs[1]]


@pytest.mark.slow
def test_descent_ranks_by_the_views_that_both_have():
    rng = np.random.default_rng(1)
    kind = np.arange(900) % 3
    embedding = rng.normal(0, 1, (3, 4, 16))[kind] + rng.normal(0, 0.1, (900, 4, 16))
    embedding[::2, 2:] = np.nan
    values, mask = fuse(embedding)
    indices, distances = neighbour_graph(values, mask, n_neighbors=10, seed=0, threads=2, exact_limit=10)
    exact = neighbour_graph(values, mask, n_neighbors=10, seed=0, threads=2)[1]
    assert (distances <= exact[:, -1:] + 1e-6).mean() > 0.97
    assert (kind[indices] == kind[:, np.newaxis]).all()
    assert (np.diff(distances, axis=1) >= 0).all()
    assert all(i not in row for i, row in enumerate(indices))
