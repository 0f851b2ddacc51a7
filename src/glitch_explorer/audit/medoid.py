"""The most central member of a family."""

import numpy as np

from glitch_explorer.core.arrays import evenly

#: Largest number of members that distances are measured to; they are sampled evenly.
SAMPLE = 512
#: Rows per step.
BLOCK = 8192


def medoid(vectors: np.ndarray, mask: np.ndarray) -> int:
    """Find the row with the smallest mean cosine distance to the others.

    Parameters
    ----------
    vectors : array (n, v * d)
        Zero-filled vectors, each of the v view blocks L2-normalised.
    mask : array (n, v)
        Which views exist; the cosine is over the views that both rows have.

    Returns
    -------
    int
        Row of the medoid, the first of equals.

    Notes
    -----
    With more than `SAMPLE` rows, all are measured against every (n / SAMPLE)-th
    row in the order given, so the result depends on the input only.
    """
    return int(np.argmin(mean_distances(vectors, mask)))


def mean_distances(vectors: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Compute the mean cosine distance (n,) of each row to the rows that are sampled; see `medoid`."""
    n = len(vectors)
    picked = evenly(n, SAMPLE)
    others = np.asarray(vectors[picked], dtype=np.float64)
    sampled = np.asarray(mask[picked], dtype=np.float64)
    mean = np.empty(n)
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        shared = np.asarray(mask[rows], dtype=np.float64) @ sampled.T
        similarity = np.asarray(vectors[rows], dtype=np.float64) @ others.T
        # Two rows without a common view have no distance.
        cosine = np.divide(similarity, shared, out=np.zeros_like(similarity), where=shared > 0)
        total = np.where(shared > 0, 1 - cosine, 0.0).sum(axis=1)
        # A row is not its own neighbour.
        is_sampled = np.isin(np.arange(n)[rows], picked) & mask[rows].any(axis=1)
        weight = (shared > 0).sum(axis=1) - is_sampled
        mean[rows] = np.where(weight > 0, total / np.maximum(weight, 1), np.inf)
    return mean.round(12)
