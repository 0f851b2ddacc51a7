"""Poisson regression of counts within blocks of time.

Every block has a rate of its own, so that only minutes of one block are compared; what changes the rate from
week to week, known or not, adds neither bias nor noise. This is the conditional Poisson model of
environmental epidemiology (Armstrong, Gasparrini & Tobias 2014, BMC Med. Res. Methodol. 14, 122). With one
block for all minutes it is an ordinary Poisson regression. Its errors are those of counts without memory;
`nulls` has those of real counts.
"""

from typing import NamedTuple

import numpy as np

from glitch_explorer.core.arrays import Float64, Int64

#: Newton steps at most, and the step in log rate at which the fit has converged.
_STEPS, _CONVERGED = 30, 1e-6
#: A step that does not raise the likelihood is halved so often.
_HALVINGS = 12
#: A term with less information per glitch is constant within blocks.
_FLAT = 1e-9
#: Coefficients of standardised terms beyond this have no finite estimate.
_LARGEST = 50.0


class Fit(NamedTuple):
    """A fitted model.

    Attributes
    ----------
    coefficients
        ``(p,)`` change of the log rate by term.
    expected
        ``(n,)`` expected counts.
    information
        ``(p, p)`` Fisher information.
    """

    coefficients: Float64
    expected: Float64
    information: Float64

    def log_ratios(self, contrasts: Float64) -> tuple[Float64, Float64]:
        """Return contrasts ``(k, p)`` of the coefficients, and their errors if counts had no memory."""
        variances = np.einsum("ki,ik->k", contrasts, np.linalg.solve(self.information, contrasts.T))
        return np.asarray(contrasts @ self.coefficients), np.sqrt(variances)


def _expected(counts: Float64, block: Int64, log_rate: Float64) -> tuple[Float64, float]:
    """Return the expected counts, scaled to each block's sum, and the log likelihood."""
    shifted = log_rate - log_rate.max()
    rate = np.exp(shifted)
    total, sums = np.bincount(block, counts), np.bincount(block, rate)
    likelihood = float(counts @ shifted - total @ np.log(sums))
    return rate * (total / sums)[block], likelihood


def _centred(terms: Float64, expected: Float64, block: Int64) -> Float64:
    """Subtract from terms their mean within each block, weighted by the expected counts."""
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    weight = np.add.reduceat(expected, starts)
    means = np.add.reduceat(terms * expected[:, None], starts, axis=0) / weight[:, None]
    return np.asarray(terms - means[block])


def _newton_step(counts: Float64, expected: Float64, centred: Float64) -> Float64 | None:
    """Return the Newton step ``(p,)``, None where the terms are collinear or constant within blocks."""
    information = centred.T @ (centred * expected[:, None])
    if (np.diag(information) <= _FLAT * counts.sum()).any():
        return None
    try:
        step = np.linalg.solve(information, centred.T @ (counts - expected))
    except np.linalg.LinAlgError:
        return None
    return np.asarray(step) if np.isfinite(step).all() else None


def fit_rates(counts: Float64, block: Int64, terms: Float64) -> Fit | None:
    """Fit log rate = block + terms by maximum likelihood.

    Parameters
    ----------
    counts
        ``(n,)`` glitches in each minute, in order of time.
    block
        ``(n,)`` ascending block of each minute, 0 to b - 1; every block has a glitch. All 0 to compare all
        minutes.
    terms
        ``(n, p)`` terms of about unit size.

    Returns
    -------
    Fit or None
        None where the terms are collinear within blocks, or no finite coefficients are the most likely.
    """
    coefficients = np.zeros(terms.shape[1])
    expected, likelihood = _expected(counts, block, terms @ coefficients)
    for _ in range(_STEPS):
        centred = _centred(terms, expected, block)
        step = _newton_step(counts, expected, centred)
        if step is None or np.abs(coefficients).max(initial=0) > _LARGEST:
            return None
        for halving in range(_HALVINGS):
            trial = coefficients + step / 2**halving
            expected, raised = _expected(counts, block, terms @ trial)
            if raised >= likelihood - 1e-9:
                break
        coefficients, likelihood = trial, raised
        if np.abs(step).max(initial=0) < _CONVERGED:
            return _finished(_centred(terms, expected, block), coefficients, expected)
    return None


def first_step(counts: Float64, block: Int64, terms: Float64) -> Float64:
    """Return the first Newton step ``(p,)`` of `fit_rates`, from no effect; NaN if terms are collinear."""
    expected, _ = _expected(counts, block, np.zeros(len(counts)))
    step = _newton_step(counts, expected, _centred(terms, expected, block))
    return np.full(terms.shape[1], np.nan) if step is None else step


def _finished(centred: Float64, coefficients: Float64, expected: Float64) -> Fit | None:
    """Return the fit with its information, None where the centred terms are collinear."""
    information = centred.T @ (centred * expected[:, None])
    size = np.sqrt(np.diag(information))
    if not (size > 0).all() or np.linalg.cond(information / np.outer(size, size)) > 1e9:
        return None
    return Fit(coefficients, expected, information)
