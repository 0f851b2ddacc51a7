"""Surrogates of a driver: series with its spectrum and values that have nothing to do with the glitches."""

from typing import NamedTuple

import numba
import numpy as np
import pandas as pd
from scipy.special import ndtri

from glitch_explorer.core.arrays import Complex128, Float64, UInt32, UInt64
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
        return np.asarray(_placed(self.terms, _order(moved, moved.view(np.uint64))))


@numba.njit(nogil=True, cache=True)
def _placed(terms: Float64, order: UInt32) -> Float64:
    """Return terms ``(n, p)`` with row k at index order[k]."""
    placed = np.empty_like(terms)
    for k in range(order.size):
        for column in range(terms.shape[1]):
            placed[order[k], column] = terms[k, column]
    return placed


@numba.njit(nogil=True, cache=True)
def _order(values: Float64, bits: UInt64) -> UInt32:
    """Return the indices ``(n,)`` that sort values ``(n,)``, as `numpy.argsort` does, several times as fast.

    A radix sort by the upper 33 of their bits ``(n,)``, 11 at a time; then each is inserted where it belongs,
    which is seldom elsewhere.
    """
    digit = np.uint64(2047)
    keys, order = np.empty_like(bits), np.arange(bits.size).astype(np.uint32)
    sorted_keys, sorted_order = np.empty_like(keys), np.empty_like(order)
    counts = np.zeros((3, 2048), np.uint32)
    top = np.uint64(1) << np.uint64(63)
    for i in range(bits.size):
        # Of negative numbers all bits are inverted, of others the sign: keys ascend with the values.
        keys[i] = (~bits[i] if bits[i] & top else bits[i] | top) >> np.uint64(31)
        for place in range(3):
            counts[place, (keys[i] >> np.uint64(11 * place)) & digit] += np.uint32(1)
    for place in range(3):
        shift, first = np.uint64(11 * place), np.uint32(0)
        for value in range(2048):
            count = counts[place, value]
            counts[place, value] = first
            first += count
        for k in range(bits.size):
            value = (keys[k] >> shift) & digit
            to = counts[place, value]
            sorted_keys[to], sorted_order[to] = keys[k], order[k]
            counts[place, value] = to + np.uint32(1)
        keys, sorted_keys = sorted_keys, keys
        order, sorted_order = sorted_order, order
    for k in range(1, bits.size):
        index, to = order[k], k
        while to > 0 and values[order[to - 1]] > values[index]:
            order[to] = order[to - 1]
            to -= 1
        order[to] = index
    return order


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
