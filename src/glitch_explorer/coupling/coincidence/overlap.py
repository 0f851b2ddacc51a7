"""Groups of channels that flag the same time: one witness under several names.

See docs/explanation/methods.md#channel-groups.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import contains, union
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.coincidence.scan import Auxiliary
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers
from glitch_explorer.coupling.witnesses.groups import LIMIT

#: A trigger flags this many seconds before and after it.
_REACH_S = 0.5


def flagged_groups(auxiliary: Sequence[Auxiliary], segments: Float64, glitches: Float64) -> list[str]:
    """Group channels by the correlation of the time that they flag away from the glitches.

    Parameters
    ----------
    auxiliary
        m channels, such as those that are significant.
    segments
        ``(k, 2)`` analysis segments, GPS seconds.
    glitches
        ``(n,)`` GPS times. Time within a second of one has no part: what causes glitches in two independent
        ways would be one group.

    Returns
    -------
    list
        The group of each channel, named after its first in alphabetical order. Channels whose flagged time
        bins have a correlation of at least `LIMIT` are in one group, also through a third channel.
    """
    if not auxiliary:
        return []
    live = union(segments)
    around = union(np.column_stack([glitches - 2 * _REACH_S, glitches + 2 * _REACH_S]))
    bins = [_bins(channel, live, around) for channel in auxiliary]
    names = [channel.channel for channel in auxiliary]
    columns = np.concatenate([np.empty(0, np.int64), *bins])
    rows = np.repeat(np.arange(len(bins)), [len(part) for part in bins])
    values, column = np.unique(columns, return_inverse=True)
    flags = csr_array((np.ones(len(rows)), (rows, column)), shape=(len(bins), len(values)))
    n = np.diff(live, axis=1).sum() / BIN_S
    both = (flags @ flags.T).toarray()
    count = both.diagonal()
    spread = np.sqrt(count * (n - count))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = (n * both - np.outer(count, count)) / np.outer(spread, spread)
    _, group = connected_components(csr_array(np.nan_to_num(correlation) >= LIMIT), directed=False)
    return [
        min(name for name, other in zip(names, group, strict=True) if other == number) for number in group
    ]


def _bins(channel: Auxiliary, live: Float64, around: Float64) -> Int64:
    """Return the time bins that a channel flags, in the live time and away from glitches."""
    if isinstance(channel, AuxiliaryTriggers):
        active = union(np.column_stack([channel.times - _REACH_S, channel.times + _REACH_S]))
    else:
        active = channel.active
    edges = np.column_stack([np.floor(active[:, 0] / BIN_S), np.ceil(active[:, 1] / BIN_S)]).astype(np.int64)
    bins = np.unique(np.concatenate([np.empty(0, np.int64), *(np.arange(a, b) for a, b in edges)]))
    middle = (bins + 0.5) * BIN_S
    return np.asarray(bins[contains(live, middle) & ~contains(around, middle)])
