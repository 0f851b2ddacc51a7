"""Score tests of a driver's effect, for many families and surrogates at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.coupling.rates.blocks import block_numbers, informative
from glitch_explorer.coupling.rates.model import fit_rates
from glitch_explorer.coupling.rates.problem import Driver, Rates, used_minutes

#: Added to the information, relative to its diagonal, where terms of a surrogate are collinear.
_RIDGE = 1e-9


@dataclass(frozen=True)
class Comparison:
    """Minutes, blocks and other terms that the effect of a driver is tested beside.

    Attributes
    ----------
    rows
        ``(k,)`` indices of the minutes.
    block, starts
        ``(k,)`` ascending block of each, and ``(b,)`` the first row of each block.
    basis
        ``(k, q)`` orthonormal basis of the other terms, centred within blocks; q may be 0.
    rates
        ``(b, f)`` glitches per minute of each block and family.
    residual
        ``(k, f)`` counts less those expected without the driver.
    """

    rows: Int64
    block: Int64
    starts: Int64
    basis: Float64
    rates: Float64
    residual: Float64

    @cached_property
    def lengths(self) -> Int64:
        """Minutes of each block, ``(b,)``."""
        return np.diff(self.starts, append=len(self.block))

    def scores(self, terms: Float64, contrast: Float64) -> Float64:
        """Return z ``(f,)`` of a contrast ``(p,)`` of a driver's terms ``(n, p)``, by the score test.

        The contrast of the first Newton step from no effect, over its error if counts had no memory (Rao
        1948).
        """
        starts = self.starts
        centred = _centred(terms.take(self.rows, axis=0), self.block, starts, self.lengths)
        centred -= self.basis @ (self.basis.T @ centred)
        first, second = _pairs(centred.shape[1])
        squares = np.add.reduceat(centred[:, first] * centred[:, second], starts, axis=0)
        information = np.empty((self.rates.shape[1], *2 * (centred.shape[1],)))
        information[:, first, second] = information[:, second, first] = self.rates.T @ squares
        diagonal = np.einsum("fii->fi", information)
        diagonal *= 1 + _RIDGE
        diagonal += _RIDGE**2
        weights = np.linalg.solve(information, contrast[:, None])[..., 0]
        score = self.residual.T @ centred
        return np.asarray((weights * score).sum(axis=1) / np.sqrt(weights @ contrast))


@cache
def _pairs(p: int) -> tuple[Int64, Int64]:
    """Return row and column of the upper triangle of a matrix ``(p, p)``."""
    first, second = np.triu_indices(p)
    return first, second


def _centred(terms: Float64, block: Int64, starts: Int64, lengths: Int64) -> Float64:
    """Subtract from terms ``(k, p)`` their mean in each block, of so many minutes."""
    means = np.add.reduceat(terms, starts, axis=0) / lengths[:, None]
    return np.asarray(terms - means.take(block, axis=0))


def comparison(
    families: Sequence[Rates], driver: Driver, others: Sequence[Float64], block_s: float | None
) -> Comparison:
    """Prepare the score test of a driver.

    Parameters
    ----------
    families
        Counts of the families of one detector.
    driver
        The driver that is tested.
    others
        Terms ``(n, q)`` of the model beside it.
    block_s
        Length of the blocks, s; None to compare all minutes.
    """
    rows = used_minutes(families[0].live, [driver.level[:, None], *others])
    minute = families[0].minute[rows]
    block = np.zeros(len(rows), dtype=np.int64) if block_s is None else block_numbers(minute, block_s)
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    counts = np.column_stack([family.counts[rows] for family in families])
    rates = np.column_stack([np.bincount(block, column) / np.bincount(block) for column in counts.T])
    residual = counts - rates[block]
    basis = np.empty((len(rows), 0))
    if others:
        beside = np.concatenate(others, axis=1)[rows]
        basis = np.linalg.qr(_centred(beside, block, starts, np.bincount(block)))[0]
        for number, column in enumerate(counts.T):
            kept = informative(column, block)
            numbers = np.unique(block[kept], return_inverse=True)[1]
            fit = fit_rates(column[kept], numbers, beside[kept])
            if fit is not None:
                residual[kept, number] = column[kept] - fit.expected
    return Comparison(rows, block, starts, basis, rates, residual)
