"""Names of numpy's array types, and sums by index."""

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
#: float32 or float64.
Float = npt.NDArray[np.floating]
Object = npt.NDArray[np.object_]


def sum_by_index(index: Int64, n: int, weights: npt.ArrayLike | None = None) -> Float64:
    """Return the sums ``(n,)`` of weights, or counts, by index."""
    return np.bincount(index, weights, minlength=n).astype(float)
