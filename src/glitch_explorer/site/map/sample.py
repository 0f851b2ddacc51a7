"""A sample of a large map: medoids, outlying members, and an even share of each family."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool
from glitch_explorer.map.schemas import UNASSIGNED

#: Number of outlying members of each family that are always in the sample.
ODD = 8
#: Seed of the draw.
SEED = 42


def even_sample(rows: pd.DataFrame, limit: int, medoids: Collection[str]) -> Bool:
    """Draw about `limit` rows: medoids, the most isolated members, and the same share of all others.

    Parameters
    ----------
    rows : DataFrame
        Rows of the map: `glitch_id`, `family`, `isolation`.
    limit : int
        Number of rows in the sample; medoids and outlying members stay even if they alone are more.
    medoids : collection of str
        Glitches that are always in the sample.

    Returns
    -------
    array of bool, shape (n,)
        Which rows are in the sample; all of them up to `limit`.
    """
    if len(rows) <= limit:
        return np.ones(len(rows), dtype=bool)
    family = rows["family"]
    oddness = rows["isolation"].groupby(family).rank(method="first", ascending=False)
    always = rows["glitch_id"].isin(medoids) | ((family != UNASSIGNED) & (oddness <= ODD))
    rest = np.flatnonzero(~always)
    drawn = pd.Series(np.random.default_rng(SEED).permutation(len(rest)))
    rank = drawn.groupby(family.to_numpy()[rest]).rank(pct=True).to_numpy()
    stays: Bool = always.to_numpy(copy=True)
    stays[rest] = rank <= max(0, limit - int(always.sum())) / max(1, len(rest))
    return stays
