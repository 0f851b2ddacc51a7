"""How far a glitch lies from all others, by the vectors themselves.

UMAP gives every row the same room, so that in a layout even what is like nothing else lies in a crowd, and
HDBSCAN, with its outlier scores, takes it into a family. The neighbour graph's distances still know.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.core.arrays import Float32, Float64, Object
from glitch_explorer.map.schemas import UNASSIGNED


def isolation(distances: Float32, family: Object | npt.NDArray[np.str_]) -> Float64:
    """Hold each row's mean distance to its neighbours against its family's.

    Parameters
    ----------
    distances
        ``(n, k)`` cosine distances to each row's nearest rows.
    family
        ``(n,)`` families; -1 where unassigned.

    Returns
    -------
    ``(n,)`` mean distance over the family's median, 1 in its midst; of the unassigned over the median of all
    members. 1 where there is nothing to compare: no neighbours, or a median of zero.
    """
    if not distances.size:
        return np.ones(len(distances))
    mean = pd.Series(distances.mean(axis=1, dtype=np.float64))
    members = np.asarray(family != UNASSIGNED)
    of_all = mean[members if members.any() else ~members].median()
    usual = mean.groupby(family).transform("median").where(members, of_all).to_numpy()
    held: Float64 = np.divide(mean.to_numpy(), usual, out=np.ones(len(mean)), where=usual > 0)
    return held
