"""One neighbour graph: cosine over the views that both glitches have.

Small maps are searched exactly, every row a candidate of every other. Large ones take
their candidates from nearest-neighbour descent (Dong, Moses & Li 2011, `pynndescent`),
and rank them exactly. Both are reproducible with any number of threads: the exact search
cuts the rows into blocks of fixed size, each computed by one thread.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float32, Int32
from glitch_explorer.map.schemas import MAP_ROWS
from glitch_explorer.map.vectors import gather_vectors, rows_of

#: Above this many rows the search is approximate (benchmarks/search.py).
EXACT_LIMIT = 100_000
#: Candidates per neighbour in the approximate search. With 240,000 rows, 1 loses 4 % of the neighbours and
#: 1.5 loses 3 %.
CANDIDATES = 1.5
#: Appended to a row's vectors for each view that it has; too small to separate rows.
_PRESENT = np.float32(1e-3)
#: Largest number of rows, and of cells, of a block of the exact search.
_BLOCK_ROWS, _BLOCK_CELLS = 512, 2**26


def make_graph(
    shards: Sequence[str | Path],
    status: Sequence[str | Path],
    embeddings: Sequence[str | Path],
    *,
    rows: str | Path,
    vectors: str | Path,
    neighbours: str | Path,
    unit: str,
    n_neighbors: int,
    seed: int,
    threads: int,
) -> None:
    """Gather the shards' vectors and find each row's neighbours.

    Parameters
    ----------
    shards, status, embeddings
        Each shard's tables "glitches" and "views" and its vectors.
    rows
        Table "map_rows" to write.
    vectors
        Array to write: ``(n, v * d)`` float32, unit vectors of the views side by
        side, zero where a view is missing.
    neighbours
        Arrays to write: ``indices`` ``(n, k)`` int32 and ``distances`` ``(n, k)``
        float32, nearest first, without the row itself and without copies of a row
        (-1 where the approximate search found fewer), and ``mask`` ``(n, v)``.
    unit, n_neighbors, seed
        As in the config.
    threads
        Threads to use; they do not change the result.
    """
    gathered = gather_vectors(shards, status, embeddings, unit=unit, out=vectors)
    representative = gathered.rows["representative"].to_numpy()
    unique, copy = np.unique(representative, return_inverse=True)
    indices, distances = neighbour_graph(
        rows_of(gathered.values, unique),
        gathered.mask[unique],
        n_neighbors=n_neighbors,
        seed=seed,
        threads=threads,
    )
    indices = np.where(indices < 0, -1, unique[indices]).astype(np.int32)
    tables.write(MAP_ROWS, gathered.rows, rows)
    files.write_arrays(
        neighbours, {"indices": indices[copy], "distances": distances[copy], "mask": gathered.mask}
    )


def neighbour_graph(
    values: Float32, mask: Bool, *, n_neighbors: int, seed: int, threads: int, exact_limit: int = EXACT_LIMIT
) -> tuple[Int32, Float32]:
    """Find the nearest other rows of each row.

    The similarity of two rows is the cosine over the views that both have, that
    is the mean of their view vectors' products; rows without a common view have
    similarity 0. Ties go to the lower row.

    Parameters
    ----------
    values, mask
        ``(n, v * d)`` and ``(n, v)``, see `vectors.fuse`.
    n_neighbors
        Neighbours per row, the row itself not counted; fewer where n is smaller.
    seed
        Seed of the approximate search.
    threads
        Threads to use; they do not change the result.
    exact_limit
        Largest n that is searched exactly.

    Returns
    -------
    indices, distances
        ``(n, k)`` each, k = min(n_neighbors, n - 1), nearest first, distance
        1 - similarity.
    """
    n = len(values)
    k = max(min(n_neighbors, n - 1), 0)
    if k == 0:
        return np.empty((n, 0), dtype=np.int32), np.empty((n, 0), dtype=np.float32)
    if n <= exact_limit:
        itself = np.arange(n, dtype=np.int32)
        return nearest_rows(values, mask, values, mask, exclude=itself, n_neighbors=k, threads=threads)
    return _approximate(values, mask, k, seed, threads)


def nearest_rows(
    values: Float32,
    mask: Bool,
    queries: Float32,
    query_mask: Bool,
    *,
    exclude: Int32,
    n_neighbors: int,
    threads: int,
) -> tuple[Int32, Float32]:
    """Find the rows nearest to each query by comparing all, some queries at a time.

    Parameters
    ----------
    values, mask
        ``(n, v * d)`` and ``(n, v)``, see `vectors.fuse`; `values` may be memory-mapped.
    queries, query_mask
        The same of the q queries.
    exclude
        ``(q,)`` the row to leave out for each query, the query itself; -1 for none.
    n_neighbors
        Rows to find, less than n.
    threads
        Threads to use; they do not change the result. Each holds blocks of at most 256 MiB.

    Returns
    -------
    indices, distances
        ``(q, n_neighbors)`` each, nearest first, distance 1 - similarity.
    """
    indices = np.empty((len(queries), n_neighbors), dtype=np.int32)
    similarity = np.empty((len(queries), n_neighbors), dtype=np.float32)
    complete = bool(mask.all() and query_mask.all())
    views, query_views = mask.astype(np.float32), query_mask.astype(np.float32)
    size = max(1, min(_BLOCK_ROWS, _BLOCK_CELLS // max(len(values), 1)))

    def search(start: int) -> None:
        rows = slice(start, min(start + size, len(queries)))
        block = queries[rows] @ values.T
        if not complete:
            block /= np.maximum(query_views[rows] @ views.T, 1)
        elif mask.shape[1] > 1:
            block /= np.float32(mask.shape[1])
        _nearest(block, exclude[rows], indices[rows], similarity[rows])

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(search, range(0, len(queries), size)))
    return indices, np.clip(1 - similarity, 0, 2)


@numba.njit(nogil=True, cache=True)
def _nearest(block: Float32, exclude: Int32, indices: Int32, similarity: Float32) -> None:
    """Write each row's most similar columns, sorted; column exclude[r] is skipped in row r."""
    k = indices.shape[1]
    for r in range(block.shape[0]):
        best, neighbours = similarity[r], indices[r]
        best[:] = -np.inf
        neighbours[:] = -1
        for column in range(block.shape[1]):
            value = block[r, column]
            if value > best[k - 1] and column != exclude[r]:
                slot = k - 1
                while slot > 0 and best[slot - 1] < value:
                    best[slot] = best[slot - 1]
                    neighbours[slot] = neighbours[slot - 1]
                    slot -= 1
                best[slot] = value
                neighbours[slot] = column


def _approximate(values: Float32, mask: Bool, k: int, seed: int, threads: int) -> tuple[Int32, Float32]:
    """Search by nearest-neighbour descent, then re-rank by the common views."""
    from pynndescent import NNDescent  # compiles for half a minute

    # With all views it is the plain cosine, for which the search need not be compiled anew.
    rows: Float32 = values
    metric: str | Callable[[Float32, Float32], np.float32] = "cosine"
    if not mask.all():
        rows = np.concatenate([values, mask * _PRESENT], axis=1)
        metric = _common_cosine(values.shape[1], mask.shape[1])
    before = numba.get_num_threads()
    numba.set_num_threads(max(min(threads, before), 1))
    try:
        with threadpool_limits(1, "blas"):
            index = NNDescent(
                rows,
                metric=metric,
                n_neighbors=round(CANDIDATES * k) + 1,
                random_state=seed,
                n_jobs=threads,
            )
            candidates = index.neighbor_graph[0]
    finally:
        numba.set_num_threads(before)
    indices = np.empty((len(values), k), dtype=np.int32)
    similarity = np.empty((len(values), k), dtype=np.float32)
    _rerank(values, mask, candidates.astype(np.int32), indices, similarity)
    return indices, np.clip(1 - similarity, 0, 2)


def _common_cosine(wide: int, n_views: int) -> Callable[[Float32, Float32], np.float32]:
    """Return the distance function of rows ``(wide + n_views)`` whose last columns mark the views present."""
    unit = _PRESENT**2

    @numba.njit(fastmath=True)
    def distance(first: Float32, second: Float32) -> np.float32:
        total, common = np.float32(0), np.float32(0)
        for column in range(wide):
            total += first[column] * second[column]
        for column in range(wide, wide + n_views):
            common += first[column] * second[column]
        return np.float32(1) - total / max(common / unit, np.float32(1))

    return distance


@numba.njit(nogil=True, cache=True)
def _rerank(values: Float32, mask: Bool, candidates: Int32, indices: Int32, similarity: Float32) -> None:
    """Sort each row's candidates by the cosine over the views that both rows have."""
    n_views = mask.shape[1]
    dimension = values.shape[1] // n_views
    k = indices.shape[1]
    for r in range(values.shape[0]):
        best, neighbours = similarity[r], indices[r]
        best[:] = -np.inf
        neighbours[:] = -1
        for column in candidates[r]:
            if column == r or column < 0:
                continue
            total = 0.0
            common = 0
            for view in range(n_views):
                if mask[r, view] and mask[column, view]:
                    common += 1
                    for d in range(view * dimension, (view + 1) * dimension):
                        total += values[r, d] * values[column, d]
            value = np.float32(total / max(common, 1))
            slot = k
            while slot > 0 and (
                best[slot - 1] < value or (best[slot - 1] == value and neighbours[slot - 1] > column)
            ):
                if slot < k:
                    best[slot] = best[slot - 1]
                    neighbours[slot] = neighbours[slot - 1]
                slot -= 1
            if slot < k:
                best[slot] = value
                neighbours[slot] = column
