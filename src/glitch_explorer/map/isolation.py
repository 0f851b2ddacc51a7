"""How far a glitch is from all others, measured on the vectors themselves.

UMAP equalises density, so outliers end up inside clusters, and HDBSCAN and its outlier scores cannot tell
them. The distances of the neighbour graph can.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.core.arrays import Float32, Float64, Object
from glitch_explorer.map.schemas import UNASSIGNED


def isolation(distances: Float32, family: Object | npt.NDArray[np.str_]) -> Float64:
    """Compute the ratio of each row's mean neighbour distance to its family's median.

    Parameters
    ----------
    distances
        ``(n, k)`` cosine distances to each row's nearest rows.
    family
        ``(n,)`` families; -1 where unassigned.

    Returns
    -------
    ``(n,)`` ratios, about 1 for a typical member. Unassigned rows are compared with the median of all
    members. 1 where there are no neighbours or the median is zero.
    """
    if not distances.size:
        return np.ones(len(distances))
    mean = pd.Series(distances.mean(axis=1, dtype=np.float64))
    members = np.asarray(family != UNASSIGNED)
    overall = mean[members if members.any() else ~members].median()
    typical = mean.groupby(family).transform("median").where(members, overall).to_numpy()
    ratio: Float64 = np.divide(mean.to_numpy(), typical, out=np.ones(len(mean)), where=typical > 0)
    return ratio
