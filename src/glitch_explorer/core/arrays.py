"""Names of numpy's array types, sums by index, runs of true values, and even samples."""

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]
UInt32 = npt.NDArray[np.uint32]
UInt64 = npt.NDArray[np.uint64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Complex128 = npt.NDArray[np.complex128]
#: float32 or float64.
Float = npt.NDArray[np.floating]
Object = npt.NDArray[np.object_]


def sum_by_index(index: Int64, n: int, weights: npt.ArrayLike | None = None) -> Float64:
    """Return the sums ``(n,)`` of weights, or counts, by index."""
    return np.bincount(index, weights, minlength=n).astype(float)


def runs(mask: Bool | np.bool) -> list[tuple[int, int]]:
    """Return the runs of true values in a mask ``(n,)``, as first and last + 1."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(first, end) for first, end in edges.reshape(-1, 2).tolist()]


def evenly(n: int, most: int) -> Int64:
    """Select at most `most` of the indices 0 … n - 1, evenly spread, with the first and the last."""
    return np.unique(np.linspace(0, n - 1, min(most, n)).round().astype(np.int64))
