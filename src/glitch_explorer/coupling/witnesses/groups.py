"""Groups of correlated channels. See docs/explanation/methods.md#channel-groups."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from glitch_explorer.core.arrays import Float32, Float64

#: Channels with features whose abs(rank correlation) is at least this are in one group.
LIMIT = 0.85
#: Most time bins that enter, spaced evenly: enough for a correlation, few for a matrix.
_MOST = 20_000
#: With fewer time bins in common a correlation counts as 0.
_LEAST = 100


def correlated_groups(values: Float32, channels: pd.Series) -> dict[str, str]:
    """Group the channels of a detector by the rank correlation of their features in the background.

    Parameters
    ----------
    values
        ``(n, m)`` features in time bins of the background, NaN where there is no data.
    channels
        ``(m,)`` the channel of each feature.

    Returns
    -------
    dict
        Channel to group; a group is named after its first member in alphabetical order.
    """
    step = max(-(-len(values) // _MOST), 1)
    linked = np.abs(_correlations(values[::step])) >= LIMIT
    names, code = np.unique(channels.to_numpy(dtype=str), return_inverse=True)
    a, b = np.nonzero(linked)
    links = csr_array((np.ones(len(a)), (code[a], code[b])), shape=(len(names), len(names)))
    _, group = connected_components(links, directed=False)
    first = {int(number): str(names[group == number][0]) for number in np.unique(group)}
    return {str(name): first[int(number)] for name, number in zip(names, group, strict=True)}


def _correlations(values: Float32) -> Float64:
    """Compute the rank correlation of every two columns, over bins with both; 0 where those are few."""
    known = ~np.isnan(values)
    ranks = np.zeros(values.shape)
    for k in range(values.shape[1]):
        rows = known[:, k]
        if rows.any():
            ranks[rows, k] = rankdata(values[rows, k]) / rows.sum() - 0.5
    mask = known.astype(float)
    n = mask.T @ mask
    sums = ranks.T @ mask
    squares = (ranks**2).T @ mask
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = ranks.T @ ranks - sums * sums.T / n
        spread = squares - sums**2 / n
        rho = cross / np.sqrt(spread * spread.T)
    return np.asarray(np.where((n >= _LEAST) & np.isfinite(rho), rho, 0.0))
