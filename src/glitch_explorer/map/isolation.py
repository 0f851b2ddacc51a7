"""How far a glitch is from all others, measured on the vectors themselves.

UMAP equalises density, so outliers end up inside clusters, where HDBSCAN and its outlier scores do not see
them. The distances of the neighbour graph do.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.core.arrays import Float32, Float64, Object
from glitch_explorer.map.schemas import UNASSIGNED


def isolation(distances: Float32, family: Object | npt.NDArray[np.str_]) -> Float64:
    """Compute the ratio of each row's mean neighbour distance to the median of its family.

    Parameters
    ----------
    distances
        ``(n, k)`` cosine distances to the nearest rows.
    family
        ``(n,)`` families; -1 where unassigned.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` ratios. Unassigned rows refer to the median of all members. 1 where nothing can be
        compared: no neighbours, or a median of zero.
    """
    if not distances.size:
        return np.ones(len(distances))
    mean = pd.Series(distances.mean(axis=1, dtype=np.float64))
    members = np.asarray(family != UNASSIGNED)
    overall = mean[members if members.any() else ~members].median()
    typical = mean.groupby(family).transform("median").where(members, overall).to_numpy()
    ratio: Float64 = np.divide(mean.to_numpy(), typical, out=np.ones(len(mean)), where=typical > 0)
    return ratio
