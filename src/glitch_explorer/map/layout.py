"""Two UMAP layouts from one neighbour graph: two dimensions to look at, ten to cluster in.

The graph's fuzzy simplicial set and its spectral start are umap-learn's (McInnes,
Healy & Melville 2018) and are made once for both layouts. The optimisation is UMAP's
objective, edge schedule and negative sampling, run in batches: every epoch moves all
vertices at once from the positions of the epoch before, with Adam (Kingma & Ba 2015)
as step rule, as `uwot` does in its batch mode (Melville). So each vertex can be
computed by any thread, and the result does not depend on how many there are.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numba
import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from glitch_explorer.core.arrays import Float32, Float64, Int32, Int64

# umap is imported where it is used: it takes a second, and clustering, which does without, loads this module.

#: Below this many rows the start is random: eigenvectors need more rows than dimensions.
SPECTRAL_MINIMUM = 40
#: Above this many rows the start is principal components: eigenvectors take too long (benchmarks/scale.py).
SPECTRAL_LIMIT = 100_000
#: Largest number of rows that principal axes are computed from, and rows that are projected at a time.
_SAMPLE = 20_000
#: Up to this many rows an optimisation takes more epochs, as in umap-learn.
SMALL = 10_000
_EPOCHS_SMALL, _EPOCHS = 500, 200
_NEGATIVES = 5
_ADAM = (0.5, 0.9)
_SPREAD = 10.0
_BLOCK_ROWS = 1024


def fuzzy_set(indices: Int32, distances: Float32) -> sp.csr_matrix:
    """Compute UMAP's fuzzy simplicial set of a neighbour graph.

    Parameters
    ----------
    indices, distances
        ``(n, k)``, without the row itself, see `graph.neighbour_graph`. UMAP counts
        the row itself as its first neighbour, so the last column is not used.

    Returns
    -------
    scipy.sparse.csr_matrix
        ``(n, n)``, symmetric, memberships 0 to 1.
    """
    n, k = indices.shape
    if k == 0:
        return sp.csr_matrix((n, n), dtype=np.float32)
    itself = np.arange(n, dtype=np.int32)[:, np.newaxis]
    width = k if k < n - 1 else k + 1
    near = np.hstack([itself, indices])[:, :width]
    far = np.hstack([np.zeros((n, 1), dtype=np.float32), distances])[:, :width]
    from umap import umap_

    # numba compiles these for six seconds; kept on the disk, once rather than in each job.
    for function in (umap_.smooth_knn_dist, umap_.compute_membership_strengths):
        function.enable_caching()
    fuzzy = umap_.fuzzy_simplicial_set(
        itself, width, np.random.RandomState(0), "cosine", knn_indices=near, knn_dists=far
    )[0]
    return sp.csr_matrix(fuzzy)


def start_positions(
    fuzzy: sp.csr_matrix,
    values: Float32,
    *,
    n_components: int,
    seed: int,
    rows: Int64 | None = None,
    spectral_limit: int = SPECTRAL_LIMIT,
) -> Float32:
    """Compute initial positions of a layout.

    They are eigenvectors of the graph's Laplacian, or principal components of the vectors where
    there are more than `spectral_limit` rows. Both separate what is far apart (Kobak & Linderman
    2021), but eigenvectors take time with n squared and memory with n to 3/2.

    Parameters
    ----------
    fuzzy
        ``(n, n)``, see `fuzzy_set`.
    values
        ``(m, d)`` vectors, which may be memory-mapped. With eigenvectors, they position the
        components of a disconnected graph.
    n_components
        Dimension of the layout.
    seed
        Seed of the sample and of the added noise.
    rows
        ``(n,)`` rows of `values` that the graph has; all, in order, where not given.
    spectral_limit
        Largest n that starts from eigenvectors.

    Returns
    -------
    numpy.ndarray
        ``(n, n_components)`` positions.
    """
    n = fuzzy.shape[0]
    random = np.random.RandomState(seed)
    if n < SPECTRAL_MINIMUM:
        return np.asarray(random.uniform(0, _SPREAD, (n, n_components)), dtype=np.float32)
    with threadpool_limits(1, "blas"):
        if n <= spectral_limit:
            chosen = values if rows is None else values[rows]
            from umap.spectral import spectral_layout

            start = spectral_layout(chosen, fuzzy, n_components, random)
        else:
            start = _principal(values, np.arange(n) if rows is None else rows, n_components, random)
    low, high = start.min(axis=0), start.max(axis=0)
    scaled = _SPREAD * (start - low) / np.maximum(high - low, 1e-12)
    return np.asarray(scaled + random.normal(0, 1e-3, scaled.shape), dtype=np.float32)


def _principal(values: Float32, rows: Int64, n_components: int, random: np.random.RandomState) -> Float64:
    """Compute the first principal components ``(n, n_components)``; the axes come from a sample."""
    chosen = np.sort(random.choice(len(rows), min(_SAMPLE, len(rows)), replace=False))
    sample = np.asarray(values[rows[chosen]], dtype=np.float64)
    centre = sample.mean(axis=0)
    sample -= centre
    axes = np.linalg.eigh(sample.T @ sample)[1][:, : -n_components - 1 : -1]
    blocks = np.array_split(rows, max(1, len(rows) // _SAMPLE))
    return np.concatenate([(values[block] - centre) @ axes for block in blocks])


def umap_layout(
    fuzzy: sp.csr_matrix,
    start: Float32,
    *,
    min_dist: float,
    seed: int,
    threads: int,
    n_epochs: int | None = None,
) -> Float32:
    """Optimise a UMAP layout (McInnes 2018), with the same bytes on any number of threads.

    Parameters
    ----------
    fuzzy
        ``(n, n)``, see `fuzzy_set`.
    start
        ``(n, d)`` initial positions; d is the dimension of the layout.
    min_dist
        UMAP's smallest distance between neighbours in the layout.
    seed
        Seed of the negative samples.
    threads
        Threads to use; they do not change the result.
    n_epochs
        Number of epochs; umap-learn's where not given.

    Returns
    -------
    numpy.ndarray
        ``(n, d)`` positions, their median at the origin.
    """
    n = fuzzy.shape[0]
    if n < 2:
        return np.zeros_like(start)
    epochs = n_epochs or (_EPOCHS_SMALL if n <= SMALL else _EPOCHS)
    edges = fuzzy.copy()
    edges.data = (edges.data / edges.data.max()).astype(np.float32)
    edges.data[edges.data < 1 / epochs] = 0
    edges.eliminate_zeros()
    edges.sort_indices()
    from umap.umap_ import find_ab_params

    a, b = find_ab_params(1.0, min_dist)
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        curve = (np.float32(a), np.float32(b))
        positions = _optimise(edges, start, curve=curve, epochs=epochs, seed=seed, pool=pool)
    return np.asarray(positions - np.median(positions, axis=0), dtype=np.float32)


def _optimise(
    edges: sp.csr_matrix,
    start: Float32,
    *,
    curve: tuple[np.float32, np.float32],
    epochs: int,
    seed: int,
    pool: ThreadPoolExecutor,
) -> Float32:
    """Run the epochs, each a gradient for every vertex and one Adam step."""
    old, gradient = start.copy(), np.empty_like(start)
    first, second = np.zeros_like(start), np.zeros_like(start)
    keys = np.random.SeedSequence(seed).generate_state(epochs, dtype=np.uint64)
    beta_1, beta_2 = np.float32(_ADAM[0]), np.float32(_ADAM[1])
    blocks = range(0, len(start), _BLOCK_ROWS)
    graph = (edges.indptr, edges.indices, edges.data)

    def sum_forces(epoch: int, begin: int) -> None:
        end = min(begin + _BLOCK_ROWS, len(start))
        _gradient(begin, end, old, gradient, *graph, *curve, epoch, keys[epoch])

    for epoch in range(epochs):
        list(pool.map(partial(sum_forces, epoch), blocks))
        rate = np.float32(1 - epoch / epochs)
        first = np.asarray(beta_1 * first + (1 - beta_1) * gradient, dtype=np.float32)
        second = np.asarray(beta_2 * second + (1 - beta_2) * gradient**2, dtype=np.float32)
        mean = first / np.float32(1 - _ADAM[0] ** (epoch + 1))
        variance = second / np.float32(1 - _ADAM[1] ** (epoch + 1))
        np.add(old, rate * mean / (np.sqrt(variance) + np.float32(1e-7)), out=old)
    return old


@numba.njit(nogil=True, cache=True, fastmath=True)
def _gradient(  # noqa: PLR0917 - a numba kernel takes no keyword-only arguments
    begin: int,
    end: int,
    old: Float32,
    gradient: Float32,
    indptr: Int32,
    indices: Int32,
    weight: Float32,
    a: np.float32,
    b: np.float32,
    epoch: int,
    key: np.uint64,
) -> None:
    """Sum the forces on the vertices from `begin` to `end`.

    They are the pull of the edges due in this epoch and the push of random vertices.
    An edge of weight w (at most 1) is due in a share w of the epochs. The graph is
    symmetric, so the pull counts for both directions.
    """
    n, dimension = old.shape
    one, two, limit = np.float32(1), np.float32(2), np.float32(4)
    for i in range(begin, end):
        state = key ^ (np.uint64(i + 1) * np.uint64(0x9E3779B97F4A7C15))
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = ((state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)) | np.uint64(1)
        total = np.zeros(dimension, dtype=np.float32)
        for edge in range(indptr[i], indptr[i + 1]):
            due = np.float64(weight[edge])
            if np.floor((epoch + 1) * due) <= np.floor(epoch * due):
                continue
            for sample in range(_NEGATIVES + 1):
                j = np.int64(indices[edge])
                if sample:
                    state ^= state << np.uint64(13)
                    state ^= state >> np.uint64(7)
                    state ^= state << np.uint64(17)
                    j = np.int64((state >> np.uint64(33)) % np.uint64(n))
                square = np.float32(0)
                for d in range(dimension):
                    square += (old[i, d] - old[j, d]) ** 2
                if square <= 0:
                    continue
                power = square**b
                if sample:
                    force = two * b / ((np.float32(0.001) + square) * (a * power + one))
                    times = one
                else:
                    force = -two * a * b * power / (square * (a * power + one))
                    times = two
                for d in range(dimension):
                    step = force * (old[i, d] - old[j, d])
                    total[d] += times * min(max(step, -limit), limit)
        gradient[i] = total
