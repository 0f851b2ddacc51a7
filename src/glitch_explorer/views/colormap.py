"""The inverse of the viridis colour map: from colours to energy.

A Gravity Spy picture draws normalized energy 0 to 25.5 in the 256 colours of
viridis. The index of the nearest colour is 10 times the energy of a pixel.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from glitch_explorer.core.arrays import UInt8

#: Bits of red, green and blue in the lookup table. Green has the finest bins: at the dark end of
#: viridis it changes by little more than 1 from colour to colour.
_BITS = (6, 7, 6)
#: Weights of red, green and blue in the grey copies of Gravity Spy (`skimage.color.rgb2gray`).
_LUMINANCE = np.array([0.2125, 0.7154, 0.0721])


@cache
def viridis() -> UInt8:
    """Return the 256 colours of viridis, shape `(256, 3)`."""
    import matplotlib as mpl  # Q-scans have no colours

    return np.asarray(mpl.colormaps["viridis"](np.arange(256), bytes=True)[:, :3], dtype=np.uint8)


@cache
def _tables() -> tuple[UInt8, UInt8]:
    """Return, for each bin of colours, the index of the nearest colour of viridis and its distance."""
    shifts = [8 - bits for bits in _BITS]
    red, green, blue = (
        (np.arange(2**bits) << shift) + (2**shift - 1) / 2 for bits, shift in zip(_BITS, shifts, strict=True)
    )
    colours = viridis().astype(np.float32)
    nearest = np.empty((blue.size, green.size, red.size), np.uint8)
    distance = np.empty_like(nearest)
    for row, value in enumerate(blue):
        bins = np.stack(np.broadcast_arrays(red[None, :], green[:, None], value), axis=-1).astype(np.float32)
        squares = (bins**2).sum(-1, keepdims=True) - 2 * bins @ colours.T + (colours**2).sum(1)
        nearest[row] = squares.argmin(-1)
        distance[row] = np.sqrt(squares.min(-1).clip(0)).clip(0, 255)
    nearest, distance = nearest.ravel(), distance.ravel()
    # A bin with colours of viridis gets the mean of their indices.
    exact = _bins(np.pad(viridis(), ((0, 0), (0, 1)))[None])[0]
    for bin_ in np.unique(exact):
        nearest[bin_] = round(float(np.flatnonzero(exact == bin_).mean()))
    return nearest, distance


def _bins(rgba: UInt8) -> NDArray[np.integer]:
    """Return the bin of each pixel of `rgba`, shape `(h, w, 4)`."""
    packed = np.ascontiguousarray(rgba).view("<u4")[..., 0]
    return (packed >> 2 & 0x3F) | (packed >> 3 & 0x1FC0) | (packed >> 5 & 0x7E000)


def energy(rgba: UInt8) -> UInt8:
    """Return 10 times the normalized energy `(h, w)` of the colours nearest to `rgba` `(h, w, 4)`.

    The error is at most one step for exact colours of viridis. The alpha component is ignored.
    """
    return np.asarray(_tables()[0][_bins(rgba)])


def mean_distance(rgba: UInt8) -> float:
    """Return the mean distance of the pixels from viridis, in 8-bit levels of a colour component."""
    return float(_tables()[1][_bins(rgba)].mean())


@cache
def _grey_table() -> UInt8:
    luminance = viridis() @ _LUMINANCE
    nearest = np.abs(np.arange(256)[:, None] - luminance).argmin(1)
    return np.asarray(nearest, dtype=np.uint8)


def grey_energy(grey: UInt8) -> UInt8:
    """Return 10 times the normalized energy of a grey picture, shape `(h, w)`.

    Gravity Spy's grey copies (HDF5, 140 x 170) are the luminance of the viridis picture, which
    rises with the energy from 20 to 222. A picture with 5 % of its pixels darker than that is the
    energy itself, 0 to 255 for 0 to 25.5.
    """
    darkest = float(viridis()[0] @ _LUMINANCE)
    if np.quantile(grey, 0.05) < darkest - 5:
        return grey
    return _grey_table()[grey]
