"""What a family costs by raising the threshold of a search."""

import numpy as np

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.impact.cost.minutes import YEAR_S

#: A false-alarm rate is no lower than so many in the live time: fewer fix no threshold.
LEAST_ALARMS = 10


def allowed_alarms(rate_per_yr: float, live_s: float) -> int:
    """Give the alarms that a false-alarm rate allows in the live time, at least 10."""
    return max(LEAST_ALARMS, int(rate_per_yr * live_s / YEAR_S + 1e-9))


def threshold_losses(ranking: Float64, family: Int64, n_families: int, alarms: int) -> Float64:
    """Give 1 - (threshold without the family / threshold)^3 at a fixed number of alarms.

    The threshold is the `alarms`-th largest ranking: so many are at or above it. The
    volume falls with its cube where the ranking grows like a signal-to-noise ratio.
    Without a family that leaves fewer, the threshold is not known but at most the
    lowest ranking that is: the loss is then a lower bound.

    Parameters
    ----------
    ranking
        (n,) known rankings, above 0, of glitches that are not gated.
    family
        (n,) number of the family of each, below `n_families`.
    n_families
        How many families there are.
    alarms
        Alarms allowed.

    Returns
    -------
    ndarray
        (n_families,) share of the volume; NaN where fewer rankings than alarms are known.
    """
    if len(ranking) < alarms:
        return np.full(n_families, np.nan)
    order = np.argsort(-ranking, kind="stable")
    values, owner = ranking[order], family[order]
    # Of each glitch, those of other families before it: its place less its place within its own.
    by_owner = np.argsort(owner, kind="stable")
    count = np.bincount(owner, minlength=n_families)
    first = np.repeat(np.cumsum(count) - count, count)
    others = by_owner - (np.arange(len(owner)) - first)
    before = np.bincount(owner[by_owner][others < alarms], minlength=n_families)
    place = np.minimum(alarms - 1 + before, len(values) - 1)
    made: Float64 = 1.0 - (values[place] / values[alarms - 1]) ** 3
    return made


def losses_without_blocks(
    ranking: Float64, family: Int64, block: Int64, lived: Float64, n_families: int, *, alarms: int
) -> Float64:
    """Give the losses (n_families, b) without each block, at the same false-alarm rate.

    Parameters
    ----------
    ranking, family, block
        (n,) as `threshold_losses` takes them, and the number of each one's block.
    lived
        (b,) live time of each block.
    n_families
        How many families there are.
    alarms
        Alarms allowed in the whole live time.
    """
    top = _deep_enough(ranking, family, block, alarms)
    values, owner, place = ranking[top], family[top], block[top]
    left = alarms * (1.0 - lived / lived.sum())
    return np.stack(
        [
            threshold_losses(values[place != b], owner[place != b], n_families, max(1, round(left[b])))
            for b in range(len(lived))
        ],
        axis=1,
    )


def _deep_enough(ranking: Float64, family: Int64, block: Int64, alarms: int) -> Int64:
    """Give the largest rankings that decide every threshold without a family and a block."""
    order = np.argsort(-ranking, kind="stable")
    depth = alarms
    while depth < len(order):
        most = sum(np.bincount(which[order[:depth]]).max() for which in (family, block))
        if depth - most >= alarms:
            break
        depth *= 2
    return order[:depth]
