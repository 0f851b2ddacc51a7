"""Which family the lost range of a minute is charged to.

Minutes are shared: where a family costs range, others are there by chance, and families
come in spells with others. Sharing a minute's loss in proportion to SNR^2 alone charges loud
harmless families with what quiet costly ones do, and taking the same at slid times off it
does not help: slides leave the spells, and they meet the family's own losses, too. So what
a family's glitches usually cost is estimated first, from all minutes at once, and only
what that does not explain is shared in proportion to SNR^2:

    loss of minute m = mu t_m + sum_k l_k n_km + rest_m
    charge of k      = sum over m of (l_k n_km + s_km rest_m)

with t_m the live time, n_km the family's glitches (in a cut minute in proportion to its live time), s_km its
share of SNR^2, and mu the mean of what minutes without any glitch lose, which takes the place
of the slides. All charges together are what minutes with glitches lost, each
once, less mu t. The l_k are Gaussian random effects around 0, the ratio of variances by maximum
likelihood: where the minutes say nothing of a family, its charge is the share in proportion to SNR^2.

Measured on 20 families in common spells (`benchmarks/costs.py charges`), in seconds of the
whole volume: where what a glitch takes depends on its family, the error is 8 (root mean square) against
42 of shares and 40 of shares less slides, and a harmless family is charged 0.2 against 20 and 7. Where it is
proportional to SNR^2 the error is 47, against 22 and 59, without bias against -42 of the slides.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from glitch_explorer.core.arrays import Float64, Int64, sum_by_index
from glitch_explorer.impact.cost.minutes import MINUTE_S

#: Ratios of variances tried, relative to the mean eigenvalue.
_RATIOS = np.logspace(-5.0, 7.0, 97)


@dataclass(frozen=True)
class Attribution:
    """What each family is charged with, Mpc^3 yr."""

    #: (k,) signed charges, and minutes with a known loss that the family has glitches in.
    charge: Float64
    minutes: Int64
    #: (k, b) what each block adds, to first order.
    by_block: Float64
    #: The charges minute by minute: family, row of the minutes, and part, each (p,).
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
    """Charge families with the minutes' losses.

    Parameters
    ----------
    loss
        (m,) loss of each minute, Mpc^3 yr; NaN where not known.
    live_s, block
        (m,) analysed seconds, and number of the block below `n_blocks`.
    minute, family, power
        (n,) row of the minute that each glitch falls into, number of its family, SNR^2.
    n_families, n_blocks
        How many there are.
    """
    known = np.flatnonzero(np.isfinite(loss))
    row = np.full(len(loss) + 1, -1)
    row[known] = np.arange(len(known))
    own = row[minute]
    mine = own >= 0
    shape = (len(known), n_families)
    places = (own[mine], family[mine])
    live, y = live_s[known], loss[known]
    total = sum_by_index(own[mine], len(known), power[mine])
    count = sparse.csr_array((live[own[mine]] / MINUTE_S, places), shape=shape)
    share = sparse.csr_array((power[mine] / total[own[mine]], places), shape=shape)
    blocks = sparse.csr_array(
        (np.ones(len(known)), (block[known], np.arange(len(known)))), shape=(n_blocks, len(known))
    )
    quiet = np.where(total > 0, 0.0, live)
    mean = float(y[total == 0].sum() / max(quiet.sum(), 1e-9))
    with threadpool_limits(limits=1):
        usual, penalty = _usual_losses(count, (y - mean * live) * (total > 0))
        rest = y - mean * live - count @ usual
        parts = sparse.coo_array(count.multiply(usual[None]) + share.multiply(rest[:, None]))
        # What a block of quiet minutes moves the mean by.
        moved = blocks @ (rest * (quiet > 0)) / max(quiet.sum(), 1e-9)
        by_block = _first_order(
            count, share, blocks, live=live, rest=rest, mean=moved, usual=usual, penalty=penalty
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
    """Give the usual losses (k,) of glitches, and the ratio of variances that they are shrunk by.

    Parameters
    ----------
    count
        (m, k) glitches.
    y
        (m,) losses less those without any glitch, 0 where there is none: the scatter is that of minutes
        with glitches, in which glitches of one family differ, too.
    """
    gram, right = (count.T @ count).toarray(), count.T @ y
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    turned, square = vectors.T @ right, float(y @ y)
    if not (values.sum() > 0 and square > 0):
        return np.zeros(len(right)), 1.0
    ratios = _RATIOS * values.mean()
    left = square - (turned**2 / (values + ratios[:, None])).sum(axis=1)
    busy = int((count.sum(axis=1) > 0).sum())
    unlike = np.log1p(values / ratios[:, None]).sum(axis=1) + busy * np.log(np.maximum(left, 1e-12 * square))
    penalty = float(ratios[np.argmin(unlike)])
    return vectors @ (turned / (values + penalty)), penalty


def _first_order(
    count: sparse.csr_array,
    share: sparse.csr_array,
    blocks: sparse.csr_array,
    *,
    live: Float64,
    rest: Float64,
    mean: Float64,
    usual: Float64,
    penalty: float,
) -> Float64:
    """Differentiate the charges with respect to the weight of each block (k, b), penalty fixed.

    `mean (b,)` is the same of what minutes lose without any glitch.
    """
    gram = (count.T @ count).toarray() + penalty * np.eye(len(usual))
    slopes = (blocks @ count.multiply(rest[:, None])).toarray().T - np.outer(count.T @ live, mean)
    moved = np.linalg.solve(gram, slopes)
    made: Float64 = (
        moved * count.sum(axis=0)[:, None]
        + usual[:, None] * (blocks @ count).toarray().T
        + (blocks @ share.multiply(rest[:, None])).toarray().T
        - (share.T @ count).toarray() @ moved
        - np.outer(share.T @ live, mean)
    )
    return made
