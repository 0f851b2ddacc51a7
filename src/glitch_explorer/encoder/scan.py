"""Q-scans of whitened data."""

import functools
import math

import numpy as np
import torch

from glitch_explorer.core.arrays import Float
from glitch_explorer.observatory.waveforms import HALF_LENGTH_S
from glitch_explorer.views.drawing import draw_plane, pixels
from glitch_explorer.views.energies import event_energies, ratio, row_peaks
from glitch_explorer.views.tiling import Tiling, tiling
from glitch_explorer.views.whitening import RATE


@functools.cache
def _prepared(height: int) -> tuple[Tiling, torch.Tensor]:
    """Return the tiling of 8 s, and the medians of white noise in it."""
    tiles = tiling(seconds=round(2 * HALF_LENGTH_S), sample_rate=RATE, height=height, device="cpu")
    return tiles, noise_medians(tiles)


def noise_medians(tiles: Tiling) -> torch.Tensor:
    """Return the median energy of each row in white noise of unit variance per sample.

    A tile's energy is exponentially distributed: its median is ln 2 of its mean, which is the
    number of samples times the sum of the squared window.
    """
    medians = torch.empty(len(tiles.rows))
    for group in tiles.whole:
        for row, window in zip(group.rows, group.windows, strict=True):
            medians[row] = math.log(2) * tiles.seconds * RATE * float(window.square().sum())
    return medians


def scan_white(data: Float, *, height: int, width: int) -> np.ndarray:
    """Q-scan whitened data as `views.qscan.qscan` scans strain, normalised by the medians of white noise.

    Parameters
    ----------
    data : array (n,)
        8 s at 8192 Hz, noise of unit variance per sample, the event in the middle.
    height, width : int
        Pixels of a view.

    Returns
    -------
    array (4, height, width) of uint8
        0.5, 1, 2 and 4 s, ten times the energy.
    """
    tiles, medians = _prepared(height)
    spectrum = torch.fft.rfft(torch.from_numpy(np.asarray(data, np.float32))[None])
    groups = event_energies(spectrum, [HALF_LENGTH_S], tiles)
    peaks = row_peaks(groups, [HALF_LENGTH_S], tiles)[0]
    spans = [slice(rows.start, rows.stop) for rows in tiles.planes]
    plane = int(np.argmax([float(ratio(peaks[span], medians[span]).amax()) for span in spans]))
    picture = draw_plane(
        groups, 0, offset=HALF_LENGTH_S, plane=plane, medians=medians[spans[plane]], tiles=tiles
    )
    return pixels(picture, width=width).numpy()
