"""The conformal test of whether a glitch belongs to a family (Vovk, Gammerman & Shafer 2005).

Its mean distance to its nearest neighbours is compared with that of each member of the family, computed as if
that member were not on the map.
"""

import numpy as np

from glitch_explorer.core.arrays import Float32, Float64, Int64
from glitch_explorer.core.statistics import share_above

#: Nearest neighbours whose mean distance is tested.
TESTED = 3


def mean_distance(distances: Float32) -> Float64:
    """Compute the mean distance ``(q,)`` to the `TESTED` nearest neighbours."""
    return np.asarray(distances[:, :TESTED].mean(axis=1), dtype=np.float64)


def conformal(
    tested: Float64,
    chosen: Int64,
    null: Float64,
    family: Int64,
    unassigned: int,
    *,
    false_rate: float,
) -> Float64:
    """Compute each query's p-value: the share of its family at least as far from its neighbours.

    Queries of a family too small to reach `false_rate`, and queries without a family, are compared with
    the members of all families together.

    Parameters
    ----------
    tested, chosen
        ``(q,)`` distance and family of each query.
    null, family
        ``(n,)`` the same of the old rows.
    unassigned
        Index of "unassigned".
    false_rate
        Smallest p-value that must be reachable.
    """
    members = family != unassigned
    p_value = share_above(tested, null[members] if members.any() else null)
    for number in np.unique(chosen[chosen != unassigned]):
        distances = null[family == number]
        if false_rate * (len(distances) + 1) >= 1:
            queries = chosen == number
            p_value[queries] = share_above(tested[queries], distances)
    return p_value
