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
share of SNR^2, and mu what minutes lose without any glitch, which takes the place
of the slides. All charges together are what minutes with glitches lost, each
once, less mu. The l_k are shrunk towards 0 as a random effect (Gaussian; ratio of variances by restricted
maximum likelihood, Patterson & Thompson 1971): where the minutes say nothing of a family, its charge
is the share in proportion to SNR^2.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from glitch_explorer.impact.gates import Float64, Int64, sums
from glitch_explorer.impact.minutes import MINUTE_S

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
    count = sparse.csr_array((live[own[mine]] / MINUTE_S, places), shape=shape)
    total = sums(own[mine], len(known), power[mine])
    share = sparse.csr_array((power[mine] / total[own[mine]], places), shape=shape)
    blocks = sparse.csr_array(
        (np.ones(len(known)), (block[known], np.arange(len(known)))), shape=(n_blocks, len(known))
    )
    with threadpool_limits(limits=1):
        design = sparse.hstack([sparse.csr_array(live[:, None]), count], format="csr")
        usual, penalty = _usual_losses(design, y)
        rest = y - design @ usual
        parts = count.multiply(usual[None, 1:]) + share.multiply(rest[:, None])
        parts = sparse.coo_array(parts)
        by_block = _first_order(design, count, share, blocks, rest, usual=usual, penalty=penalty)
    order = np.lexsort((parts.col, parts.row))
    return Attribution(
        charge=sums(parts.col, n_families, parts.data),
        minutes=np.bincount(share.tocoo().col, minlength=n_families).astype(np.int64),
        by_block=by_block,
        family=parts.col[order].astype(np.int64),
        minute=known[parts.row[order]],
        part=parts.data[order],
    )


def _usual_losses(design: sparse.csr_array, y: Float64) -> tuple[Float64, float]:
    """Give mu and the usual losses (1 + k,), and the ratio of variances that they are shrunk by."""
    gram, right = (design.T @ design).toarray(), design.T @ y
    if not gram[0, 0] > 0:
        return np.zeros(len(right)), 1.0
    # The live time's own coefficient is not shrunk: project it out.
    inner = gram[1:, 1:] - np.outer(gram[1:, 0], gram[0, 1:]) / gram[0, 0]
    side = right[1:] - gram[1:, 0] * right[0] / gram[0, 0]
    square = float(y @ y - right[0] ** 2 / gram[0, 0])
    values, vectors = np.linalg.eigh(inner)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ side
    if not (values.sum() > 0 and square > 0):
        return np.concatenate([[right[0] / gram[0, 0]], np.zeros(len(side))]), 1.0
    ratios = _RATIOS * values.mean()
    left = square - (turned**2 / (values + ratios[:, None])).sum(axis=1)
    freedom = max(len(y) - 1, 1)
    unlike = np.log1p(values / ratios[:, None]).sum(axis=1) + freedom * np.log(
        np.maximum(left, 1e-12 * square)
    )
    penalty = float(ratios[np.argmin(unlike)])
    losses = vectors @ (turned / (values + penalty))
    return np.concatenate([[(right[0] - gram[0, 1:] @ losses) / gram[0, 0]], losses]), penalty


def _first_order(
    design: sparse.csr_array,
    count: sparse.csr_array,
    share: sparse.csr_array,
    blocks: sparse.csr_array,
    rest: Float64,
    *,
    usual: Float64,
    penalty: float,
) -> Float64:
    """Differentiate the charges with respect to the weight of each block (k, b), penalty fixed."""
    gram = (design.T @ design).toarray()
    shrunk = gram + np.diag(np.append(0.0, np.full(len(usual) - 1, penalty)))
    slopes = (blocks @ design.multiply(rest[:, None])).toarray().T
    moved = np.linalg.lstsq(shrunk, slopes, rcond=None)[0]
    held = count.sum(axis=0)
    made: Float64 = (
        moved[1:] * np.asarray(held)[:, None]
        + usual[1:, None] * (blocks @ count).toarray().T
        + (blocks @ share.multiply(rest[:, None])).toarray().T
        - (share.T @ design).toarray() @ moved
    )
    return made
