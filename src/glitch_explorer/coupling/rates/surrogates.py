"""Surrogates of a driver: series with its spectrum and values that have nothing to do with the glitches."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from glitch_explorer.core.arrays import Complex128, Float64
from glitch_explorer.coupling.rates.curve import Curve


class Surrogates(NamedTuple):
    """What surrogates of a driver are drawn from: random phases, with the values restored by rank.

    The values become normal by rank, the phases of their Fourier transform are drawn, and the values are put
    back by rank, so that storms stay storms (Theiler et al. 1992; as a test of correlated series, Ebisuzaki
    1997, J. Climate 10, 2147). Drivers share the phases of a draw, which keeps their cross-spectra (Prichard
    & Theiler 1994).

    Attributes
    ----------
    transform
        ``(n // 2 + 1,)`` Fourier transform of the levels, made normal.
    terms
        ``(n, p)`` terms of the driver's curve, in the order of the levels.
    """

    transform: Complex128
    terms: Float64

    def draw(self, phases: Complex128) -> Float64:
        """Return the terms ``(n, p)`` of a surrogate, from `random_phases`."""
        moved = np.fft.irfft(self.transform * phases, len(self.terms))
        terms = np.empty_like(self.terms)
        terms[np.argsort(moved)] = self.terms
        return terms


def surrogates_of(level: Float64, curve: Curve) -> Surrogates:
    """Prepare the surrogates of a driver with levels ``(n,)``, NaN without data.

    Gaps are filled with straight lines. Cut out, they leave jumps, and with them too little memory.
    """
    known = np.flatnonzero(~np.isnan(level))
    filled = np.interp(np.arange(len(level)), known, level[known])
    # Equal levels have equal ranks: those of calm wind would else rise with time.
    shares = (pd.Series(filled).rank().to_numpy() - 0.5) / len(filled)
    return Surrogates(np.fft.rfft(ndtri(shares)), curve.terms(np.sort(filled)))


def random_phases(n: int, draw: int, seed: int) -> Complex128:
    """Draw the phases ``(n // 2 + 1,)`` of a series of n values; the same for the same draw and seed."""
    angles = np.random.default_rng([seed, draw]).uniform(0, 2 * np.pi, n // 2 + 1)
    angles[0] = 0.0
    return np.asarray(np.exp(1j * angles))
