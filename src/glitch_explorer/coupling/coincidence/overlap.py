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
from glitch_explorer.coupling.coincidence.trends import TOP_SHARES, AuxiliaryTrend
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
    groups = [""] * len(auxiliary)
    # A trend flags whole samples; its time bins are as long, and compared with those of other trends only.
    lengths_s = [channel.sample_s if isinstance(channel, AuxiliaryTrend) else BIN_S for channel in auxiliary]
    for bin_s in dict.fromkeys(lengths_s):
        rows = [number for number, length in enumerate(lengths_s) if length == bin_s]
        part = _grouped([auxiliary[number] for number in rows], segments, glitches, bin_s)
        for number, group in zip(rows, part, strict=True):
            groups[number] = group
    return groups


def _grouped(auxiliary: Sequence[Auxiliary], segments: Float64, glitches: Float64, bin_s: float) -> list[str]:
    """Group channels by the time bins of length `bin_s`, in s, that they flag."""
    live = union(segments)
    reach = max(2 * _REACH_S, bin_s / 2)
    around = union(np.column_stack([glitches - reach, glitches + reach]))
    bins = [_bins(channel, live, around, bin_s) for channel in auxiliary]
    names = [channel.channel for channel in auxiliary]
    columns = np.concatenate([np.empty(0, np.int64), *bins])
    rows = np.repeat(np.arange(len(bins)), [len(part) for part in bins])
    values, column = np.unique(columns, return_inverse=True)
    flags = csr_array((np.ones(len(rows)), (rows, column)), shape=(len(bins), len(values)))
    n = np.diff(live, axis=1).sum() / bin_s
    both = (flags @ flags.T).toarray()
    count = both.diagonal()
    spread = np.sqrt(count * (n - count))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = (n * both - np.outer(count, count)) / np.outer(spread, spread)
    _, group = connected_components(csr_array(np.nan_to_num(correlation) >= LIMIT), directed=False)
    return [
        min(name for name, other in zip(names, group, strict=True) if other == number) for number in group
    ]


def _bins(channel: Auxiliary, live: Float64, around: Float64, bin_s: float) -> Int64:
    """Return the time bins that a channel flags, in the live time and away from glitches."""
    if isinstance(channel, AuxiliaryTriggers):
        active = union(np.column_stack([channel.times - _REACH_S, channel.times + _REACH_S]))
    elif isinstance(channel, AuxiliaryTrend):
        active = channel.active("high", TOP_SHARES[0])
    else:
        active = channel.active
    edges = np.column_stack([np.floor(active[:, 0] / bin_s), np.ceil(active[:, 1] / bin_s)]).astype(np.int64)
    bins = np.unique(np.concatenate([np.empty(0, np.int64), *(np.arange(a, b) for a, b in edges)]))
    middle = (bins + 0.5) * bin_s
    return np.asarray(bins[contains(live, middle) & ~contains(around, middle)])
