"""The table "views" of a shard: which views exist, and their mean energy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, UInt8
from glitch_explorer.core.views import VIEW_ENERGY, VIEW_LENGTHS_S, VIEW_PRESENT, VIEW_PRESENT_UNKNOWN


def views_table(
    glitch_id: Sequence[str],
    views: UInt8,
    present: Bool,
    *,
    unknown: Bool | bool = False,
    image_size: Sequence[str] | str = "",
    flags: Sequence[str] | str = "",
) -> pd.DataFrame:
    """Return the table `views` of a shard.

    Parameters
    ----------
    glitch_id
        Ids of the rows (n,).
    views
        Pixels (n, 4, height, width), 10 times the normalized energy.
    present
        Which views exist (n, 4).
    unknown
        Whether the first slot holds a view of unknown length (n,).
    image_size, flags
        Columns of the table.

    Returns
    -------
    pandas.DataFrame
        The table; the mean energy of a missing view is null.
    """
    # Row by row, so that memory-mapped views are not read all at once.
    energy = np.array([row.mean(axis=(-2, -1)) / 10 for row in views]).reshape(-1, len(VIEW_LENGTHS_S))
    filled = np.array(present, dtype=bool)
    filled[:, 0] |= unknown
    return pd.DataFrame(
        {
            "glitch_id": pd.Series(list(glitch_id), dtype="str"),
            **dict(zip(VIEW_PRESENT, np.asarray(present, dtype=bool).T, strict=True)),
            VIEW_PRESENT_UNKNOWN: unknown,
            **dict(zip(VIEW_ENERGY, np.where(filled, energy, np.nan).T, strict=True)),
            "image_size": image_size,
            "flags": flags,
        }
    )
