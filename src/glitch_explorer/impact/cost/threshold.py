"""Cost of a family by a higher search threshold. See docs/explanation/cost.md#c-threshold-loss."""

import numpy as np

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import YEAR_S

#: Fewer false alarms in the live time fix no threshold.
LEAST_ALARMS = 10


def allowed_alarms(rate_per_yr: float, live_s: float) -> int:
    """Return the number of alarms that a false-alarm rate allows in the live time, at least 10."""
    return max(LEAST_ALARMS, int(rate_per_yr * live_s / YEAR_S + 1e-9))


def threshold_losses(ranking: Float64, family: Int64, n_families: int, alarms: int) -> Float64:
    """Return 1 - (threshold without the family / threshold)^3 at a fixed number of alarms.

    The threshold is the `alarms`-th largest ranking. The volume falls with its cube if the ranking grows
    like a signal-to-noise ratio. If fewer alarms are left without a family, the threshold without it is at
    most the lowest ranking, and the loss is a lower bound.

    Parameters
    ----------
    ranking
        ``(n,)`` known rankings, above 0, of glitches that are not gated.
    family
        ``(n,)`` number of the family of each, below `n_families`.
    n_families
        Number of families.
    alarms
        Number of alarms allowed.

    Returns
    -------
    ndarray
        ``(n_families,)`` share of the volume; NaN with fewer rankings than alarms.
    """
    if len(ranking) < alarms:
        return np.full(n_families, np.nan)
    order = np.argsort(-ranking, kind="stable")
    values, owner = ranking[order], family[order]
    # Glitches of other families before each: its place minus its place within its family.
    by_owner = np.argsort(owner, kind="stable")
    count = np.bincount(owner, minlength=n_families)
    first = np.repeat(np.cumsum(count) - count, count)
    others = by_owner - (np.arange(len(owner)) - first)
    before = np.bincount(owner[by_owner][others < alarms], minlength=n_families)
    index = np.minimum(alarms - 1 + before, len(values) - 1)
    return np.asarray(1.0 - (values[index] / values[alarms - 1]) ** 3)


def losses_without_blocks(
    ranking: Float64, family: Int64, block: Int64, live_s: Float64, n_families: int, *, alarms: int
) -> Float64:
    """Return the losses ``(n_families, b)`` without each block, at the same false-alarm rate.

    Parameters
    ----------
    ranking, family, block
        ``(n,)`` as in `threshold_losses`, and the block of each.
    live_s
        ``(b,)`` live time of each block.
    n_families
        Number of families.
    alarms
        Number of alarms allowed in the whole live time.
    """
    top = _deciding(ranking, family, block, alarms)
    values, owner, block_of = ranking[top], family[top], block[top]
    allowed = alarms * (1.0 - live_s / live_s.sum())
    losses = [
        threshold_losses(values[block_of != b], owner[block_of != b], n_families, max(1, round(allowed[b])))
        for b in range(len(live_s))
    ]
    return np.stack(losses, axis=1)


def _deciding(ranking: Float64, family: Int64, block: Int64, alarms: int) -> Int64:
    """Return the largest rankings, enough to fix every threshold without one family and one block."""
    order = np.argsort(-ranking, kind="stable")
    depth = alarms
    while depth < len(order):
        most = sum(np.bincount(index[order[:depth]]).max() for index in (family, block))
        if depth - most >= alarms:
            break
        depth *= 2
    return order[:depth]
