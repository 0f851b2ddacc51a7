"""The most central member of a family."""

import numpy as np

#: Members a family is measured against; a larger family is thinned evenly.
SAMPLE = 512


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
    row in the order given, so the answer depends on nothing but the input.
    """
    return int(np.argmin(mean_distances(vectors, mask)))


def mean_distances(vectors: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Give the mean cosine distance (n,) of each row to the (sampled) rows; see `medoid`."""
    rows = np.asarray(vectors, dtype=np.float64)
    present = np.asarray(mask, dtype=np.float64)
    picked = np.unique(np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).round().astype(int))
    shared = present @ present[picked].T
    similarity = rows @ rows[picked].T
    # Two rows without a view in common say nothing about each other.
    cosine = np.divide(similarity, shared, out=np.zeros_like(similarity), where=shared > 0)
    weight = (shared > 0).sum(axis=1)
    weight[picked] -= present[picked].any(axis=1)  # a row is no neighbour of its own
    total = np.where(shared > 0, 1 - cosine, 0.0).sum(axis=1)
    return np.where(weight > 0, total / np.maximum(weight, 1), np.inf).round(12)
