"""Attribution of the range lost in a minute to families.

Glitches of several families can fall in one minute, by chance or because families share periods of high rate.
A split in proportion to SNR^2 alone charges loud harmless families with the losses of costly families of low
SNR. Subtracting the mean of the same split over time slides does not help: slid times leave the shared
periods of high rate, and fall on other losses of the same family. So the usual loss per glitch of each family
is fitted first, to all minutes with glitches at once, and only the rest is split in proportion to SNR^2:

    loss of minute m = mu t_m + sum_k l_k n_km + rest_m
    charge of k      = sum over m of (l_k n_km + s_km rest_m)

with t_m the live time, n_km the family's glitches (in a cut minute in proportion to its live time), s_km
its share of SNR^2, and mu the mean loss of minutes without glitches. The charges add up to the losses of
minutes with glitches, minus mu t. The l_k are Gaussian random effects around 0 with the ratio of variances by
maximum likelihood: where the minutes do not constrain a family, its charge is its share of SNR^2.
Errors against planted losses are in docs/explanation/cost.md#b-range-loss.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from glitch_explorer.core.arrays import Float64, Int64, sum_by_index
from glitch_explorer.core.intervals import MINUTE_S

#: Candidate ratios of variances, relative to the mean eigenvalue.
_RATIOS = np.logspace(-5.0, 7.0, 97)


@dataclass(frozen=True)
class Attribution:
    """Losses charged to each family, Mpc^3 yr."""

    #: ``(k,)`` signed charges, and number of minutes with a known loss and glitches of the family.
    charge: Float64
    minutes: Int64
    #: ``(k, b)`` contribution of each block to the charges, to first order.
    by_block: Float64
    #: Charges by minute: family, row of the minutes, and charge, each ``(p,)``.
    family: Int64
    minute: Int64
    part: Float64


def attribute(
    loss: Float64,
    live_s: Float64,
    block: Int64,
    *,
    minute: Int64,
    family: Int64,
    power: Float64,
    n_families: int,
    n_blocks: int,
) -> Attribution:
    """Attribute the range losses of minutes to families.

    Parameters
    ----------
    loss
        ``(m,)`` loss of each minute, Mpc^3 yr; NaN where unknown.
    live_s, block
        ``(m,)`` live time in seconds, and number of the block below `n_blocks`.
    minute, family, power
        ``(n,)`` row of the minute of each glitch (-1 without), number of its family, SNR^2.
    n_families, n_blocks
        Number of families and of blocks.
    """
    known = np.flatnonzero(np.isfinite(loss))
    row = np.full(len(loss) + 1, -1)
    row[known] = np.arange(len(known))
    counted = row[minute] >= 0
    row_of, power = row[minute][counted], power[counted]
    shape = (len(known), n_families)
    index = (row_of, family[counted])
    live, y = live_s[known], loss[known]
    total = sum_by_index(row_of, len(known), power)
    count = sparse.csr_array((live[row_of] / MINUTE_S, index), shape=shape)
    share = sparse.csr_array((power / total[row_of], index), shape=shape)
    blocks = sparse.csr_array(
        (np.ones(len(known)), (block[known], np.arange(len(known)))), shape=(n_blocks, len(known))
    )
    quiet = np.where(total > 0, 0.0, live)
    mean = float(y[total == 0].sum() / max(quiet.sum(), 1e-9))
    with threadpool_limits(limits=1):
        usual, penalty = _usual_losses(count, (y - mean * live) * (total > 0))
        rest = y - mean * live - count @ usual
        parts = sparse.coo_array(count.multiply(usual[None]) + share.multiply(rest[:, None]))
        # Change of the mean by each block's minutes without glitches.
        shift = blocks @ (rest * (quiet > 0)) / max(quiet.sum(), 1e-9)
        by_block = _first_order(
            count, share, blocks, live=live, rest=rest, mean_shift=shift, usual=usual, penalty=penalty
        )
    order = np.lexsort((parts.col, parts.row))
    return Attribution(
        charge=sum_by_index(parts.col, n_families, parts.data),
        minutes=np.bincount(share.tocoo().col, minlength=n_families).astype(np.int64),
        by_block=by_block,
        family=parts.col[order].astype(np.int64),
        minute=known[parts.row[order]],
        part=parts.data[order],
    )


def _usual_losses(count: sparse.csr_array, y: Float64) -> tuple[Float64, float]:
    """Return the usual loss ``(k,)`` per glitch, and the ratio of variances that it is shrunk by.

    Parameters
    ----------
    count
        ``(m, k)`` glitches.
    y
        ``(m,)`` losses above the mean of minutes without glitches; 0 in those, so that the scatter is that
        of minutes with glitches, which includes the scatter between glitches of one family.
    """
    gram, right = (count.T @ count).toarray(), count.T @ y
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    rotated, square = vectors.T @ right, float(y @ y)
    if not (values.sum() > 0 and square > 0):
        return np.zeros(len(right)), 1.0
    ratios = _RATIOS * values.mean()
    left = square - (rotated**2 / (values + ratios[:, None])).sum(axis=1)
    busy = int((count.sum(axis=1) > 0).sum())
    deviance = np.log1p(values / ratios[:, None]).sum(axis=1) + busy * np.log(
        np.maximum(left, 1e-12 * square)
    )
    penalty = float(ratios[np.argmin(deviance)])
    return vectors @ (rotated / (values + penalty)), penalty


def _first_order(
    count: sparse.csr_array,
    share: sparse.csr_array,
    blocks: sparse.csr_array,
    *,
    live: Float64,
    rest: Float64,
    mean_shift: Float64,
    usual: Float64,
    penalty: float,
) -> Float64:
    """Return the derivatives ``(k, b)`` of the charges by the weight of each block, with a fixed penalty.

    `mean_shift` ``(b,)`` has the derivatives of the mean loss of minutes without glitches.
    """
    gram = (count.T @ count).toarray() + penalty * np.eye(len(usual))
    slopes = (blocks @ count.multiply(rest[:, None])).toarray().T - np.outer(count.T @ live, mean_shift)
    usual_shift = np.linalg.solve(gram, slopes)
    return np.asarray(
        usual_shift * count.sum(axis=0)[:, None]
        + usual[:, None] * (blocks @ count).toarray().T
        + (blocks @ share.multiply(rest[:, None])).toarray().T
        - (share.T @ count).toarray() @ usual_shift
        - np.outer(share.T @ live, mean_shift)
    )
